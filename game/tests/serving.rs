//! The demo's binary as an operator meets it: started wrongly, started rightly, told to stop.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};

const TOKEN: &str = "a token for tests";

fn game(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_game"));
    command.args(arguments).stdin(Stdio::null());
    command
}

/// A server of this process's own; it ends with it.
struct Served {
    child: Child,
    out: BufReader<ChildStdout>,
    address: String,
    desk: String,
}

impl Served {
    fn start(more: &[&str]) -> Self {
        Self::start_logging(more, Stdio::inherit())
    }

    /// What it logs goes there.
    fn start_logging(more: &[&str], log: Stdio) -> Self {
        let token = format!("admin={{listen=\"127.0.0.1:0\",token=\"{TOKEN}\"}}");
        let mut command = game(&["serve", "--listen", "127.0.0.1:0", "--set", &token]);
        let mut child =
            command.args(more).stdout(Stdio::piped()).stderr(log).spawn().expect("it starts");
        let mut out = BufReader::new(child.stdout.take().expect("its output"));
        let mut word_after = |mark: &str| loop {
            let mut line = String::new();
            assert!(out.read_line(&mut line).expect("text") > 0, "it ended early");
            if let Some((_, rest)) = line.split_once(mark) {
                break rest.split_whitespace().next().expect("an address").to_owned();
            }
        };
        let address = word_after("hosted at ");
        let desk = word_after("operators        http://");
        Self { child, out, address, desk }
    }

    fn ask(&self, address: &str, request: &str) -> String {
        let mut stream = TcpStream::connect(address).expect("a server");
        let head = format!(
            "{request} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {TOKEN}\r\n\
             connection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).expect("an open connection");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().expect("kill").success());
    }

    fn until(&mut self, beginning: &str) {
        let mut line = String::new();
        while !line.starts_with(beginning) {
            line.clear();
            assert!(self.out.read_line(&mut line).expect("text") > 0, "never `{beginning}`");
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The one line that a server says which does not start.
fn complaint(arguments: &[&str]) -> String {
    let output = game(arguments).output().expect("it starts");
    assert!(!output.status.success(), "it serves: {arguments:?}");
    let text = String::from_utf8(output.stderr).expect("text");
    let lines: Vec<&str> = text.lines().filter(|line| !line.contains("WARN")).collect();
    assert_eq!(lines.len(), 1, "one line: {text}");
    lines[0].to_owned()
}

#[test]
fn whatever_is_set_wrongly_is_one_line_that_names_it() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let folder = std::env::temp_dir().join(format!("tickwire-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("server.toml");
    std::fs::write(&file, "[doors]\n\nconnections = \"many\"\n").expect("a file");
    let file = file.to_str().expect("a name");
    let cases: &[(&[&str], &[&str])] = &[
        (&["--listen", &address], &["listen", "in use"]),
        (&["--config", file], &["server.toml, line 3", "connections"]),
        (&["--config", "nowhere.toml"], &["nowhere.toml"]),
        (&["--set", "doors.conections=1"], &["doors.conections", "unknown field"]),
        (&["--set", "log.filter=a=b=c"], &["log.filter"]),
        (&["--set", "admin={token=\"short\"}"], &["admin.token", "16"]),
        (&["--set", "users={secret=\"short\"}"], &["users.secret", "32"]),
        (&["--set", "users={guests=true}"], &["users"]),
        (&["--set", "users={public_key=\"nowhere.pem\"}"], &["users.public_key", "nowhere.pem"]),
        (&["--set", "tls={certificate=\"no.pem\",key=\"no.pem\"}"], &["tls", "no.pem"]),
        (&["--set", "modes=[{name=\"a\",options={sides=1}}]"], &["modes", "`a`", "sides"]),
    ];
    for (arguments, expected) in cases {
        let line = complaint(&[&["serve"], *arguments].concat());
        for part in *expected {
            assert!(line.contains(part), "`{part}` in: {line}");
        }
    }
    let _ = std::fs::remove_dir_all(&folder);
}

/// A file that takes nothing.
fn full() -> Stdio {
    std::fs::File::options().write(true).open("/dev/full").expect("a full device").into()
}

#[test]
fn an_output_that_is_full_is_one_line_as_well() {
    for arguments in [&["serve", "--listen", "127.0.0.1:0"][..], &["serve", "--print-config"]] {
        let output = game(arguments).stdout(full()).output().expect("it starts");
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let text = String::from_utf8(output.stderr).expect("text");
        assert!(text.starts_with("error: standard output: No space left"), "{text}");
        assert_eq!(text.lines().count(), 1, "{text}");
    }
}

#[test]
fn who_cannot_log_serves_all_the_same() {
    let served = Served::start_logging(&["--set", "log.filter=trace"], full());
    for _ in 0..3 {
        let answer = served.ask(&served.address, "GET /health");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

#[test]
fn the_environment_is_heard_and_all_settings_can_be_printed() {
    let output = game(&["serve", "--print-config", "--set", "doors.connections=7"])
        .env("TICKWIRE_MATCHES__MATCHES", "3")
        .env("TICKWIRE_ADMIN__TOKEN", "a token that is not shown")
        .output()
        .expect("it starts");
    let text = String::from_utf8(output.stdout).expect("text");
    for line in ["connections = 7", "matches = 3", "token = \"(secret)\"", "seat_kept = \"1m\""] {
        assert!(text.lines().any(|other| other == line), "`{line}` in: {text}");
    }
    assert!(!text.contains("not shown"));
}

// Threat 32: who runs it says that it is to stop.
#[test]
fn a_server_that_is_terminated_drains_and_a_second_time_it_ends_at_once() {
    let mut served = Served::start(&["--set", "matches.drain_timeout=1h"]);
    assert!(served.ask(&served.address, "GET /ready").starts_with("HTTP/1.1 200"));
    assert!(served.ask(&served.desk, "GET /metrics").contains("tickwire_ready 1"));
    // Somebody is to come, so the server is not empty.
    assert!(served.ask(&served.address, "POST /api/seats").contains("ticket-"));
    served.signal("TERM");
    served.until("draining");
    assert!(served.ask(&served.address, "GET /ready").starts_with("HTTP/1.1 503"));
    assert!(served.ask(&served.address, "POST /api/matches").contains("\"code\":400"));
    served.signal("TERM");
    served.until("stopped at once");
    assert!(served.child.wait().expect("it ended").success());
}

#[test]
fn an_empty_server_that_is_terminated_ends_by_itself() {
    let mut served = Served::start(&["--set", "matches.drain_timeout=1h"]);
    served.signal("TERM");
    served.until("stopping");
    assert!(served.child.wait().expect("it ended").success());
    let mut served = Served::start(&[]);
    served.signal("INT");
    served.until("stopping");
    assert!(served.child.wait().expect("it ended").success());
}

// Threat 7: no descriptors left.
#[test]
fn a_server_without_descriptors_serves_those_it_has_and_does_not_spin() {
    let limited = "ulimit -n 48; exec \"$0\" serve --listen 127.0.0.1:0 --set log.filter=error";
    let mut child = Command::new("sh")
        .args(["-c", limited, env!("CARGO_BIN_EXE_game")])
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut out = BufReader::new(child.stdout.take().expect("its output"));
    let mut line = String::new();
    out.read_line(&mut line).expect("text");
    let address = line.trim().rsplit(' ').next().expect("an address").to_owned();
    let ask = |mut stream: &TcpStream| {
        let request =
            format!("GET /health HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        let _ = stream.write_all(request.as_bytes());
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer
    };
    let early = TcpStream::connect(&address).expect("a server");
    let idle: Vec<_> = (0..60).filter_map(|_| TcpStream::connect(&address).ok()).collect();
    assert!(ask(&early).starts_with("HTTP/1.1 200"), "who was there is served");
    drop(idle);
    loop {
        // Once there are descriptors again everybody is.
        let late = TcpStream::connect(&address).expect("a server");
        if ask(&late).starts_with("HTTP/1.1 200") {
            break;
        }
    }
    let _ = child.kill();
    let _ = child.wait();
}

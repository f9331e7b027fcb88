//! The `load` command, as the process that it is.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

fn load(arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_game"));
    command.arg("load").args(arguments.split(' ')).stdin(Stdio::null());
    command
}

/// Runs it with these arguments; what it says is wrong, and how that is repeated.
fn fault(arguments: &str) -> (String, String) {
    let output = load(arguments).output().expect("it runs");
    assert!(!output.status.success(), "a fault was planted");
    let said = String::from_utf8(output.stderr).expect("text");
    let parts = said.trim_end().split_once(" (repeat: load ").expect(&said);
    (parts.0.to_owned(), parts.1.trim_end_matches(')').to_owned())
}

#[test]
fn the_command_that_is_told_for_a_fault_repeats_it() {
    let mut are_small = 0;
    let told = (20..30).map(|seed| format!("--seed {seed} --plant-desync 60")).chain([
        "--seed 4 --plant-desync 300 --players 12".into(),
        "--seed 5 --plant-desync 300 --behaviour wander --jitter 30ms --leave-rate 200".into(),
    ]);
    for told in told {
        let (found, repeat) = fault(&format!("--simulate --duration 1h --ticks 400 {told}"));
        let (again, same) = fault(&repeat);
        assert_eq!(again, found, "{told}: {repeat}");
        assert_eq!(same, repeat);
        are_small += usize::from(repeat.contains("--players 1 ") && !repeat.contains("match 1 "));
    }
    assert!(are_small > 0, "with fewer players than the match was made for");
}

/// A place for a file of this test process, under a name of its own.
fn file(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("tickwire-{}-{name}", std::process::id()))
}

/// A load, which ends with this at the latest, and its server's process.
struct Measuring {
    child: Child,
    server: u32,
}

impl Measuring {
    /// One that has begun to measure.
    fn start(more: &str) -> Self {
        let mut command = load(&format!("--players 4 --duration 5m{more}"));
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let mut begun = Self { child, server: 0 };
        assert!(lines.any(|line| line.expect("text").contains("measuring")), "it ended early");
        std::thread::spawn(move || lines.for_each(drop));
        let children = format!("/proc/{0}/task/{0}/children", begun.child.id());
        let children = fs::read_to_string(children).expect("its processes");
        let server = children.split_whitespace().next().expect("a server");
        begun.server = server.parse().expect("a number");
        begun
    }
}

impl Drop for Measuring {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether a process runs; one that nobody buries does not.
fn runs(id: u32) -> bool {
    let state = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    state.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    assert!(Command::new("kill").args([name, &id]).status().expect("kill").success());
}

#[test]
fn who_is_told_to_end_says_what_it_has_measured() {
    for name in ["-TERM", "-INT"] {
        let json = file("ended.json");
        let mut load = Measuring::start(&format!(" --json {}", json.display()));
        signal(&load.child, name);
        assert_eq!(load.child.wait().expect("its end").code(), Some(1), "{name}");
        let mut said = String::new();
        load.child.stderr.take().expect("its errors").read_to_string(&mut said).expect("text");
        assert!(said.contains("ended early, as it was told to"), "{name}: {said}");
        let told = fs::read_to_string(&json).expect("what it measured");
        let told: serde_json::Value = serde_json::from_str(&told).expect("JSON");
        assert!(
            told["connected"] == 4 && told["is_cut"] == true && told["packets"].as_u64() > Some(0),
            "{name}: {told}"
        );
        assert!(!runs(load.server), "{name}: its server is still there");
        fs::remove_file(json).expect("it was there");
    }
}

#[test]
fn a_server_of_its_own_does_not_outlive_it() {
    let mut load = Measuring::start("");
    assert!(runs(load.server));
    load.child.kill().expect("it runs");
    load.child.wait().expect("its end");
    let is_gone = (0..1000).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        !runs(load.server)
    });
    assert!(is_gone, "its server is still there");
}

#[test]
fn a_run_that_proves_nothing_fails_and_so_does_one_that_cannot_be_told() {
    let failed = |arguments: &str| {
        let output = load(arguments).output().expect("it runs");
        assert_eq!(output.status.code(), Some(1), "{arguments}");
        String::from_utf8(output.stderr).expect("text")
    };
    let said = failed("--players 4 --duration 2s --plant-desync 20");
    assert!(said.trim_end().ends_with("desyncs"), "{said}");
    let said = failed("--duration 0s");
    assert!(said.contains("--duration"), "{said}");
    let said = failed("--duration 2s --report /no/such/folder/report.html");
    assert!(said.contains("--report /no/such/folder"), "{said}");
    let other = file("other.json");
    fs::write(&other, r#"{"players":1}"#).expect("a file");
    let said = failed(&format!("compare {0} {0}", other.display()));
    assert!(said.contains("other.json: nothing that load --json wrote"), "{said}");
    fs::remove_file(other).expect("it was there");
}

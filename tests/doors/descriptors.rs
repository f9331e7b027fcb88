//! A process that has no file descriptors left. The server runs in a process of its own, which is
//! this test once more, so that the limit is its own.

use super::client::{Door, live};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use tickwire::doors::Server;
use tickwire::host::{Config, Count};
use tokio::net::TcpStream;

const NAME: &str = "doors::descriptors::a_server_without_file_descriptors_waits_for_some";
/// Is set in the process of the server.
const INSIDE: &str = "TICKWIRE_TEST_FEW_DESCRIPTORS";

#[test]
fn a_server_without_file_descriptors_waits_for_some() {
    if std::env::var_os(INSIDE).is_some() {
        return live(serve());
    }
    let command = format!("ulimit -n 40; exec \"$0\" --exact {NAME} --nocapture");
    let program = std::env::current_exe().expect("a path");
    let mut child = Command::new("sh")
        .args(["-c", &command])
        .arg(program)
        .env(INSIDE, "1")
        .stdout(Stdio::piped())
        .spawn()
        .expect("a shell");
    let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let mut lines = lines.map_while(Result::ok);
    let address = lines.find_map(|line| line.split_once("address ")?.1.parse().ok());
    let address = address.expect("an address");
    live(async {
        let door = Door { server: Server::default(), address };
        let (mut first, _) = door.joined().await;
        let mut crowd = Vec::new();
        for _ in 0..100 {
            crowd.push(TcpStream::connect(address).await.expect("room in the queue"));
        }
        // Who is in is served on, and hears when somebody could not be let in.
        first.say("421[\"wait\"]").await;
        let failed = first.read_until("431[").await.expect("an answer");
        let failed: u64 = failed[4..failed.len() - 1].parse().expect("a number");
        assert!((1..1000).contains(&failed), "it tried {failed} times");
        drop(crowd);
        door.serves_others().await;
        first.is_heard().await;
    });
    child.kill().expect("it still runs");
    child.wait().expect("its end");
}

async fn serve() {
    let server = Server::new(Config::default());
    let counters = server.host().clone();
    server.io().main().on_detached("wait", move |_, (), ack: tickwire::hub::Ack| {
        let host = counters.clone();
        async move {
            while host.counters().get(Count::AcceptFailed) < 3 {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
            ack.send(host.counters().get(Count::AcceptFailed));
        }
    });
    let door = Door::serve(server).await;
    println!("\naddress {}", door.address);
    std::future::pending::<()>().await;
}

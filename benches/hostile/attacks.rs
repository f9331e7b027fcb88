//! Ten hostile clients. Each goes on as soon as it is cut, and as fast as it may.

use super::wire::{TEXT, Wire, frame, header};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

const WEBSOCKET: &str = "/socket.io/?EIO=4&transport=websocket";
const POLLING: &str = "/socket.io/?EIO=4&transport=polling";
/// Those that hold connections hold so many at once.
const HELD: usize = 100;
/// So much is written at once.
const BLOCK: usize = 1000;
/// Before it tries again after it was not let in.
const PAUSE: Duration = Duration::from_millis(1);

/// Where the attacked is, and where the attacker.
#[derive(Clone, Copy)]
struct Target {
    server: SocketAddr,
    own: Ipv4Addr,
}

type Attack = fn(Target) -> Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

const ATTACKS: [Attack; 10] = [
    |target| Box::pin(slow_reader(target)),
    |target| Box::pin(half_handshakes(target)),
    |target| Box::pin(flood(target)),
    |target| Box::pin(giant_frame(target)),
    |target| Box::pin(endless_fragments(target)),
    |target| Box::pin(bad_text(target)),
    |target| Box::pin(missing_attachments(target)),
    |target| Box::pin(wrong_acks(target)),
    |target| Box::pin(poll_storm(target)),
    |target| Box::pin(deep_json(target)),
];

/// All of them at once, or one, until the process ends.
pub(crate) async fn attack_all(address: &str, only: Option<usize>) {
    let server = address.parse().expect("an address");
    let mut attackers = JoinSet::new();
    for (number, attack) in (0..).zip(ATTACKS) {
        if only.is_some_and(|only| only != number) {
            continue;
        }
        let own = Ipv4Addr::new(127, 0, 1, u8::try_from(number).expect("ten") + 1);
        attackers.spawn(async move {
            loop {
                if attack(Target { server, own }).await.is_err() {
                    tokio::time::sleep(PAUSE).await;
                }
            }
        });
    }
    attackers.join_all().await;
}

impl Target {
    async fn connect(self) -> io::Result<Wire<TcpStream>> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((self.own, 0).into())?;
        Ok(Wire::new(socket.connect(self.server).await?))
    }

    async fn joined(self) -> io::Result<Wire<TcpStream>> {
        let mut wire = self.connect().await?;
        wire.upgrade(WEBSOCKET).await?;
        wire.write(&frame(TEXT, b"40")).await?;
        wire.read_until("42").await?;
        Ok(wire)
    }
}

/// Writes this again and again until it is cut.
async fn insist(wire: &mut Wire<TcpStream>, frames: &[u8]) -> io::Result<()> {
    while wire.write(frames).await.is_ok() {}
    Ok(())
}

async fn hung_up(wire: &mut Wire<TcpStream>) -> io::Result<()> {
    while wire.read_exact(1).await.is_ok() {}
    Ok(())
}

/// Asks for much and reads nothing.
async fn slow_reader(target: Target) -> io::Result<()> {
    let mut wire = target.joined().await?;
    insist(&mut wire, &frame(TEXT, br#"42["burst",500]"#)).await
}

async fn half_handshakes(target: Target) -> io::Result<()> {
    let mut held = Vec::new();
    for _ in 0..HELD {
        let mut wire = target.connect().await?;
        wire.write(b"GET /socket.io/ HTTP/1.1\r\nhost: game.example\r\n").await?;
        held.push(wire);
    }
    for wire in &mut held {
        hung_up(wire).await?;
    }
    Ok(())
}

async fn flood(target: Target) -> io::Result<()> {
    let mut wire = target.joined().await?;
    insist(&mut wire, &frame(TEXT, br#"42["message","flood"]"#).repeat(BLOCK)).await
}

/// Announces what cannot be, or sends as much as may be for nothing.
async fn giant_frame(target: Target) -> io::Result<()> {
    let mut wire = target.joined().await?;
    wire.write(&header(TEXT, 1 << 40)).await?;
    hung_up(&mut wire).await?;
    let mut wire = target.joined().await?;
    insist(&mut wire, &frame(TEXT, &vec![b'4'; 1_000_000])).await
}

async fn endless_fragments(target: Target) -> io::Result<()> {
    let mut wire = target.joined().await?;
    wire.write(&frame(0x01, b"4")).await?;
    insist(&mut wire, &frame(0x00, b"x").repeat(BLOCK)).await
}

async fn bad_text(target: Target) -> io::Result<()> {
    let mut wire = target.joined().await?;
    wire.write(&frame(TEXT, b"42[\"message\",\"\xff\xfe\"]")).await?;
    hung_up(&mut wire).await
}

async fn missing_attachments(target: Target) -> io::Result<()> {
    let mut held = Vec::new();
    for _ in 0..HELD {
        let mut wire = target.joined().await?;
        wire.write(&frame(TEXT, br#"451-["message",{"_placeholder":true,"num":0}]"#)).await?;
        held.push(wire);
    }
    for wire in &mut held {
        hung_up(wire).await?;
    }
    Ok(())
}

async fn wrong_acks(target: Target) -> io::Result<()> {
    let mut wire = target.joined().await?;
    insist(&mut wire, &frame(TEXT, br#"4399999["nobody asked"]"#).repeat(BLOCK)).await
}

/// Begins sessions and polls, many at once.
async fn poll_storm(target: Target) -> io::Result<()> {
    let mut wire = target.connect().await?;
    loop {
        let request = format!("GET {POLLING} HTTP/1.1\r\nhost: game.example\r\n\r\n");
        wire.write(request.repeat(16).as_bytes()).await?;
        for _ in 0..16 {
            let head = wire.read_head().await?;
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            wire.read_exact(length.and_then(|length| length.parse().ok()).unwrap_or(0)).await?;
        }
    }
}

async fn deep_json(target: Target) -> io::Result<()> {
    let mut wire = target.joined().await?;
    let deep = format!("42[\"message\",{}", "[".repeat(900_000));
    wire.write(&frame(TEXT, deep.as_bytes())).await?;
    hung_up(&mut wire).await
}

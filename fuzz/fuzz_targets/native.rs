//! Hostile packets of the native protocol, for both ends of a connection.
//!
//! The bytes are packets, each with its length before it in two bytes, the last with what is left.
//! A packet of the client goes to a server's session, and is said by a client's if that may say it; a
//! packet of the server the other way round. An empty packet lets a second pass.
#![no_main]

use std::time::Duration;
use tickwire::protocol::native::{
    ClientSession, FromClient, Hello, Limits, PACKET_BYTES_LIMIT, ServerSession, ToClient, Welcome,
};

const STEPS_MOST: usize = 200;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| native(bytes));

fn native(mut bytes: &[u8]) {
    let mut ends = Ends::new();
    let mut steps = 0;
    while let [low, high, rest @ ..] = bytes
        && steps < STEPS_MOST
    {
        let length = usize::from(u16::from_le_bytes([*low, *high])).min(rest.len());
        let (packet, left) = rest.split_at(length);
        ends.step(packet);
        (bytes, steps) = (left, steps + 1);
    }
}

struct Ends {
    now: Duration,
    server: ServerSession,
    client: ClientSession,
}

impl Ends {
    fn new() -> Self {
        let now = Duration::from_secs(1);
        let limits = Limits { outbox_bytes: 1 << 12, ..Limits::default() };
        let client = ClientSession::new(&Hello::default(), now).expect("a short hello");
        Self { now, server: ServerSession::new(limits, now), client }
    }

    fn step(&mut self, packet: &[u8]) {
        match packet.first() {
            None => self.wait(),
            Some(tag) if *tag < 0x80 => self.hear_client(packet),
            Some(_) => self.hear_server(packet),
        }
        let _ = (self.client.server_now(self.now), self.client.server_tick(self.now));
        let hello = FromClient::Hello(self.client.hello_again());
        assert!(hello.to_packet(&Limits::default()).is_ok(), "it can always come back");
    }

    fn wait(&mut self) {
        self.now += Duration::from_secs(1);
        let _ = self.server.handle_timeout(self.now);
        let _ = self.client.handle_timeout(self.now);
        assert!(self.server.poll_timeout() > self.now, "a timeout that was handled is over");
        assert!(self.client.poll_timeout() > self.now, "a timeout that was handled is over");
        self.drain();
    }

    fn hear_client(&mut self, packet: &[u8]) {
        if let Ok(message) = FromClient::decode(packet, &Limits::default()) {
            let mut again = Vec::new();
            message.encode(&mut again);
            if again != packet {
                assert!(is_mended(packet), "a message has one packet");
                let decoded = FromClient::decode(&again, &Limits::default());
                assert_eq!(decoded.as_ref(), Ok(&message));
            }
            let _ = self.client.send(&message);
        }
        let _ = self.server.receive(packet, self.now);
    }

    fn hear_server(&mut self, packet: &[u8]) {
        if let Ok(message) = ToClient::decode(packet, &Limits::TO_CLIENT) {
            let mut again = Vec::new();
            message.encode(&mut again);
            if again != packet {
                assert!(is_mended(packet), "a message has one packet");
                let decoded = ToClient::decode(&again, &Limits::TO_CLIENT);
                assert_eq!(decoded.as_ref(), Ok(&message));
            }
            let message = match message {
                // Or most would be let go at once.
                ToClient::Welcome(welcome) => ToClient::Welcome(Welcome {
                    silence_ms: welcome.silence_ms.max(5000),
                    ..welcome
                }),
                other => other,
            };
            let _ = self.server.send(&message);
        }
        let _ = self.client.receive(packet, self.now);
    }

    /// What one end writes, the other can read.
    fn drain(&mut self) {
        let mut bytes = 0;
        while let Some(packet) = self.server.poll_packet() {
            ToClient::decode(&packet, &Limits::TO_CLIENT).expect("a packet of the server's");
            bytes += packet.len();
        }
        while let Some(packet) = self.client.poll_packet() {
            FromClient::decode(&packet, &Limits::default()).expect("a packet of the client's");
        }
        assert!(bytes <= PACKET_BYTES_LIMIT + (1 << 12), "an outbox is bounded");
    }
}

/// Half of a surrogate pair may stand in a packet's JSON, and not in the message's.
fn is_mended(packet: &[u8]) -> bool {
    packet.windows(3).any(|escape| escape.eq_ignore_ascii_case(b"\\ud"))
}

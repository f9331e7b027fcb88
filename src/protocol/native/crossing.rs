//! Two honest ends whose messages cross on the way, and bytes from nobody honest.

use super::message::{FromClient, ToClient};
use super::order::Stage;
use super::samples::{event, joined, say, tell, welcome_with};
use super::*;
use crate::event::Event;
use crate::ids::Tick;
use bytes::Bytes;
use proptest::prelude::*;
use std::collections::VecDeque;
use std::time::Duration;

const NOW: Duration = Duration::from_secs(1);

/// A client and a server that do what they may, and what is under way between them.
struct Pair {
    client: ClientSession,
    server: ServerSession,
    up: VecDeque<Bytes>,
    down: VecDeque<Bytes>,
}

impl Pair {
    fn new() -> Self {
        let client = ClientSession::new(&Hello::default(), NOW).unwrap();
        let server = ServerSession::new(unlimited(), NOW);
        let mut pair = Self { client, server, up: VecDeque::new(), down: VecDeque::new() };
        pair.write();
        pair
    }

    fn step(&mut self, choice: u8) {
        match choice % 8 {
            0 | 1 => self.client_acts(choice / 8),
            2 | 3 => self.server_acts(choice / 8),
            4 | 5 => drop(self.deliver_up()),
            6 => drop(self.deliver_down()),
            _ if choice > 240 => {
                self.client.reconnect(NOW).unwrap();
                self.server = ServerSession::new(unlimited(), NOW);
                (self.up, self.down) = Default::default();
            }
            _ => self.client.handle_timeout(NOW).unwrap(),
        }
        self.write();
    }

    fn write(&mut self) {
        self.up.extend(std::iter::from_fn(|| self.client.poll_packet()));
        self.down.extend(std::iter::from_fn(|| self.server.poll_packet()));
    }

    fn client_acts(&mut self, choice: u8) {
        let input = FromClient::Input(Input { tick: Tick(choice.into()), ..Input::default() });
        let message = match (self.client.stage(), choice % 4) {
            (Stage::Greeted, _) => return,
            (Stage::Free | Stage::Left, 0) => FromClient::Join(Join::default()),
            (Stage::Joined, 0) => FromClient::Leave,
            (Stage::Joined | Stage::Left, 1) => FromClient::Keyframe,
            (Stage::Joined | Stage::Left, 2) => input,
            _ => FromClient::Event { ack: None, event: Event::new("e", ()).unwrap() },
        };
        self.client.send(&message).unwrap();
    }

    fn server_acts(&mut self, choice: u8) {
        let hash = u64::from(choice % 2);
        let left = ToClient::left(Refusal::Ended);
        let message = match (self.server.stage(), choice % 4) {
            (Stage::Opened, _) => return,
            (Stage::Greeted, _) => ToClient::Welcome(welcome_with("r", choice.is_multiple_of(2))),
            (Stage::Joining, 0 | 1) => {
                if self.server.lacks_schema(hash) {
                    self.server.send(&ToClient::Schema { hash, bytes: b"{}" }).unwrap();
                }
                joined(hash)
            }
            (Stage::Joining | Stage::Joined | Stage::Leaving, 2) => left,
            (Stage::Free | Stage::Joining, 3) => event("e", Some("1")),
            // The host writes the stream past the session, and may be a little late.
            _ => return self.down.push_back(tell(&ToClient::State(b"x"))),
        };
        self.server.send(&message).unwrap();
    }

    fn deliver_up(&mut self) -> Option<()> {
        let packet = self.up.pop_front()?;
        self.server.receive(&packet, NOW).unwrap();
        Some(())
    }

    fn deliver_down(&mut self) -> Option<()> {
        let packet = self.down.pop_front()?;
        self.client.receive(&packet, NOW).unwrap();
        Some(())
    }
}

fn unlimited() -> Limits {
    Limits { messages_burst: u32::MAX, messages_per_second: u32::MAX, ..Limits::default() }
}

/// What messages are made of.
#[derive(Debug)]
struct Parts {
    text: String,
    number: u64,
    other: Option<u32>,
    bytes: Vec<u8>,
    yes: bool,
}

prop_compose! {
    fn parts()(
        text in ".{0,12}",
        number in prop_oneof![any::<u64>(), 0..70_000u64, (0..64u32).prop_map(|shift| 1 << shift)],
        other in any::<Option<u32>>(),
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        yes in any::<bool>(),
    ) -> Parts {
        Parts { text, number, other, bytes, yes }
    }
}

impl Parts {
    fn event(&self) -> Event {
        let attachment = Bytes::copy_from_slice(&self.bytes);
        Event::new(&self.text, (self.number, &self.text, self.yes.then_some(attachment))).unwrap()
    }

    fn said(&self) -> Vec<FromClient<'_>> {
        let Self { text, number, other, bytes, yes } = self;
        let (event, tick) = (self.event(), Tick(*number as u32));
        let resume = Resume { token: Secret(text), offset: other.map(|_| "7") };
        let args = event.args.clone();
        vec![
            FromClient::Hello(Hello {
                software: text,
                schema: other.map(|_| *number),
                token: yes.then_some(Secret(text)),
                resume: yes.then_some(resume),
                ..Hello::default()
            }),
            FromClient::Join(Join {
                place: text,
                name: text,
                options: if *yes { "[{}]" } else { "" },
                spectator: *yes,
                predicts: !yes,
            }),
            FromClient::Input(Input {
                tick,
                seen: yes.then_some((tick, *number as u8)),
                predicted: *other,
                controls: bytes,
            }),
            FromClient::Event { ack: *other, event },
            FromClient::Ack { id: tick.0, args },
            FromClient::Ping { sent_us: *number },
            FromClient::Look { at: [*number as f32, -0.0] },
            FromClient::Leave,
            FromClient::Keyframe,
        ]
    }

    fn told(&self) -> Vec<ToClient<'_>> {
        let Self { text, number, other, bytes, yes } = self;
        let (event, code) = (self.event(), *number as u16);
        let (tick, phase) = (Tick(*number as u32), code as u8);
        let joined = Joined { match_id: text, spectator: *yes, tick, ..Default::default() };
        let args = event.args.clone();
        vec![
            ToClient::Welcome(Welcome { now_us: *number, ..welcome_with(text, *yes) }),
            ToClient::Schema { hash: *number, bytes },
            ToClient::Joined(Joined { tick_rate: code, schema: *number, ..joined }),
            ToClient::Left { code, reason: text },
            ToClient::State(bytes),
            ToClient::StateAfter { applied: Applied::new(tick, -3), packet: bytes },
            ToClient::Event { ack: *other, offset: yes.then_some("9"), event },
            ToClient::Ack { id: tick.0, args },
            ToClient::Pong(Pong { sent_us: *number, now_us: !*number, tick, phase }),
            ToClient::Error { code, sentence: text, fatal: *yes },
        ]
    }
}

/// Whatever is read is written again as it was, and a session takes anything.
fn check_bytes(packet: &[u8]) {
    if let Ok(message) = FromClient::decode(packet, &Limits::default()) {
        assert_eq!(say(&message), packet);
    }
    if let Ok(message) = ToClient::decode(packet, &Limits::TO_CLIENT) {
        let mut again = Vec::new();
        message.encode(&mut again);
        assert_eq!(again, packet);
    }
    let mut server = ServerSession::new(Limits::default(), NOW);
    let _ = server.receive(packet, NOW);
    let mut client = ClientSession::new(&Hello::default(), NOW).unwrap();
    let _ = client.receive(packet, NOW);
}

proptest! {
    #[test]
    fn honest_ends_understand_each_other_whatever_crosses(
        choices in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let mut pair = Pair::new();
        choices.into_iter().for_each(|choice| pair.step(choice));
        while pair.deliver_up().or_else(|| pair.deliver_down()).is_some() {}
        let is_same = |a, b| a == b || [a, b].iter().all(|s| [Stage::Free, Stage::Left].contains(s));
        let (client, server) = (pair.client.stage(), pair.server.stage());
        prop_assert!(is_same(client, server), "{client:?} and {server:?}");
    }

    #[test]
    fn every_message_comes_as_it_went(parts in parts()) {
        for message in parts.said() {
            let packet = message.to_packet(&Limits::default()).unwrap();
            prop_assert_eq!(&FromClient::decode(&packet, &Limits::default()).unwrap(), &message);
        }
        for message in parts.told() {
            let packet = tell(&message);
            prop_assert_eq!(&ToClient::decode(&packet, &Limits::TO_CLIENT).unwrap(), &message);
        }
    }

    #[test]
    fn any_bytes_are_a_message_or_an_error(
        tag in prop_oneof![0u8..12, 0x80u8..0x8d],
        mut bytes in prop::collection::vec(prop_oneof![any::<u8>(), 0u8..4, 248u8..], 0..60),
    ) {
        bytes.insert(0, tag);
        check_bytes(&bytes);
    }

    #[test]
    fn a_damaged_packet_is_a_message_or_an_error(
        parts in parts(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>(),
    ) {
        let said = parts.said().iter().map(say).collect::<Vec<_>>();
        let told = parts.told().iter().map(|message| tell(message).to_vec()).collect();
        for mut packet in [said, told].concat() {
            let at = at.index(packet.len());
            packet[at] = byte;
            if cut {
                packet.truncate(at + 1);
            }
            check_bytes(&packet);
        }
    }
}

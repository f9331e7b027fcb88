//! The sessions of simulated clients, with time passed in.

use super::chatter::Chatter;
use super::line::{Heard, Line, Way, Word};
use super::rooms::Rooms;
use super::talker::{Here, Talker};
use crate::load::hall::Hall;
use crate::load::tally::Felt;
use bytes::Bytes;
use std::time::Duration;

const MS: fn(u64) -> Duration = Duration::from_millis;
const SEED: u64 = 7;
const PERIOD: Duration = Duration::from_secs(1);
const OPENED: &str = r#"0{"sid":"s","upgrades":[],"pingInterval":25000,"pingTimeout":20000}"#;
const WELCOME: &str = r#"40{"sid":"x"}"#;
const STATE: &str = r#"451-["state",{"_placeholder":true,"num":0},{"tick":5,"lead":-3}]"#;

/// Some who talk in one room, and what they felt.
struct Table {
    talkers: Vec<Talker>,
    felt: Felt,
    hall: Hall,
    rooms: Rooms,
}

impl Table {
    fn of(count: u32) -> Self {
        let talker = |number| {
            let chatter = Chatter::new(0, SEED, PERIOD);
            Talker::new(number, SEED, Box::new(chatter), Duration::ZERO)
        };
        Self {
            talkers: (0..count).map(talker).collect(),
            felt: Felt::default(),
            hall: Hall::default(),
            rooms: Rooms::default(),
        }
    }

    fn with(&mut self, at: usize, now: Duration, act: impl FnOnce(&mut Talker, &mut Here<'_>)) {
        let Self { talkers, felt, hall, rooms } = self;
        act(&mut talkers[at], &mut Here { now, felt, hall, rooms });
    }

    /// What it is told; gives what it says.
    fn tell(&mut self, at: usize, text: &str, now: Duration) -> Vec<String> {
        self.with(at, now, |talker, here| talker.receive(&Word::Text(text.into()), here));
        self.said(at)
    }

    fn pass(&mut self, at: usize, now: Duration) -> Vec<String> {
        self.with(at, now, Talker::pass);
        self.said(at)
    }

    fn said(&mut self, at: usize) -> Vec<String> {
        let words = std::iter::from_fn(|| self.talkers[at].poll_word());
        let texts = words.map(|word| match word {
            Word::Text(text) => text,
            Word::Binary(bytes) => format!("{bytes:?}"),
        });
        texts.collect()
    }

    /// It connects, and is let in.
    fn welcome(&mut self, at: usize, now: Duration) {
        self.with(at, now, |talker, here| talker.opened(Way::Frames, here));
        assert_eq!(self.tell(at, OPENED, now), ["40"]);
        assert_eq!(self.tell(at, WELCOME, now), [r#"420["join","load 7 0"]"#]);
    }

    /// And is in its room.
    fn place(&mut self, at: usize, now: Duration) {
        self.welcome(at, now);
        assert_eq!(self.tell(at, r#"430[["x","load 7 0"]]"#, now), [""; 0]);
        assert!(self.talkers[at].is_in());
    }

    /// Lets it say what is due until it says something in its room; gives that and when it was due.
    fn until_room(&mut self, at: usize) -> (String, Duration) {
        for _ in 0..4 {
            let due = self.talkers[at].due();
            let said = self.pass(at, due).remove(0);
            if said.contains("to-room") {
                return (said, due);
            }
        }
        panic!("it says nothing in its room");
    }
}

/// What others hear of something that is said in a room.
fn heard(said: &str) -> String {
    let begin = said.find(r#"["to-room","#).expect("an event") + r#"["to-room","#.len();
    format!(r#"42["room-msg",{}"#, &said[begin..]).replace("}]", r#"},"x"]"#)
}

/// The number under which an answer is awaited.
fn id(said: &str) -> &str {
    &said[2..said.find('[').expect("an event")]
}

#[test]
fn a_session_is_opened_then_joined_then_has_its_place() {
    let mut table = Table::of(1);
    assert_eq!(table.talkers[0].due(), Duration::ZERO);
    table.place(0, MS(30));
    assert_eq!(table.talkers[0].sid(), "s");
    let counts = table.felt.counts;
    assert_eq!((counts.connected, counts.joined, counts.lost), (1, 1, 0));
    assert_eq!(table.felt.connect.longest_ms().round() as u32, 30, "it was due at the begin");
    assert!(table.talkers[0].due() <= MS(30) + PERIOD);
}

#[test]
fn a_ping_is_answered_and_a_server_that_pings_no_more_is_given_up() {
    let mut table = Table::of(1);
    table.place(0, MS(0));
    assert_eq!(table.tell(0, "2", MS(25_000)), ["3"]);
    table.with(0, MS(69_000), Talker::conclude);
    table.pass(0, MS(69_999));
    assert!(!table.talkers[0].is_over());
    table.pass(0, MS(70_000));
    assert!(table.talkers[0].is_over());
    assert_eq!(table.felt.counts.lost, 1);
    assert_eq!(table.felt.refusals.keys().collect::<Vec<_>>(), ["the server did not ping"]);
}

#[test]
fn an_answer_is_measured_from_when_its_question_was_due() {
    let mut table = Table::of(1);
    table.place(0, MS(0));
    let due = table.talkers[0].due();
    let said = table.pass(0, due + MS(300));
    assert_eq!(said.len(), 1);
    assert_eq!(table.felt.own_late.longest_ms().round() as u32, 300);
    table.tell(0, &format!(r#"43{}["ok"]"#, id(&said[0])), due + MS(500));
    assert_eq!(table.felt.counts.acks, 1);
    assert_eq!(table.felt.ack.longest_ms().round() as u32, 500);
    // Twice the same answer is one.
    table.tell(0, &format!(r#"43{}["ok"]"#, id(&said[0])), due + MS(600));
    assert_eq!((table.felt.counts.acks, table.felt.ack.count()), (1, 1));
    assert_eq!(table.talkers[0].due(), due + PERIOD, "the next one is due as if it were punctual");
}

#[test]
fn an_answer_that_takes_too_long_is_lost() {
    let mut table = Table::of(1);
    table.place(0, MS(0));
    let due = table.talkers[0].due();
    let said = table.pass(0, due);
    table.with(0, due, Talker::conclude);
    assert_eq!(table.talkers[0].due(), due + MS(10_000));
    table.pass(0, due + MS(9_999));
    assert_eq!(table.felt.counts.acks_lost, 0);
    table.pass(0, due + MS(10_000));
    table.tell(0, &format!(r#"43{}["ok"]"#, id(&said[0])), due + MS(10_001));
    assert_eq!((table.felt.counts.acks, table.felt.counts.acks_lost), (0, 1));
    assert_eq!(table.felt.ack.count(), 1);
    assert!((table.felt.ack.longest_ms() - 10_000.0).abs() < 10.0, "so long it was waited for");
}

#[test]
fn who_waits_at_the_end_has_waited_until_then() {
    let mut table = Table::of(3);
    table.place(0, MS(0));
    table.welcome(1, MS(0));
    let due = table.talkers[0].due();
    let said = table.pass(0, due);
    // One waits for an answer, one for its place and one for a connection.
    for _ in 0..2 {
        (0..3).for_each(|at| table.with(at, due + MS(700), Talker::conclude));
        let felt = &table.felt;
        let waited = [&felt.ack, &felt.join, &felt.connect].map(|it| (it.count(), it.longest_ms()));
        let since_begin = (due + MS(700)).as_secs_f64() * 1e3;
        for ((count, longest), (counts, waits)) in
            waited.into_iter().zip([(1, 700.0), (2, since_begin), (3, since_begin)])
        {
            assert_eq!(count, counts, "once");
            assert!((longest - waits).abs() < waits / 100.0, "{longest} is not {waits}");
        }
    }
    table.tell(0, &format!(r#"43{}["ok"]"#, id(&said[0])), due + MS(800));
    assert_eq!(table.felt.counts.acks, 1);
    assert!(table.felt.ack.longest_ms() < 710.0, "no time is counted twice");
}

#[test]
fn what_is_said_in_a_room_is_awaited_by_those_who_are_in_and_by_nobody_else() {
    let mut table = Table::of(3);
    table.place(0, MS(0));
    table.place(1, MS(0));
    table.welcome(2, MS(0));
    let (said, due) = table.until_room(0);
    assert_eq!(table.felt.counts.expected, 1, "one other is in");
    table.tell(1, &heard(&said), due + MS(40));
    assert_eq!((table.felt.counts.packets, table.felt.counts.broken), (1, 0));
    assert_eq!(table.felt.visible.longest_ms().round() as u32, 40);
    // The third one is in only now; what was said before is not counted on.
    table.tell(2, r#"430[["x"]]"#, due + MS(41));
    table.tell(2, &heard(&said), due + MS(42));
    assert_eq!((table.felt.counts.packets, table.felt.visible.count()), (1, 1));
    let (said, due) = table.until_room(0);
    for other in [1, 2] {
        table.tell(other, &heard(&said), due);
    }
    assert_eq!((table.felt.counts.packets, table.felt.counts.expected), (3, 3));
    table.with(2, due, Talker::closed);
    table.until_room(0);
    assert_eq!(table.felt.counts.expected, 4, "who is gone hears nothing");
}

#[test]
fn who_is_cut_off_loses_its_answers_and_comes_back_soon() {
    let mut table = Table::of(1);
    table.place(0, MS(0));
    let due = table.talkers[0].due();
    table.pass(0, due);
    table.with(0, due, Talker::closed);
    assert_eq!((table.felt.counts.lost, table.felt.counts.acks_lost), (1, 1));
    assert!(!table.talkers[0].is_in());
    let back = table.talkers[0].due();
    assert!(back >= due && back <= due + MS(2000));
    table.place(0, back + MS(5));
    assert_eq!((table.felt.counts.connected, table.felt.counts.joined), (2, 2));
}

#[test]
fn who_is_not_let_in_says_why_and_has_lost_nothing() {
    let mut table = Table::of(1);
    table.with(0, MS(0), |talker, here| talker.opened(Way::Frames, here));
    table.tell(0, OPENED, MS(0));
    table.tell(0, r#"44{"message":"not authorized"}"#, MS(1));
    assert!(table.talkers[0].is_over());
    table.with(0, MS(2), Talker::closed);
    assert_eq!(table.felt.refusals.get("not authorized"), Some(&1));
    assert_eq!(table.felt.counts.lost, 0);
    assert!(table.talkers[0].due() >= MS(1000));
}

#[test]
fn a_handshake_that_takes_too_long_is_given_up() {
    let mut table = Table::of(1);
    table.with(0, MS(0), |talker, here| talker.opened(Way::Payloads, here));
    table.pass(0, MS(9_999));
    assert!(!table.talkers[0].is_over());
    table.pass(0, MS(10_000));
    assert!(table.talkers[0].is_over());
    assert_eq!(table.felt.refusals(), 1);
}

#[test]
fn an_event_is_there_when_all_its_attachments_are() {
    let (mut felt, bytes) = (Felt::default(), Bytes::from_static(&[1, 2, 3]));
    for (way, packet) in
        [(Way::Frames, Word::Binary(bytes.clone())), (Way::Payloads, Word::Text("bAQID".into()))]
    {
        let mut line = Line::new(way, MS(0));
        let mut tell = |text: &str| line.receive(&Word::Text(text.into()), MS(0), &mut felt);
        assert_eq!((tell(OPENED), tell(WELCOME)), (Ok(None), Ok(Some(Heard::Welcome))));
        assert_eq!(tell(STATE), Ok(None));
        assert_eq!(tell("2"), Ok(None), "a ping may come in between");
        let Ok(Some(Heard::Event(event))) = line.receive(&packet, MS(0), &mut felt) else {
            panic!("an event");
        };
        assert_eq!((&*event.name, event.args.attachments()), ("state", &[bytes.clone()][..]));
    }
    let text = STATE.len() as u64;
    assert_eq!(felt.received.state, (text + 2) + (3 + 2) + (text + 1) + (5 + 1), "as it travelled");
    assert_eq!((felt.received.events, felt.counts.events), (0, 0));
}

#[test]
fn a_question_of_the_server_s_is_answered() {
    let mut table = Table::of(1);
    table.place(0, MS(0));
    assert_eq!(table.tell(0, r#"427["question",1]"#, MS(1)), ["437[]"]);
}

#[test]
fn nothing_that_a_server_says_takes_more_than_its_session_down() {
    for text in ["", "9", "4", "45-[]", "451-[]", "42{}", "43[]", "bä", "1", "41", "40{}\u{1e}2"] {
        let mut table = Table::of(1);
        table.place(0, MS(0));
        table.tell(0, text, MS(1));
        table.with(0, MS(2), Talker::closed);
        assert_eq!(table.felt.counts.lost, 1, "{text}");
        assert!(table.talkers[0].due() <= MS(2002), "{text}");
    }
}

//! Whatever sends, polls, probes and losses come in whatever order: a client that reads its carriers
//! as it should gets everything once and in order.

use super::*;
use tickwire::prelude::Random;
use tickwire::protocol::engine_io::CloseReason;

const SEEDS: u64 = 500;
const STEPS: u32 = 150;

/// A session, and a client that notes what it is sent.
struct Pair {
    session: Session,
    random: Random,
    now: Duration,
    probe: Option<Carrier>,
    has_answer: bool,
    is_polling: bool,
    sent: Vec<String>,
    received: Vec<String>,
    count: u32,
}

impl Pair {
    fn new(seed: u64) -> Self {
        let mut random = Random::from_seed(seed);
        let settings = Settings {
            payload_packets: 1 + random.below(5) as usize,
            max_payload: 10 + random.below(90) as usize,
            ..Settings::default()
        };
        Self {
            session: Session::new(Arc::new(settings), "id", Transport::Polling, seconds(0)),
            random,
            now: seconds(0),
            probe: None,
            has_answer: false,
            is_polling: false,
            sent: Vec::new(),
            received: Vec::new(),
            count: 0,
        }
    }

    fn send(&mut self) {
        self.count += 1;
        let text = format!("4{}", self.count);
        let attachments: Vec<Bytes> = (0..self.random.below(4))
            .map(|index| Bytes::from(format!("{} {index}", self.count)))
            .collect();
        self.sent.push(text.clone());
        self.sent.extend(attachments.iter().map(|bytes| format!("b{}", BASE64.encode(bytes))));
        self.session.send(Arc::new(Bundle::text(text, &attachments)));
    }

    /// Takes the answer of the pending poll, if there is one already.
    fn fetch(&mut self) {
        if let Some(payload) = self.session.poll_payload() {
            assert!(std::mem::take(&mut self.is_polling), "nobody asked");
            split(&payload).into_iter().for_each(|packet| self.take(packet));
        }
    }

    fn read(&mut self, carrier: Carrier, most: u32) {
        for _ in 0..most {
            let Some(frames) = self.session.poll_frames(carrier) else { return };
            unframed(&frames).into_iter().for_each(|packet| self.take(packet));
        }
    }

    fn take(&mut self, packet: String) {
        match &*packet {
            "3probe" => self.has_answer = true,
            "2" => self.answer_ping(),
            "6" => {}
            packet if packet.starts_with("0{") => {}
            _ => self.received.push(packet),
        }
    }

    fn answer_ping(&mut self) {
        if self.session.transport() == Transport::Polling {
            assert_eq!(post(&mut self.session, "3", self.now), []);
        } else {
            self.session.receive_text(self.session.carrier(), "3", self.now);
        }
    }

    /// A step of the client that wants to upgrade.
    fn step_probe(&mut self) {
        let Some(carrier) = self.probe else {
            self.probe = self.session.begin_probe(self.now).ok();
            self.has_answer = false;
            return;
        };
        match self.random.below(8) {
            0 => {
                self.session.lose(carrier, CloseReason::TransportClose);
                self.probe = None;
            }
            1..4 => drop(self.session.receive_text(carrier, "2probe", self.now)),
            4..6 => self.read(carrier, 1),
            // As clients do: only when the answer is here and no poll is pending.
            _ if self.has_answer && !self.is_polling => {
                self.session.receive_text(carrier, "5", self.now);
            }
            _ => {}
        }
    }

    fn step(&mut self) {
        let is_upgraded = self.session.transport() == Transport::WebSocket;
        match self.random.below(10) {
            0..3 => self.send(),
            3..5 if is_upgraded => {
                let most = self.random.below(3);
                self.read(self.session.carrier(), most);
            }
            3..5 => self.fetch(),
            5..7 if !is_upgraded && !self.is_polling => {
                self.session.begin_poll().expect("one at a time");
                self.is_polling = true;
            }
            7 => {
                self.now += millis(u64::from(self.random.below(400)));
                self.session.handle_timeout(self.now);
                if self.probe.is_some_and(|carrier| self.session.is_over(carrier)) {
                    self.probe = None;
                }
            }
            8.. if !is_upgraded => self.step_probe(),
            _ => {}
        }
    }

    /// Fetches what is left.
    fn finish(&mut self) {
        if self.session.transport() == Transport::WebSocket {
            self.fetch();
            return self.read(self.session.carrier(), u32::MAX);
        }
        for _ in 0..self.sent.len() + 3 {
            if !self.is_polling {
                self.session.begin_poll().expect("one at a time");
                self.is_polling = true;
            }
            self.fetch();
        }
    }
}

#[test]
fn a_change_of_carriers_loses_doubles_and_reorders_nothing() {
    let mut upgraded = 0;
    crate::simulation::for_seeds(SEEDS, |seed| {
        let mut pair = Pair::new(seed);
        for _ in 0..STEPS {
            pair.step();
            assert_eq!(pair.session.closed(), None);
        }
        pair.finish();
        assert_eq!(pair.received, pair.sent);
    });
    for seed in 0..SEEDS {
        let mut pair = Pair::new(seed);
        (0..STEPS).for_each(|_| pair.step());
        upgraded += usize::from(pair.session.transport() == Transport::WebSocket);
    }
    assert!(upgraded > 100 && upgraded < 450, "{upgraded} of {SEEDS} upgraded");
}

/// As above, and the session is closed at some moment: all that was sent before is received, then
/// the end.
#[test]
fn a_session_that_is_closed_at_any_moment_still_delivers_what_was_sent() {
    crate::simulation::for_seeds(SEEDS, |seed| {
        let mut pair = Pair::new(seed);
        for _ in 0..pair.random.below(STEPS) {
            pair.step();
        }
        pair.session.close(pair.now);
        pair.session.send(bundle("late", &[]));
        if pair.session.transport() == Transport::Polling {
            while pair.session.closed().is_none() {
                if !pair.is_polling {
                    pair.session.begin_poll().expect("it may fetch the rest");
                    pair.is_polling = true;
                }
                pair.fetch();
            }
            assert_eq!(pair.received.pop().as_deref(), Some("1"));
        } else {
            pair.finish();
            assert!(pair.session.is_over(pair.session.carrier()));
        }
        assert_eq!(pair.received, pair.sent);
    });
}

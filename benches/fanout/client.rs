//! One native client: as little work for each packet as that allows.

use game::arena::Input as Controls;
use game::arena::control::Buttons;
use mio::{Registry, Token};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tickwire::ids::{PlayerId, Tick};
use tickwire::load::wire::{Frame, Wire, next_frame, request};
use tickwire::protocol::native::{ClientSession, FromClient, Hello, Input, Join, Stage, ToClient};
use tickwire::sim::encode_input;
use tickwire::sync::Replica;
use tickwire::sync::schema::Schema;

pub(crate) struct Client {
    wire: Wire,
    session: ClientSession,
    number: usize,
    is_checked: bool,
    is_gone: bool,
    joined_at: Tick,
    replica: Option<Replica>,
    inputs: u32,
    all_states: u32,
    last: Option<Duration>,
    joins: bool,
    /// Whether it takes nothing any more.
    pub(crate) is_stalled: bool,
    pub(crate) has_desync: bool,
    pub(crate) states: u64,
    pub(crate) state_bytes: u64,
    pub(crate) gaps_us: Vec<u32>,
}

impl Client {
    pub(crate) fn connect(
        address: SocketAddr,
        number: usize,
        is_checked: bool,
        registry: &Registry,
    ) -> anyhow::Result<Self> {
        let hello = Hello { software: "fanout", ..Hello::default() };
        Ok(Self {
            wire: Wire::upgrade(
                address,
                &request("/play", "fanout"),
                Token(number),
                registry,
                None,
            )?,
            session: ClientSession::new(&hello, Duration::ZERO)?,
            number,
            is_checked,
            is_gone: false,
            joined_at: Tick(0),
            replica: None,
            inputs: 0,
            all_states: 0,
            last: None,
            joins: true,
            is_stalled: false,
            has_desync: false,
            states: 0,
            state_bytes: 0,
            gaps_us: Vec::new(),
        })
    }

    /// The same, in no match.
    pub(crate) fn staying_out(self) -> Self {
        Self { joins: false, ..self }
    }

    pub(crate) fn is_in(&self) -> bool {
        if !self.joins {
            return self.session.stage() == Stage::Free;
        }
        self.session.stage() == Stage::Joined && self.all_states > 0
    }

    pub(crate) fn is_lost(&self) -> bool {
        self.is_gone || !self.is_in()
    }

    pub(crate) fn begin_to_measure(&mut self) {
        (self.states, self.state_bytes) = (0, 0);
        self.gaps_us.clear();
    }

    pub(crate) fn read(&mut self, now: Duration) {
        if self.is_stalled {
            return;
        }
        let was_open = self.wire.is_open();
        let mut bytes = Vec::new();
        self.wire.read(&mut bytes);
        if self.wire.is_open() != was_open {
            self.flush();
        }
        let mut used = 0;
        while let Some((frame, length)) = next_frame(&bytes[used..]) {
            used += length;
            match frame {
                Frame::Binary(packet) => self.hear(packet, now),
                Frame::Close(..) | Frame::Ping(_) | Frame::Other => self.is_gone = true,
            }
        }
        self.wire.keep(&bytes[used..]);
        self.is_gone |= self.wire.is_gone();
    }

    fn hear(&mut self, packet: &[u8], now: Duration) {
        let Ok(message) = self.session.receive(packet, now) else {
            self.is_gone = true;
            return;
        };
        match message {
            Some(ToClient::Welcome(_)) if !self.joins => {}
            Some(ToClient::Welcome(_)) => {
                let _ =
                    self.session.send(&FromClient::Join(Join { name: "bench", ..Join::default() }));
                self.flush();
            }
            Some(ToClient::Joined(joined)) => {
                self.joined_at = joined.tick;
                let player = joined.player;
                self.hold(player);
            }
            Some(ToClient::State(state) | ToClient::StateAfter { packet: state, .. }) => {
                let (all, checked) = (packet.len(), state.to_vec());
                self.note(all, now);
                if let Some(replica) = &mut self.replica {
                    self.has_desync |= replica.receive(&checked).is_err();
                }
            }
            _ => {}
        }
    }

    fn hold(&mut self, player: PlayerId) {
        let schema = self.session.schema().and_then(|(_, bytes)| Schema::from_bytes(bytes).ok());
        if let Some(schema) = schema.filter(|_| self.is_checked) {
            self.replica = Some(Replica::new(Arc::new(schema), player, false));
        }
    }

    fn note(&mut self, bytes: usize, now: Duration) {
        self.all_states += 1;
        self.states += 1;
        self.state_bytes += bytes as u64;
        if let Some(last) = self.last.replace(now) {
            self.gaps_us.push(u32::try_from((now - last).as_micros()).unwrap_or(u32::MAX));
        }
    }

    pub(crate) fn say_input(&mut self) {
        if self.is_lost() {
            return;
        }
        self.inputs += 1;
        // Runs one way for a second, then another; shoots half of the time.
        let phase = self.inputs / 20 + self.number as u32 * 7;
        let way = f64::from(phase % 16) / 16.0 * std::f64::consts::TAU;
        let controls = encode_input(&Controls {
            move_x: (way.cos() * 127.0) as i8,
            move_y: (way.sin() * 127.0) as i8,
            aim: (phase * 4096 + self.inputs * 300) as u16,
            buttons: Buttons::default().with(Buttons::FIRE, phase.is_multiple_of(2)),
        });
        let tick = Tick(self.joined_at.0 + self.all_states + 2);
        let input = Input { tick, controls: &controls, ..Input::default() };
        let _ = self.session.send(&FromClient::Input(input));
        self.flush();
    }

    fn flush(&mut self) {
        while let Some(packet) = self.session.poll_packet() {
            self.wire.say(&packet);
        }
        self.is_gone |= self.wire.is_gone();
    }
}

//! One native client: as little work for each packet as that allows.

use game::arena::Input as Controls;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tickwire::ids::{PlayerId, Tick};
use tickwire::protocol::native::{ClientSession, FromClient, Hello, Input, Join, Stage, ToClient};
use tickwire::sim::encode_input;
use tickwire::sync::Replica;
use tickwire::sync::schema::Schema;

const HEAD: &str = "GET /play HTTP/1.1\r\nhost: bench\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\
    sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const BINARY: u8 = 0x82;

pub(crate) struct Client {
    stream: TcpStream,
    session: ClientSession,
    number: usize,
    is_checked: bool,
    is_upgraded: bool,
    is_gone: bool,
    received: Vec<u8>,
    joined_at: Tick,
    replica: Option<Replica>,
    inputs: u32,
    all_states: u32,
    last: Option<Duration>,
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
        let mut stream =
            TcpStream::from_std(std::net::TcpStream::connect(address).and_then(|stream| {
                stream.set_nonblocking(true)?;
                stream.set_nodelay(true)?;
                Ok(stream)
            })?);
        registry.register(&mut stream, Token(number), Interest::READABLE)?;
        stream.write_all(HEAD.as_bytes())?;
        let hello = Hello { software: "fanout", ..Hello::default() };
        Ok(Self {
            stream,
            session: ClientSession::new(&hello, Duration::ZERO)?,
            number,
            is_checked,
            is_upgraded: false,
            is_gone: false,
            received: Vec::new(),
            joined_at: Tick(0),
            replica: None,
            inputs: 0,
            all_states: 0,
            last: None,
            has_desync: false,
            states: 0,
            state_bytes: 0,
            gaps_us: Vec::new(),
        })
    }

    pub(crate) fn is_in(&self) -> bool {
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
        let mut buffer = [0; 16 << 10];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => self.is_gone = true,
                Ok(read) => {
                    self.take(&buffer[..read], now);
                    if read == buffer.len() {
                        continue;
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => self.is_gone = true,
            }
            return;
        }
    }

    fn take(&mut self, bytes: &[u8], now: Duration) {
        if self.received.is_empty() && self.is_upgraded {
            let used = self.take_frames(bytes, now);
            self.received.extend_from_slice(&bytes[used..]);
            return;
        }
        self.received.extend_from_slice(bytes);
        if !self.is_upgraded {
            let Some(end) = self.received.windows(4).position(|window| window == b"\r\n\r\n")
            else {
                return;
            };
            self.is_gone |= !self.received.starts_with(b"HTTP/1.1 101");
            self.is_upgraded = true;
            self.received.drain(..end + 4);
            self.flush();
        }
        let received = std::mem::take(&mut self.received);
        let used = self.take_frames(&received, now);
        self.received = received[used..].to_vec();
    }

    fn take_frames(&mut self, bytes: &[u8], now: Duration) -> usize {
        let mut used = 0;
        while let [first, length, rest @ ..] = &bytes[used..] {
            let (header, length) = match (length, rest) {
                (126, [high, low, ..]) => (4, usize::from(u16::from_be_bytes([*high, *low]))),
                (126 | 127, _) => break,
                (length, _) => (2, usize::from(*length)),
            };
            let Some(packet) = bytes.get(used + header..used + header + length) else { break };
            used += header + length;
            if *first == BINARY {
                self.hear(packet, now);
            } else {
                self.is_gone = true;
            }
        }
        used
    }

    fn hear(&mut self, packet: &[u8], now: Duration) {
        let Ok(message) = self.session.receive(packet, now) else {
            self.is_gone = true;
            return;
        };
        match message {
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
            fire: phase.is_multiple_of(2),
            ..Controls::default()
        });
        let tick = Tick(self.joined_at.0 + self.all_states + 2);
        let input = Input { tick, controls: &controls, ..Input::default() };
        let _ = self.session.send(&FromClient::Input(input));
        self.flush();
    }

    fn flush(&mut self) {
        let mut out = [0; 256];
        while let Some(packet) = self.session.poll_packet() {
            // Masked with zeros.
            let length = packet.len();
            out[..6].copy_from_slice(&[BINARY, 0x80 | length as u8, 0, 0, 0, 0]);
            out[6..6 + length].copy_from_slice(&packet);
            self.is_gone |= self.stream.write(&out[..6 + length]).ok() != Some(6 + length);
        }
    }
}

//! A native client on a real WebSocket: the public client half, and a replica.

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tickwire::event::Event;
use tickwire::ids::Tick;
use tickwire::protocol::native::{Applied, ClientSession, FromClient, Hello, Secret, ToClient};
use tickwire::sync::Replica;
use tickwire::sync::schema::Schema;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

/// Nothing here takes longer unless it is broken.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct Guest {
    stream: WebSocketStream<TcpStream>,
    session: ClientSession,
    start: Instant,
    pub(super) socket: String,
    pub(super) replica: Option<Replica>,
    pub(super) applied: Option<Applied>,
    /// Whether the next packet of the stream is thrown away.
    pub(super) loses_next: bool,
    last_state_failed: bool,
}

/// What a guest was told, without the packet it came in.
pub(super) enum Told {
    Welcome,
    Joined,
    Left(u16),
    State,
    Lost,
    Event(Event, Option<u32>),
    Ack(u32, String),
    Error(u16, String),
    Other,
}

impl Guest {
    async fn open(address: SocketAddr) -> WebSocketStream<TcpStream> {
        let stream = TcpStream::connect(address).await.unwrap();
        client_async(format!("ws://{address}/play"), stream).await.unwrap().0
    }

    /// Says hello and nothing else.
    pub(super) async fn connect(address: SocketAddr, token: Option<&str>) -> Self {
        let hello = Hello { software: "tests", token: token.map(Secret), ..Hello::default() };
        let start = Instant::now();
        let session = ClientSession::new(&hello, Duration::ZERO).unwrap();
        Self::with(Self::open(address).await, session, start).await
    }

    /// Says nothing at all.
    pub(super) async fn silent(address: SocketAddr) -> Self {
        let hello = Hello { software: "tests", ..Hello::default() };
        let mut session = ClientSession::new(&hello, Duration::ZERO).unwrap();
        while session.poll_packet().is_some() {}
        Self::with(Self::open(address).await, session, Instant::now()).await
    }

    pub(super) async fn greeted(address: SocketAddr) -> Self {
        let mut guest = Self::connect(address, None).await;
        guest.until_welcome().await;
        guest
    }

    async fn with(
        stream: WebSocketStream<TcpStream>,
        session: ClientSession,
        start: Instant,
    ) -> Self {
        let mut guest = Self {
            stream,
            session,
            start,
            socket: String::new(),
            replica: None,
            applied: None,
            loses_next: false,
            last_state_failed: false,
        };
        guest.flush().await;
        guest
    }

    /// What brings it back.
    pub(super) fn secret(&self) -> String {
        self.session.hello_again().resume.map_or("", |resume| resume.token.0).into()
    }

    /// Says goodbye as WebSocket has it.
    pub(super) async fn say_goodbye(&mut self) {
        self.stream.close(None).await.unwrap();
    }

    /// Loses the connection without a word.
    pub(super) fn lose(self) -> Lost {
        Lost { session: self.session, start: self.start }
    }

    /// Comes back with the same secret once more, while this one is there.
    pub(super) async fn again(&self, address: SocketAddr) -> Self {
        let hello = Hello { schema: None, ..self.session.hello_again() };
        let session = ClientSession::new(&hello, self.start.elapsed()).unwrap();
        let mut guest = Self::with(Self::open(address).await, session, self.start).await;
        guest.until_welcome().await;
        guest
    }

    pub(super) async fn say(&mut self, message: &FromClient<'_>) {
        self.session.send(message).unwrap();
        self.flush().await;
    }

    async fn flush(&mut self) {
        while let Some(packet) = self.session.poll_packet() {
            self.stream.send(Message::Binary(packet)).await.unwrap();
        }
    }

    pub(super) async fn send(&mut self, packet: &[u8]) {
        let _ = self.stream.send(Message::Binary(packet.to_vec().into())).await;
    }

    pub(super) async fn send_text(&mut self, text: &str) {
        self.stream.send(Message::Text(text.into())).await.unwrap();
    }

    /// All that was sent before has been read by the server when this is over.
    pub(super) async fn round_trip(&mut self) {
        let sent_us = u64::try_from(self.start.elapsed().as_micros()).unwrap();
        let mut packet = Vec::new();
        FromClient::Ping { sent_us }.encode(&mut packet);
        self.send(&packet).await;
        loop {
            let packet = self.packet().await.expect("a pong");
            let is_pong = packet.first() == Some(&0x89);
            self.take(&packet);
            if is_pong {
                return;
            }
        }
    }

    /// The next packet, or with what code the connection was closed.
    async fn packet(&mut self) -> Result<Bytes, u16> {
        loop {
            let message =
                tokio::time::timeout(PATIENCE, self.stream.next()).await.expect("in time");
            match message {
                Some(Ok(Message::Binary(packet))) => return Ok(packet),
                Some(Ok(Message::Close(frame))) => {
                    return Err(frame.map_or(1005, |frame| frame.code.into()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(1006),
            }
        }
    }

    fn take(&mut self, packet: &[u8]) -> Told {
        let now = self.start.elapsed();
        let message = self.session.receive(packet, now).unwrap();
        let Some(message) = message else { return Told::Other };
        match message {
            ToClient::Welcome(welcome) => {
                self.socket = welcome.socket.into();
                Told::Welcome
            }
            ToClient::Joined(joined) => {
                let player = joined.player;
                let (_, schema) = self.session.schema().expect("the schema came before");
                let schema = Arc::new(Schema::from_bytes(schema).unwrap());
                self.replica = Some(Replica::new(schema, player, false));
                Told::Joined
            }
            ToClient::Left { code, .. } => Told::Left(code),
            ToClient::State(packet) => {
                let packet = packet.to_vec();
                self.state(&packet)
            }
            ToClient::StateAfter { applied, packet } => {
                self.applied = Some(applied);
                let packet = packet.to_vec();
                self.state(&packet)
            }
            ToClient::Event { event, ack, .. } => Told::Event(event, ack),
            ToClient::Ack { id, args } => Told::Ack(id, args.json().into()),
            ToClient::Error { code, sentence, .. } => Told::Error(code, sentence.into()),
            _ => Told::Other,
        }
    }

    fn state(&mut self, packet: &[u8]) -> Told {
        if std::mem::take(&mut self.loses_next) {
            return Told::Lost;
        }
        let replica = self.replica.as_mut().expect("joined");
        self.last_state_failed = replica.receive(packet).is_err();
        Told::State
    }

    async fn until<T>(&mut self, mut wanted: impl FnMut(&mut Self, Told) -> Option<T>) -> T {
        loop {
            let packet = self.packet().await.expect("the connection is open");
            let told = self.take(&packet);
            if let Some(found) = wanted(self, told) {
                return found;
            }
        }
    }

    pub(super) async fn until_welcome(&mut self) {
        self.until(|_, told| matches!(told, Told::Welcome).then_some(())).await;
    }

    pub(super) async fn until_joined(&mut self) {
        self.until(|_, told| matches!(told, Told::Joined).then_some(())).await;
    }

    /// Until it is in, or told why not.
    pub(super) async fn until_joined_or_left(&mut self) -> Result<(), u16> {
        self.until(|_, told| match told {
            Told::Joined => Some(Ok(())),
            Told::Left(code) => Some(Err(code)),
            _ => None,
        })
        .await
    }

    pub(super) async fn until_left(&mut self) -> u16 {
        self.until(|_, told| if let Told::Left(code) = told { Some(code) } else { None }).await
    }

    /// Until a packet of the stream came that was understood.
    pub(super) async fn until_state(&mut self) {
        self.until(|guest, told| {
            matches!(told, Told::State).then(|| assert!(!guest.last_state_failed, "a desync"))
        })
        .await;
    }

    /// Until the server has used this input.
    pub(super) async fn until_applied(&mut self, stamp: Tick) {
        let is_used = |guest: &Self| guest.applied.is_some_and(|used| used.tick(stamp) == stamp);
        if !is_used(self) {
            self.until(|guest, _| is_used(guest).then_some(())).await;
        }
    }

    pub(super) async fn until_lost(&mut self) {
        self.until(|_, told| matches!(told, Told::Lost).then_some(())).await;
    }

    pub(super) async fn next_state_fails(&mut self) -> bool {
        self.until(|guest, told| matches!(told, Told::State).then_some(guest.last_state_failed))
            .await
    }

    pub(super) async fn until_tick(&mut self, tick: Tick) {
        let has =
            |guest: &Self| guest.replica.as_ref().is_some_and(|replica| replica.tick() == tick);
        if !has(self) {
            self.until(|guest, _| has(guest).then_some(())).await;
        }
    }

    pub(super) async fn until_event(&mut self, name: &str) -> Event {
        self.until(|_, told| match told {
            Told::Event(event, _) if *event.name == *name => Some(event),
            _ => None,
        })
        .await
    }

    pub(super) async fn until_question(&mut self) -> u32 {
        self.until(|_, told| if let Told::Event(_, ack) = told { ack } else { None }).await
    }

    pub(super) async fn until_ack(&mut self) -> (u32, String) {
        self.until(|_, told| if let Told::Ack(id, json) = told { Some((id, json)) } else { None })
            .await
    }

    pub(super) async fn until_error(&mut self) -> (u16, String) {
        self.until(|_, told| match told {
            Told::Error(code, sentence) => Some((code, sentence)),
            _ => None,
        })
        .await
    }

    pub(super) async fn until_closed(&mut self) -> u16 {
        loop {
            if let Err(code) = self.packet().await {
                return code;
            }
        }
    }
}

/// Somebody who may come back.
pub(super) struct Lost {
    session: ClientSession,
    start: Instant,
}

impl Lost {
    pub(super) async fn come_back(mut self, address: SocketAddr) -> Guest {
        self.session.reconnect(self.start.elapsed()).unwrap();
        let stream = Guest::open(address).await;
        let mut guest = Guest::with(stream, self.session, self.start).await;
        guest.until_welcome().await;
        guest
    }
}

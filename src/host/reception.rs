//! From a connection to the hub: what doors bring becomes packets, and those are dispatched.

use super::connection::Connection;
use super::counters::Count;
use super::hosting::Host;
use super::lock;
use crate::event::Value;
use crate::hub::Violation;
use crate::protocol::engine_io::{self, Bundle, Carrier, CloseReason, Message};
use crate::protocol::socket_io::{Body, Packet};
use crate::protocol::websocket::CloseCode;
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;

impl Connection {
    /// Takes a text of a WebSocket.
    pub fn receive_text(&self, carrier: Carrier, text: &str) {
        self.receive(text.len(), |engine, now| {
            engine.receive_text(carrier, text, now).into_iter().collect()
        });
    }

    /// Takes bytes of a WebSocket.
    pub fn receive_binary(&self, carrier: Carrier, bytes: Bytes) {
        self.receive(bytes.len(), |engine, _| {
            engine.receive_binary(carrier, bytes).into_iter().collect()
        });
    }

    /// Takes the payload of a post.
    pub fn receive_payload(&self, payload: &str) {
        self.receive(payload.len(), |engine, now| engine.receive_payload(payload, now));
    }

    /// A WebSocket was pinged, which costs as much as a message.
    pub fn receive_ping(&self) {
        let Some(host) = self.host.upgrade() else { return };
        self.change(|inner, now| inner.pay(&host, 0, now));
    }

    /// A WebSocket sent what it must not.
    pub fn refuse(&self, carrier: Carrier, count: Count, code: CloseCode, why: &'static str) {
        self.host.upgrade().into_iter().for_each(|host| host.counters().add(count));
        self.change(|inner, _| {
            inner.blame();
            inner.goodbye = Some((code, why));
            inner.engine.lose(carrier, CloseReason::TransportError);
        });
    }

    fn receive<'a>(
        &self,
        bytes: usize,
        take: impl FnOnce(&mut engine_io::Session, Duration) -> Vec<Message<'a>>,
    ) {
        let Some(host) = self.host.upgrade() else { return };
        let mut decoder = lock(&self.decoder);
        let (messages, ended) = self.step(|inner, now| {
            if !inner.pay(&host, bytes, now) {
                return Vec::new();
            }
            let mut messages = take(&mut inner.engine, now);
            // Each beyond the first of a payload costs as well.
            let paid = (1..messages.len()).take_while(|_| inner.pay(&host, 0, now)).count();
            messages.truncate(1 + paid);
            messages
        });
        if host.config().echoes {
            drop(decoder);
            self.finish(ended);
            return self.echo(&messages);
        }
        let (now, mut packets, mut wrong) = (host.clock().now(), Vec::new(), None);
        for message in messages {
            match decoder.receive(message, now) {
                Ok(packet) => packets.extend(packet),
                Err(error) => {
                    wrong = Some(error);
                    break;
                }
            }
        }
        let attachments_by = decoder.poll_timeout();
        drop(decoder);
        self.finish(ended);
        self.note_attachments(attachments_by);
        self.dispatch_all(&host, packets);
        if let Some(error) = wrong {
            tracing::debug!("{error}");
            let why = "the packet could not be read";
            let (count, code) = (Count::BadPackets, CloseCode::Protocol);
            self.change(|inner, now| inner.refuse(&host, count, code, why, now));
        }
    }

    fn note_attachments(&self, by: Duration) {
        let has_changed = lock(&self.inner).attachments_by != by;
        if has_changed {
            self.change(|inner, _| inner.attachments_by = by);
        }
    }

    fn echo(&self, messages: &[Message<'_>]) {
        self.change(|inner, _| {
            for message in messages {
                inner.engine.send(Arc::new(match message {
                    Message::Text(text) => Bundle::text(format!("{}{text}", Bundle::TEXT), &[]),
                    Message::Binary(bytes) => Bundle::binary(bytes.clone()),
                }));
            }
        });
    }

    fn dispatch_all(&self, host: &Host, packets: Vec<Packet>) {
        for packet in packets {
            if let Err(violation) = self.dispatch(packet) {
                tracing::debug!("{violation}");
                let why = match violation {
                    Violation::NotJoined => "that namespace was not joined",
                    Violation::JoinedTwice => "that namespace was joined already",
                    Violation::Overrun => "too many events wait for their handlers",
                };
                let (count, code) = (Count::Violations, CloseCode::Policy);
                return self.change(|inner, now| inner.refuse(host, count, code, why, now));
            }
        }
    }

    fn dispatch(&self, packet: Packet) -> Result<(), Violation> {
        let Some(link) = self.link.get() else { return Ok(()) };
        let namespace = &*packet.namespace;
        match packet.body {
            Body::Connect(auth) => {
                let auth = auth.and_then(|auth| Value::read(&auth).ok());
                let auth = auth.unwrap_or_else(|| Value::Object(Vec::new()));
                let text = |name| auth.get(name).and_then(Value::as_str).map(String::from);
                let returning = text("pid").zip(text("offset"));
                link.connect(namespace, auth, returning)
            }
            Body::Disconnect => link.leave(namespace),
            Body::Event { event, ack } => link.event(namespace, event, ack),
            Body::Ack { id, args } => link.ack(namespace, id, args),
        }
    }
}

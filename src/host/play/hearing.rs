//! What a native client says, and who hears it: the hub, or whoever hosts matches.

use super::{PlayConnection, microseconds};
use crate::event::Value;
use crate::host::counters::Count;
use crate::host::hosting::Host;
use crate::ids::Tick;
use crate::protocol::native::{FromClient, Hello, Pong, ProtocolError, Refusal, ToClient};
use std::time::Duration;

/// The namespace of all native clients.
pub(super) const NAMESPACE: &str = "/";

impl PlayConnection {
    /// Takes a packet.
    pub fn receive(&self, packet: &[u8]) {
        let Some(host) = self.host.upgrade() else { return };
        let now = host.clock().now();
        let message = self.change(|inner| {
            let message = inner.session.receive(packet, now);
            if let Err(error) = &message {
                inner.blame(&host, error);
            }
            message.ok().flatten()
        });
        if let Some(message) = message {
            host.counters().add(Count::Messages);
            self.hear(&host, message, now);
        }
    }

    /// The carrier saw what is no packet.
    pub fn fail(&self, error: ProtocolError) {
        let Some(host) = self.host.upgrade() else { return };
        self.change(|inner| {
            let error = inner.session.fail(error);
            inner.blame(&host, &error);
        });
    }

    fn hear(&self, host: &Host, message: FromClient<'_>, now: Duration) {
        let (Some(link), Some(me)) = (self.link.get(), self.me.upgrade()) else { return };
        let matches = host.matches();
        let heard = match message {
            FromClient::Hello(hello) => {
                let returning = hello.resume.as_ref().map(|resume| {
                    (resume.token.0.into(), resume.offset.unwrap_or_default().into())
                });
                link.connect(NAMESPACE, auth(&hello), returning)
            }
            FromClient::Event { ack, event } => link.event(NAMESPACE, event, ack.map(u64::from)),
            FromClient::Ack { id, args } => link.ack(NAMESPACE, id.into(), args),
            FromClient::Ping { sent_us } => {
                let (tick, phase) = matches.map_or((Tick(0), 0), |matches| matches.time(&me));
                let now_us = microseconds(now);
                let _ = self.send(&ToClient::Pong(Pong { sent_us, now_us, tick, phase }));
                Ok(())
            }
            FromClient::Join(join) => {
                let joined = matches.ok_or(Refusal::NoSuchMatch);
                if let Err(refusal) = joined.and_then(|matches| matches.join(&me, &join)) {
                    let _ = self.send(&ToClient::left(refusal));
                }
                Ok(())
            }
            FromClient::Leave => {
                if !matches.is_some_and(|matches| matches.leave(&me)) {
                    let _ = self.send(&ToClient::Left { code: 0, reason: "" });
                }
                Ok(())
            }
            FromClient::Input(input) => {
                matches.into_iter().for_each(|matches| matches.input(&me, &input));
                Ok(())
            }
            FromClient::Keyframe => {
                matches.into_iter().for_each(|matches| matches.keyframe(&me));
                Ok(())
            }
            FromClient::Look { at } => {
                matches.into_iter().for_each(|matches| matches.look(&me, at));
                Ok(())
            }
        };
        if heard.is_err() {
            host.counters().add(Count::Violations);
            self.change(|inner| inner.cut_off(Refusal::OutOfOrder));
        }
    }
}

/// Who a client says it is, as middleware sees it: an object as it is, other text as its token.
fn auth(hello: &Hello<'_>) -> Value {
    let token = hello.token.as_ref().map_or("", |token| token.0);
    match Value::read(token) {
        Ok(Value::Object(entries)) => Value::Object(entries),
        _ if token.is_empty() => Value::Object(Vec::new()),
        _ => Value::Object(vec![("token".into(), token.into())]),
    }
}

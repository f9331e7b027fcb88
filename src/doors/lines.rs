//! What each kind of client does with a WebSocket.

use super::pump::Line;
use crate::host::{Connection, Count, PlayConnection};
use crate::protocol::engine_io::{Carrier, CloseReason};
use crate::protocol::native::ProtocolError;
use crate::protocol::websocket::CloseCode;
use bytes::Bytes;
use std::sync::Arc;
use std::task::{Context, Poll};

/// A WebSocket of a client of Socket.IO.
pub(super) struct SocketIoLine {
    pub(super) connection: Arc<Connection>,
    pub(super) carrier: Carrier,
}

impl Line for SocketIoLine {
    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<()> {
        self.connection.poll_ready(context)
    }

    fn receive_text(&self, text: &str) {
        self.connection.receive_text(self.carrier, text);
    }

    fn receive_binary(&self, bytes: Bytes) {
        self.connection.receive_binary(self.carrier, bytes);
    }

    fn receive_ping(&self) {
        self.connection.receive_ping();
    }

    fn poll_frames(&self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        self.connection.poll_frames(self.carrier, context)
    }

    fn poll_over(&self, context: &mut Context<'_>) -> Poll<()> {
        self.connection.poll_over(self.carrier, context)
    }

    fn set_blocked(&self, is_blocked: bool) {
        self.connection.set_blocked(self.carrier, is_blocked);
    }

    fn refuse(&self, count: Count, code: CloseCode, why: &'static str) {
        self.connection.refuse(self.carrier, count, code, why);
    }

    fn lose(&self) {
        self.connection.lose(self.carrier, CloseReason::TransportClose);
    }

    fn goodbye(&self) -> (CloseCode, &'static str) {
        self.connection.goodbye()
    }
}

/// A WebSocket of a native client.
pub(super) struct PlayLine(pub(super) Arc<PlayConnection>);

impl Line for PlayLine {
    fn native(&self) -> Option<&Arc<PlayConnection>> {
        Some(&self.0)
    }

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<()> {
        self.0.poll_ready(context)
    }

    fn receive_text(&self, _: &str) {
        self.0.fail(ProtocolError::TextMessage);
    }

    fn receive_binary(&self, bytes: Bytes) {
        self.0.receive(&bytes);
    }

    fn receive_ping(&self) {
        self.0.receive_ping();
    }

    fn poll_frames(&self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        self.0.poll_frames(context)
    }

    fn poll_over(&self, context: &mut Context<'_>) -> Poll<()> {
        self.0.poll_over(context)
    }

    fn set_blocked(&self, is_blocked: bool) {
        self.0.set_blocked(is_blocked);
    }

    fn refuse(&self, count: Count, code: CloseCode, why: &'static str) {
        self.0.cut(count, code, why);
    }

    fn lose(&self) {
        self.0.lose();
    }

    fn goodbye(&self) -> (CloseCode, &'static str) {
        self.0.goodbye()
    }
}

//! Where several servers become one hub: what one of them does is told to the others.
//!
//! One server has no peers. Acknowledgements of broadcasts and `fetch_sockets` are about this
//! server's sockets.

use super::audience::Audience;
use super::namespace::Namespace;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The way to the other servers.
pub trait Peers: Send + Sync {
    /// Tells all of them; each hands it to its [`Io::receive_from_peer`](super::Io::receive_from_peer).
    fn publish(&self, message: PeerMessage);
}

/// What one server tells the others. Made and understood by hubs only; it may travel by `serde`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerMessage {
    namespace: Arc<str>,
    audience: Audience,
    action: PeerAction,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum PeerAction {
    Emit { name: Box<str>, json: Box<str>, attachments: Vec<Bytes>, is_volatile: bool },
    Join(Vec<Arc<str>>),
    Leave(Vec<Arc<str>>),
    Disconnect { closes: bool },
    ServerSide { name: Box<str>, json: Box<str>, attachments: Vec<Bytes> },
}

impl PeerMessage {
    pub(super) fn new(namespace: &Namespace, audience: &Audience, action: PeerAction) -> Self {
        let namespace = namespace.shared_name().clone();
        Self { namespace, audience: audience.clone(), action }
    }

    /// The namespace that it is about.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    pub(super) fn audience(&self) -> &Audience {
        &self.audience
    }

    pub(super) fn action(&self) -> &PeerAction {
        &self.action
    }
}

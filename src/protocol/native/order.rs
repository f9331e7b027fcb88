//! Who may say what when: the one table of a connection's stages, held by both ends.
//!
//! Messages cross on the way: what a client said in its match may arrive after the server said that
//! it is out, and packets of the stream, which a host writes past the session, after that word of its
//! own. Such is passed over, not refused.

use super::error::ProtocolError;
use super::message::{FromClient, ToClient};
use std::fmt;

/// Where a connection is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// Nothing was said yet.
    #[default]
    Opened,
    /// The client said hello.
    Greeted,
    /// Welcomed, and in no match.
    Free,
    /// The client asked for a match, or came back: the server is to say where it is.
    Joining,
    /// In a match.
    Joined,
    /// The client asked to leave its match.
    Leaving,
    /// Out of a match on the server's word, which may not have arrived.
    Left,
    /// Over.
    Ended,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Opened => "before a hello",
            Self::Greeted => "before the welcome",
            Self::Free | Self::Left => "outside a match",
            Self::Joining => "before a join is answered",
            Self::Joined => "within a match",
            Self::Leaving => "before a leave is answered",
            Self::Ended => "after the end",
        })
    }
}

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Heard,
    /// It crossed another one on the way.
    PassedOver,
}

/// How far two ends have come with each other.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Order {
    pub(super) stage: Stage,
    /// The one schema that the client has.
    pub(super) schema: Option<u64>,
}

impl Order {
    pub(super) fn client_says(
        &mut self,
        message: &FromClient<'_>,
    ) -> Result<Verdict, ProtocolError> {
        use FromClient as Says;
        use Stage::{Free, Greeted, Joined, Joining, Leaving, Left, Opened};
        self.stage = match (self.stage, message) {
            (Opened, Says::Hello(hello)) => {
                self.schema = hello.schema;
                Greeted
            }
            (Free | Left, Says::Join(_)) => Joining,
            (Joined, Says::Leave) => Leaving,
            (Joined, Says::Input(_) | Says::Keyframe | Says::Look { .. }) => Joined,
            (Left, Says::Leave | Says::Input(_) | Says::Keyframe | Says::Look { .. }) => {
                return Ok(Verdict::PassedOver);
            }
            (
                stage @ (Free | Joining | Joined | Leaving | Left),
                Says::Event { .. } | Says::Ack { .. } | Says::Ping { .. },
            ) => stage,
            (stage, _) => return Err(ProtocolError::OutOfOrder { tag: message.tag(), stage }),
        };
        Ok(Verdict::Heard)
    }

    pub(super) fn server_says(&mut self, message: &ToClient<'_>) -> Result<Verdict, ProtocolError> {
        use Stage::{Ended, Free, Greeted, Joined, Joining, Leaving, Left};
        use ToClient as Says;
        self.stage = match (self.stage, message) {
            (Greeted, Says::Welcome(welcome)) if welcome.resumed => Joining,
            (Greeted, Says::Welcome(_)) => Free,
            (Joining, Says::Schema { hash, .. }) => {
                self.schema = Some(*hash);
                Joining
            }
            (Joining, Says::Joined(joined)) if self.schema == Some(joined.schema) => Joined,
            (Joining, Says::Joined(joined)) => {
                return Err(ProtocolError::SchemaMissing(joined.schema));
            }
            (Joined, Says::Left { .. }) => Left,
            (Joining | Leaving, Says::Left { .. }) => Free,
            (stage @ (Joined | Leaving), Says::State(_) | Says::StateAfter { .. }) => stage,
            (Free | Joining | Left, Says::State(_) | Says::StateAfter { .. }) => {
                return Ok(Verdict::PassedOver);
            }
            (
                stage @ (Free | Joining | Joined | Leaving | Left),
                Says::Event { .. }
                | Says::Ack { .. }
                | Says::Pong(_)
                | Says::Error { fatal: false, .. },
            ) => stage,
            (Ended, _) => return Err(ProtocolError::Ended),
            (_, Says::Error { fatal: true, .. }) => Ended,
            (stage, _) => return Err(ProtocolError::OutOfOrder { tag: message.tag(), stage }),
        };
        Ok(Verdict::Heard)
    }

    /// Whether there was a welcome and no end.
    pub(super) fn is_welcomed(&self) -> bool {
        !matches!(self.stage, Stage::Opened | Stage::Greeted | Stage::Ended)
    }
}

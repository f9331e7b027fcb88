//! What a player sees with: eyes of its own, or those that it shares with the others of its match.

use super::foresight::Foresight;
use super::hall::{Hall, Place};
use crate::ids::{PlayerId, Tick};
use crate::sync::schema::Schema;
use crate::sync::{Replica, Seen, SingerId, StreamError};
use std::sync::Arc;

/// How a player looks at its match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Looks {
    /// Together with the others.
    Together,
    /// Alone.
    Alone,
    /// Alone, and ahead of the server at what is its own.
    Ahead,
}

/// What a player sees with.
pub(super) enum Eyes {
    /// A replica of its own.
    Own(Box<Replica>),
    /// The chorus of its match.
    Shared(SingerId),
}

impl Eyes {
    /// Eyes that have seen nothing yet, in this match.
    pub(super) fn new(
        looks: Looks,
        schema: Arc<Schema>,
        player: PlayerId,
        place: Place,
        hall: &mut Hall,
    ) -> Self {
        match looks {
            Looks::Together => Self::Shared(hall.chorus(place).enter(schema, player)),
            Looks::Alone => Self::Own(Box::new(Replica::new(schema, player, false))),
            Looks::Ahead => Self::Own(Box::new(Replica::new(schema, player, true))),
        }
    }

    /// Takes a packet; gives its tick.
    pub(super) fn receive(
        &mut self,
        packet: &[u8],
        foresight: Option<&Foresight>,
        (place, hall): (Place, &mut Hall),
    ) -> Result<Tick, StreamError> {
        match self {
            Self::Own(replica) => {
                let claim = foresight.and_then(|it| it.claim(replica.tick().next()));
                match claim {
                    Some(claim) => replica.receive_predicted(packet, claim)?,
                    None => replica.receive(packet)?,
                };
                // The server believes that it knows more than it does: it says all of it again.
                if !replica.is_whole() {
                    return Err(StreamError::NoKeyframe);
                }
                Ok(replica.tick())
            }
            Self::Shared(id) => {
                let chorus = hall.chorus(place);
                chorus.receive(*id, packet)?;
                Ok(chorus.tick(*id))
            }
        }
    }

    /// What is seen.
    pub(super) fn view<'a>(&'a self, place: Place, hall: &'a mut Hall) -> Option<Seen<'a>> {
        match self {
            Self::Own(replica) => Some(replica.seen()),
            Self::Shared(id) => hall.chorus(place).view(*id),
        }
    }

    /// What is seen by nobody else.
    pub(super) fn own(&self) -> Option<&Replica> {
        match self {
            Self::Own(replica) => Some(replica),
            Self::Shared(_) => None,
        }
    }

    /// What was wrong with packets that were not looked at yet.
    pub(super) fn fault(&self, place: Place, hall: &mut Hall) -> Option<StreamError> {
        match self {
            Self::Own(_) => None,
            Self::Shared(id) => hall.chorus(place).fault(*id),
        }
    }

    /// Sees nothing any more; says the same.
    pub(super) fn close(self, place: Place, hall: &mut Hall) -> Option<StreamError> {
        match self {
            Self::Own(_) => None,
            Self::Shared(id) => hall.chorus(place).leave(id),
        }
    }
}

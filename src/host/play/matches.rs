//! Where matches are to be found: the seam between connections and those who host matches.

use super::PlayConnection;
use crate::ids::Tick;
use crate::protocol::native::{Input, Join, Refusal};
use std::sync::Arc;

/// Whoever hosts matches. Each call comes from the client's own task; none of them waits.
pub trait Matches: Send + Sync {
    /// A client wants in. Answered with [`PlayConnection::send`]: the schema if it is lacking, then
    /// `Joined`; or with the reason why not.
    fn join(&self, client: &Arc<PlayConnection>, join: &Join<'_>) -> Result<(), Refusal>;
    /// A client that came back expects `Joined` if it still has its seat; else it is told why not.
    fn resume(&self, client: &Arc<PlayConnection>) -> Result<(), Refusal>;
    /// A client gives its seat up; says whether there is one, and whether `Left` will follow.
    fn leave(&self, client: &Arc<PlayConnection>) -> bool;
    /// What a client's controls say.
    fn input(&self, client: &Arc<PlayConnection>, input: &Input<'_>);
    /// A client lost the thread.
    fn keyframe(&self, client: &Arc<PlayConnection>);
    /// Where a spectator looks.
    fn look(&self, client: &Arc<PlayConnection>, at: [f32; 2]);
    /// The connection is gone; the seat may be kept.
    fn gone(&self, client: &Arc<PlayConnection>);
    /// The tick of the client's match, and how far on to the next in 1/256.
    fn time(&self, client: &Arc<PlayConnection>) -> (Tick, u8);
}

//! What all players of a run do.

use super::eyes::Looks;
use super::mind::Mind;
use crate::ids::PlayerId;
use crate::sim::Random;
use std::sync::Arc;
use std::time::Duration;

/// Who was refused tries again after this.
pub(super) const TRIES_AGAIN: Duration = Duration::from_secs(1);
/// Who lost its connection, or left, is back after up to this.
pub(super) const BACK_WITHIN: Duration = Duration::from_secs(2);

/// What makes a mind for a seed and a seat.
pub type Minds = dyn Fn(u64, PlayerId) -> Box<dyn Mind> + Send + Sync;

/// What all players of a run do.
#[derive(Clone)]
pub struct Plan {
    /// The match to join: an id or a code; empty: any.
    pub place: String,
    /// What else is said when joining, as JSON.
    pub options: String,
    /// Who plays.
    pub minds: Arc<Minds>,
    /// What chance starts from.
    pub seed: u64,
    /// Of a hundred players so many leave, or lose their connection, in a minute.
    pub leave_rate: f64,
    /// Whether what players of a match are told alike is decoded once for all of them.
    pub shares: bool,
    /// Of a hundred players so many predict what is their own.
    pub predicting: u32,
    /// Fault planted on purpose: one bit of one packet of the stream in so many is turned; 0: none.
    pub planted_one_in: u32,
}

impl Plan {
    /// How this player looks at its match.
    pub(super) fn looks(&self, number: u32) -> Looks {
        // The first of all, and then evenly.
        if u64::from(number) * u64::from(self.predicting) % 100 < u64::from(self.predicting) {
            Looks::Ahead
        } else {
            self.looks_on()
        }
    }

    /// How those look at their match who predict nothing.
    pub(super) fn looks_on(&self) -> Looks {
        if self.shares { Looks::Together } else { Looks::Alone }
    }

    /// When a player thinks of leaving next.
    pub(super) fn next_whim(&self, now: Duration, random: &mut Random) -> Duration {
        if self.leave_rate <= 0.0 {
            return Duration::MAX;
        }
        let mean = Duration::from_secs_f64(6000.0 / self.leave_rate);
        now + mean.mul_f32(random.between(0.1, 1.9))
    }
}

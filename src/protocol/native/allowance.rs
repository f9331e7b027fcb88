//! How many messages a client may still send: so many in a second on average, and some at once.

use std::time::Duration;

/// What a message costs that makes the server do more: a join, a keyframe.
const COST_HIGH: u32 = 64;

/// What a client has left.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowance {
    each: Duration,
    burst: Duration,
    /// Until when all is paid for.
    paid_until: Duration,
}

impl Allowance {
    pub(super) fn new(per_second: u32, burst: u32) -> Self {
        let each = Duration::from_secs(1) / per_second.max(1);
        Self { each, burst: each.saturating_mul(burst), paid_until: Duration::ZERO }
    }

    /// Pays for a packet; says whether that was possible.
    pub(super) fn pay(&mut self, cost: u32, now: Duration) -> bool {
        let until = self.paid_until.max(now).saturating_add(self.each.saturating_mul(cost));
        let is_enough = until <= now.saturating_add(self.burst);
        if is_enough {
            self.paid_until = until;
        }
        is_enough
    }
}

/// What a packet costs; `is_heavy` if the server has more to do for it than to read it.
pub(super) fn cost(bytes: usize, is_heavy: bool) -> u32 {
    let of_bytes = u32::try_from(bytes >> 10).unwrap_or(u32::MAX);
    of_bytes.saturating_add(if is_heavy { COST_HIGH } else { 1 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_used_is_kept_up_to_the_burst() {
        let mut allowance = Allowance::new(10, 3);
        let mut paid =
            |now| (0..9).filter(|_| allowance.pay(1, Duration::from_millis(now))).count();
        assert_eq!([paid(0), paid(0), paid(99), paid(100), paid(350)], [3, 0, 0, 1, 2]);
        assert_eq!(paid(1_000_000), 3);
        assert_eq!(paid(0), 0);
    }

    #[test]
    fn long_packets_and_heavy_messages_cost_more() {
        assert_eq!([cost(1023, false), cost(1 << 16, false), cost(1, true)], [1, 65, 64]);
        assert!(!Allowance::new(0, 0).pay(1, Duration::ZERO));
    }
}

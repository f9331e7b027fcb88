//! What measuring itself took, and whether that was too much to say anything of the server.

use super::outcome::{Outcome, ratio};

/// Who is later than this with its own work, in milliseconds, measures itself.
const OWN_LATE_MOST_MS: f64 = 5.0;
/// Of a tick: players whose inputs are later than that are others than were asked for.
const OWN_LATE_PART: f64 = 0.25;
/// And who uses more of its core, or of all that it may use, than this.
const OWN_CPU_MOST: f64 = 95.0;

/// What measuring took, in seconds of processor time.
#[derive(Clone, Copy, Debug)]
pub(in crate::load) struct OwnCost {
    /// All of it.
    pub(in crate::load) cpu_seconds: f64,
    /// The thread that took most.
    pub(in crate::load) busiest_seconds: f64,
    /// How many cores it may use.
    pub(in crate::load) cores: usize,
    /// Whether the kernel said when packets came, for all of them.
    pub(in crate::load) is_stamped: bool,
}

#[expect(clippy::cast_precision_loss, reason = "figures for humans")]
impl Outcome {
    /// Takes over what measuring took, in processor time.
    pub(in crate::load) fn set_own_cost(&mut self, cost: OwnCost) {
        let own = &mut self.generator;
        own.cpu_us_per_bot_tick = ratio(cost.cpu_seconds * 1e6, self.packets as f64);
        own.cpu_percent = ratio(cost.cpu_seconds * 100.0, self.seconds);
        own.busiest_percent = ratio(cost.busiest_seconds * 100.0, self.seconds);
        // What the kernel says is right however late this process looks; its players must only say
        // their inputs for the ticks that they are meant for.
        let tick = if self.hz > 0.0 { 1e3 / self.hz } else { 0.0 };
        let late_most = if cost.is_stamped { tick * OWN_LATE_PART } else { 0.0 };
        let is_used_up = own.busiest_percent > OWN_CPU_MOST
            || own.cpu_percent > OWN_CPU_MOST * cost.cores as f64;
        own.is_saturated =
            own.late_ms_p99 > late_most.max(OWN_LATE_MOST_MS) || (!cost.is_stamped && is_used_up);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_is_at_its_limit_when_a_thread_or_all_its_cores_are_used_up() {
        let is_saturated = |cpu_seconds, busiest_seconds, cores| {
            let mut outcome = Outcome { seconds: 10.0, ..Outcome::default() };
            let is_stamped = false;
            outcome.set_own_cost(OwnCost { cpu_seconds, busiest_seconds, cores, is_stamped });
            outcome.generator.is_saturated
        };
        assert!(!is_saturated(15.0, 8.0, 4), "two threads, each with room left");
        assert!(is_saturated(9.7, 9.6, 4), "one thread carries them all");
        assert!(is_saturated(9.7, 5.0, 1), "two threads that were given one core");
    }

    #[test]
    fn where_the_kernel_says_when_packets_came_only_late_inputs_are_the_tool_s_limit() {
        let is_saturated = |late_ms, is_stamped| {
            let mut outcome = Outcome { seconds: 10.0, hz: 20.0, ..Outcome::default() };
            outcome.generator.late_ms_p99 = late_ms;
            let (cpu_seconds, busiest_seconds) = (9.9, 9.9);
            outcome.set_own_cost(OwnCost { cpu_seconds, busiest_seconds, cores: 1, is_stamped });
            outcome.generator.is_saturated
        };
        assert!(!is_saturated(12.0, true), "a quarter of a tick of 50 ms is not over");
        assert!(is_saturated(13.0, true) && is_saturated(0.0, false));
    }
}

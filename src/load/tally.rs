//! What players felt, in numbers: histograms that can be added up, and counts.

use hdrhistogram::Histogram;
use std::collections::BTreeMap;
use std::time::Duration;

/// Times are kept up to this, in microseconds, to three digits.
const LONGEST_US: u64 = 600_000_000;
const DIGITS: u8 = 3;
/// Steps of a tail for each half of what is left.
const TAIL_STEPS: u32 = 4;
/// So many reasons are told apart.
const REASONS_MOST: usize = 64;
/// Who waits for less than this at the end of a run says nothing about waiting.
const WAIT_LEAST: Duration = Duration::from_millis(100);

/// How long something took, how often.
#[derive(Clone, Debug)]
pub struct Times(Histogram<u32>);

impl Default for Times {
    fn default() -> Self {
        let histogram = Histogram::new_with_bounds(1, LONGEST_US, DIGITS);
        Self(histogram.unwrap_or_else(|_| unreachable!("bounds that are constants")))
    }
}

impl Times {
    /// Notes that it took so long.
    pub fn note(&mut self, time: Duration) {
        self.0.saturating_record(u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1));
    }

    /// Notes that somebody waits since then, and has nothing yet: who is never served has waited as well.
    /// What is merely under way is left out. Gives since when it waits after that, so that no time is
    /// noted twice.
    pub fn note_wait(&mut self, since: Duration, now: Duration) -> Duration {
        let waits = now.saturating_sub(since);
        if waits < WAIT_LEAST {
            return since;
        }
        self.note(waits);
        now
    }

    /// Notes that it took so long where something was due in each period: whoever waited for several
    /// waited for each of them.
    pub fn note_due(&mut self, time: Duration, period: Duration) {
        let us = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let time = us(time).clamp(1, LONGEST_US);
        // Within the bounds; what is late by less than a period is late once.
        let _ = self.0.record_correct(time, us(period).max(1));
    }

    /// The time within which this share of all were, in milliseconds; 0 if there were none.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "to three digits")]
    pub fn ms(&self, share: f64) -> f64 {
        if self.0.is_empty() { 0.0 } else { self.0.value_at_quantile(share) as f64 / 1e3 }
    }

    /// The longest, in milliseconds.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "to three digits")]
    pub fn longest_ms(&self) -> f64 {
        if self.0.is_empty() { 0.0 } else { self.0.max() as f64 / 1e3 }
    }

    /// How many there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// Adds those of others, and forgets them there.
    pub fn absorb(&mut self, others: &mut Self) {
        if !others.0.is_empty() {
            // Both have the same bounds.
            let _ = self.0.add(&others.0);
            others.0.reset();
        }
    }

    /// How many were up to how many milliseconds, in steps that grow by a tenth; empty ones left out.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "to three digits")]
    pub fn spread(&self) -> Vec<(f64, u64)> {
        let steps = self.0.iter_log(100, 1.1);
        let counted = steps
            .map(|step| (step.value_iterated_to() as f64 / 1e3, step.count_since_last_iteration()));
        counted.filter(|(_, count)| *count > 0).collect()
    }

    /// How many took longer: times in milliseconds, and of a hundred those that took longer than that. It
    /// ends with the longest.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "to three digits")]
    pub fn tail(&self) -> Vec<(f64, f64)> {
        let ms = |us: u64| us as f64 / 1e3;
        let mut tail: Vec<(f64, f64)> = Vec::new();
        if self.0.is_empty() {
            return tail;
        }
        tail.push((ms(self.0.min()), 100.0));
        for step in self.0.iter_quantiles(TAIL_STEPS) {
            let at = ms(step.value_iterated_to().min(self.0.max()));
            let longer = (1.0 - step.quantile()).max(1.0 / self.0.len() as f64) * 100.0;
            match &mut tail[..] {
                [_, .., last] if at <= last.0 => last.1 = longer,
                _ => tail.push((at, longer)),
            }
        }
        tail
    }
}

/// Bytes by what they were for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bytes {
    /// Packets of the stream; on the way to the server, inputs.
    pub state: u64,
    /// Events and their answers.
    pub events: u64,
    /// All else: welcomes, pings, schemas, joins.
    pub control: u64,
}

impl Bytes {
    /// All of them.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.state + self.events + self.control
    }

    fn absorb(&mut self, others: &mut Self) {
        let others = std::mem::take(others);
        self.state += others.state;
        self.events += others.events;
        self.control += others.control;
    }
}

/// Names what was counted, adds it up, and says what it is.
macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What happened how often.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
        pub struct Counts {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl Counts {
            fn absorb(&mut self, others: &mut Self) {
                let others = std::mem::take(others);
                $(self.$name += others.$name;)*
            }
        }
    };
}

counts! {
    /// Connections that were welcomed.
    connected,
    /// Seats that were taken.
    joined,
    /// Packets of the stream that were verified, keyframes among them; of those who chat, what they heard
    /// in their rooms.
    packets,
    /// Of those who chat, what their rooms had to hear.
    expected,
    /// Keyframes, the first of each join among them.
    keyframes,
    /// Checksums that came to something else.
    desyncs,
    /// Packets that could not be applied for another reason.
    broken,
    /// Inputs that were due,
    inputs_due,
    /// and that were sent.
    inputs,
    /// Inputs that the server said it had used; the others were seen by nobody.
    applied,
    /// Inputs with which was said what comes of them for what is one's own.
    predicted,
    /// Own entities that came to something else than was foreseen.
    corrections,
    /// Events that came.
    events,
    /// Acknowledgements that came.
    acks,
    /// Acknowledgements that did not come in time.
    acks_lost,
    /// Connections that were lost although nobody wished so.
    lost,
    /// Connections that went on where a lost one was.
    reconnects,
    /// Those who left and came anew.
    left,
}

/// What players felt.
#[derive(Clone, Debug, Default)]
pub struct Felt {
    /// From when a connection was due until it was welcomed.
    pub connect: Times,
    /// From when a seat was due until the first keyframe was there.
    pub join: Times,
    /// Between two packets of the stream.
    pub gap: Times,
    /// From when an input was due until another player had the tick that it was in.
    pub visible: Times,
    /// From when a question was due until its acknowledgement came.
    pub ack: Times,
    /// From when this process was to do something until it did.
    pub own_late: Times,
    /// Packets of the stream that the time in matches was due: a tick of that time is one.
    pub ticks_due: f64,
    /// What happened how often.
    pub counts: Counts,
    /// What came, framed.
    pub received: Bytes,
    /// What was sent, framed.
    pub sent: Bytes,
    /// Why somebody was refused or put out, how often.
    pub refusals: BTreeMap<String, u64>,
}

impl Felt {
    /// Somebody has waited for packets of the stream since then, of which one is due in each period.
    pub(super) fn wait_for_packets(&mut self, since: Duration, now: Duration, period: Duration) {
        let waited = now.saturating_sub(since);
        self.gap.note_due(waited, period);
        self.ticks_due += waited.div_duration_f64(period);
    }

    /// Notes a refusal.
    pub fn refused(&mut self, why: &str) {
        add_reason(&mut self.refusals, why, 1);
    }

    /// How often somebody was refused.
    #[must_use]
    pub fn refusals(&self) -> u64 {
        self.refusals.values().sum()
    }

    /// Adds what others felt, and forgets it there.
    pub fn absorb(&mut self, others: &mut Self) {
        self.connect.absorb(&mut others.connect);
        self.join.absorb(&mut others.join);
        self.gap.absorb(&mut others.gap);
        self.visible.absorb(&mut others.visible);
        self.ack.absorb(&mut others.ack);
        self.own_late.absorb(&mut others.own_late);
        self.ticks_due += std::mem::take(&mut others.ticks_due);
        self.counts.absorb(&mut others.counts);
        self.received.absorb(&mut others.received);
        self.sent.absorb(&mut others.sent);
        for (why, count) in std::mem::take(&mut others.refusals) {
            add_reason(&mut self.refusals, &why, count);
        }
    }
}

/// Counts a reason; those past the limit are one, whoever adds them up.
pub(super) fn add_reason(reasons: &mut BTreeMap<String, u64>, why: &str, count: u64) {
    let is_known = reasons.contains_key(why);
    let why = if is_known || reasons.len() < REASONS_MOST { why } else { "other" };
    *reasons.entry(why.to_owned()).or_default() += count;
}

/// How long the frame of a WebSocket is around so many bytes, unmasked.
pub(super) fn framed(length: usize) -> u64 {
    let header = match length {
        0..126 => 2,
        126..0x1_0000 => 4,
        _ => 10,
    };
    header + length as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_parts_felt_adds_up_to_what_all_felt() {
        let (mut all, mut apart) = (Felt::default(), [Felt::default(), Felt::default()]);
        for ms in 1..=1000 {
            apart[ms as usize % 2].gap.note(Duration::from_millis(ms));
            apart[ms as usize % 2].counts.packets += 1;
            apart[ms as usize % 2].received.state += ms;
        }
        apart[0].refused("full");
        apart[1].refused("full");
        apart.iter_mut().for_each(|felt| all.absorb(felt));
        assert_eq!((all.counts.packets, all.received.sum(), all.refusals()), (1000, 500_500, 2));
        assert!((all.gap.ms(0.5) - 500.0).abs() < 1.0, "{}", all.gap.ms(0.5));
        assert!((all.gap.ms(0.99) - 990.0).abs() < 1.0, "{}", all.gap.ms(0.99));
        assert!((all.gap.longest_ms() - 1000.0).abs() < 1.0);
        assert_eq!(all.gap.spread().iter().map(|(_, count)| count).sum::<u64>(), 1000);
        assert_eq!((apart[0].gap.count(), apart[0].counts.packets), (0, 0), "counted once");
        let tail = all.gap.tail();
        assert!(tail.windows(2).all(|two| two[0].0 <= two[1].0 && two[0].1 > two[1].1), "{tail:?}");
        let (first, last) = (tail[0], tail[tail.len() - 1]);
        assert!((first.1 - 100.0).abs() < 1e-9 && (last.1 - 0.1).abs() < 1e-9, "{tail:?}");
        assert!((last.0 - all.gap.longest_ms()).abs() < 1e-9, "it ends with the longest");
    }

    #[test]
    fn nothing_takes_no_time_and_more_reasons_than_are_told_apart_are_others() {
        let mut felt = Felt::default();
        assert!(felt.gap.ms(0.99).abs() < f64::EPSILON);
        (0..1000).for_each(|reason| felt.refused(&format!("reason {reason}")));
        assert_eq!((felt.refusals(), felt.refusals.len()), (1000, REASONS_MOST + 1));
        for part in 0..10 {
            let mut others = Felt::default();
            (0..50).for_each(|reason| others.refused(&format!("reason {part} {reason}")));
            felt.absorb(&mut others);
        }
        assert_eq!((felt.refusals(), felt.refusals.len()), (1500, REASONS_MOST + 1));
    }
}

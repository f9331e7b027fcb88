//! Where a steady lane will be next.
//!
//! A lane remembers the line it is on: how far it truly lies from its whole number, its velocity
//! in fractions of the quantum, and for how many ticks it has kept to it. Each tick corrects the
//! line by what least squares over the ticks since the last bend would; a miss of more than one
//! quantum is a bend, and a new line starts there. Both sides do the same integer arithmetic, so a
//! lane that keeps to its line costs nothing.

/// Fractional bits of a velocity.
pub(crate) const FRACTION: u32 = 8;
const HALF: i64 = 1 << (FRACTION - 1);
/// A line's age stops here, so that it goes on learning.
const AGE_MAX: u8 = 32;
/// A line whose velocity was nudged from outside is not trusted longer than this.
const AGE_NUDGED: u8 = 4;
/// A lane that did not move and is slower than this has stopped.
const CRAWL: i64 = 1 << (FRACTION - 4);

/// The gains of a growing least-squares line at age `n`, in 1/65536:
/// `2(2n+1) / ((n+1)(n+2))` for the position, `6 / ((n+1)(n+2))` for the velocity.
const GAINS: [(i64, i64); AGE_MAX as usize + 1] = {
    let mut gains = [(0, 0); AGE_MAX as usize + 1];
    let mut n = 0;
    while n <= AGE_MAX as i64 {
        let below = (n + 1) * (n + 2);
        gains[n as usize] = ((2 * (2 * n + 1) * 65536) / below, (6 * 65536) / below);
        n += 1;
    }
    gains
};

/// The chance, in 1/256, that a line of some age is missed, the nearer to the edge between two
/// quanta it runs: rounding noise over the line's own error, which shrinks with its age.
fn risk(age: u8, rest: i64) -> u32 {
    let row = match age {
        0..=1 => [104, 120, 136, 152],
        2..=3 => [32, 52, 80, 112],
        4..=8 => [10, 24, 56, 100],
        9..=16 => [2, 8, 32, 88],
        _ => [1, 2, 16, 76],
    };
    row[((rest.unsigned_abs() >> (FRACTION - 3)) as usize).min(3)]
}

/// The class of a chance: 0 for none, then 1 to 4.
#[inline]
pub(crate) fn risk_class(risk: u32) -> u32 {
    match risk {
        0 => 0,
        1..=7 => 1,
        8..=31 => 2,
        32..=79 => 3,
        _ => 4,
    }
}

/// One lane of one entity: its value, the line it is on, and what its sender keeps of it. All of it
/// lies together, in 24 bytes, because each tick goes from lane to lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lane {
    pub(crate) value: u32,
    /// The sender's: what the value shall be after this tick.
    pub(crate) goal: u32,
    /// Per tick, in `1 / (1 << FRACTION)`.
    pub(crate) velocity: i64,
    /// The sender's, while it finds out how lanes move: how far this one moved in the last chunk.
    pub(crate) last_delta: i32,
    /// How far above `value` the line runs, in `1 / (1 << FRACTION)`: less than two either way.
    pub(crate) fraction: i16,
    /// Ticks since the line bent; 0 when there is no line.
    pub(crate) age: u8,
}

/// What a line says about the next tick.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Prediction {
    pub(crate) value: u32,
    /// What rounding to `value` left over.
    rest: i64,
    velocity: i64,
    age: u8,
}

/// The difference of two values of a lane with `modulus` values, the short way round.
#[inline]
pub(crate) fn difference(to: u32, from: u32, modulus: u64) -> i64 {
    let modulus = modulus as i64;
    let mut difference = i64::from(to) - i64::from(from);
    if difference >= modulus - modulus / 2 {
        difference -= modulus;
    } else if difference < -(modulus / 2) {
        difference += modulus;
    }
    difference
}

/// A value plus a residual, the way round that `difference` took it.
#[inline]
pub(crate) fn moved(from: u32, by: i64, modulus: u64) -> u32 {
    (i64::from(from) + by).rem_euclid(modulus as i64) as u32
}

impl Prediction {
    /// The class of its chance to be missed.
    #[inline]
    pub(crate) fn class(&self) -> u32 {
        let level = self.velocity == 0 && self.rest == 0 && self.age == 2;
        if level { 0 } else { risk_class(risk(self.age, self.rest)) }
    }

    /// The side on which the line runs: a miss is likelier there.
    #[inline]
    pub(crate) fn side(&self) -> i64 {
        if self.rest < 0 { -1 } else { 1 }
    }
}

impl Lane {
    /// A lane that has just come, with no line yet.
    pub(crate) fn at(value: u32) -> Self {
        Self { value, goal: value, ..Self::default() }
    }

    /// The same lane on another line.
    #[inline]
    pub(crate) fn on(self, velocity: i64, fraction: i16, age: u8) -> Self {
        Self { velocity, fraction, age, ..self }
    }

    /// Whether the line is level: it predicts the value it has, for ever.
    #[inline]
    pub(crate) fn is_resting(&self) -> bool {
        self.velocity == 0 && self.fraction == 0 && self.age == 2
    }

    /// How likely the line is to be missed in the next tick, about, in 1/256; 0 at rest.
    #[inline]
    pub(crate) fn risk(&self) -> u32 {
        if self.is_resting() {
            return 0;
        }
        let exact = i64::from(self.fraction) + self.velocity;
        risk(self.age, exact - (((exact + HALF) >> FRACTION) << FRACTION))
    }

    /// The next value, if the velocity is first changed by `nudge`.
    #[inline]
    pub(crate) fn predict(&self, nudge: i64, modulus: u64, wraps: bool) -> Prediction {
        let (velocity, age) = if nudge == 0 {
            (self.velocity, self.age)
        } else {
            let fastest = (modulus << FRACTION) as i64;
            ((self.velocity + nudge).clamp(-fastest, fastest), self.age.min(AGE_NUDGED))
        };
        let exact = i64::from(self.fraction) + velocity;
        let step = (exact + HALF) >> FRACTION;
        let rest = exact - (step << FRACTION);
        let value = i64::from(self.value) + step;
        if wraps {
            let value = value.rem_euclid(modulus as i64) as u32;
            return Prediction { value, rest, velocity, age };
        }
        let last = modulus as i64 - 1;
        if (0..=last).contains(&value) {
            return Prediction { value: value as u32, rest, velocity, age };
        }
        // It would run off its range: it stops at the edge.
        Prediction { value: value.clamp(0, last) as u32, rest: 0, velocity: 0, age }
    }

    /// Takes the value that came, `residual` away from its prediction.
    #[inline]
    pub(crate) fn follow(&mut self, p: Prediction, value: u32, residual: i64, modulus: u64) {
        let moved = difference(value, self.value, modulus);
        if self.age == 0 || residual.abs() > 1 {
            *self = Self { value, ..self.on(moved << FRACTION, 0, 1) };
            return;
        }
        let age = (p.age + 1).min(AGE_MAX);
        let (position_gain, velocity_gain) = GAINS[age as usize];
        let error = (residual << FRACTION) - p.rest;
        let velocity = p.velocity + ((error * velocity_gain + 0x8000) >> 16);
        if moved == 0 && residual == 0 && velocity.abs() < CRAWL {
            *self = Self { value, ..self.on(0, 0, 2) };
            return;
        }
        let fraction = ((error * position_gain + 0x8000) >> 16) - error;
        *self = Self { value, ..self.on(velocity, fraction as i16, age) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// How many of `values` were not as predicted.
    fn misses(values: impl Iterator<Item = u32>, modulus: u64, wraps: bool) -> usize {
        let mut lane: Option<Lane> = None;
        let mut misses = 0;
        for value in values {
            let Some(lane) = &mut lane else {
                lane = Some(Lane::at(value));
                continue;
            };
            let prediction = lane.predict(0, modulus, wraps);
            let residual = difference(value, prediction.value, modulus);
            misses += usize::from(residual != 0);
            lane.follow(prediction, value, residual, modulus);
            assert_eq!(lane.value, value);
        }
        misses
    }

    #[test]
    fn a_straight_flight_is_silent_in_nine_ticks_of_ten_whatever_its_slope() {
        let mut all = 0;
        for slope in 20..400 {
            let values = (0..600u32).map(|i| 1000 + (i * slope + 50) / 100);
            let missed = misses(values, 1 << 20, false);
            assert!(missed <= 80, "slope {slope}/100 missed {missed} of 600");
            all += missed;
        }
        assert!(all <= 380 * 60, "missed {all} of {}", 380 * 600);
    }

    #[test]
    fn a_turning_angle_keeps_its_line_through_zero() {
        assert!(misses((0..300u32).map(|i| i * 7 % 360), 360, true) <= 2);
    }

    #[test]
    fn a_lane_at_rest_stays_at_rest() {
        let mut lane = Lane::at(7);
        for _ in 0..3 {
            let prediction = lane.predict(0, 100, false);
            lane.follow(prediction, 7, 0, 100);
        }
        assert!(lane.is_resting());
        let before = lane;
        let prediction = lane.predict(0, 100, false);
        lane.follow(prediction, 7, 0, 100);
        assert_eq!(lane, before);
    }

    #[test]
    fn a_nudge_turns_the_line_before_the_bend_is_seen() {
        let mut lane = Lane::at(100).on(5 << FRACTION, 0, 9);
        let prediction = lane.predict(-(5 << FRACTION), 1000, false);
        assert_eq!(prediction.value, 100);
        lane.follow(prediction, 100, 0, 1000);
        assert!(lane.is_resting());
    }

    proptest! {
        #[test]
        fn a_difference_is_undone_by_moving(modulus in 1u64..=1 << 32, a: u32, b: u32) {
            let (a, b) = ((u64::from(a) % modulus) as u32, (u64::from(b) % modulus) as u32);
            let d = difference(a, b, modulus);
            prop_assert!(d.unsigned_abs() <= modulus / 2);
            prop_assert_eq!(moved(b, d, modulus), a);
        }

        #[test]
        fn a_line_never_leaves_its_range(values in prop::collection::vec(0u32..50, 2..60), wraps: bool) {
            let mut lane = Lane::at(values[0]);
            for value in values {
                let prediction = lane.predict(0, 50, wraps);
                prop_assert!(prediction.value < 50);
                lane.follow(prediction, value, difference(value, prediction.value, 50), 50);
            }
            for _ in 0..200 {
                let prediction = lane.predict(0, 50, wraps);
                lane.follow(prediction, prediction.value, 0, 50);
                prop_assert!(lane.value < 50);
            }
        }
    }
}

//! Where values lie along an axis, and which round values are named there. What lies on an axis
//! lies between its ends, whatever the value.

use super::figures::Unit;

/// Powers of ten that are named, at most.
const POWERS_MOST: usize = 9;

/// What goes along one side.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    pub(super) label: &'static str,
    pub(super) unit: Unit,
    pub(super) scale: Scale,
}

/// How values lie on an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    /// From zero.
    Even,
    /// From about the lowest.
    Near,
    /// Each step a multiple; what is not above zero has no place.
    Log,
}

/// Where values of one axis lie.
pub(super) struct Ruler {
    axis: Axis,
    low: f64,
    high: f64,
    /// Where the lowest and the highest are.
    ends: (f64, f64),
    pub(super) ticks: Vec<f64>,
}

impl Ruler {
    /// An axis on which all these values have a place.
    #[must_use]
    pub(super) fn of(axis: Axis, values: impl Iterator<Item = f64>, ends: (f64, f64)) -> Self {
        let is_placed =
            |value: &f64| value.is_finite() && (axis.scale != Scale::Log || *value > 0.0);
        let (mut low, mut high) = values
            .filter(is_placed)
            .fold((f64::MAX, f64::MIN), |(low, high), it| (low.min(it), high.max(it)));
        if low > high {
            (low, high) = (1.0, 1.0);
        }
        let ticks = match axis.scale {
            Scale::Even => even_ticks(low.min(0.0), high),
            Scale::Near => even_ticks(low, high),
            Scale::Log => log_ticks(low, high),
        };
        (low, high) = match axis.scale {
            Scale::Even | Scale::Near => (ticks[0], ticks[ticks.len() - 1]),
            Scale::Log => (round_log(low, f64::floor), round_log(high, f64::ceil)),
        };
        if low >= high {
            high = low * 10.0;
        }
        Self { axis, low, high, ends, ticks }
    }

    /// Where a value is, if it has a place.
    #[must_use]
    pub(super) fn at(&self, value: f64) -> Option<f64> {
        let share = match self.axis.scale {
            Scale::Even | Scale::Near => (value - self.low) / (self.high - self.low),
            Scale::Log if value > 0.0 => (value / self.low).ln() / (self.high / self.low).ln(),
            Scale::Log => return None,
        };
        let (from, to) = self.ends;
        share.is_finite().then(|| from + share.clamp(0.0, 1.0) * (to - from))
    }
}

/// Round values a few steps apart, which enclose all.
#[expect(clippy::cast_possible_truncation, reason = "a handful")]
fn even_ticks(low: f64, high: f64) -> Vec<f64> {
    let high = if high > low { high } else { low + 1.0 };
    let rough = (high - low) / 4.0;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].map(|it| it * power);
    let step = step.into_iter().find(|it| *it >= rough * 0.999).unwrap_or(rough);
    let (first, last) = ((low / step).floor() as i32, (high / step - 1e-9).ceil() as i32);
    (first..=last).map(|at| f64::from(at) * step).collect()
}

/// The next of 1, 2, 5, 10, 20, 50 and so on, downwards or upwards.
fn round_log(value: f64, to: fn(f64) -> f64) -> f64 {
    let power = 10f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|it| it * power);
    let found = if to(0.5) > 0.5 {
        steps.into_iter().find(|it| *it >= value * 0.999_999)
    } else {
        steps.into_iter().rev().find(|it| *it <= value * 1.000_001)
    };
    found.unwrap_or(value)
}

#[expect(clippy::cast_possible_truncation, reason = "powers of ten of a float")]
fn log_ticks(low: f64, high: f64) -> Vec<f64> {
    let (low, high) = (round_log(low, f64::floor), round_log(high, f64::ceil));
    let powers = (low.log10().floor() as i32)..=(high.log10().ceil() as i32);
    let steps: &[f64] = if high / low > 1100.0 { &[1.0] } else { &[1.0, 2.0, 5.0] };
    let apart = (powers.clone().count() / POWERS_MOST + 1).max(1);
    let all =
        powers.step_by(apart).flat_map(|power| steps.iter().map(move |it| it * 10f64.powi(power)));
    let high = if low >= high { low * 10.0 } else { high };
    all.filter(|it| (low * 0.999..=high * 1.001).contains(it)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ruler(scale: Scale, values: &[f64]) -> Ruler {
        let axis = Axis { label: "", unit: Unit::Count, scale };
        Ruler::of(axis, values.iter().copied(), (0.0, 100.0))
    }

    #[test]
    fn ticks_are_round_and_enclose_all() {
        assert_eq!(ruler(Scale::Even, &[3.0, 38.4]).ticks, [0.0, 10.0, 20.0, 30.0, 40.0]);
        assert_eq!(ruler(Scale::Log, &[33.0, 140.0]).ticks, [20.0, 50.0, 100.0, 200.0]);
        assert_eq!(ruler(Scale::Log, &[0.01, 100.0]).ticks, [0.01, 0.1, 1.0, 10.0, 100.0]);
    }

    #[test]
    fn every_value_has_its_place_between_the_ends_or_none() {
        let sets: [&[f64]; 7] =
            [&[], &[0.0], &[7.0], &[-3.0, 5.0], &[1e-9, 1e12], &[f64::NAN, 1.0], &[10.0, 10.0]];
        for (scale, values) in [Scale::Even, Scale::Near, Scale::Log]
            .into_iter()
            .flat_map(|scale| sets.map(|it| (scale, it)))
        {
            let ruler = ruler(scale, values);
            assert!((2..=16).contains(&ruler.ticks.len()), "{values:?} have {:?}", ruler.ticks);
            for value in values.iter().chain(&ruler.ticks).chain(&[f64::INFINITY, -1e9]) {
                let is_placed = value.is_finite() && (scale != Scale::Log || *value > 0.0);
                let place = ruler.at(*value);
                assert!(place.is_none_or(|place| (0.0..=100.0).contains(&place)));
                assert!(place.is_some() || !is_placed, "{value} has no place");
            }
        }
    }

    #[test]
    fn an_even_axis_begins_at_zero_and_a_log_axis_has_equal_steps() {
        let (even, log) = (ruler(Scale::Even, &[50.0, 100.0]), ruler(Scale::Log, &[1.0, 100.0]));
        assert_eq!(even.at(50.0), Some(50.0));
        assert!((log.at(10.0).unwrap() - 50.0).abs() < 1e-9);
        assert_eq!(log.at(0.0), None);
    }
}

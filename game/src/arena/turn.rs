//! Angles in 1/65536 of a turn, and their directions.
//!
//! The platform's own sine differs between platforms, and a match must not: so here is one made of
//! `+ - * /`, whose results are the same everywhere.

/// How many steps a turn has.
pub const STEPS: f32 = 65536.0;

/// The sine of so many quarter turns, from 0 to 1.
fn sine(quarters: f32) -> f32 {
    let square = quarters * quarters;
    let tail = 0.004_673_765_6 - square * 0.000_151_484_19;
    let first = std::f32::consts::FRAC_PI_2;
    quarters * (first - square * (0.645_963_7 - square * (0.079_689_68 - square * tail)))
}

/// The unit vector that points that way: 0 is along x, a quarter turn along y.
#[must_use]
pub fn direction(turn: u16) -> [f32; 2] {
    let part = f32::from(turn & 0x3fff) / 16384.0;
    let (across, along) = (sine(part), sine(1.0 - part));
    match turn >> 14 {
        0 => [along, across],
        1 => [-across, along],
        2 => [-along, -across],
        _ => [across, -along],
    }
}

/// Which way a vector points; 0 for one without length.
#[must_use]
pub fn bearing([x, y]: [f32; 2]) -> u16 {
    let (long, short) = (x.abs().max(y.abs()), x.abs().min(y.abs()));
    if long <= 0.0 {
        return 0;
    }
    let slope = short / long;
    let square = slope * slope;
    let tail = 0.180_141 - square * (0.085_133 - square * 0.020_835_1);
    let radians = slope * (0.999_866 - square * (0.330_299_5 - square * tail));
    let mut turn = radians * (STEPS / std::f32::consts::TAU);
    if y.abs() > x.abs() {
        turn = STEPS / 4.0 - turn;
    }
    if x < 0.0 {
        turn = STEPS / 2.0 - turn;
    }
    if y < 0.0 {
        turn = -turn;
    }
    turn.round() as i32 as u16
}

/// The same angle in radians, from 0 to below a turn.
#[must_use]
pub fn radians(turn: u16) -> f32 {
    f32::from(turn) * (std::f32::consts::TAU / STEPS)
}

/// How far a vector reaches.
#[must_use]
pub fn length([x, y]: [f32; 2]) -> f32 {
    (x * x + y * y).sqrt()
}

/// How far apart two places are.
#[must_use]
pub fn distance(a: [f32; 2], b: [f32; 2]) -> f32 {
    length([b[0] - a[0], b[1] - a[1]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_are_those_of_the_circle() {
        for turn in (0..=u16::MAX).step_by(7) {
            let exact = f64::from(turn) / 65536.0 * std::f64::consts::TAU;
            let [x, y] = direction(turn);
            assert!((f64::from(x) - exact.cos()).abs() < 1e-5, "{turn}");
            assert!((f64::from(y) - exact.sin()).abs() < 1e-5, "{turn}");
        }
    }

    #[test]
    fn a_bearing_undoes_a_direction() {
        for turn in 0..=u16::MAX {
            let found = bearing(direction(turn));
            assert!((found.wrapping_sub(turn) as i16).abs() <= 2, "{turn} became {found}");
        }
        assert_eq!(bearing([0.0, 0.0]), 0);
    }
}

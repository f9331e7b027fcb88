//! Whole numbers, the same in every language.

/// The root, rounded down; `square` is at least 0.
pub(crate) fn root(square: i32) -> i32 {
    let square = square.max(0);
    // Exact: a double holds the root of 31 bits to far below a whole.
    f64::from(square).sqrt() as i32
}

/// A quotient, rounded to the nearest, halves away from 0.
pub(crate) fn quotient(above: i32, below: i32) -> i32 {
    let rounded = (2 * above.abs() + below) / (2 * below);
    if above < 0 { -rounded } else { rounded }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_is_rounded_down() {
        for number in (0..46_340).step_by(7) {
            assert_eq!(root(number * number), number);
            assert_eq!(root(number * number + 2 * number), number);
        }
        assert_eq!(root(i32::MAX), 46_340);
    }

    #[test]
    fn a_quotient_is_rounded_to_the_nearest() {
        let cases = [(7, 2, 4), (-7, 2, -4), (6, 4, 2), (-6, 4, -2), (5, 4, 1), (0, 3, 0)];
        for (above, below, expected) in cases {
            assert_eq!(quotient(above, below), expected, "{above} / {below}");
        }
    }
}

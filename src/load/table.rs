//! placeholder
use super::Outcome;
/// x
#[must_use] pub fn table(outcome: &Outcome) -> String { let mut o = outcome.clone(); o.timeline.clear(); o.server_timeline.clear(); o.gap_spread.clear(); o.visible_spread.clear(); o.join_spread.clear(); serde_json::to_string_pretty(&o).unwrap_or_default() }
/// x
#[must_use] pub fn comparison(_a: (&str, &Outcome), _b: (&str, &Outcome)) -> String { String::new() }
/// x
#[must_use] pub fn page(_runs: &[(&str, &Outcome)]) -> String { String::new() }

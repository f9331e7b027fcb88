//! The tables of a page: every figure with its value in each run, and what it did from the first.

use super::charts::{LOOKS, escaped};
use super::figures::{Group, LATENCIES, Latency, Row, Unit, Way, exact, told};
use super::outcome::Outcome;
use std::collections::BTreeSet;

/// All figures of all runs, and what was asserted.
#[must_use]
pub(super) fn tables(groups: &[Group], runs: &[(&str, &Outcome)]) -> String {
    let latencies = match runs {
        [(_, outcome)] => times(outcome),
        _ => String::new(),
    };
    let shown = groups.iter().filter(|it| latencies.is_empty() || it.title != "Times");
    let tables: String = shown.map(|group| table(group, runs)).collect();
    format!(
        "<section><h2>All figures</h2>{}{latencies}<div class=\"tables\">{tables}</div></section>\n",
        assertions(runs)
    )
}

/// All times of one run in one table.
fn times(outcome: &Outcome) -> String {
    let row = |latency: &Latency| {
        let shares = (latency.of)(outcome);
        if shares.count == 0 {
            return String::new();
        }
        let cells = [shares.p50, shares.p99, shares.p999, shares.max];
        let cells = cells.map(|it| format!("<td>{}</td>", told(it, Unit::Milliseconds)));
        #[expect(clippy::cast_precision_loss, reason = "counts of times")]
        let count = told(shares.count as f64, Unit::Count);
        format!(
            "<tr><th scope=\"row\">{}</th>{}<td>{count}</td></tr>",
            latency.name,
            cells.concat()
        )
    };
    let rows: String = LATENCIES.iter().map(row).collect();
    if rows.is_empty() {
        return rows;
    }
    format!(
        "<div class=\"scroll\"><table><caption>Times</caption><thead><tr><th></th><th>p50</th><th>p99</th>\
         <th>p99.9</th><th>max</th><th>count</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )
}

fn table(group: &Group, runs: &[(&str, &Outcome)]) -> String {
    let head = |at: usize| {
        let change = if at > 0 { "<th>change</th>" } else { "" };
        format!("<th>{}{}</th>{change}", key(at), escaped(runs[at].0))
    };
    let head = match runs.len() {
        0 | 1 => String::new(),
        _ => {
            let head: String = (0..runs.len()).map(head).collect();
            format!("<thead><tr><th></th>{head}</tr></thead>")
        }
    };
    let row = |row: &Row| {
        let cell = |at| {
            let change =
                if at > 0 { format!("<td>{}</td>", changed(row, at)) } else { String::new() };
            format!("<td>{}</td>{change}", row.told(at))
        };
        let cells: String = (0..runs.len()).map(cell).collect();
        format!("<tr><th scope=\"row\">{}</th>{cells}</tr>", escaped(&row.name))
    };
    let rows: String = group.rows.iter().map(row).collect();
    format!(
        "<div class=\"scroll\"><table><caption>{}</caption>{head}<tbody>{rows}</tbody>\
         </table></div>",
        group.title
    )
}

fn assertions(runs: &[(&str, &Outcome)]) -> String {
    let mut seen = BTreeSet::new();
    let all = runs.iter().flat_map(|(_, outcome)| &outcome.assertions).map(|it| &*it.text);
    let texts: Vec<_> = all.filter(|text| seen.insert(*text)).collect();
    if texts.is_empty() {
        return String::new();
    }
    let cell = |outcome: &Outcome, text: &str| {
        let Some(judged) = outcome.assertions.iter().find(|it| it.text == text) else {
            return "<td>not asserted</td><td>–</td>".into();
        };
        let (class, word) = if judged.holds { ("good", "✓ holds") } else { ("bad", "✗ fails") };
        format!(
            "<td class=\"{class}\">{word}</td><td>{}</td>",
            judged.value.map_or_else(|| "not measured".into(), exact)
        )
    };
    let row = |text: &&str| {
        let cells: String = runs.iter().map(|(_, outcome)| cell(outcome, text)).collect();
        format!("<tr><th scope=\"row\"><code>{}</code></th>{cells}</tr>", escaped(text))
    };
    let rows: String = texts.iter().map(row).collect();
    let name =
        |at: usize| if runs.len() > 1 { key(at) + &escaped(runs[at].0) } else { "result".into() };
    let head: String =
        (0..runs.len()).map(|at| format!("<th>{}</th><th>value</th>", name(at))).collect();
    format!(
        "<div class=\"scroll\"><table><caption>Assertions</caption><thead><tr><th></th>{head}</tr></thead><tbody>\
         {rows}</tbody></table></div>"
    )
}

/// What a figure did from the first run to another.
#[must_use]
pub(super) fn changed(row: &Row, run: usize) -> String {
    let change = row.change(run);
    let way = match change.way {
        Way::Better => "better",
        Way::Worse => "worse",
        Way::Same | Way::Other => "other",
    };
    format!("<span class=\"{way}\">{}</span>", change.text)
}

/// How the curves of a run look.
#[must_use]
pub(super) fn key(at: usize) -> String {
    format!(
        "<svg class=\"key\" viewBox=\"0 0 36 8\" aria-hidden=\"true\"><path class=\"look{}\" d=\"M0 4H36\"/>\
         </svg>",
        at % LOOKS
    )
}

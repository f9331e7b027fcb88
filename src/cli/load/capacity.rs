//! How many players a server holds: more and more come until something gives out.

use super::screen::Screen;
use super::{Host, Options, begin};
use crate::cli::say;
use crate::cli::show::Show;
use crate::load::{Expect, Judged, Outcome, Run, Step};
use std::time::Duration;

/// What must hold unless something else is asserted of the same, beside the gap, which depends on the ticks,
const USUAL: &str = "desync=0, lost=0, refused=0, delivered>=99";
/// and if the server is asked.
const OF_SERVER: &str = "skipped=0";
/// Packets come at most so much later than they are due.
const LATE_MOST_MS: f64 = 10.0;
/// Each step has so many more players than the one before, in whole matches.
const STEP: f64 = 1.2;
/// So many come in a second.
const COME_IN_A_SECOND: f64 = 1000.0;
/// What breaks once may be the machine; what breaks twice is the load.
const TRIES: usize = 2;
/// While this process itself is late nothing is known, so it tries more often.
const TRIES_LATE: usize = 6;

/// Raises the load; gives the last outcome at which all held, or the first if that was too much, with
/// all steps.
pub(super) fn find<G: Show>(
    options: &Options,
    host: &Host,
    asserted: &[Expect],
) -> anyhow::Result<Outcome> {
    let mut screen = Screen::new();
    let mut run = begin::<G>(options, host)?;
    let whole = |players: f64| {
        let per_match = f64::from(options.per_match());
        ((players / per_match).round().max(1.0) * per_match) as usize
    };
    let (mut players, mut wanted) = (0, whole(f64::from(options.players())));
    let (mut held, mut steps): (Option<Outcome>, _) = (None, Vec::new());
    loop {
        let more = wanted - players;
        let ramp = Duration::from_secs_f64(more as f64 / COME_IN_A_SECOND);
        run.arrive(more, ramp, &mut |it| screen.show(it))?;
        players = wanted;
        let (outcome, broken) = hold(&mut run, options, asserted, &mut screen)?;
        if outcome.is_cut {
            // Of this load nothing is known.
            return Ok(Outcome { steps, is_cut: true, ..held.unwrap_or(outcome) });
        }
        steps.push(step(&outcome, broken.as_ref()));
        if let Some(broken) = broken {
            say(&format!("with {players} this is not so: {} ({})\n", broken.text, broken.was()));
            return Ok(Outcome { steps, ..held.unwrap_or(outcome) });
        }
        held = Some(outcome);
        wanted = whole(players as f64 * STEP).max(players + options.per_match() as usize);
        super::make_room(wanted as u64, options.url.is_none())?;
    }
}

/// Measures those who are there, more than once if need be; says what does not hold.
fn hold(
    run: &mut Run,
    options: &Options,
    asserted: &[Expect],
    screen: &mut Screen,
) -> anyhow::Result<(Outcome, Option<Judged>)> {
    let (mut tries, mut measures) = (0, 0);
    loop {
        measures += 1;
        let mut outcome = run.measure(options.duration, &mut |it| screen.show(it))?;
        outcome.assertions = judge(&outcome, asserted)?;
        let broken = outcome.assertions.iter().find(|it| !it.holds).cloned();
        screen.clear();
        if outcome.is_cut {
            return Ok((outcome, broken));
        }
        say(&line(&outcome, broken.as_ref().map(|it| &*it.text)));
        let is_saturated = outcome.generator.is_saturated;
        tries += usize::from(!is_saturated);
        let is_last = tries == TRIES || measures == TRIES_LATE;
        if broken.is_none() || is_last {
            return Ok((outcome, broken));
        }
    }
}

/// How one load fared.
fn step(outcome: &Outcome, broken: Option<&Judged>) -> Step {
    let own = if outcome.generator.is_saturated { "; the load itself was late" } else { "" };
    Step {
        players: outcome.players,
        gap_p99: outcome.gap_ms.p99,
        visible_p99: outcome.input_visible_ms.p99,
        server_cpu_percent: outcome.server.map(|server| server.cpu_percent),
        is_saturated: outcome.generator.is_saturated,
        broke: broken.map(|it| format!("{} ({}{own})", it.text, it.was())),
    }
}

/// What is asserted, and what else must hold, of figures that nothing is asserted of.
fn judge(outcome: &Outcome, asserted: &[Expect]) -> anyhow::Result<Vec<Judged>> {
    // Where nobody plays nothing ticks.
    let gap = Some(1e3 / outcome.hz + LATE_MOST_MS).filter(|gap| gap.is_finite());
    let gap = gap.map_or_else(String::new, |gap| format!("delta_p99<={gap:.1}ms"));
    let of_server = if outcome.server.is_some() { OF_SERVER } else { "" };
    let all_are_in = format!("connected>={}", outcome.players);
    let usual = [&*all_are_in, &gap, USUAL, of_server].join(",");
    let is_left = |usual: &Expect| !asserted.iter().any(|told| told.is_of_the_same(usual));
    let usual = Expect::list(&usual)?.into_iter().filter(is_left);
    Ok(usual.chain(asserted.iter().cloned()).map(|it| it.judge(outcome)).collect())
}

fn line(outcome: &Outcome, broken: Option<&str>) -> String {
    let limit =
        if outcome.generator.is_saturated { ", but the load itself is at its limit" } else { "" };
    let server = outcome.server.map_or_else(
        || "server not asked".into(),
        |server| {
            format!(
                "server {:.0} % of a core, {:.1} µs a player and tick, skipped {:.0}",
                server.cpu_percent, server.cpu_us_per_player_tick, server.skipped_ticks
            )
        },
    );
    format!(
        "{:>6} players in {} matches at {:.0} Hz: gap p99 {:.1} ms, seen after {:.1} ms, delivered {:.2} %, \
         {server}; own {:.0} %, late {:.1} ms: {}{limit}",
        outcome.players,
        outcome.matches,
        outcome.hz,
        outcome.gap_ms.p99,
        outcome.input_visible_ms.p99,
        outcome.delivered_ratio * 100.0,
        outcome.generator.cpu_percent,
        outcome.generator.late_ms_p99,
        broken.map_or_else(|| "holds".into(), |broken| format!("breaks {broken}")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::ServerPart;

    #[test]
    fn what_is_asserted_counts_beside_what_must_hold_anyway() {
        let judged = |asserted: &str, outcome: &Outcome| {
            let judged = judge(outcome, &Expect::list(asserted).unwrap()).unwrap();
            judged.iter().map(|it| it.text.clone()).collect::<Vec<_>>().join(" ")
        };
        let mut outcome = Outcome { players: 7, hz: 20.0, ..Outcome::default() };
        let usual = "connected>=7 delta_p99<=60.0ms desync=0 lost=0 refused=0 delivered>=99";
        assert_eq!(judged("", &outcome), usual);
        outcome.server = Some(ServerPart::default());
        assert_eq!(judged("", &outcome), format!("{usual} skipped=0"));
        assert_eq!(
            judged("connected<=50, delta_p99<1s", &outcome),
            "desync=0 lost=0 refused=0 delivered>=99 skipped=0 connected<=50 delta_p99<1s"
        );
    }
}

//! How many players a server holds: more and more come until something gives out.

use super::screen::Screen;
use super::{Host, Options, begin};
use crate::cli::say;
use crate::cli::show::Show;
use crate::load::{Expect, Judged, Outcome, Run, Step};
use std::time::Duration;

/// What must hold unless something else is asserted, beside the gap, which depends on the ticks.
const USUAL: &str = "skipped=0, desync=0, lost=0, refused=0, delivered>=99";
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
            say(&format!("with {players} this is not so: {} ({})", broken.text, broken.was()));
            return Ok(Outcome { steps, ..held.unwrap_or(outcome) });
        }
        held = Some(outcome);
        wanted = whole(players as f64 * STEP).max(players + options.per_match() as usize);
        // Descriptors for both ends.
        rlimit::increase_nofile_limit(wanted as u64 * 2 + super::OTHER_DESCRIPTORS)?;
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
        server_cpu_percent: outcome.server.unwrap_or_default().cpu_percent,
        is_saturated: outcome.generator.is_saturated,
        broke: broken.map(|it| format!("{} ({}{own})", it.text, it.was())),
    }
}

fn judge(outcome: &Outcome, asserted: &[Expect]) -> anyhow::Result<Vec<Judged>> {
    let usual;
    let expected = if asserted.is_empty() {
        // Where nobody plays nothing ticks.
        let gap = Some(1e3 / outcome.hz + LATE_MOST_MS).filter(|gap| gap.is_finite());
        let gap = gap.map_or_else(String::new, |gap| format!("delta_p99<={gap:.1}ms, "));
        usual = Expect::list(&format!("{gap}{USUAL}"))?;
        &usual
    } else {
        asserted
    };
    let all_are_in: Expect = format!("connected>={}", outcome.players).parse()?;
    Ok([&all_are_in].into_iter().chain(expected).map(|it| it.judge(outcome)).collect())
}

fn line(outcome: &Outcome, broken: Option<&str>) -> String {
    let server = outcome.server.unwrap_or_default();
    let held = match outcome.generator.is_saturated {
        true => "holds, but the load itself is at its limit",
        false => "holds",
    };
    format!(
        "{:>6} players in {} matches at {:.0} Hz: gap p99 {:.1} ms, seen after {:.1} ms, delivered {:.2} %, \
         server {:.0} % of a core, {:.1} µs a player and tick, skipped {:.0}; own {:.0} %, late {:.1} ms: {}",
        outcome.players,
        outcome.matches,
        outcome.hz,
        outcome.gap_ms.p99,
        outcome.input_visible_ms.p99,
        outcome.delivered_ratio * 100.0,
        server.cpu_percent,
        server.cpu_us_per_player_tick,
        server.skipped_ticks,
        outcome.generator.cpu_percent,
        outcome.generator.late_ms_p99,
        broken.unwrap_or(held),
    )
}

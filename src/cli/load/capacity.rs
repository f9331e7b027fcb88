//! How many players a server holds: more and more come until something gives out.

use super::screen::Screen;
use super::{Host, Options, begin};
use crate::cli::say;
use crate::cli::show::Show;
use crate::load::{Expect, Outcome};
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

/// Raises the load; gives the last outcome at which all held.
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
    let mut held: Option<Outcome> = None;
    loop {
        let more = wanted - players;
        let ramp = Duration::from_secs_f64(more as f64 / COME_IN_A_SECOND);
        run.arrive(more, ramp, &mut |it| screen.show(it))?;
        players = wanted;
        let (mut broken, mut tries) = (None, 0);
        for _ in 0..TRIES_LATE {
            let mut outcome = run.measure(options.duration, &mut |it| screen.show(it))?;
            outcome.assertions = judge(&outcome, asserted)?;
            broken = outcome.assertions.iter().find(|it| !it.holds).cloned();
            screen.clear();
            say(&line(&outcome, broken.as_ref().map(|it| &*it.text)));
            if broken.is_none() {
                held = Some(outcome);
                break;
            }
            tries += usize::from(!outcome.generator.is_saturated);
            if tries == TRIES {
                break;
            }
            if outcome.generator.is_saturated {
                broken = broken.map(|it| crate::load::Judged {
                    text: format!("{} (the load itself was late: give it a core)", it.text),
                    ..it
                });
            }
        }
        if let Some(broken) = broken {
            let Some(held) = held else {
                anyhow::bail!("{players} players are too many already: {}", broken.text)
            };
            say(&format!(
                "{} players are held; with {players} this is not so: {} (it is {:.2})",
                held.players, broken.text, broken.value
            ));
            return Ok(held);
        }
        wanted = whole(players as f64 * STEP).max(players + options.per_match() as usize);
        // Descriptors for both ends.
        rlimit::increase_nofile_limit(wanted as u64 * 2 + super::OTHER_DESCRIPTORS)?;
    }
}

fn judge(outcome: &Outcome, asserted: &[Expect]) -> anyhow::Result<Vec<crate::load::Judged>> {
    let usual;
    let expected = if asserted.is_empty() {
        let gap = 1e3 / outcome.hz + LATE_MOST_MS;
        usual = Expect::list(&format!("delta_p99<={gap:.1}ms, {USUAL}"))?;
        &usual
    } else {
        asserted
    };
    let all_are_in: Expect = format!("connected>={}", outcome.players).parse()?;
    Ok(expected.iter().chain([&all_are_in]).map(|it| it.judge(outcome)).collect())
}

fn line(outcome: &Outcome, broken: Option<&str>) -> String {
    let server = outcome.server.unwrap_or_default();
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
        broken.unwrap_or("holds"),
    )
}

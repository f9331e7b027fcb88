//! Loads a server with simulated players, and says how they fared.

mod arguments;
mod capacity;
mod screen;
mod simulation;
mod target;

pub(super) use arguments::Options;

use super::say;
use super::show::Show;
use crate::load::server::pin_self;
use crate::load::{
    Expect, Idle, Minds, Outcome, Plan, Playing, Run, RunOptions, Wandering, comparison, page,
    table,
};
use crate::sim::{Random, encode_input};
use anyhow::Context;
use arguments::{Command, Comparison, Kind};
use screen::Screen;
use std::path::Path;
use std::sync::Arc;
use target::Host;

/// Of all players one in so many is not honest, where there is chaos.
const DISHONEST_ONE_IN: u32 = 4;
/// Descriptors beside those of players.
const OTHER_DESCRIPTORS: u64 = 200;

pub(super) fn run<G: Show>(options: &Options) -> anyhow::Result<()> {
    if let Some(Command::Compare(files)) = &options.command {
        return compare(files);
    }
    options.check()?;
    anyhow::ensure!(
        G::FORESEES || options.predicting.unwrap_or(0) == 0,
        "--predicting: the bots of this game foresee nothing"
    );
    if options.simulate {
        pin_self(&options.own_core)?;
        return simulation::run::<G>(options);
    }
    let expected = Expect::list(&options.assert).context("--assert")?;
    rlimit::increase_nofile_limit(u64::from(options.players()) * 2 + OTHER_DESCRIPTORS)?;
    let host = Host::find::<G>(options)?;
    // After the server has begun: it would be held to the same core.
    pin_self(&options.own_core)?;
    let outcome = if options.find_capacity {
        capacity::find::<G>(options, &host, &expected)?
    } else {
        let mut screen = Screen::new();
        let mut run = begin::<G>(options, &host)?;
        let outcome = run
            .arrive(options.players() as usize, options.ramp(), &mut |it| screen.show(it))
            .and_then(|()| run.measure(options.duration, &mut |it| screen.show(it)));
        screen.clear();
        let mut outcome = outcome?;
        outcome.assertions = expected.iter().map(|it| it.judge(&outcome)).collect();
        outcome
    };
    tell(options, &outcome)
}

/// Players who are about to come.
fn begin<G: Show>(options: &Options, host: &Host) -> anyhow::Result<Run> {
    let is_chaos = options.behaviour == Kind::Chaos;
    let plan = Arc::new(Plan {
        place: options.place.clone(),
        options: options.join_options(),
        minds: minds::<G>(options.behaviour),
        seed: options.seed,
        leave_rate: options.leave_rate.unwrap_or(0.0),
        shares: true,
        predicting: if foresees::<G>(options) { options.predicting() } else { 0 },
        planted_one_in: options.plant_desync,
    });
    Run::new(RunOptions {
        command: std::env::args().skip(1).collect::<Vec<_>>().join(" "),
        target: host.target.clone(),
        desk: host.desk.clone(),
        hertz: host.hertz,
        weather: options.weather(),
        seed: options.seed,
        socketio: options.socketio(&plan),
        plan,
        dishonest: if is_chaos { options.players().div_ceil(DISHONEST_ONE_IN) as usize } else { 0 },
    })
}

/// Says what a run came to, everywhere it is wanted.
fn tell(options: &Options, outcome: &Outcome) -> anyhow::Result<()> {
    say(&table(outcome));
    if let Some(file) = &options.json {
        let json = serde_json::to_string_pretty(outcome)?;
        std::fs::write(file, json).with_context(|| format!("--json {}", file.display()))?;
    }
    if let Some(file) = &options.report {
        let html = page(&[("this run", outcome)]);
        std::fs::write(file, html).with_context(|| format!("--report {}", file.display()))?;
        say(&format!("report: {}", file.display()));
    }
    let broken: Vec<_> = outcome.assertions.iter().filter(|it| !it.holds).collect();
    if let [first, ..] = &broken[..] {
        let blame = if outcome.generator.is_saturated {
            "; the load itself was late, so this may say nothing about the server"
        } else {
            ""
        };
        anyhow::bail!(
            "{} of {} assertions do not hold, such as {} (it is {:.2}){blame}",
            broken.len(),
            outcome.assertions.len(),
            first.text,
            first.value
        );
    }
    Ok(())
}

fn compare(files: &Comparison) -> anyhow::Result<()> {
    let (a, b) = (read(&files.a)?, read(&files.b)?);
    let name = |file: &Path| file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let (one, other) = (name(&files.a), name(&files.b));
    say(&comparison((&one, &a), (&other, &b)));
    if let Some(file) = &files.report {
        let html = page(&[(&one, &a), (&other, &b)]);
        std::fs::write(file, html).with_context(|| format!("--report {}", file.display()))?;
        say(&format!("report: {}", file.display()));
    }
    Ok(())
}

fn read(file: &Path) -> anyhow::Result<Outcome> {
    let about = || file.display().to_string();
    let text = std::fs::read_to_string(file).with_context(about)?;
    serde_json::from_str(&text).with_context(about)
}

/// Whether those who play can predict what is their own.
fn foresees<G: Show>(options: &Options) -> bool {
    G::FORESEES && matches!(options.behaviour, Kind::Play | Kind::Chaos)
}

/// Who plays.
fn minds<G: Show>(behaviour: Kind) -> Arc<Minds> {
    match behaviour {
        Kind::Play | Kind::Chaos => {
            Arc::new(|seed, player| Box::new(Playing(G::bot(seed, player))))
        }
        Kind::Wander => Arc::new(|seed, _| Box::new(Wandering(Random::from_seed(seed), G::wander))),
        // Who talks has no controls.
        Kind::Idle | Kind::Chatter => {
            Arc::new(|_, _| Box::new(Idle(encode_input(&G::Input::default()))))
        }
    }
}

//! Loads a server with simulated players, and says how they fared.

mod arguments;
mod capacity;
mod rules;
mod screen;
mod simulation;
mod target;

pub(super) use arguments::Options;

use super::say;
use super::serve::Ends;
use super::show::Show;
use crate::load::server::pin_self;
use crate::load::{
    Expect, FORMAT, Idle, Minds, Outcome, Plan, Playing, Run, RunOptions, Wandering, comparison,
    page, plain, table,
};
use crate::sim::{Random, encode_input};
use anyhow::Context;
use arguments::{Command, Comparison, Kind};
use screen::Screen;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use target::Host;

/// For each honest player so many are not, where there is chaos.
const DISHONEST: f64 = 0.25;
/// What a process ends with that was interrupted.
const ENDED_AT_ONCE: i32 = 130;
/// What is said to nobody else.
const SECRET: &str = "--metrics-token";
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
    for (option, file) in [("--json", &options.json), ("--report", &options.report)] {
        file.as_ref().map_or(Ok(()), |file| can_be_written(option, file))?;
    }
    make_room(u64::from(options.players()), options.url.is_none())?;
    let mut host = Host::find::<G>(options)?;
    // After the server has begun: it would be held to the same core.
    pin_self(&options.own_core)?;
    let outcome = measured::<G>(options, &host, &expected);
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(why) => return host.ensure_alive().and(Err(why)),
    };
    tell(options, &outcome)?;
    host.ensure_alive()?;
    prove(options, &outcome)
}

/// What a run, or more and more players, came to.
fn measured<G: Show>(
    options: &Options,
    host: &Host,
    expected: &[Expect],
) -> anyhow::Result<Outcome> {
    if options.find_capacity {
        return capacity::find::<G>(options, host, expected);
    }
    let mut screen = Screen::new();
    let mut run = begin::<G>(options, host)?;
    let outcome = run
        .arrive(options.players() as usize, options.ramp(), &mut |it| screen.show(it))
        .and_then(|()| run.measure(options.duration, &mut |it| screen.show(it)));
    screen.clear();
    let mut outcome = outcome?;
    outcome.assertions = expected.iter().map(|it| it.judge(&outcome)).collect();
    Ok(outcome)
}

/// Makes sure that so many connections can be had, and as many at a server of its own, which has the same
/// limit.
fn make_room(players: u64, has_server: bool) -> anyhow::Result<()> {
    let needed = players + OTHER_DESCRIPTORS;
    let had = rlimit::increase_nofile_limit(needed.max(OTHER_DESCRIPTORS * 2))?;
    let whose = if has_server { "the load and its server need" } else { "the load needs" };
    anyhow::ensure!(
        had >= needed,
        "for {players} players {whose} {needed} open files each, and may have {had}: see ulimit -n"
    );
    Ok(())
}

/// Looks early whether there will be a place for what an hour has shown.
fn can_be_written(option: &str, file: &Path) -> anyhow::Result<()> {
    let is_new = !file.exists();
    let opened = std::fs::OpenOptions::new().append(true).create(true).open(file);
    let tried = opened.and_then(|_| if is_new { std::fs::remove_file(file) } else { Ok(()) });
    tried.with_context(|| format!("{option} {}", file.display()))
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
        command: command(std::env::args().skip(1)),
        conditions: options.conditions(),
        target: host.target.clone(),
        desk: host.desk.clone(),
        hertz: host.hertz,
        weather: options.weather(),
        seed: options.seed,
        socketio: options.socketio(&plan),
        plan,
        dishonest: if is_chaos { DISHONEST } else { 0.0 },
        ends: ends()?,
    })
}

/// Says what a run came to, everywhere it is wanted.
fn tell(options: &Options, outcome: &Outcome) -> anyhow::Result<()> {
    say(&table(outcome));
    let mut written = Ok(());
    if let Some(file) = &options.json {
        let json = serde_json::to_string_pretty(outcome)?;
        written = std::fs::write(file, json).with_context(|| format!("--json {}", file.display()));
    }
    if let Some(file) = &options.report {
        let html = page(&[("this run", outcome)]);
        let paged = std::fs::write(file, html);
        let paged = paged.with_context(|| format!("--report {}", file.display()));
        if paged.is_ok() {
            say(&format!("report: {}", file.display()));
        }
        written = written.and(paged);
    }
    written
}

/// Fails unless the run came to what it must; one that has verified nothing has proven nothing.
fn prove(options: &Options, outcome: &Outcome) -> anyhow::Result<()> {
    anyhow::ensure!(!outcome.is_cut, "ended early, as it was told to");
    let broken: Vec<_> = outcome.assertions.iter().filter(|it| !it.holds).collect();
    if let [first, ..] = &broken[..] {
        let blame = if outcome.generator.is_saturated {
            "; the load itself was late, so this may say nothing about the server"
        } else {
            ""
        };
        anyhow::bail!(
            "{} of {} assertions do not hold, such as {} ({}){blame}",
            broken.len(),
            outcome.assertions.len(),
            first.text,
            first.was()
        );
    }
    anyhow::ensure!(outcome.desyncs == 0, "{} desyncs", outcome.desyncs);
    let why = outcome.refusals.iter().max_by_key(|(_, count)| **count);
    let why = why.map_or_else(String::new, |(why, _)| format!(": {}", plain(why)));
    anyhow::ensure!(outcome.connected > 0, "nobody is in at the end{why}");
    let streams = options.behaviour != Kind::Chatter;
    anyhow::ensure!(!streams || outcome.packets > 0, "no packet came, so nothing was verified");
    Ok(())
}

fn compare(files: &Comparison) -> anyhow::Result<()> {
    let (a, b) = (read(&files.a)?, read(&files.b)?);
    let stem = |file: &Path| file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let whole = |file: &Path| file.display().to_string();
    let is_told_apart = stem(&files.a) != stem(&files.b);
    let [one, other] =
        [&files.a, &files.b].map(|file| if is_told_apart { stem(file) } else { whole(file) });
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
    let outcome: Outcome = serde_json::from_str(&text).with_context(about)?;
    anyhow::ensure!(outcome.format == FORMAT, "{}: nothing that load --json wrote", about());
    Ok(outcome)
}

/// The command, as it can be given again; but nobody's secret.
fn command(arguments: impl Iterator<Item = String>) -> String {
    let mut is_secret = false;
    let words = arguments.map(|word| {
        let said = match word.split_once('=') {
            _ if std::mem::take(&mut is_secret) => "SECRET".into(),
            Some((SECRET, _)) => format!("{SECRET}=SECRET"),
            _ => word,
        };
        is_secret = said == SECRET;
        let is_plain = |it: char| it.is_ascii_alphanumeric() || "-_./:=,%@+".contains(it);
        if !said.is_empty() && said.chars().all(is_plain) {
            said
        } else {
            format!("'{}'", said.replace('\'', r"'\''"))
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Set once this process is asked to end; asked again it does so at once.
fn ends() -> anyhow::Result<Arc<AtomicBool>> {
    let ends = Arc::new(AtomicBool::new(false));
    let told = ends.clone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut asked = runtime.block_on(async { Ends::new() })?;
    std::thread::spawn(move || {
        runtime.block_on(asked.next());
        told.store(true, Ordering::Relaxed);
        say("ending; again ends at once");
        runtime.block_on(asked.next());
        std::process::exit(ENDED_AT_ONCE);
    });
    Ok(ends)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_can_be_given_again_and_holds_no_secret() {
        let told = |words: &[&str]| command(words.iter().map(|it| (*it).to_string()));
        assert_eq!(told(&["load", "--players", "20"]), "load --players 20");
        assert_eq!(
            told(&["load", "--assert", "delta_p99<60ms, desync=0", "", "it's"]),
            r"load --assert 'delta_p99<60ms, desync=0' '' 'it'\''s'"
        );
        for words in [&["--metrics-token", "hidden", "--seed"][..], &["--metrics-token=hidden"]] {
            assert!(!told(words).contains("hidden") && told(words).contains("SECRET"));
        }
        assert!(told(&["--metrics-token", "hidden", "--seed"]).ends_with("SECRET --seed"));
    }
}

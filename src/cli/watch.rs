//! A match of bots in the terminal, at real speed, with its own timings.
//!
//! Nothing is faked: each bot sees only what packets told its replica, and at the end the journal
//! is replayed and must lead to the same state.

use super::canvas::{Canvas, Color};
use super::show::Show;
use super::{announce, say};
use crate::ids::PlayerId;
use crate::journal::{Journal, replay};
use crate::load::Bot;
use crate::sim::{Change, Controls, Join, Match, TickInputs, encode_input};
use crate::sync::Replica;
use anyhow::Context;
use clap::Parser;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Timings are of so many of the last ticks.
const TIMED: usize = 200;
const WATCHER: PlayerId = PlayerId(0);
const WIDTH: usize = 96;
const HEIGHT: usize = 32;

/// What can be chosen for watching.
#[derive(Debug, Parser)]
pub(super) struct Options {
    /// How many bots play, up to 64.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=64))]
    players: u32,
    /// What chance starts from; else another one each time.
    #[arg(long)]
    seed: Option<u64>,
    /// Stop after so many seconds of the match; else when it is over.
    #[arg(long)]
    seconds: Option<u32>,
    /// Do not wait for the clock: as fast as it goes.
    #[arg(long)]
    fast: bool,
}

/// One who plays or watches.
struct Client<I> {
    player: PlayerId,
    replica: Replica,
    bot: Option<Box<dyn Bot<I> + Send>>,
}

/// What the last ticks took.
#[derive(Default)]
struct Timings {
    ticks: Vec<Duration>,
    bytes: Vec<usize>,
    next: usize,
}

impl Timings {
    fn note(&mut self, tick: Duration, bytes: usize) {
        if self.ticks.len() < TIMED {
            self.ticks.push(tick);
            self.bytes.push(bytes);
        } else {
            self.ticks[self.next] = tick;
            self.bytes[self.next] = bytes;
        }
        self.next = (self.next + 1) % TIMED;
    }

    fn percentile(&self, percent: usize) -> f64 {
        let mut sorted = self.ticks.clone();
        sorted.sort_unstable();
        let at = sorted.len().saturating_sub(1) * percent / 100;
        sorted.get(at).map_or(0.0, |time| time.as_secs_f64() * 1e6)
    }

    fn mean_bytes(&self) -> f64 {
        self.bytes.iter().sum::<usize>() as f64 / self.bytes.len().max(1) as f64
    }
}

/// A match being watched.
struct Watched<G: Show> {
    game: Match,
    journal: Journal,
    clients: Vec<Client<G::Input>>,
    timings: Timings,
    /// Whether everybody has a keyframe.
    started: bool,
    packet: Vec<u8>,
}

pub(super) fn run<G: Show>(options: &Options) -> anyhow::Result<()> {
    let seed = options.seed.unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        now.as_millis() as u64 % 1_000_000
    });
    let mut watched = Watched::<G>::new(options.players, seed);
    let hertz = watched.game.hertz();
    let last = options.seconds.map(|seconds| seconds.saturating_mul(hertz));
    let draws = std::io::stdout().is_terminal();
    let mut canvas = Canvas::new(WIDTH, HEIGHT);
    let start = Instant::now();
    if draws {
        announce("\x1b[2J")?;
    }
    while watched.tick(options.players)? {
        let tick = watched.game.tick_number();
        // Ten pictures a second are enough.
        if tick.0.is_multiple_of((hertz / 10).max(1)) {
            watched.picture(&mut canvas, seed);
            draw(&canvas, draws, tick.0.is_multiple_of(hertz * 5))?;
        }
        if last.is_some_and(|last| tick.0 >= last) {
            break;
        }
        if !options.fast {
            let due = start + Duration::from_secs_f64(f64::from(tick.0) / f64::from(hertz));
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
        }
    }
    watched.finish()
}

/// Draws the picture, or where there is no terminal its last lines now and then.
fn draw(canvas: &Canvas, draws: bool, is_time: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if draws {
        out.write_all(canvas.render().as_bytes())?;
    } else if is_time {
        writeln!(out, "{}", canvas.last_lines())?;
    }
    Ok(out.flush()?)
}

impl<G: Show> Watched<G> {
    fn new(players: u32, seed: u64) -> Self {
        let mut game = Match::new(G::game(), G::options(players), seed);
        let journal = Journal::new(&mut game);
        let client = |player: u32| {
            let player = PlayerId(player);
            let replica = Replica::new(game.schema().clone(), player, false);
            let bot = (player != WATCHER).then(|| G::bot(seed, player));
            Client { player, replica, bot }
        };
        Self {
            journal,
            clients: (0..=players).map(client).collect(),
            game,
            timings: Timings::default(),
            started: false,
            packet: Vec::new(),
        }
    }

    /// One tick; says whether the match goes on.
    fn tick(&mut self, players: u32) -> anyhow::Result<bool> {
        let inputs = if self.started { self.think() } else { Self::all_join(players) };
        self.journal.note_inputs(&inputs);
        let start = Instant::now();
        self.game.tick(&inputs);
        let mut bytes = 0;
        let mut packets = Vec::with_capacity(self.clients.len());
        for client in &self.clients {
            if self.started {
                self.game.frame().delta.gather(client.player, &mut self.packet);
            } else {
                self.packet = self.game.keyframe(client.player);
            }
            bytes += self.packet.len();
            packets.push(self.packet.clone());
        }
        let time = start.elapsed();
        for (client, packet) in self.clients.iter_mut().zip(&packets) {
            client.replica.receive(packet).context("a bot could not read its packet")?;
        }
        if self.started {
            self.timings.note(time, bytes / self.clients.len());
        }
        self.started = true;
        Ok(self.game.frame().outcome.is_none())
    }

    fn all_join(players: u32) -> TickInputs {
        let seat = |player: u32| {
            let player = PlayerId(player);
            let spectator = player == WATCHER;
            let name = if spectator { "watcher".into() } else { G::name(player) };
            Change::Join(Join { player, name, spectator, ..Join::default() })
        };
        TickInputs { changes: (0..=players).map(seat).collect(), controls: Vec::new() }
    }

    fn think(&mut self) -> TickInputs {
        let mut inputs = TickInputs::default();
        for Client { player, replica, bot } in &mut self.clients {
            let Some(bot) = bot else { continue };
            inputs.controls.push(Controls {
                player: *player,
                input: encode_input(&bot.think(replica.seen())),
                seen: Some((replica.tick(), 0)),
                predicted: None,
            });
        }
        inputs
    }

    fn picture(&self, canvas: &mut Canvas, seed: u64) {
        canvas.clear();
        let watcher = &self.clients[0].replica;
        G::draw(watcher, canvas);
        let told = format!(
            "tick {} at {} Hz   {} entities   {:.0} bytes per tick and viewer   seed {seed}",
            self.game.tick_number(),
            self.game.hertz(),
            watcher.entities().count(),
            self.timings.mean_bytes(),
        );
        canvas.line(&told, Color::Dim);
        let took = format!(
            "simulate, encode and gather {} packets: {:.0} µs a tick (p99 {:.0})",
            self.clients.len(),
            self.timings.percentile(50),
            self.timings.percentile(99),
        );
        canvas.line(&took, Color::Dim);
    }

    /// Says how it ended, and that it could be played again.
    fn finish(mut self) -> anyhow::Result<()> {
        if let Some(outcome) = self.game.frame().outcome {
            say(&format!("The match is over: {outcome}"));
        }
        let ticks = self.journal.last_tick();
        let bytes = self.journal.to_bytes();
        let start = Instant::now();
        let journal = Journal::from_bytes(&bytes).context("the journal cannot be read")?;
        let mut again =
            replay(G::game(), &journal, ticks).context("the journal cannot be replayed")?;
        let time = start.elapsed();
        anyhow::ensure!(
            again.state_hash() == self.game.state_hash(),
            "the replay of seed {} came to another state at tick {ticks}: this is a bug",
            self.game.seed()
        );
        say(&format!(
            "Replayed {ticks} ticks from a journal of {} KiB in {:.0} ms: the same state, bit for bit.",
            bytes.len() / 1024,
            time.as_secs_f64() * 1e3
        ));
        Ok(())
    }
}

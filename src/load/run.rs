//! One run: players come, settle, and are measured.

use super::chaos::Chaos;
use super::crowd::{Crowd, Target};
use super::metrics::{Desk, Probe, Reading};
use super::plan::Plan;
use super::report::{FORMAT, Made, Outcome, OwnCost, Second};
use super::road::Weather;
use super::socketio::{ChatOptions, Chatters, Scenario, Transport};
use super::tally::Felt;
use super::thread_clock::ThreadClock;
use crate::host::Usage;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
/// Who is not in so long after the last one came is not waited for.
const IN_WITHIN: Duration = Duration::from_secs(20);
/// Where everybody is refused and nobody is in so long after the last one came nobody ever will be.
const FIRST_IN_WITHIN: Duration = Duration::from_secs(5);
/// Clocks, tables and lines take so long to settle once all are in.
const SETTLING: Duration = Duration::from_secs(2);
/// How often it is looked whether a server has answered.
const GLANCE: Duration = Duration::from_millis(10);
/// Those who come by Socket.IO are numbered from here.
const FIRST_CHATTER: u32 = 1 << 20;

/// What a run is about.
pub struct RunOptions {
    /// The arguments that it was asked for with.
    pub command: String,
    /// What makes runs comparable, of that.
    pub conditions: BTreeMap<String, String>,
    /// Where players connect.
    pub target: Target,
    /// Where the server is asked how it is.
    pub desk: Option<Desk>,
    /// How often matches tick, where that is known beforehand.
    pub hertz: Option<f64>,
    /// The network.
    pub weather: Weather,
    /// What chance starts from.
    pub seed: u64,
    /// What honest players do.
    pub plan: Arc<Plan>,
    /// For each honest player so many are not honest.
    pub dishonest: f64,
    /// Once this is set, by somebody else, the run ends: what was measured until then is told.
    pub ends: Arc<AtomicBool>,
    /// Who comes by Socket.IO.
    pub socketio: Option<SocketIo>,
}

/// Those who come by Socket.IO.
pub struct SocketIo {
    /// Of all players this share.
    pub share: f64,
    /// How they travel.
    pub transport: Transport,
    /// What they do.
    pub scenario: Scenario,
    /// Where the server's Socket.IO is; begins and ends with `/`.
    pub path: String,
}

/// What somebody who watches a run is told every second.
#[derive(Clone, Debug)]
pub struct Progress {
    /// What is being done.
    pub phase: &'static str,
    /// How far that is, of 1.
    pub done: f64,
    /// How many there are.
    pub players: usize,
    /// In how many matches.
    pub matches: usize,
    /// What was felt in the last second.
    pub second: Second,
    /// Why most of those were refused who were, in that second.
    pub refusal: Option<String>,
}

/// Players at a server.
pub struct Run {
    options: RunOptions,
    crowd: Crowd,
    chaos: Chaos,
    chatters: Option<Chatters>,
    /// What was felt before it was measured.
    arrival: Felt,
    /// The server before anybody came.
    empty: Option<Reading>,
    seconds: u64,
}

impl Run {
    /// Nobody is there yet.
    pub fn new(options: RunOptions) -> anyhow::Result<Self> {
        let empty = options.desk.as_ref().map(Desk::first).transpose()?;
        Ok(Self {
            crowd: Crowd::new(options.target.clone(), options.weather, options.seed)?,
            chaos: Chaos::new(options.plan.clone(), options.seed),
            chatters: None,
            arrival: Felt::default(),
            empty,
            seconds: 0,
            options,
        })
    }

    /// So many more players come within this time; waits until they are in and all has settled.
    pub fn arrive(
        &mut self,
        count: usize,
        within: Duration,
        watch: &mut dyn FnMut(&Progress),
    ) -> anyhow::Result<()> {
        // What happens from here on concerns those who come now.
        self.arrival = Felt::default();
        let share = self.options.socketio.as_ref().map_or(0.0, |socketio| socketio.share);
        let by_socketio = (count as f64 * share).round() as usize;
        let plan = self.options.plan.clone();
        self.crowd.add(count - by_socketio, &plan, within)?;
        self.invite(by_socketio, within)?;
        let all = self.count().0 as f64 * self.options.dishonest;
        self.chaos.grow((all - f64::EPSILON * all).ceil() as usize);
        let (begun, all) = (self.crowd.now(), within + IN_WITHIN);
        loop {
            let (players, playing) = self.count();
            let passed = self.crowd.now() - begun;
            if passed >= all || (playing == players && passed >= within) || self.is_told_to_end() {
                break;
            }
            let felt = self.pass("players come", passed.div_duration_f64(all), SECOND, watch)?;
            self.arrival.absorb(&mut felt.clone());
            if self.count().1 == 0 && passed >= within + FIRST_IN_WITHIN {
                let most = self.arrival.refusals.iter().max_by_key(|(_, count)| **count);
                let why = most.map(|(why, _)| why.clone());
                anyhow::ensure!(why.is_none(), "nobody gets in: {}", why.unwrap_or_default());
            }
        }
        let until = self.crowd.now() + SETTLING;
        while self.crowd.now() < until && !self.is_told_to_end() {
            let felt = self.pass("settling", 1.0, SECOND, watch)?;
            self.arrival.absorb(&mut felt.clone());
        }
        Ok(())
    }

    /// Whether somebody wants it to end now.
    #[must_use]
    pub fn is_told_to_end(&self) -> bool {
        self.options.ends.load(Ordering::Relaxed)
    }

    /// So many come by Socket.IO.
    fn invite(&mut self, count: usize, within: Duration) -> anyhow::Result<()> {
        let Some(socketio) = self.options.socketio.as_ref().filter(|_| count > 0) else {
            return Ok(());
        };
        if let Some(chatters) = &self.chatters {
            chatters.add(count, within);
            return Ok(());
        }
        self.chatters = Some(Chatters::start(ChatOptions {
            address: self.options.target.address,
            host: self.options.target.host.clone(),
            path: socketio.path.clone(),
            count,
            within,
            transport: socketio.transport,
            scenario: socketio.scenario.clone(),
            seed: self.options.seed,
            first_number: FIRST_CHATTER,
        })?);
        Ok(())
    }

    /// How many there are, and how many of them play or are in their rooms.
    fn count(&self) -> (usize, usize) {
        let (players, playing) = self.crowd.count();
        let (others, talking) = self.chatters.as_ref().map_or((0, 0), Chatters::count);
        (players + others, playing + talking)
    }

    /// Those who play side by side are in the same ones.
    fn matches(&self) -> usize {
        match &self.chatters {
            Some(chatters) => chatters.matches_beside(&self.crowd.hall),
            None => self.crowd.matches(),
        }
    }

    fn hertz(&self) -> f64 {
        let native = Some(self.crowd.hertz()).filter(|hertz| *hertz > 0.0);
        let theirs = || self.chatters.as_ref().and_then(Chatters::hertz);
        native.or_else(theirs).or(self.options.hertz).unwrap_or(0.0)
    }

    /// Measures for so long.
    pub fn measure(
        &mut self,
        time: Duration,
        watch: &mut dyn FnMut(&Progress),
    ) -> anyhow::Result<Outcome> {
        let (begun, made, mut measured) = (self.crowd.now(), Made::here(), Felt::default());
        let (clock, mut timeline) = (ThreadClock::own(), Vec::new());
        let before = self.used(clock.as_ref())?;
        let probe = self.options.desk.clone().map(Probe::start);
        // What was due before is none of what is measured.
        self.crowd.settle();
        self.arrival.absorb(&mut self.crowd.felt);
        if let Some(chatters) = &self.chatters {
            chatters.settle();
            self.arrival.absorb(&mut chatters.take_felt());
        }
        self.chaos.done.clear();
        while self.crowd.now() < begun + time && !self.is_told_to_end() {
            let passed = self.crowd.now() - begun;
            // What is left over is no second of its own.
            let left = time.saturating_sub(passed);
            let part = if left < SECOND * 3 / 2 { left } else { SECOND };
            let mut felt = self.pass("measuring", passed.div_duration_f64(time), part, watch)?;
            // By the clock: this process may have stood still.
            let at = (self.crowd.now() - begun).as_secs_f64().round() as u64;
            timeline.push(Outcome::second(at, self.count().1, &felt));
            measured.absorb(&mut felt);
        }
        self.crowd.conclude();
        measured.absorb(&mut self.crowd.felt);
        if let Some(chatters) = &self.chatters {
            chatters.conclude();
            measured.absorb(&mut chatters.take_felt());
        }
        let mut cost = self.used(clock.as_ref())?.since(&before);
        // Those who come through Socket.IO are served by a library, which does not ask the kernel.
        // A simulated road hands them over when somebody looks.
        cost.is_stamped = self.chatters.is_none() && self.options.weather.is_fine();
        let seconds = (self.crowd.now() - begun).as_secs_f64();
        let (players, playing) = self.count();
        let all_seconds = timeline.len().max(1) as f64;
        let mut outcome = Outcome {
            format: FORMAT.into(),
            command: self.options.command.clone(),
            conditions: self.options.conditions.clone(),
            made,
            players,
            matches: self.matches(),
            hz: self.hertz(),
            seconds,
            is_cut: self.is_told_to_end(),
            player_seconds: timeline.iter().map(|it| it.playing as f64).sum::<f64>() * seconds
                / all_seconds,
            connected: playing,
            chaos: self.chaos.done.clone(),
            timeline,
            ..Outcome::default()
        };
        outcome.set_felt(&measured, &self.arrival);
        outcome.set_own_cost(cost);
        let readings = self.hear_out(probe)?;
        outcome.set_server(self.empty.as_ref(), &readings);
        Ok(outcome)
    }

    /// What this process has used so far: all of it, and each thread that carries players.
    fn used(&self, own: Option<&ThreadClock>) -> anyhow::Result<Used> {
        let all = Usage::own()?.cpu;
        let threads = [
            own.map(ThreadClock::ran).unwrap_or_default(),
            self.chatters.as_ref().map(Chatters::cpu).unwrap_or_default(),
        ];
        Ok(Used { all, threads })
    }

    /// The server is asked for the last time. All go on to play meanwhile: whoever is not listened to
    /// is put out.
    fn hear_out(&mut self, probe: Option<Probe>) -> anyhow::Result<Vec<Reading>> {
        let Some(probe) = probe else { return Ok(Vec::new()) };
        let mut last = probe.stop();
        while !last.is_over() {
            let (until, chaos) = (self.crowd.now() + GLANCE, &mut self.chaos);
            self.crowd.run_until(until, |crowd, now, ready| chaos.pass(crowd, now, ready))?;
        }
        Ok(last.readings())
    }

    /// Lets all play for a while; says what they felt.
    fn pass(
        &mut self,
        phase: &'static str,
        done: f64,
        time: Duration,
        watch: &mut dyn FnMut(&Progress),
    ) -> anyhow::Result<Felt> {
        self.seconds += 1;
        let until = self.crowd.now() + time;
        let chaos = &mut self.chaos;
        self.crowd.run_until(until, |crowd, now, ready| chaos.pass(crowd, now, ready))?;
        let mut felt = std::mem::take(&mut self.crowd.felt);
        if let Some(chatters) = &self.chatters {
            felt.absorb(&mut chatters.take_felt());
        }
        let (players, playing) = self.count();
        let second = Outcome::second(self.seconds, playing, &felt);
        let most = felt.refusals.iter().max_by_key(|(_, count)| **count);
        let refusal = most.map(|(why, _)| why.clone());
        watch(&Progress { phase, done, players, matches: self.matches(), second, refusal });
        Ok(felt)
    }
}

/// Processor time.
struct Used {
    all: Duration,
    threads: [Duration; 2],
}

impl Used {
    fn since(&self, before: &Self) -> OwnCost {
        let threads = self.threads.iter().zip(before.threads);
        let busiest = threads.map(|(now, before)| now.saturating_sub(before)).max();
        OwnCost {
            cpu_seconds: self.all.saturating_sub(before.all).as_secs_f64(),
            busiest_seconds: busiest.unwrap_or_default().as_secs_f64(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            is_stamped: false,
        }
    }
}

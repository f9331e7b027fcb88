//! A match that runs by the clock, with those who are in it. Time is passed in.

use super::client::{Client, SchemaText};
use super::entry::{Entry, Mail, Newcomer};
use super::pace::Pace;
use super::seated::{Due, Seated};
use super::tally::Tally;
use super::{Away, MatchOptions};
use crate::event::{Args, DEPTH_LIMIT};
use crate::hub::Io;
use crate::ids::{PlayerId, Tick};
use crate::protocol::native::{Joined, Refusal};
use crate::sim::{Change, Controls, Emitted, Hearers, Join, Match, TickInputs};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A running match.
pub(super) struct Live {
    pub(super) entry: Arc<Entry>,
    pub(super) game: Match,
    pace: Pace,
    pub(super) io: Io,
    away: Arc<Away>,
    tally: Arc<Tally>,
    options: MatchOptions,
    schema: SchemaText,
    pub(super) seats: BTreeMap<PlayerId, Seated>,
    /// Those who join in this tick.
    newcomers: Vec<Newcomer>,
    /// Used again in each tick.
    mail: Vec<Mail>,
    inputs: TickInputs,
    keyframe: Vec<u8>,
    empty_since: Option<Duration>,
    ends: Option<Refusal>,
    /// What was last told to anybody, and when.
    pub(super) published: Option<(Duration, Arc<str>)>,
}

/// Whether a match goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    GoesOn,
    Over,
}

/// What a match needs of its host.
pub(super) struct Around {
    pub(super) io: Io,
    pub(super) away: Arc<Away>,
    pub(super) tally: Arc<Tally>,
    pub(super) options: MatchOptions,
}

impl Live {
    pub(super) fn new(entry: Arc<Entry>, game: Match, around: Around, start: Duration) -> Self {
        let schema = SchemaText { hash: game.schema().hash(), json: game.schema().to_bytes() };
        Self {
            pace: Pace::new(game.hertz(), start),
            entry,
            game,
            io: around.io,
            away: around.away,
            tally: around.tally,
            options: around.options,
            schema,
            seats: BTreeMap::new(),
            newcomers: Vec::new(),
            mail: Vec::new(),
            inputs: TickInputs::default(),
            keyframe: Vec::new(),
            empty_since: None,
            ends: None,
            published: None,
        }
    }

    pub(super) fn entry(&self) -> &Arc<Entry> {
        &self.entry
    }

    /// When it is to be stepped.
    pub(super) fn due(&self) -> Duration {
        self.pace.due()
    }

    /// The same match, starting later by so much.
    pub(super) fn begin_after(mut self, pause: Duration) -> Self {
        self.pace = self.pace.after(pause);
        self
    }

    pub(super) fn period(&self) -> Duration {
        self.pace.period()
    }

    /// Does one tick, and all that follows from it for those who are in the match.
    pub(super) fn step(&mut self, now: Duration) -> Verdict {
        self.seats
            .values()
            .filter_map(|seat| seat.client.as_ref())
            .for_each(|client| client.pull());
        self.take_mail(now);
        self.take_controls();
        let punctuality = self.pace.step(now);
        self.tally.note_punctuality(punctuality);
        self.game.tick(&self.inputs);
        self.inputs.changes.clear();
        self.inputs.controls.clear();
        self.entry.note_tick(self.game.tick_number(), now);
        self.welcome();
        self.tell_events();
        self.send_all(now);
        self.let_go(now);
        self.verdict(now)
    }

    /// What came since the last tick.
    fn take_mail(&mut self, now: Duration) {
        let mut mail = std::mem::take(&mut self.mail);
        self.entry.take_mail(&mut mail);
        for mail in mail.drain(..) {
            self.take(mail, now);
        }
        self.mail = mail;
    }

    fn take(&mut self, mail: Mail, now: Duration) {
        let next = self.game.tick_number().next();
        match mail {
            Mail::Join(newcomer) => self.join(newcomer),
            Mail::Leave(player, why) => self.leave(player, why),
            Mail::Gone(player, socket) => self.gone(player, &socket, now),
            Mail::Back(player, client) => self.back(player, client),
            Mail::Input(player, input) => {
                let seat = self.seats.get_mut(&player).filter(|seat| !seat.person.is_spectator);
                if !seat.is_some_and(|seat| seat.window.put(input, next)) {
                    self.tally.stale_inputs.add(1);
                }
            }
            Mail::Keyframe(player) => {
                let seat = self.seats.get_mut(&player);
                seat.into_iter().for_each(|seat| seat.ask_keyframe(now));
                self.tally.lost_threads.add(1);
            }
            Mail::Look(player, at) => {
                if self.seats.get(&player).is_some_and(|seat| seat.person.is_spectator) {
                    self.inputs.changes.push(Change::Look(player, at));
                }
            }
            Mail::Say(said) => self.pass_on(&said),
            Mail::Inspect(answer) => answer(self.inspect(now)),
            Mail::Publish(answer) => answer(self.published(now)),
            Mail::End(why) => self.ends = Some(why),
        }
    }

    fn join(&mut self, newcomer: Newcomer) {
        self.inputs.changes.push(Change::Join(Join {
            player: newcomer.player,
            name: newcomer.person.name.clone(),
            user: newcomer.person.user.as_ref().map(ToString::to_string),
            spectator: newcomer.person.is_spectator,
            predicts: newcomer.predicts,
            claims: newcomer.person.claims.clone(),
            wishes: newcomer.person.wishes.clone(),
        }));
        self.newcomers.push(newcomer);
    }

    fn leave(&mut self, player: PlayerId, why: Option<Refusal>) {
        let newcomer = self.newcomers.iter().position(|newcomer| newcomer.player == player);
        let client = match newcomer {
            // It came and went between two ticks. The match sees both, in this order.
            Some(at) => Some(self.newcomers.remove(at).client),
            None => match self.seats.remove(&player) {
                Some(seat) => {
                    self.away.forget(&seat.socket);
                    seat.client
                }
                None => return,
            },
        };
        self.inputs.changes.push(Change::Leave(player));
        self.entry.free(player);
        if let Some(client) = client {
            self.part(&*client, why);
        }
    }

    fn gone(&mut self, player: PlayerId, socket: &Arc<str>, now: Duration) {
        let is_new = |newcomer: &Newcomer| {
            newcomer.player == player && newcomer.client.socket() == &**socket
        };
        if self.newcomers.iter().any(is_new) {
            self.away.forget(socket);
            return self.leave(player, None);
        }
        // Another connection may have the seat by now.
        let seat = self.seats.get_mut(&player).filter(|seat| seat.socket == *socket);
        let Some(seat) = seat else { return self.away.forget(socket) };
        if seat.client.is_some() {
            seat.unseat(now);
            self.inputs.changes.push(Change::Away(player));
        }
    }

    fn back(&mut self, player: PlayerId, client: Arc<dyn Client>) {
        let mut newcomers = self.newcomers.iter_mut();
        if let Some(newcomer) = newcomers.find(|newcomer| newcomer.player == player) {
            let before = std::mem::replace(&mut newcomer.client, client);
            return before.leave(Some(Refusal::Replaced));
        }
        let Some(seat) = self.seats.get_mut(&player) else {
            return client.leave(Some(Refusal::NotInMatch));
        };
        if seat.away_since.is_some() {
            if *seat.socket != *client.socket() {
                // It comes from another socket than the one that was lost.
                self.away.forget(&seat.socket);
            }
            self.inputs.changes.push(Change::Back(player));
        }
        let is_spectator = seat.person.is_spectator;
        let before = seat.seat(client.clone());
        self.greet(&*client, player, is_spectator);
        if let Some(before) = before.filter(|before| before.socket() != client.socket()) {
            self.part(&*before, Some(Refusal::Replaced));
        }
    }

    /// The controls of all for the coming tick, ascending by player.
    fn take_controls(&mut self) {
        let next = self.game.tick_number().next();
        let pace = self.pace;
        for (player, seat) in &mut self.seats {
            let input = seat.input(|window| {
                let input = window.take(next)?;
                let ahead = i64::from(input.tick.0) - i64::from(next.0);
                let lead = pace.lead(ahead, input.came);
                Some((input, lead))
            });
            if let Some(input) = input {
                self.inputs.controls.push(Controls {
                    player: *player,
                    input: input.controls,
                    seen: input.seen,
                    predicted: input.predicted,
                });
            }
        }
    }

    /// Tells those who have sat down that they have.
    fn welcome(&mut self) {
        for newcomer in std::mem::take(&mut self.newcomers) {
            let Newcomer { player, client, person, .. } = newcomer;
            if self.game.seats().get(player).is_none() {
                self.entry.free(player);
                client.leave(Some(Refusal::Full));
                continue;
            }
            self.greet(&*client, player, person.is_spectator);
            self.seats.insert(player, Seated::new(client, person));
        }
    }

    /// In the match room from now on, and told so.
    fn greet(&self, client: &dyn Client, player: PlayerId, spectator: bool) {
        self.io.to(client.socket()).sockets_join(&*self.entry.id.0);
        let joined = Joined {
            match_id: &self.entry.id.0,
            player,
            spectator,
            tick: self.game.tick_number(),
            tick_rate: self.entry.hertz as u16,
            schema: self.schema.hash,
        };
        client.join(&joined, &self.schema);
    }

    fn part(&self, client: &dyn Client, why: Option<Refusal>) {
        self.io.to(client.socket()).sockets_leave(&*self.entry.id.0);
        client.leave(why);
    }

    /// What the game emitted goes to the match room, before the state that it belongs to.
    fn tell_events(&self) {
        let frame = self.game.frame();
        self.tally.events_dropped.add(frame.events_dropped.into());
        self.tally.refused_inputs.add(frame.refused.len() as u64);
        for Emitted { to, name, payload } in frame.events {
            let Ok(args) = Args::parse(&format!("[{payload}]"), Vec::new(), DEPTH_LIMIT) else {
                self.tally.events_dropped.add(1);
                continue;
            };
            let socket = |player: &PlayerId| Some(&*self.seats.get(player)?.socket);
            match to {
                Hearers::All => self.io.to(&*self.entry.id.0).emit(name, args),
                Hearers::AllBut(player) => {
                    let but: Vec<_> = socket(player).into_iter().collect();
                    self.io.to(&*self.entry.id.0).except(but).emit(name, args);
                }
                Hearers::Some(players) => {
                    let some: Vec<_> = players.iter().filter_map(socket).collect();
                    self.io.to(some).emit(name, args);
                }
            }
        }
    }

    /// Sends everybody what they are due.
    fn send_all(&mut self, now: Duration) {
        let (game, delta) = (&self.game, self.game.frame().delta);
        let (mut packets, mut all_bytes) = (0, 0);
        for (player, seat) in &mut self.seats {
            let Some(client) = seat.client.clone() else { continue };
            let due = seat.due(client.backlog(), self.options.stall_timeout, now);
            let applied = seat.applied.take();
            let mut bytes = 0;
            match due {
                Due::Delta => {
                    client.send_state(applied, &mut |packet| {
                        let before = packet.len();
                        delta.gather_after(*player, packet);
                        bytes = packet.len() - before;
                    });
                }
                Due::Keyframe => {
                    self.tally.keyframes.add(1);
                    self.keyframe = game.keyframe(*player);
                    bytes = self.keyframe.len();
                    client.send_state(applied, &mut |packet| packet.extend(&self.keyframe));
                }
                Due::Nothing => self.tally.held_back.add(1),
                Due::Cut => client.cut(Refusal::OutboxFull),
            }
            if bytes > 0 {
                packets += 1;
                all_bytes += bytes as u64;
            }
        }
        self.tally.packets.add(packets);
        self.tally.state_bytes.add(all_bytes);
    }

    /// Frees the seats of those who did not come back in time.
    fn let_go(&mut self, now: Duration) {
        self.entry.expire(now);
        let keeps = self.options.seat_kept;
        let gone: Vec<_> = self
            .seats
            .iter()
            .filter(|(_, seat)| seat.away_since.is_some_and(|since| now >= since + keeps))
            .map(|(player, _)| *player)
            .collect();
        gone.into_iter().for_each(|player| self.leave(player, None));
    }

    fn verdict(&mut self, now: Duration) -> Verdict {
        if self.game.tick_number() >= Tick::LIMIT {
            self.ends = Some(Refusal::Ended);
        }
        if let Some(outcome) = self.game.frame().outcome {
            let result = serde_json::json!({ "match": &self.entry.id, "result": outcome });
            self.io.to(&*self.entry.id.0).emit("match-over", result);
            self.ends = Some(Refusal::Ended);
        }
        if self.seats.is_empty() {
            let since = *self.empty_since.get_or_insert(now);
            if now >= since + self.options.empty_for && self.entry.end_if_empty() {
                return Verdict::Over;
            }
        } else {
            self.empty_since = None;
        }
        match self.ends {
            Some(why) => {
                self.end(why);
                Verdict::Over
            }
            None => Verdict::GoesOn,
        }
    }

    /// Everybody leaves; those who are still on their way in are told as well.
    pub(super) fn end(&mut self, why: Refusal) {
        self.entry.end();
        for (_, seat) in std::mem::take(&mut self.seats) {
            self.away.forget(&seat.socket);
            seat.client.into_iter().for_each(|client| self.part(&*client, Some(why)));
        }
        let newcomers = std::mem::take(&mut self.newcomers);
        newcomers.iter().for_each(|newcomer| newcomer.client.leave(Some(why)));
        self.entry.take_mail(&mut self.mail);
        for mail in std::mem::take(&mut self.mail) {
            match mail {
                Mail::Join(newcomer) => newcomer.client.leave(Some(why)),
                Mail::Back(_, client) => client.leave(Some(why)),
                Mail::Gone(_, socket) => self.away.forget(&socket),
                _ => {}
            }
        }
    }

    /// Logs that a bug ended it, with what is needed to see that again.
    pub(super) fn mourn(&self) {
        tracing::error!(
            game = self.game.game(),
            r#match = %self.entry.id,
            seed = self.game.seed(),
            tick = %self.game.tick_number(),
            "a bug ended a match"
        );
    }
}

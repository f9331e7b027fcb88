//! What a player knows ahead of the server: its own entities, by the game's rules.
//!
//! As the client library has it: what was said since the last packet is played on top of what that packet
//! says, and the checksum of what comes of it goes to the server with each input. If the match comes to
//! the same, its packet leaves these parts out; if not, they are in it: a correction.

use super::mind::Mind;
use crate::ids::{NetId, Tick};
use crate::sync::replicate::{Packer, Replicate};
use crate::sync::schema::{ComponentId, Schema};
use crate::sync::{Prediction, Replica};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The server repeats a missing input for so many ticks.
const REPEATED_MOST: u32 = 20;
/// At most so many ticks are played again.
const AHEAD_MOST: u32 = 64;

/// An input that comes less than this before it is needed, in 1/8 tick, is nearly too late.
const NARROWLY: i8 = 2;
/// And one that comes earlier than this has time to lose: more than the tick by which inputs are apart.
const AMPLY: i8 = 12;
/// After so many of those in a row less lead is tried.
const AMPLY_IN_A_ROW: u32 = 100;
/// The server keeps inputs for so many ticks ahead.
const LEAD_MOST: u32 = 6;

/// One's own entity after some tick, as it is foreseen.
#[derive(Clone, Debug)]
pub struct Own {
    schema: Arc<Schema>,
    lanes: BTreeMap<ComponentId, Vec<u32>>,
}

impl Own {
    /// A component of it.
    #[must_use]
    pub fn get<C: Replicate>(&self) -> Option<C> {
        Some(C::from_lanes(self.lanes.get(&self.schema.find(C::NAME)?)?))
    }

    /// What a component of it becomes. It is as exact as it travels; one that it has not is none
    /// afterwards either, and references to entities are not kept.
    pub fn set<C: Replicate>(&mut self, value: &C) {
        let component = self.schema.find(C::NAME);
        if let Some(lanes) = component.and_then(|component| self.lanes.get_mut(&component)) {
            lanes.clear();
            value.pack(&mut Packer::new(lanes, &|_| NetId(0)));
        }
    }
}

/// All of one's own, after a tick.
type State = BTreeMap<NetId, Own>;

/// What a player foresees.
#[derive(Debug, Default)]
pub(super) struct Foresight {
    /// What its controls said.
    inputs: BTreeMap<Tick, Vec<u8>>,
    /// What the server was told that comes of it.
    claims: BTreeMap<Tick, Prediction>,
    states: BTreeMap<Tick, State>,
    /// The last tick that is foreseen.
    last: Tick,
    /// The tick of the last packet.
    base: Tick,
    /// What the server held the controls to say, and when it last did.
    held: Option<(Tick, Vec<u8>)>,
    /// For how many ticks later than the next one its inputs are, to be there in time.
    lead: u32,
    /// Inputs up to this one were said before that changed.
    heeded: Tick,
    amply_in_a_row: u32,
}

impl Foresight {
    /// The controls say this in a tick; gives what is to be told with them.
    pub(super) fn say(
        &mut self,
        tick: Tick,
        controls: &[u8],
        replica: &Replica,
        mind: &mut dyn Mind,
    ) -> Option<u32> {
        // What was said and foreseen for later was for a time that did not come.
        self.inputs.split_off(&tick);
        self.last = self.last.min(Tick(tick.0.saturating_sub(1).max(self.base.0)));
        self.inputs.insert(tick, controls.to_vec());
        let from = Tick(self.last.0.max(tick.0.saturating_sub(AHEAD_MOST)));
        self.play(from, tick, replica, mind);
        if tick <= self.base || self.claims.contains_key(&tick) {
            // What was told of a tick the server may still believe, so nothing else is.
            return None;
        }
        let state = self.states.get(&tick).filter(|state| !state.is_empty())?;
        let mut claim = Prediction::default();
        for (id, own) in state {
            own.lanes.iter().for_each(|(component, lanes)| claim.set(*id, *component, lanes));
        }
        let checksum = claim.checksum();
        self.claims.insert(tick, claim);
        Some(checksum)
    }

    /// Inputs begin anew at an earlier tick: what is learned of them counts again.
    pub(super) fn begin_anew(&mut self) {
        (self.heeded, self.amply_in_a_row) = (Tick(0), 0);
    }

    /// For how many ticks later than the server's next one an input is to be.
    pub(super) fn lead(&self) -> u32 {
        self.lead
    }

    /// An input for this tick came so long before it was needed, in 1/8 tick; the newest is for that one.
    pub(super) fn learn(&mut self, applied: Tick, early: i8, newest: Tick) {
        if applied <= self.heeded {
            return;
        }
        self.amply_in_a_row = if early > AMPLY { self.amply_in_a_row + 1 } else { 0 };
        let (before, is_ample) = (self.lead, self.amply_in_a_row > AMPLY_IN_A_ROW);
        if early < NARROWLY {
            self.lead = (before + 1).min(LEAD_MOST);
        } else if is_ample {
            self.lead = before.saturating_sub(1);
        }
        if self.lead != before {
            (self.heeded, self.amply_in_a_row) = (newest, 0);
        }
    }

    /// What the server was told of a tick.
    pub(super) fn claim(&self, tick: Tick) -> Option<&Prediction> {
        self.claims.get(&tick)
    }

    /// Takes what a packet said, in which the input of a tick is applied; gives how many of its own are
    /// something else than was foreseen.
    pub(super) fn receive(
        &mut self,
        replica: &Replica,
        applied: Option<Tick>,
        mind: &mut dyn Mind,
    ) -> u64 {
        let (tick, truth) = (replica.tick(), truth(replica));
        if let Some(controls) = applied.and_then(|applied| self.inputs.get(&applied)) {
            self.held = Some((tick, controls.clone()));
        }
        self.base = tick;
        let before = self.states.get(&tick);
        let is_known = |id: &NetId| before.and_then(|state| state.get(id));
        let is_wrong = |(id, own): (&NetId, &Own)| is_known(id).map(|it| it.lanes != own.lanes);
        let judged: Vec<Option<bool>> = truth.iter().map(is_wrong).collect();
        let corrections = judged.iter().filter(|it| **it == Some(true)).count();
        let is_right = judged.iter().all(|it| *it == Some(false))
            && before.is_some_and(|state| state.len() == truth.len());
        if !is_right {
            self.states.insert(tick, truth);
            let last = self.last.max(tick).min(Tick(tick.0.saturating_add(AHEAD_MOST)));
            self.play(tick, last, replica, mind);
        }
        // What the server was told it may believe, however far ahead that was.
        let oldest = Tick(tick.0.saturating_sub(REPEATED_MOST));
        self.inputs.retain(|at, _| *at >= oldest);
        self.claims.retain(|at, _| *at >= tick);
        let known = tick..=self.last;
        self.states.retain(|at, _| known.contains(at));
        corrections as u64
    }

    /// Plays all ticks after one up to another.
    fn play(&mut self, from: Tick, to: Tick, replica: &Replica, mind: &mut dyn Mind) {
        let known = self.states.get(&from).or_else(|| self.states.get(&self.last));
        let mut state = known.cloned().unwrap_or_else(|| truth(replica));
        for tick in (from.0 + 1..=to.0).map(Tick) {
            let idle;
            let controls = match self.controls(tick) {
                Some(controls) => controls,
                None => {
                    idle = mind.idle();
                    &idle
                }
            };
            state.values_mut().for_each(|own| mind.foresee(own, controls, tick, replica.seen()));
            self.states.insert(tick, state.clone());
        }
        self.last = to.max(from);
    }

    /// What the server will take the controls of a tick to say; none: nothing.
    fn controls(&self, tick: Tick) -> Option<&[u8]> {
        let first = self.base.0.max(tick.0.saturating_sub(REPEATED_MOST + 1)) + 1;
        // Where the first is after the last there is nothing, and a range would panic.
        let said = (first <= tick.0).then(|| self.inputs.range(Tick(first)..=tick).next_back());
        if let Some((_, said)) = said.flatten() {
            return Some(said);
        }
        let held = self.held.as_ref().filter(|(at, _)| tick.since(*at) <= REPEATED_MOST);
        held.map(|(_, controls)| &**controls)
    }
}

/// What the last packet said of one's own.
fn truth(replica: &Replica) -> State {
    let own = replica.entities().filter(|id| replica.is_own(*id));
    own.map(|id| {
        let lanes = replica.components(id).map(|component| {
            let mut lanes = Vec::new();
            replica.lanes(id, component, &mut lanes);
            (component, lanes)
        });
        (id, Own { schema: replica.schema().clone(), lanes: lanes.collect() })
    })
    .collect()
}

//! What a player sees: for bots, which know nothing else.
//!
//! A bot in a client's seat sees a replica, one that fills an empty seat what a replica would have of
//! the match. Both become the same here. Walls hide nothing: players look down on the field, over all
//! walls, and so do bots.

use super::avatar::{Body, Dash};
use super::field::{Field, Ground, Wall};
use super::health::{Health, Shield};
use super::pickup::{Gift, Pickup};
use super::player::Profile;
use super::team::Side;
use super::weapon::Arms;
use std::collections::BTreeMap;
use tickwire::ids::Tick;
use tickwire::prelude::{NetId, PlayerId};
use tickwire::sync::Seen;

/// Somebody's avatar.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// Its name.
    pub id: NetId,
    /// Whose it is.
    pub player: PlayerId,
    /// On whose side it is.
    pub side: Option<Side>,
    /// Where it is, in units.
    pub at: [f32; 2],
    /// Whether it cannot be hurt now.
    pub is_safe: bool,
}

/// Something to take.
#[derive(Clone, Copy, Debug)]
pub struct Lure {
    /// What it gives.
    pub gift: Gift,
    /// Where it lies, in units.
    pub at: [f32; 2],
}

/// Oneself.
#[derive(Clone, Copy, Debug)]
pub struct Own {
    /// Which figure it is.
    pub figure: Figure,
    /// What health is left.
    pub health: u8,
    /// What there is to fire.
    pub arms: Arms,
    /// When it may dash again.
    pub dash: Tick,
}

/// All that a player sees in a tick.
#[derive(Clone, Copy, Debug)]
pub struct Sight<'a> {
    /// The tick.
    pub now: Tick,
    /// Oneself.
    pub own: Own,
    /// The avatars in view, one's own among them.
    pub figures: &'a [Figure],
    /// What there is to take in view.
    pub lures: &'a [Lure],
    /// The walls.
    pub field: &'a Field,
}

impl Sight<'_> {
    /// Those whom one may shoot at.
    pub fn foes(&self) -> impl Iterator<Item = &Figure> {
        let own = self.own.figure;
        let is_foe = move |other: &&Figure| {
            other.player != own.player && (own.side.is_none() || other.side != own.side)
        };
        self.figures.iter().filter(is_foe)
    }
}

/// What a client has seen, put together for a bot.
#[derive(Debug, Default)]
pub struct Glance {
    field: Option<Field>,
    figures: Vec<Figure>,
    lures: Vec<Lure>,
    sides: BTreeMap<PlayerId, Option<Side>>,
}

impl Glance {
    /// The field with its walls, which do not change.
    pub fn field(&mut self, view: Seen<'_>) -> Option<&Field> {
        if self.field.is_none() {
            let (mut ground, mut walls) = (None, Vec::new());
            view.each(|_, _, found: Ground| ground = Some(found));
            view.each(|_, _, wall: Wall| walls.push(wall));
            self.field = Some(Field::seen(&ground?, walls.into_iter()));
        }
        self.field.as_ref()
    }

    /// What is seen from a seat, as long as its avatar is there.
    pub fn of<'a>(&'a mut self, view: Seen<'_>, player: PlayerId) -> Option<Sight<'a>> {
        self.field(view)?;
        self.figures.clear();
        self.lures.clear();
        view.each(|id, owner, body: Body| {
            let figure = |player| Figure { id, player, side: None, at: body.at(), is_safe: false };
            self.figures.extend(owner.map(figure));
        });
        let mut shielded = Vec::new();
        view.each(|id, _, _: Shield| shielded.push(id));
        shielded.sort_unstable();
        for figure in &mut self.figures {
            figure.is_safe = shielded.binary_search(&figure.id).is_ok();
        }
        view.each(|_, _, pickup: Pickup| {
            let lure = Lure { gift: pickup.gift, at: [pickup.x, pickup.y] };
            self.lures.extend(pickup.is_there.then_some(lure));
        });
        self.take_sides(view);
        let figure = *self.figures.iter().find(|figure| figure.player == player)?;
        let own = Own {
            figure,
            health: view.get(figure.id).map_or(0, |health: Health| health.now),
            arms: view.get(figure.id).unwrap_or_default(),
            dash: view.get(figure.id).map_or(Tick(0), |dash: Dash| dash.ready),
        };
        let (figures, lures, now) = (&self.figures[..], &self.lures[..], view.tick());
        Some(Sight { now, own, figures, lures, field: self.field.as_ref()? })
    }

    /// Who is on whose side; looked up anew only if somebody is there who was not before.
    fn take_sides(&mut self, view: Seen<'_>) {
        if self.recall_sides() {
            return;
        }
        self.sides.clear();
        view.each(|_, owner, profile: Profile| {
            self.sides.extend(owner.map(|owner| (owner, profile.side)));
        });
        self.recall_sides();
    }

    /// Puts all on the sides that they had; says whether all had one, or were known to have none.
    fn recall_sides(&mut self) -> bool {
        let mut knows_all = true;
        for figure in &mut self.figures {
            let side = self.sides.get(&figure.player);
            knows_all &= side.is_some();
            figure.side = side.copied().flatten();
        }
        knows_all
    }
}

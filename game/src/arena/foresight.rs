//! What a player knows of its avatar ahead of the server.

use super::avatar::{Body, Dash, Velocity, moved, mover};
use super::control::Input;
use super::field::Field;
use super::round::Round;
use super::weapon::{Arms, Grip, Kind};
use tickwire::cli::Own;
use tickwire::ids::Tick;
use tickwire::sync::Seen;

/// Lets a tick pass for one's avatar: it runs and reloads as it is told, and nothing else happens to it.
pub fn step(own: &mut Own, input: &Input, tick: Tick, field: &Field, is_live: bool) {
    let controls = input.controls();
    if let (Some(body), Some(velocity), Some(dash)) = (own.get(), own.get(), own.get()) {
        let mut mover = mover(&body, &velocity, &dash);
        mover.step(&controls, tick.0, field.ground());
        let (body, velocity, dash): (Body, Velocity, Dash) = moved(&mover);
        own.set(&body);
        own.set(&velocity);
        own.set(&dash);
    }
    if let (Some(arms), Some(grip)) = (own.get::<Arms>(), own.get::<Grip>()) {
        let mut held = arms.held(&grip);
        held.step(&controls, tick.0, is_live);
        own.set(&Arms::of(&held));
        own.set(&Grip { weapon: Kind::of(held.weapon) });
    }
}

/// Whether shots count in this tick: not between rounds.
pub fn is_live(view: Seen<'_>, tick: Tick) -> bool {
    let mut is_live = true;
    view.each(|_, _, round: Round| {
        is_live = !round.is_over || round.next.is_some_and(|next| tick > next);
    });
    is_live
}

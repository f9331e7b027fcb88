//! What a bot does besides playing, at random.

use super::{Around, Bot, Mood, SECOND};
use crate::deeds::{Deed, noise};
use mio::Token;
use tickwire::ids::Tick;
use tickwire::load::wire::{BINARY, PING, Wire};
use tickwire::protocol::native::{FromClient, Input, Stage};

/// What a greedy bot asks for before it stalls, which is as much as it may: answers that fill what the
/// network keeps for it, then pongs that wait in the server itself.
const ANSWERS: usize = 1500;
const PAYLOAD: [u8; 125] = [7; 125];
const PONGS: usize = 1700;
/// What is no message may not go on for ever.
const BETWEEN: usize = 100;

impl Bot {
    pub(super) fn follow_a_whim(&mut self, around: &mut Around<'_>) {
        let now = around.now;
        if matches!(self.session.stage(), Stage::Opened | Stage::Greeted) {
            // What is said before the welcome is another mistake than is meant.
            self.next_whim = now + SECOND;
            return;
        }
        let is_in = self.seat.is_some() && self.session.stage() == Stage::Joined;
        let chance = self.random.below(100);
        let (whim, act): (_, fn(&mut Self, &mut Around<'_>)) = match chance {
            0..15 if is_in => ("leaving", Self::leave),
            15..37 => ("coming back", Self::lose_and_come_back),
            37..45 => ("a loss", Self::lose_for_ever),
            45..50 => ("a goodbye", |bot, around| bot.commit(Deed::Goodbye, around)),
            50..63 => ("a stall", Self::stall),
            63..75 if is_in => ("keyframes", Self::ask_keyframes),
            75..83 if is_in => ("odd inputs", Self::say_odd_inputs),
            83..100 => ("a lie", |bot, around| {
                let lie = *bot.random.pick(&Deed::LIES).unwrap_or(&Deed::Silence);
                bot.commit(lie, around);
            }),
            _ => {
                self.next_whim = now + SECOND;
                return;
            }
        };
        self.last_whim = whim;
        act(self, around);
    }

    fn leave(&mut self, around: &mut Around<'_>) {
        around.shared.tally.leaves += 1;
        self.say(&FromClient::Leave);
    }

    fn lose_and_come_back(&mut self, around: &mut Around<'_>) {
        self.lose(around);
        self.comes_back = true;
        // As soon as can be, soon, or perhaps too late.
        let pause = self.random.below(3) as f32 * self.random.between(0.0, 4.0);
        self.mood = Mood::Away { until: around.now + SECOND.mul_f32(pause) };
    }

    fn lose_for_ever(&mut self, around: &mut Around<'_>) {
        self.lose(around);
        self.renew(around);
    }

    fn lose(&mut self, around: &mut Around<'_>) {
        around.shared.tally.losses += 1;
        self.seat = None;
        if let Some(wire) = self.wire.take().filter(|_| self.random.one_in(2)) {
            wire.reset();
        }
    }

    fn stall(&mut self, around: &mut Around<'_>) {
        let pause = SECOND.mul_f32(self.random.between(1.0, 10.0));
        let is_mute = self.random.one_in(2);
        around.shared.tally.stalls += 1;
        // Twice would be more than it may.
        let is_greedy = !self.is_greedy && self.random.one_in(2);
        if let Some(wire) = self.wire.as_mut().filter(|_| is_greedy) {
            around.shared.tally.greedy_stalls += 1;
            self.is_greedy = true;
            let mut packet = Vec::new();
            FromClient::Ping { sent_us: u64::MAX / 2 }.encode(&mut packet);
            for number in 0..ANSWERS {
                if number.is_multiple_of(BETWEEN) {
                    wire.frame(BINARY, &packet);
                }
                wire.frame(PING, &PAYLOAD);
            }
            (0..PONGS).for_each(|_| wire.frame(BINARY, &packet));
            wire.flush();
        }
        self.mood = Mood::Stalls { until: around.now + pause, is_mute };
    }

    fn ask_keyframes(&mut self, around: &mut Around<'_>) {
        for _ in 0..=self.random.below(3) {
            around.shared.tally.keyframes_asked += 1;
            self.say(&FromClient::Keyframe);
        }
    }

    /// Inputs that are of no use, which harms nobody but who says them.
    fn say_odd_inputs(&mut self, around: &mut Around<'_>) {
        for _ in 0..self.random.below(30) {
            around.shared.tally.odd_inputs += 1;
            let wild = Tick(self.random.bits() as u32);
            let near =
                Tick(self.tick(around.now).0.wrapping_add(self.random.below(20)).wrapping_sub(10));
            let tick = if self.random.one_in(20) { wild } else { near };
            let seen = self.random.one_in(2).then_some((wild, 7));
            let predicted = self.random.one_in(2).then_some(wild.0);
            let first = self.random.bits() as u8;
            let controls = noise(&mut self.random, first, 40);
            self.say(&FromClient::Input(Input { tick, seen, predicted, controls: &controls }));
        }
    }

    fn commit(&mut self, deed: Deed, around: &mut Around<'_>) {
        if deed.is_at_door() {
            self.lose(around);
            let token = Token(self.number);
            self.wire = Wire::connect(around.address, token, around.registry, None).ok();
        }
        self.mood = Mood::Doomed { deed, since: around.now };
        if let Some(wire) = &mut self.wire {
            deed.commit(wire, &mut self.random);
        }
    }
}

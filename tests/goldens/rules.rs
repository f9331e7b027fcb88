//! What the arena's rules make of an avatar, tick by tick: for those who predict it.

use super::golden;
use arena_rules::{CELLS, GROUND, Weapon, step_flat};
use game::arena::Input;
use game::arena::control::Buttons;
use game::arena::field::Field;
use serde_json::{Value, json};
use tickwire::prelude::Random;
use tickwire::sim::encode_input;

const AVATAR: std::ops::Range<usize> = arena_rules::AVATAR..arena_rules::AVATAR + 13;
const TICKS: i32 = 250;

fn ground(field: &Field, row: &mut [i32]) {
    row[GROUND] = (field.side() / 8.0) as i32;
    for (wall, cells) in field.walls().zip(row[GROUND + 1..].chunks_exact_mut(4)) {
        let corners = [wall.x, wall.y, wall.x + wall.width, wall.y + wall.height];
        cells.copy_from_slice(&corners.map(|length| (length * 128.0) as i32));
    }
}

/// Somebody who changes their mind now and then, through a field.
fn run(seed: u64) -> Value {
    let mut random = Random::from_seed(seed);
    let field = Field::by_chance(24 + seed as u16 * 16, &mut random);
    let mut row = vec![0; CELLS];
    ground(&field, &mut row);
    let at = (field.side() * 64.0) as i32;
    row[AVATAR].copy_from_slice(&[at, at, 0, 0, 0, 0, 0, 0, 12, 8, 2, 0, 0]);
    let start = row.clone();
    let mut steps = Vec::new();
    for now in 1..=TICKS {
        if random.one_in(9) {
            let [x, y] =
                [(); 2].map(|()| (random.below(255) as i32 - 127) * random.below(2) as i32);
            (row[1], row[2], row[4]) = (x, y, random.below(8) as i32);
        }
        if random.one_in(30) {
            row[5] = random.below(3) as i32;
        }
        (row[0], row[3]) = (now, random.below(65_536) as i32);
        row[6] = i32::from(now % 100 < 90);
        let controls = row[..7].to_vec();
        let fires = step_flat(&mut row);
        steps.push(json!([controls, row[AVATAR].to_vec(), fires]));
    }
    let used = start.iter().rposition(|cell| *cell != 0).map_or(0, |last| last + 1);
    json!({ "row": start[..used].to_vec(), "steps": steps })
}

/// Controls, and the bytes that they travel as.
fn controls() -> Value {
    let mut random = Random::from_seed(9);
    let one = |(aim, bits): (u16, u8)| {
        let [move_x, move_y] = [(); 2].map(|()| random.below(255) as i32 as i8);
        let buttons = Buttons(bits & 15).holding(Weapon::of(bits >> 4));
        let input = Input { move_x, move_y, aim, buttons };
        json!([[move_x, move_y, aim, bits & 15, bits >> 4], encode_input(&input)])
    };
    let aims = [0, 1, 250, 251, 255, 256, 4660, 65_535];
    let bits = [0, 1, 2, 4, 8, 16, 31, 47];
    aims.into_iter().zip(bits).map(one).collect()
}

#[test]
fn the_rules_of_an_avatar_are_written_down() {
    let mut lines = vec![controls()];
    lines.extend((0..4).map(run));
    golden("rules.jsonl", &lines);
}

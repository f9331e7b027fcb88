//! How the arena looks in a terminal.

use super::avatar::Body;
use super::bot::Bot;
use super::control::Buttons;
use super::field::{Ground, Wall};
use super::health::{Health, Shield};
use super::pickup::{Gift, Pickup};
use super::player::{Profile, Standing};
use super::projectile::Shot;
use super::score::Score;
use super::{Arena, HERTZ_MOST, Input, Options};
use tickwire::cli::{Bot as Player, Canvas, Color, Files, Load, Offer, Own, Show};
use tickwire::prelude::*;
use tickwire::sync::{Replica, Seen};

/// Matches of more players than this have the large field.
const SMALL_MATCH: u32 = 12;
/// Square units of the field for each of those who load a server.
const ROOM_EACH: f64 = 120.0;
const NAMES: [&str; 12] =
    ["Ada", "Bo", "Cleo", "Dov", "Edda", "Finn", "Gus", "Hana", "Ivo", "June", "Kai", "Lou"];
const COLORS: [Color; 6] =
    [Color::Cyan, Color::Magenta, Color::Yellow, Color::Green, Color::Red, Color::Blue];

impl Player<Input> for Bot {
    fn think(&mut self, view: Seen<'_>) -> Input {
        Self::think(self, view)
    }

    fn foresee(&mut self, own: &mut Own, input: &Input, tick: Tick, view: Seen<'_>) {
        Self::foresee(self, own, input, tick, view);
    }
}

/// What browsers are given, by path.
const PAGES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/pages.rs"));

fn color(player: PlayerId) -> Color {
    COLORS[player.0 as usize % COLORS.len()]
}

/// Which way an avatar looks, as one of eight arrows.
fn arrow(aim: f32) -> char {
    let eighth = (aim / std::f32::consts::TAU * 8.0).round() as usize % 8;
    ['→', '↘', '↓', '↙', '←', '↖', '↑', '↗'][eighth]
}

impl Show for Arena {
    fn game() -> Self {
        Self
    }

    fn options(players: u32) -> Options {
        let small = Options { rounds: 0, ..Options::default() };
        let large = Options { interest: false, rounds: 0, ..Options::large() };
        if players > SMALL_MATCH { large } else { small }
    }

    fn offers() -> Vec<Offer<Options>> {
        let hosted = Options { bots: 6, goal: 200, seconds: 300, rounds: 0, ..Options::default() };
        let teams = Options { teams: 2, bots: 8, goal: 300, ..hosted };
        vec![
            Offer { name: "arena", players: 16, options: hosted },
            Offer { name: "teams", players: 16, options: teams },
            Offer { name: "crowd", players: 32, options: Options { side: 80, bots: 16, ..hosted } },
        ]
    }

    fn pages() -> Files {
        let mut pages = Files::default();
        PAGES.iter().for_each(|(path, bytes)| pages.insert(path, *bytes));
        pages
    }

    fn bot(seed: u64, player: PlayerId) -> Box<dyn Player<Input> + Send> {
        Box::new(Bot::new(seed, player))
    }

    const FORESEES: bool = true;

    fn wander(random: &mut Random) -> Input {
        let bits = random.bits().to_le_bytes();
        Input {
            move_x: bits[0] as i8,
            move_y: bits[1] as i8,
            aim: u16::from_le_bytes([bits[2], bits[3]]),
            buttons: Buttons::default().with(Buttons::FIRE, bits[4] & 1 == 1),
        }
    }

    fn under_load(load: Load) -> Option<Options> {
        let hertz = load.hertz.unwrap_or(0);
        let hertz = u8::try_from(hertz).ok().filter(|hertz| *hertz <= HERTZ_MOST)?;
        let base = if load.interest { Options::large() } else { Self::options(load.players) };
        // So much room for each that it stays a game.
        let side = (f64::from(load.players) * ROOM_EACH).sqrt() as u16;
        let side = side.max(base.side);
        Some(Options { goal: 0, seconds: 0, rounds: 1, bots: 0, side, hertz, ..base })
    }

    fn by_chance(players: u32, random: &mut Random) -> Options {
        Options {
            side: 24 + 8 * random.below(10) as u16,
            walls: !random.one_in(4),
            teams: if random.one_in(2) { 0 } else { 2 + random.below(3) as u8 },
            goal: 20 + random.below(200),
            seconds: 20 + random.below(100),
            rounds: 0,
            bots: if random.one_in(2) { 0 } else { random.below(players + 4) as u8 },
            interest: random.one_in(2),
            hertz: 0,
        }
    }

    fn name(player: PlayerId) -> String {
        let name = NAMES[(player.0 as usize + NAMES.len() - 1) % NAMES.len()];
        let round = player.0.saturating_sub(1) as usize / NAMES.len();
        if round == 0 { name.into() } else { format!("{name} {}", round + 1) }
    }

    fn draw(view: &Replica, canvas: &mut Canvas) {
        let side = view.entities().find_map(|id| view.get::<Ground>(id)).map_or(1.0, |g| g.side);
        draw_things(view, canvas, side);
        draw_scores(view, canvas);
    }
}

fn draw_things(view: &Replica, canvas: &mut Canvas, side: f32) {
    for id in view.entities() {
        if let Some(wall) = view.get::<Wall>(id) {
            let from = [wall.x / side, wall.y / side];
            let to = [(wall.x + wall.width) / side, (wall.y + wall.height) / side];
            canvas.fill(from, to, '▒', Color::Dim);
        } else if let Some(pickup) = view.get::<Pickup>(id).filter(|pickup| pickup.is_there) {
            let (letter, color) = match pickup.gift {
                Gift::Health => ('+', Color::Green),
                Gift::Shield => ('◊', Color::Cyan),
                Gift::Shells => ('⁝', Color::Yellow),
                Gift::Rockets => ('↟', Color::Red),
            };
            canvas.put(pickup.x / side, pickup.y / side, letter, color);
        } else if let Some(shot) = view.get::<Shot>(id) {
            let age = view.tick().since(shot.since) as f32;
            let [x, y] = shot.at(age);
            canvas.put(x / side, y / side, '•', Color::Plain);
        }
    }
    for id in view.entities() {
        let Some(body) = view.get::<Body>(id) else { continue };
        let color = view.owner(id).map_or(Color::Plain, color);
        let letter = if view.get::<Shield>(id).is_some() { '◉' } else { '●' };
        canvas.put(body.x / side, body.y / side, letter, color);
        let ahead = 1.4 * side / 48.0;
        let (x, y) = direction(body.aim);
        canvas.put(
            (body.x + x * ahead) / side,
            (body.y + y * ahead) / side,
            arrow(body.aim),
            color,
        );
    }
}

/// Only for pictures, so the machine's own sine will do.
fn direction(aim: f32) -> (f32, f32) {
    (aim.cos(), aim.sin())
}

fn draw_scores(view: &Replica, canvas: &mut Canvas) {
    let mut rows: Vec<(u32, PlayerId, String)> = view
        .entities()
        .filter_map(|id| {
            let (profile, score) = (view.get::<Profile>(id)?, view.get::<Score>(id)?);
            let avatar = view.get::<Standing>(id).and_then(|standing| standing.avatar);
            let avatar = avatar.map(|avatar| NetId(avatar.index_u32()));
            let health = avatar.and_then(|avatar| view.get::<Health>(avatar)).map_or(0, |h| h.now);
            let bar = "█".repeat(usize::from(health).div_ceil(10));
            let Score { points, kills, deaths, .. } = score;
            let row =
                format!("{:10} {points:4} points {kills:3}:{deaths:<3} {bar:10}", profile.name);
            Some((points, view.owner(id)?, row))
        })
        .collect();
    rows.sort_by_key(|(points, player, _)| (u32::MAX - points, *player));
    for (_, player, row) in rows.iter().take(8) {
        canvas.line(row, color(*player));
    }
}

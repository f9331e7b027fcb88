//! Counts what is allocated: nothing, in the steady state of a stream.
#![allow(unsafe_code)]

use crate::zoo::{Options, Zoo};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;
use tickwire::ids::PlayerId;
use tickwire::prelude::*;
use tickwire::sync::field::FieldKind;
use tickwire::sync::schema::{Audience, ComponentId, ComponentSchema, FieldSchema, Motion, Schema};
use tickwire::sync::{Entry, Handle, Replica, Stream, View};

/// Counts the allocations of each thread.
struct Counting;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
    static BYTES: Cell<i64> = const { Cell::new(0) };
}

// SAFETY: everything is handed on to the system's allocator; counting touches only thread-local
// cells that need no allocation and no destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        BYTES.set(BYTES.get() + layout.size() as i64);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        BYTES.set(BYTES.get() - layout.size() as i64);
        // SAFETY: the pointer came from `alloc` above, with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How many allocations `run` makes.
fn allocations(run: impl FnOnce()) -> u64 {
    let before = COUNT.get();
    run();
    COUNT.get() - before
}

/// Walkers that walk, lights that blink, purses that are hidden, shots that come and go.
struct Crowd {
    stream: Stream,
    walkers: Vec<(Handle, [u32; 2], [i32; 2])>,
    shots: std::collections::VecDeque<Handle>,
    chance: Random,
    shoots: bool,
}

fn schema() -> Arc<Schema> {
    let field = |name: &str, max, motion| FieldSchema {
        name: name.into(),
        kind: FieldKind::Int { min: 0, max },
        motion,
    };
    let component = |name: &str, audience, fields| {
        ComponentSchema::new(name, audience, fields).expect("a component")
    };
    let place = vec![field("x", 65535, Motion::Steady), field("y", 65535, Motion::Steady)];
    let components = vec![
        component("Place", Audience::Everyone, place),
        component("Light", Audience::Everyone, vec![field("light", 9, Motion::Hold)]),
        component("Purse", Audience::Owner, vec![field("coins", 999, Motion::Hold)]),
    ];
    Arc::new(Schema::new(components).expect("a schema"))
}

impl Crowd {
    fn new(schema: &Arc<Schema>, size: u32, shoots: bool) -> Self {
        let mut stream = Stream::new(schema.clone(), false);
        let all = [ComponentId(0), ComponentId(1), ComponentId(2)];
        let walkers = (0..size)
            .map(|index| {
                let place = [20_000 + index, 30_000];
                let entry = Entry { owner: Some(PlayerId(index % 20)), ..Entry::default() };
                let handle = stream.spawn(entry, &all, &[place[0], place[1], 0, 5]);
                (handle, place, [3, -2])
            })
            .collect();
        (0..20).for_each(|player| stream.join(PlayerId(player), View::default()));
        Self { stream, walkers, shots: Default::default(), chance: Random::from_seed(4), shoots }
    }

    fn tick(&mut self) {
        for (handle, place, velocity) in &mut self.walkers {
            if self.chance.one_in(9) {
                *velocity = [0; 2].map(|_: i32| self.chance.below(9) as i32 - 4);
                let light = self.chance.below(10);
                self.stream.set(*handle, ComponentId(1), &[light]);
                self.stream.set(*handle, ComponentId(2), &[light * 9]);
            }
            for (at, by) in place.iter_mut().zip(*velocity) {
                *at = at.wrapping_add_signed(by) & 65535;
            }
            self.stream.set(*handle, ComponentId(0), place);
        }
        if self.shoots {
            self.shoot();
        }
        self.stream.encode();
    }

    fn shoot(&mut self) {
        if self.shots.len() > 20 {
            let oldest = self.shots.pop_front().expect("there are some");
            self.stream.despawn(oldest);
        }
        let from = [self.chance.below(65536), self.chance.below(65536)];
        let shot = self.stream.spawn(Entry::default(), &[ComponentId(0)], &from);
        self.shots.push_back(shot);
    }
}

/// Plays a crowd for long, and checks what both halves allocate in ticks that tell no new table.
fn check(shoots: bool, receiving_most: u64) {
    let schema = schema();
    let mut crowd = Crowd::new(&schema, 40, shoots);
    let mut replica = Replica::new(schema, PlayerId(0), false);
    crowd.tick();
    replica.receive(&crowd.stream.keyframe(PlayerId(0))).expect("a keyframe");
    let mut packet = Vec::new();
    let mut steady = 0;
    for tick in 0..5000 {
        let sending = allocations(|| {
            crowd.tick();
            for player in (0..20).rev() {
                crowd.stream.delta().gather(PlayerId(player), &mut packet);
            }
        });
        let receiving = allocations(|| assert!(replica.receive(&packet).is_ok()));
        // Now and then a new table is told; the longer the match, the less.
        if tick > 2500 && !crowd.stream.told_news() {
            steady += 1;
            assert_eq!(sending, 0, "the sending half, at tick {tick}");
            assert!(receiving <= receiving_most, "the receiving half: {receiving} at tick {tick}");
        }
    }
    assert!(steady > 1500, "only {steady} of 2499 ticks told nothing new for the room");
}

#[test]
fn a_stream_in_its_steady_state_allocates_nothing_on_either_side() {
    check(false, 0);
}

#[test]
fn what_comes_and_goes_costs_the_sender_no_allocation_and_the_receiver_a_few() {
    check(true, 12);
}

#[test]
fn an_empty_match_takes_at_most_256_kib() {
    let before = BYTES.get();
    let mut game = Match::new(Zoo::default(), Options { grid: true, teams: true }, 1);
    (0..3).for_each(|_| assert!(game.tick(&TickInputs::default()).outcome.is_none()));
    let zoo = BYTES.get() - before;
    let before = BYTES.get();
    let mut arena = Match::new(game::arena::Arena, Default::default(), 1);
    (0..3).for_each(|_| assert!(arena.tick(&TickInputs::default()).outcome.is_none()));
    let arena = BYTES.get() - before;
    println!("a match of the zoo takes {} KiB, one of the arena {} KiB", zoo / 1024, arena / 1024);
    assert!(zoo.max(arena) <= 256 * 1024, "{zoo} and {arena} bytes");
}

#[test]
fn a_match_that_goes_on_and_on_takes_no_more_memory() {
    let options = game::arena::Options { bots: 8, rounds: 0, seconds: 60, ..Default::default() };
    let before = BYTES.get();
    let mut arena = Match::new(game::arena::Arena, options, 1);
    let mut sizes = Vec::new();
    for minute in 0..8 {
        for _ in 0..1200 {
            arena.tick(&TickInputs::default());
        }
        sizes.push((BYTES.get() - before) / 1024);
        println!("after {} minutes: {} KiB", minute + 1, sizes[minute]);
    }
    assert!(sizes[7] <= sizes[2] + sizes[2] / 20, "{sizes:?} KiB");
}

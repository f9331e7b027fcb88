//! The rules for a browser: it puts numbers into the row, and takes them out again.
#![allow(unsafe_code, unreachable_pub)] // Only for the two names, which nothing else in the module has.

use crate::flat::{CELLS, step_flat};
use std::sync::atomic::{AtomicI32, Ordering};

static ROW: [AtomicI32; CELLS] = [const { AtomicI32::new(0) }; CELLS];

/// Where the row is.
#[unsafe(no_mangle)]
pub extern "C" fn row() -> *const AtomicI32 {
    ROW.as_ptr()
}

/// Lets a tick pass; says whether the avatar fires.
#[unsafe(no_mangle)]
pub extern "C" fn step() -> i32 {
    let mut cells: Vec<i32> = ROW.iter().map(|cell| cell.load(Ordering::Relaxed)).collect();
    let fires = step_flat(&mut cells);
    ROW.iter().zip(cells).for_each(|(cell, value)| cell.store(value, Ordering::Relaxed));
    fires.into()
}

//! x

pub mod ids;
pub mod prelude;
pub mod sync;

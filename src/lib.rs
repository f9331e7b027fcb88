//! x

pub mod ids;
pub mod prelude;
pub mod sim;
pub mod sync;

//! The demo: games that show what a match can be.
//!
//! | folder | what lives there |
//! |---|---|
//! | [`arena`] | a top-down shooter, alone or in teams, and its bots |

pub mod arena;

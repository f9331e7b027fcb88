//! Why a match cannot be made or restored, or an input not be used.

use crate::sync::StreamError;

/// What can be wrong with bytes that a match is given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SimError {
    /// An input that is not one of the game's.
    #[error("the input is not one of this game's")]
    BadInput,
    /// A checkpoint of something else.
    #[error("a checkpoint of {found}, not of {expected}")]
    OtherGame {
        /// The game that it is of.
        found: String,
        /// The game that was asked for.
        expected: String,
    },
    /// Bytes that are no checkpoint, or not a whole one.
    #[error("the checkpoint is damaged: {0}")]
    Damaged(&'static str),
    /// A stream in the checkpoint that cannot be.
    #[error("the checkpoint's stream is damaged: {0}")]
    Stream(#[from] StreamError),
    /// Options that are not the game's.
    #[error("the options are not those of this game: {0}")]
    BadOptions(String),
}

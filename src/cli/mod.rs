//! The commands of a game's binary.

//! Simulated players and clients against real servers.

mod socketio;

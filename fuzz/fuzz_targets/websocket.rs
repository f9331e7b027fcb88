//! Hostile frames of WebSockets: however they are cut, the same is heard, and little is kept.
//!
//! The first byte says how long the pieces are in which the rest comes.
#![no_main]

use std::ops::ControlFlow;
use tickwire::protocol::websocket::{FrameError, Reader};

const MOST: usize = 4096;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let [piece, rest @ ..] = bytes {
        let whole = heard(rest, rest.len().max(1));
        assert_eq!(heard(rest, usize::from(*piece) + 1), whole, "it matters how the bytes are cut");
    }
});

fn heard(bytes: &[u8], piece: usize) -> (Vec<String>, Result<(), FrameError>) {
    let mut reader = Reader::new(MOST);
    let mut all = Vec::new();
    for piece in bytes.chunks(piece) {
        let mut hear = |heard: tickwire::protocol::websocket::Heard<'_>| {
            all.push(format!("{heard:?}"));
            ControlFlow::Continue(())
        };
        if let Err(error) = reader.take(&mut piece.to_vec(), &mut hear) {
            return (all, Err(error));
        }
        assert!(reader.held() <= 2 * MOST + bytes.len().min(14), "{reader:?}");
    }
    (all, Ok(()))
}

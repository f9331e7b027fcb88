//! A hostile keyframe, and packets after it.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tickwire_fuzz::keyframe(bytes));

//! Hostile packets for viewers who sing together.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tickwire_fuzz::chorus(bytes));

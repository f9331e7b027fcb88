//! Hostile packets for a viewer that started honestly.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tickwire_fuzz::packet(bytes));

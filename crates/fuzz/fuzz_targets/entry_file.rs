//! libFuzzer's door to `fuzz::entry_file`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::entry_file(data));

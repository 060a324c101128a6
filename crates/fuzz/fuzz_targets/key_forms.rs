//! libFuzzer's door to `fuzz::key_forms`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::key_forms(data));

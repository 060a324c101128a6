//! libFuzzer's door to `fuzz::api_error`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::api_error(data));

//! libFuzzer's door to `fuzz::instance_ids`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::instance_ids(data));

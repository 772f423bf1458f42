//! What it promises is in `keys` of the library beside it.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| chat_goals_fuzz::keys::run(data));

//! What it promises is in `status` of the library beside it.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| chat_goals_fuzz::status::run(data));

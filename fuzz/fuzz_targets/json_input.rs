//! What it promises is in `json_input` of the library beside it.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| chat_goals_fuzz::json_input::run(data));

//! What the fuzz targets do with their bytes: one module a target, whose `run` panics where a promise is broken.
//!
//! `tests/hostile` includes this very file, and replays the corpus through the same functions. Nothing here knows
//! libFuzzer, reads a file or prints.

pub mod filter;
pub mod inbox;
pub mod json_input;
pub mod keys;
pub mod notes;
pub mod protobuf_input;
pub mod rows;
pub mod seeds;
pub mod source;
pub mod spoken;
pub mod status;

/// A target by its name, and what it does with an input.
pub type Target = (&'static str, fn(&[u8]));

/// Every target by its name, which is also that of its folder in `fuzz/corpus`.
pub const TARGETS: [Target; 8] = [
    ("filter", filter::run),
    ("inbox", inbox::run),
    ("json_input", json_input::run),
    ("keys", keys::run),
    ("notes", notes::run),
    ("protobuf_input", protobuf_input::run),
    ("rows", rows::run),
    ("status", status::run),
];

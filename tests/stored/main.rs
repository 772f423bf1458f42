//! State that earlier releases left behind, as it lay on their disks and in their changelogs: this one goes on from it, or
//! says why not. `cargo test --release --test stored`.
//!
//! `1-1/` was left by format 1 under rules 1: `rows/` (a RocksDB folder), `changelogs.jsonl` (every changelog record, in
//! the order of the log) and `rows.jsonl` (what is in them, as `chat-goals state dump` prints it). A release that raises
//! a version adds a folder of its own and changes none of the others:
//! `cargo test --release --test stored -- --ignored leave_the_state_of_this_release`.
//!
//! Reading order: [`release`] (what a release leaves, and how it is taken up), then the tests.

mod damage;
mod made;
mod release;
mod versions;

//! The read model: what was published of chats, managers and dead letters, the settings, and the facts behind each
//! status, in a RocksDB of this process, asked by filter and page. It derives no status: it shows what readers were told.
//!
//! [`questions`] and [`answers`] are all that its users see. Everything is answered from one snapshot, so an answer never
//! mixes two moments; which revision of a chat it shows is in it.

pub mod answers;
pub mod questions;

//! Rows between two commits: decoded in a bounded cache ([`table`]), their lookups ([`index`]), RocksDB behind
//! both ([`store`]), and a number for everything that a partition holds ([`digest`]). Nothing uncommitted is ever on disk.
//!
//! Knows bytes, partitions and offsets; no goal, no log, no time.

pub mod digest;
pub mod index;
pub mod store;
pub mod table;

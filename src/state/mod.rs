//! Rows between two commits: decoded in a bounded cache ([`table`]), their lookups ([`index`]), and RocksDB behind
//! both ([`store`]). Nothing uncommitted is ever on disk.
//!
//! Knows bytes, partitions and offsets; no goal, no log, no time.

pub mod index;
pub mod store;
pub mod table;

//! The read side: a [`model`] that follows the output topics into a RocksDB of its own, and the HTTP [`api`] over it.
//! Any number of instances; each keeps where it was, and goes on from there. It never folds and never writes to the log.

pub mod model;

//! The read side: a [`model`] that follows the output topics into a RocksDB of its own, the HTTP [`api`] over it, and the
//! [`dashboard`]. Any number of instances; each keeps where it was, and goes on from there. It never folds and never
//! writes to the log.

pub mod dashboard;
pub mod model;

//! The simulator: a whole deployment in one thread, driven by one seed. Several processes with their workers, both
//! barriers, rebalances, state on real RocksDB and a real protocol on the log in memory, with everything that can go
//! wrong around them; in the end statuses, counters, changes, rows and a rebuild are held against the plain fold.
//!
//! Reading order: [`scenario`] (what a seed means), [`fault`] (what can go wrong), [`workload`] and [`platform`] (what is
//! written), [`world`] (whose turn it is), [`fate`] with [`sim_log`] and [`disk`] (what happens inside of a call), [`run`]
//! (a run from begin to verdict), [`expectation`], [`outputs`], [`verify`], [`punctual`] and [`rebuild`] (the verdict), [`search`] (many
//! seeds, and what is left of a failing one). The code of the product runs as it is; what it does in threads elsewhere it
//! does by steps here.

pub mod dice;
mod disk;
pub mod expectation;
mod fate;
pub mod fault;
pub mod outputs;
mod platform;
mod punctual;
mod rebuild;
mod run;
pub mod scenario;
mod search;
mod sim_log;
mod verify;
pub mod workload;
mod world;

pub use run::{Outcome, run};
pub use search::{Search, shrink};

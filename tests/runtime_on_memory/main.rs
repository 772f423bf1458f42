//! The runtime on the log in memory, with everything that can go wrong around it:
//! `cargo test --release --test runtime_on_memory`.
//!
//! What is published is compared, record by record, with what `fold` makes of the same records. The wall clock is a
//! number that the tests move. Waiting is polling for a condition, up to a limit that means failure; nothing is
//! proved by time that passes.
//!
//! Reading order: [`world`] (the log, the clock and the processes), [`mischief`], [`watched`] and [`blocked`] (what goes
//! wrong inside of them), then the tests. What platforms write and what must come of it they share with the simulator.

mod blocked;
mod mischief;
mod stepped;
mod watched;
mod world;

mod audit;
mod beside;
mod clock;
mod faults;
mod idle;
mod passing;
mod reached;
mod restarts;
mod settings;
mod settled;
mod stopped;
mod telemetry;

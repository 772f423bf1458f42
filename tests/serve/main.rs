//! `chat-goals serve` on the log in memory: `cargo test --release --test serve`.
//!
//! The real runtime folds records, the real read model follows what it publishes, and everything is asked over real HTTP
//! on a free port. What is answered is compared with what `fold` makes of the same records. [`model`] alone asks the model without all that. Waiting is polling for a
//! condition, up to a limit that means failure.
//!
//! Reading order: [`world`] (the log, the processor and what is served), [`client`], then the tests.

mod client;
mod naive;
mod world;

mod answers;
mod described;
mod events;
mod generations;
mod model;
mod pages;
mod protocol;
mod restarts;

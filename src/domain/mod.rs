//! The rules, as pure functions of facts, settings and a clock.
//!
//! Reading order: [`time`] and [`ids`] (the nouns), [`goal`] (what is wanted, A3 and A5) with [`lookup`] (where its
//! conditions look), [`settings`] (a channel's histories, A), [`conversation`] (a chat as a state machine, B), [`rounds`] (derived from its facts, C),
//! [`status`] (what users see, D), [`credit`] (who gets the credit and what is counted, E), [`seal`] (what may be
//! forgotten, H3). [`paged`] is the list that long histories are kept in, [`events`] what is kept in it, and
//! [`progress`] spares a long one from being derived from its beginning.
//!
//! Nothing here reads a clock, does input or output, waits, logs or rolls dice; no other folder is used.

pub mod conversation;
pub mod credit;
pub mod events;
pub mod goal;
pub mod ids;
pub mod lookup;
pub mod paged;
pub mod progress;
pub mod rounds;
pub mod seal;
pub mod settings;
pub mod status;
pub mod time;

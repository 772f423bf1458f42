//! The ingest bridge: a chat platform's webhooks and tracked events come in over HTTP and go into the input topics. An answer
//! is given only when Kafka has the records, and everything that is sent twice makes the same records twice.
//!
//! [`channel_talk`] and [`tracked`] say what a body means ([`outcome`]), pure and whatever the body is; [`records`] puts it
//! into the contract's words; [`desk`] writes it; [`api`] is what is heard and answered; [`reach`] knows whether the brokers answer. It keeps nothing, decides nothing
//! about goals, and no text of a message ever leaves it.

pub mod api;
pub mod channel_talk;
pub mod counts;
pub mod desk;
pub mod outcome;
pub mod reach;
pub mod records;
pub mod tracked;

//! The configuration: what the program's settings are, and how a file, the environment and flags become one
//! `Config`. It never starts anything, and apart from the configuration file and the secret files that it
//! names, it touches nothing.
//!
//! # Layout
//! - `settings` every table and key, with its documentation, default and limits: the one source of all that
//!   follows.
//! - `schema` the macro behind it, and how one value is read and written.
//! - `sources` file < environment < flags, merged, with every problem found on the way.
//! - `kafka_properties` what is passed on to librdkafka, what is not, and which of it is secret.
//! - `checks` what only shows when settings are seen together.
//! - `telemetry` where it listens, if at all.
//! - `names` the consumer group and the topics that the generation names.
//! - `unknown` the nearest name to one that does not exist.
//! - `template` the commented TOML.
//! - `error` what is wrong, and where it was written.

#[macro_use]
mod schema;
mod checks;
mod error;
mod kafka_properties;
mod names;
mod settings;
mod sources;
mod telemetry;
mod template;
mod unknown;

pub use error::{ConfigError, Place, Problem};
pub use kafka_properties::KafkaProperties;
pub use settings::{
    Clock, Commit, Config, Create, Group, Ingest, Kafka, Log, LogFormat, LogLevel, Rules, State, Telemetry,
    Topics, Wire, WireForm, Workers,
};

//! chat-goals tells, for every chat, whether its goal is in process, missed or achieved, and counts for managers:
//! an event-sourced stream processor over Kafka, exactly once.
//!
//! ```text
//!  chat.events ──────────────► ┌───────┐ ── goal.status-changed ─────► downstream
//!    (key chatId)              │ chats │ ── dead-letters
//!    chats.inbox ────────────► └───────┘ ── customers.inbox ("chat X names customer U")
//!                               │    ▲   └─ managers.inbox  ("chat X adds +1 achieved to M on D")
//!  customer.events ──────────► ┌──────────┐
//!    (key customerId)          │customers │ ── chats.inbox ("event E, matching goals G, for chat X")
//!    customers.inbox ────────► └──────────┘ ── customers.inbox (to the customers merged with this one)
//!  managers.inbox ───────────► ┌──────────┐
//!                              │ managers │ ── manager.goal-counters
//!  goal.changes ─ read whole by every instance, in memory
//! ```
//!
//! # Layout, in reading order
//!
//! | folder | what it is | what it never does |
//! |---|---|---|
//! | [`domain`] | the rules: settings, conversation, rounds, status, credit | read a clock, do IO, log; use another folder |
//! | [`stages`] | three folds over rows: chats, customers, managers | store a row, read a topic |
//! | [`contract`] | bytes to domain and back, JSON and protobuf | decide anything about goals |
//! | [`log`] | partitioned topics with groups and transactions: Kafka, and in memory | know what the bytes mean |
//! | [`state`] | rows in RocksDB with a cache, and their lookups | write what is not committed |
//! | [`pipeline`] | the three stages put together for the partitions that are here | wait, or know an offset |
//! | [`runtime`] | workers: fold, commit, restore; the two barriers | know a goal |
//! | [`config`] | the settings, documented where they are defined | read anything but its sources |
//! | [`explain`] | why a chat shows what it shows: facts with the rule that counts them or not | read or print anything |
//! | [`inspect`] | what an operator asks of a running deployment, read from the log | join a group |
//! | [`answers`] | what is told of chats, settings, progress and dead letters, as data | ask anybody |
//! | [`http`] | what everything that answers over HTTP shares: server, errors, token | know a chat or a log |
//! | [`ingest`] | webhooks and tracked events over HTTP into the input topics | keep anything, decide anything about goals |
//! | [`telemetry`] | what a process tells over HTTP: metrics, health; dashboards and alerts to go with them | ask a broker, or change what it looks at |
//! | [`serve`] | a read model that follows the outputs, the HTTP API over it, and the dashboard | fold, or write to the log |
//! | [`demo`] | a simulated chat platform, a live view, and the dashboard beside it | touch a broker |
//! | [`simulate`] | a whole deployment in one thread, driven by a seed, with everything that can go wrong | run in production |
//! | [`at_rest`] | rows at rest: state folders, and the audit of everything against everything | change anything |
//! | [`cli`] | one file a command | compute |
//!
//! Arrows point one way, up this table; `tests/architecture.rs` checks them.

pub mod answers;
pub mod at_rest;
pub mod cli;
pub mod config;
pub mod contract;
pub mod demo;
pub mod domain;
pub mod explain;
pub mod http;
pub mod ingest;
pub mod inspect;
pub mod log;
pub mod pipeline;
pub mod planted;
pub mod runtime;
pub mod serve;
pub mod simulate;
pub mod stages;
pub mod state;
pub mod telemetry;

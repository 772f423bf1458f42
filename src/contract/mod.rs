//! Bytes to domain and back: the only place that knows how records look.
//!
//! [`json`] and [`protobuf`] read and write the same records, [`check`] holds what both find bad, [`keys`] the keys
//! of the counters, [`documents`] what is published about all of it. Decides nothing about goals.

#[cfg(test)]
mod arbitrary;
pub mod check;
pub mod documents;
pub mod json;
pub mod keys;
pub mod protobuf;
pub mod records;

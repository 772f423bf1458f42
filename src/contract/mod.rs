//! Bytes to domain and back: the only place that knows how records look.
//!
//! [`json`] and [`protobuf`] read and write the same records, [`check`] holds what both find bad, [`keys`] the keys
//! of the counters. Decides nothing about goals.

pub mod check;
pub mod json;
pub mod keys;
pub mod protobuf;
pub mod records;

//! The proto3 JSON mapping of the records: inputs to what the stages take, results to what is published, and back for whoever
//! reads what was published. And stored rows, for people to look at.

pub mod input;
pub mod output;
pub mod published;
pub mod rows;

pub mod cli;
pub mod config;
pub mod contract;
pub mod domain;
pub mod log;
pub mod pipeline;
pub mod stages;
pub mod state;

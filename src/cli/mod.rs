//! The command line: one file a command. Each returns its exit code: 0 done, 1 failed, 2 wrong usage, and what the
//! command says of others.

mod audit;
mod config;
mod demo;
mod fold;
mod lines;
mod listing;
mod progress;
mod run;
mod settings;
mod simulate;
mod state;
mod topics;

use crate::domain::time::Timestamp;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Tracks one goal per chat channel, exactly once
#[derive(Parser)]
#[command(name = "chat-goals", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the processor: from Kafka to Kafka, exactly once
    Run(run::Args),
    /// Create or check the topics
    #[command(subcommand)]
    Topics(topics::Command),
    /// Print the configuration
    #[command(subcommand)]
    Config(config::Command),
    /// Look at a state folder, also beside the process that runs on it
    #[command(subcommand)]
    State(state::Command),
    /// Hold notes, changelogs, a disk and the published topics against each other; exit code 4 if anything differs
    Audit(audit::Args),
    /// Show the processor at work on a simulated chat platform, with no broker
    Demo(demo::Args),
    /// Fold lines of JSON, with no broker
    Fold(fold::Args),
    /// Search for faults: whole deployments in one thread, driven by seeds
    Simulate(simulate::Args),
}

/// Does what the command line says.
pub fn run(cli: &Cli) -> anyhow::Result<ExitCode> {
    match &cli.command {
        Command::Run(args) => run::run(args),
        Command::Topics(command) => topics::run(command),
        Command::Config(command) => config::run(command),
        Command::State(command) => state::run(command),
        Command::Audit(args) => audit::run(args),
        Command::Demo(args) => demo::run(args),
        Command::Fold(args) => fold::run(args),
        Command::Simulate(args) => simulate::run(args),
    }
}

/// A time on the command line: RFC 3339 or whole epoch milliseconds.
fn time(text: &str) -> Result<Timestamp, String> {
    crate::contract::json::input::time_argument(text)
}

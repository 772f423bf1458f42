//! The command line: one file a command; those that only ask are in [`ask`]. Each returns its exit code: 0 done, 1 failed,
//! 2 wrong usage, and what the command says of others.

mod ask;
mod audit;
mod completions;
mod config;
mod contract;
mod demo;
mod diff;
mod fold;
mod generate;
mod generations;
mod health;
mod ingest;
mod lines;
mod listing;
mod man;
mod progress;
mod promote;
mod rebuild;
mod retire;
mod run;
mod serve;
mod settings;
mod signals;
mod simulate;
mod state;
mod telemetry;
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
    /// Run the generation after the configured one beside it: everything is folded anew, and nothing published yet
    Rebuild(rebuild::Args),
    /// Say what a rebuild would change for readers; exit code 4 if anything
    Diff(diff::Args),
    /// End the configured generation and let the rebuilt one publish what differs, and go on
    Promote(promote::Args),
    /// Delete the topics and the group of the generation before the configured one
    Retire(retire::Args),
    Serve(serve::Args),
    #[command(after_help = ask::EXIT_CODES)]
    Chat(ask::chat::Args),
    #[command(after_help = ask::EXIT_CODES)]
    Managers(ask::managers::Args),
    #[command(after_help = ask::EXIT_CODES)]
    Goals(ask::goals::Args),
    #[command(after_help = ask::EXIT_CODES)]
    Status(ask::status::Args),
    /// List, show or re-send records that could not be understood
    #[command(subcommand, after_help = ask::EXIT_CODES)]
    DeadLetters(ask::dead_letters::Command),
    /// Take a chat platform's webhooks and tracked events over HTTP into the input topics
    Ingest(ingest::Args),
    /// Create or check the topics
    #[command(subcommand)]
    Topics(topics::Command),
    /// Print the configuration
    #[command(subcommand)]
    Config(config::Command),
    /// Print the published contract: schemas, JSON Schemas, or an AsyncAPI document
    #[command(subcommand)]
    Contract(contract::Command),
    /// Look at a state folder, also beside the process that runs on it
    #[command(subcommand)]
    State(state::Command),
    /// Hold notes, changelogs, a disk and the published topics against each other; exit code 4 if anything differs
    Audit(audit::Args),
    /// Print what is shipped to look at a deployment with: dashboards, alert rules
    #[command(subcommand)]
    Generate(generate::Command),
    /// Show the processor at work on a simulated chat platform, with no broker
    Demo(demo::Args),
    /// Fold lines of JSON, with no broker
    Fold(fold::Args),
    /// Search for faults: whole deployments in one thread, driven by seeds
    Simulate(simulate::Args),
    /// Ask a running processor whether it is well: exit code 0 or 1
    Health(health::Args),
    /// Print what a shell needs to complete command lines of chat-goals
    Completions(completions::Args),
    /// Write a man page for each command
    Man(man::Args),
}

/// Does what the command line says.
pub fn run(cli: &Cli) -> anyhow::Result<ExitCode> {
    match &cli.command {
        Command::Run(args) => run::run(args),
        Command::Rebuild(args) => rebuild::run(args),
        Command::Diff(args) => diff::run(args),
        Command::Promote(args) => promote::run(args),
        Command::Retire(args) => retire::run(args),
        Command::Serve(args) => serve::run(args),
        Command::Chat(args) => ask::chat::run(args),
        Command::Managers(args) => ask::managers::run(args),
        Command::Goals(args) => ask::goals::run(args),
        Command::Status(args) => ask::status::run(args),
        Command::DeadLetters(command) => ask::dead_letters::run(command),
        Command::Ingest(args) => ingest::run(args),
        Command::Topics(command) => topics::run(command),
        Command::Config(command) => config::run(command),
        Command::Contract(command) => contract::run(command),
        Command::State(command) => state::run(command),
        Command::Audit(args) => audit::run(args),
        Command::Generate(command) => generate::run(command),
        Command::Demo(args) => demo::run(args),
        Command::Fold(args) => fold::run(args),
        Command::Simulate(args) => simulate::run(args),
        Command::Health(args) => health::run(args),
        Command::Completions(args) => completions::run(args),
        Command::Man(args) => man::run(args),
    }
}

/// A time on the command line: RFC 3339 or whole epoch milliseconds.
fn time(text: &str) -> Result<Timestamp, String> {
    crate::contract::json::input::time_argument(text)
}

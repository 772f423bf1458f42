//! `chat-goals topics create|check`: the topics that the processor needs.

use super::run::connect;
use super::settings::ConfigArgs;
use crate::log::Log as _;
use crate::runtime::topology;
use std::io::Write as _;
use std::process::ExitCode;

#[derive(clap::Subcommand)]
pub enum Command {
    /// Create the topics that do not exist yet
    Create(Args),
    /// Say what is wrong with the topics that exist; exit code 1 if anything is
    Check(Args),
}

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: ConfigArgs,
}

pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Create(args) => create(args),
        Command::Check(args) => check(args),
    }
}

fn create(args: &Args) -> anyhow::Result<ExitCode> {
    let config = args.config.load()?;
    let log = connect(&config)?;
    let missing = topology::missing(&config, &log)?;
    log.create_topics(&missing)?;
    let mut out = std::io::stdout().lock();
    for topic in &missing {
        let settings: Vec<String> =
            topic.settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
        writeln!(out, "created {} ({} partitions, {})", topic.name, topic.partitions, settings.join(", "))?;
    }
    if missing.is_empty() {
        writeln!(out, "all topics exist")?;
    }
    report(&topology::check(&config, &log)?)
}

fn check(args: &Args) -> anyhow::Result<ExitCode> {
    let config = args.config.load()?;
    let problems = topology::check(&config, &connect(&config)?)?;
    if problems.is_empty() {
        writeln!(std::io::stdout(), "the topics are right")?;
    }
    report(&problems)
}

fn report(problems: &[String]) -> anyhow::Result<ExitCode> {
    for problem in problems {
        eprintln!("chat-goals: {problem}");
    }
    Ok(if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

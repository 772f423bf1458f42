//! `chat-goals config template|show`: the commented configuration, and the one in force.

use super::settings::ConfigArgs;
use crate::config::Config;
use std::io::Write as _;
use std::process::ExitCode;

#[derive(clap::Subcommand)]
pub enum Command {
    /// Print a configuration file with every setting, its meaning and its default
    Template,
    /// Print the settings in force, without secrets
    Show(Args),
}

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: ConfigArgs,
}

pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    match command {
        Command::Template => write!(out, "{}", Config::template())?,
        Command::Show(args) => writeln!(out, "{:#?}", args.config.load()?)?,
    }
    Ok(ExitCode::SUCCESS)
}

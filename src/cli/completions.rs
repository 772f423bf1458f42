//! `chat-goals completions`: what a shell needs to complete a command line. It is printed, and installs nothing.

use super::Cli;
use clap::CommandFactory as _;
use clap_complete::{Shell, generate};
use std::process::ExitCode;

#[derive(clap::Args)]
pub struct Args {
    /// The shell to complete in
    shell: Shell,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut completions = Vec::new();
    generate(args.shell, &mut Cli::command(), "chat-goals", &mut completions);
    std::io::Write::write_all(&mut std::io::stdout(), &completions)?;
    Ok(ExitCode::SUCCESS)
}

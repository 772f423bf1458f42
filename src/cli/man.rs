//! `chat-goals man`: man pages made from the command line's own help, one for each command. It writes into one folder.

use super::Cli;
use anyhow::Context as _;
use clap::{Command, CommandFactory as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What is at the foot of each page.
const SOURCE: &str = concat!("chat-goals ", env!("CARGO_PKG_VERSION"));

/// An argument that is there and empty: pages do not depend on when they are made.
const NO_DATE: &str = "\"\"";

#[derive(clap::Args)]
pub struct Args {
    /// Where to write them, as `chat-goals-run.1` and so on; the folder is made if it is missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let out = &args.out;
    std::fs::create_dir_all(out).with_context(|| format!("the folder {} cannot be made", out.display()))?;
    let mut program = Cli::command().disable_help_subcommand(true);
    program.build();
    write(&program, out)?;
    Ok(ExitCode::SUCCESS)
}

/// One page for this command, and those of the commands below it.
fn write(command: &Command, out: &Path) -> anyhow::Result<()> {
    let page = clap_mangen::Man::new(command.clone()).date(NO_DATE).source(SOURCE).manual("chat-goals");
    let path = out.join(page.get_filename());
    page.generate_to(out).with_context(|| format!("{} cannot be written", path.display()))?;
    command.get_subcommands().try_for_each(|below| write(below, out))
}

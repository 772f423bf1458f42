//! `chat-goals retire`: deletes the topics and the group of the generation before the configured one, which has to have
//! handed over. It asks first.

use super::generations::{before, topology};
use super::run::connect;
use super::settings::{ConfigArgs, start_logging};
use crate::log::Log as _;
use crate::runtime::handover::fence::marked;
use crate::runtime::handover::progress::Standing;
use crate::runtime::topology::internal_topics;
use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: ConfigArgs,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let config = args.config.load()?;
    start_logging(&config.log);
    let log = connect(&config)?;
    let old_config = before(&config)?;
    let names = internal_topics(&old_config);
    let found = log.topics(&names.iter().map(String::as_str).collect::<Vec<_>>(), &[])?;
    if found.len() == names.len() {
        // Broken off before, it cannot be asked any more, and need not be.
        let (old, new) = (topology(&log, &old_config)?, topology(&log, &config)?);
        let (done, all) = marked(&log, &old, config.group.generation)?;
        anyhow::ensure!(
            done == all,
            "generation {} has not handed over: {done} of {all} tasks have; hint: chat-goals promote",
            old_config.group.generation
        );
        // Where the old one ended is what the new one goes by until then.
        let standing = Standing::look(&log, &old, &new)?;
        anyhow::ensure!(
            standing.has_taken_over(),
            "generation {} has not taken over yet: {} of {} tasks have; hint: chat-goals rebuild, as before",
            config.group.generation,
            standing.taken_over,
            standing.tasks
        );
    }
    let mut out = std::io::stdout().lock();
    for topic in &found {
        writeln!(out, "topic {} ({} partitions)", topic.name, topic.partitions)?;
    }
    writeln!(out, "group {}", old_config.consumer_group())?;
    if !args.yes && !is_confirmed()? {
        eprintln!("chat-goals: nothing was deleted");
        return Ok(ExitCode::FAILURE);
    }
    // The group last: as long as any topic is there its marks say that nobody may work on it.
    let topics: Vec<String> = found.into_iter().map(|topic| topic.name).collect();
    log.delete_topics(&topics)?;
    log.delete_group(&old_config.consumer_group())?;
    writeln!(out, "deleted")?;
    Ok(ExitCode::SUCCESS)
}

fn is_confirmed() -> anyhow::Result<bool> {
    anyhow::ensure!(std::io::stdin().is_terminal(), "there is nobody to ask; hint: --yes");
    eprint!("Delete these for good? [y/N] ");
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

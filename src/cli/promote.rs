//! `chat-goals promote`: ends the configured generation for good and waits until the one after it, which `rebuild` runs, has
//! taken over. Broken off anywhere it may be said again. What the old one had under way is published by the new one, with
//! the cause REBUILD.

use super::generations::{after, topology};
use super::run::connect;
use super::settings::{ConfigArgs, start_logging};
use crate::runtime::handover::fence::{fence, marked};
use crate::runtime::handover::progress::Standing;
use std::process::ExitCode;
use std::time::{Duration, Instant};

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: ConfigArgs,
    /// Take over even while the rebuild is not level with the running generation: readers wait meanwhile
    #[arg(long)]
    force: bool,
    /// How long a step may take, in seconds
    #[arg(long, default_value_t = 300)]
    patience: u64,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let old_config = args.config.load()?;
    let config = after(&old_config);
    start_logging(&config.log);
    let log = connect(&config)?;
    let (old, new) = (topology(&log, &old_config)?, topology(&log, &config)?);
    let (generation, patience) = (config.group.generation, Duration::from_secs(args.patience));
    let standing = Standing::look(&log, &old, &new)?;
    let (done, all) = marked(&log, &old, generation)?;
    if done == 0 && !args.force {
        anyhow::ensure!(
            standing.has_begun,
            "generation {generation} has folded nothing yet; hint: chat-goals rebuild"
        );
        // Records come all the while: nearly level is level.
        anyhow::ensure!(
            standing.percent() >= 99.0 || standing.left() < 10_000,
            "the rebuild has folded {:.1}% of what generation {} has; hint: wait for `chat-goals rebuild`, or --force",
            standing.percent(),
            generation - 1
        );
    }
    let mut said = usize::MAX;
    fence(&log, &old, generation, patience, |done, all| {
        if done != said {
            eprintln!("generation {}: {done} of {all} tasks have ended for good", generation - 1);
            said = done;
        }
    })?;
    eprintln!("generation {}: all {all} tasks have ended for good", generation - 1);
    let until = Instant::now() + patience;
    let mut said = usize::MAX;
    loop {
        let standing = Standing::look(&log, &old, &new)?;
        if standing.taken_over != said {
            eprintln!(
                "generation {generation}: {} of {} tasks have taken over",
                standing.taken_over, standing.tasks
            );
            said = standing.taken_over;
        }
        if standing.has_taken_over() {
            eprintln!("generation {generation} publishes; set `group.generation = {generation}` from now on");
            return Ok(ExitCode::SUCCESS);
        }
        anyhow::ensure!(
            Instant::now() < until,
            "generation {generation} has not taken over yet; is `chat-goals rebuild` running? Nothing is lost: it will when it runs"
        );
        std::thread::sleep(Duration::from_millis(300));
    }
}

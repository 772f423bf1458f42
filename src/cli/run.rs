//! `chat-goals run`: the processor. It checks the topics first, and stops gracefully on SIGTERM and SIGINT.

use super::generations;
use super::settings::{ConfigArgs, start_logging};
use super::signals::Signals;
use super::telemetry::Place;
use crate::config::Config;
use crate::log::Log as _;
use crate::log::kafka::{KafkaLog, KafkaTuning};
use crate::runtime::Runtime;
use crate::runtime::handover::{self, fence};
use crate::runtime::note::Note;
use crate::runtime::topology::{self, Topology};
use std::process::ExitCode;
use std::sync::Arc;

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: ConfigArgs,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let config = args.config.load()?;
    start_logging(&config.log);
    let place = Place::take(&config)?;
    let log = connect(&config)?;
    let problems = topology::check(&config, &log)?;
    if !problems.is_empty() {
        for problem in &problems {
            eprintln!("chat-goals: {problem}");
        }
        anyhow::bail!("the topics are not right, so nothing was started");
    }
    let topology = Topology::load(&log, &config)?.map_err(|problems| anyhow::anyhow!(problems.join("\n")))?;
    if let Some(next) = fence::handed_to(&log, &topology)? {
        anyhow::bail!(
            "generation {next} has taken over from {}; hint: `group.generation = {next}`",
            topology.group
        );
    }
    let old = unfinished_takeover(&log, &config, &topology)?;
    let wall = Arc::new(|| chrono::Utc::now().timestamp_millis());
    let runtime = Runtime::start_as(log, &config, topology, wall, old)?;
    until_stopped(&config, place, runtime)
}

/// The generation before, if this one has not taken over from it yet: then it goes on as a rebuild.
fn unfinished_takeover(
    log: &KafkaLog,
    config: &Config,
    topology: &Topology,
) -> anyhow::Result<Option<Topology>> {
    if config.group.generation == 1 {
        return Ok(None);
    }
    let inboxes = handover::inboxes(topology);
    // What has been taken over once is never held again, so a restart need not wait for what was left open.
    let so_far = log.committed_so_far(&topology.group, &inboxes)?;
    let has_run = so_far.iter().any(|position| position.next.is_some());
    if has_run && !so_far.iter().any(|position| Note::decode(&position.note).held) {
        return Ok(None);
    }
    let positions = log.committed(&topology.group, &inboxes)?;
    let is_held = positions.iter().any(|position| Note::decode(&position.note).held);
    let is_new = positions.iter().all(|position| position.next.is_none());
    if !is_held && !is_new {
        return Ok(None);
    }
    let old_config = generations::before(config)?;
    match Topology::load(log, &old_config)? {
        Ok(old) if is_held => {
            tracing::warn!(
                "this generation is a rebuild that has not been promoted: nothing is published yet"
            );
            Ok(Some(old))
        }
        Ok(old) => {
            let has_run = log.committed(&old.group, &handover::inboxes(&old))?;
            anyhow::ensure!(
                has_run.iter().all(|position| position.next.is_none()),
                "generation {} has never run, and generation {} has: all would be published again; \
                 hint: chat-goals rebuild",
                config.group.generation,
                old_config.group.generation
            );
            Ok(None)
        }
        Err(problems) if is_held => {
            anyhow::bail!(
                "this generation has not taken over from generation {} yet and needs its topics:\n{}",
                old_config.group.generation,
                problems.join("\n")
            )
        }
        Err(_) => Ok(None),
    }
}

/// Lets a runtime run until a signal comes or its workers end, and tells of it meanwhile.
pub fn until_stopped(config: &Config, place: Place, runtime: Runtime) -> anyhow::Result<ExitCode> {
    let answering = place.answer(config, &runtime)?;
    let signals = Signals::catch()?;
    // Only from here on does a signal let it leave.
    tracing::info!(group = config.consumer_group(), workers = config.workers.count, "running");
    signals.until_stopped(|| runtime.is_running(), || answering.leave(), answering.unready);
    tracing::info!("stopping");
    let handed_to = runtime.handed_to();
    let stopped = runtime.stop();
    answering.stop();
    stopped?;
    if let Some(next) = handed_to {
        anyhow::bail!("generation {next} has taken over; hint: `group.generation = {next}`");
    }
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// The Kafka cluster of a configuration.
pub fn connect(config: &Config) -> anyhow::Result<KafkaLog> {
    let properties: Vec<(String, String)> =
        config.kafka.properties.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Ok(KafkaLog::connect(&config.kafka.bootstrap, &properties, KafkaTuning::default())?)
}

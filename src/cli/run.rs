//! `chat-goals run`: the processor. It checks the topics first, and stops gracefully on SIGTERM and SIGINT.

use super::settings::{ConfigArgs, start_logging};
use crate::config::Config;
use crate::log::kafka::{KafkaLog, KafkaTuning};
use crate::runtime::Runtime;
use crate::runtime::topology::{self, Topology};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: ConfigArgs,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let config = args.config.load()?;
    start_logging(&config.log);
    let log = connect(&config)?;
    let problems = topology::check(&config, &log)?;
    if !problems.is_empty() {
        for problem in &problems {
            eprintln!("chat-goals: {problem}");
        }
        anyhow::bail!("the topics are not right, so nothing was started");
    }
    let topology = Topology::load(&log, &config)?.map_err(|problems| anyhow::anyhow!(problems.join("\n")))?;
    // The signals are caught before anything runs that must be stopped in order.
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let wall = Arc::new(|| chrono::Utc::now().timestamp_millis());
        let runtime = Runtime::start(log, &config, topology, wall)?;
        tracing::info!(group = config.consumer_group(), workers = config.workers.count, "running");
        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
                () = tokio::time::sleep(Duration::from_millis(200)) => {
                    if !runtime.is_running() {
                        break;
                    }
                }
            }
        }
        tracing::info!("stopping");
        runtime.stop()?;
        tracing::info!("stopped");
        Ok(ExitCode::SUCCESS)
    })
}

/// The Kafka cluster of a configuration.
pub fn connect(config: &Config) -> anyhow::Result<KafkaLog> {
    let properties: Vec<(String, String)> =
        config.kafka.properties.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Ok(KafkaLog::connect(&config.kafka.bootstrap, &properties, KafkaTuning::default())?)
}

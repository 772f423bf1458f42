//! `chat-goals serve`: a read model of what was published, and an HTTP API over it. It stops gracefully on SIGTERM and
//! SIGINT.

use super::run::connect;
use super::settings::{ConfigArgs, start_logging};
use crate::serve::api::document::document;
use crate::serve::service::Service;
use axum::Router;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// Serve an HTTP API over what was published
///
/// It follows the output topics and the changelog of the chats into a database of its own (`serve.state_dir`), joins no
/// group and writes no record: any number may run. A restart goes on where it was. `--state-dir` is short for
/// `--set serve.state_dir=…` here.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: ConfigArgs,
    /// Print the OpenAPI document of the API, and end
    #[arg(long)]
    openapi: bool,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if args.openapi {
        writeln!(std::io::stdout().lock(), "{}", serde_json::to_string_pretty(&document(false))?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut config = args.config.load()?;
    if args.config.names_state_dir() {
        config.serve.state_dir.clone_from(&config.state.dir);
    }
    start_logging(&config.log);
    let log = connect(&config)?;
    let wall = Arc::new(|| chrono::Utc::now().timestamp_millis());
    // Probes and metrics of this process are merged in here.
    let service = Service::start(log, &config, wall, |_| Router::new())?;
    tracing::info!("serving at http://{}", service.address());
    until_stopped(service)
}

fn until_stopped(service: Service) -> anyhow::Result<ExitCode> {
    const LOOK_EVERY: Duration = Duration::from_millis(200);
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
                () = tokio::time::sleep(LOOK_EVERY) => if !service.is_running() { break },
            }
        }
        anyhow::Ok(())
    })?;
    tracing::info!("stopping");
    service.stop()?;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

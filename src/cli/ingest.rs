//! `chat-goals ingest`: webhooks and tracked events over HTTP into the input topics, until SIGTERM or SIGINT.

use super::run::connect;
use super::settings::{ConfigArgs, start_logging};
use crate::config::Ingest;
use crate::http::server::Server;
use crate::ingest::api::{Bridge, router};
use crate::ingest::counts::Counts;
use crate::ingest::desk::Desk;
use crate::telemetry::health::Check;
use crate::telemetry::process::Process;
use crate::telemetry::{self, Health, Registry, Requests, ServiceManager};
use anyhow::Context as _;
use std::net::SocketAddr;
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
    let settings = &config.ingest;
    let address: SocketAddr = settings
        .listen
        .parse()
        .with_context(|| format!("ingest.listen: {:?} is not an address with a port", settings.listen))?;
    let token = token(settings)?;
    anyhow::ensure!(
        address.ip().is_loopback() || token.is_some() || settings.allow_without_token,
        "other machines can send to {address}, and no token is asked for; hint: ingest.token_file, or \
         ingest.allow_without_token = true where something in front of it asks"
    );
    let bridge =
        Arc::new(Bridge { desk: Desk::open(&connect(&config)?, &config)?, counts: Counts::default() });
    let paths = router(bridge.clone(), token.as_deref(), settings.body_bytes_max);
    let health = health();
    let requests = Requests::default();
    let registry = Registry::default().with(Process).with(health.clone()).with(requests.clone());
    let paths = requests.around(paths.merge(telemetry::router(registry, health.clone())));
    let server = Server::start(address, |_| paths)?;
    tracing::info!(address = server.address().to_string(), "listening");
    let service_manager = ServiceManager::tell(health.clone())?;
    let leave = || {
        health.leave();
        service_manager.stopping();
    };
    until_signalled(leave, Duration::from_millis(config.telemetry.unready_ms))?;
    tracing::info!("stopping");
    server.stop();
    bridge.desk.flush(Duration::from_millis(settings.delivery_timeout_ms))?;
    tracing::info!(counts = ?bridge.counts, "stopped");
    Ok(ExitCode::SUCCESS)
}

/// What requests must bear, if anything.
fn token(settings: &Ingest) -> anyhow::Result<Option<String>> {
    if settings.token_file == "none" {
        return Ok(None);
    }
    let file = &settings.token_file;
    let text = std::fs::read_to_string(file).with_context(|| format!("ingest.token_file: {file}"))?;
    let token = text.trim_end_matches(['\r', '\n']);
    anyhow::ensure!(!token.is_empty(), "ingest.token_file: {file} is empty");
    Ok(Some(token.to_owned()))
}

/// It lives and is ready while it answers: what Kafka does not take is answered with 503, and comes again.
fn health() -> Health {
    let answers = || vec![Check::good("answers", "it answers")];
    Health::new(answers, answers)
}

/// `unready`: how long it goes on after it has said that it leaves. A second signal ends that.
fn until_signalled(leave: impl FnOnce(), unready: Duration) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        leave();
        tokio::select! {
            () = tokio::time::sleep(unready) => {}
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        Ok(())
    })
}

//! `chat-goals ingest`: webhooks and tracked events over HTTP into the input topics, until SIGTERM or SIGINT.

use super::run::connect;
use super::settings::{ConfigArgs, start_logging};
use super::signals::Signals;
use crate::config::Ingest;
use crate::http::server::Server;
use crate::ingest::api::{Bridge, router};
use crate::ingest::counts::Counts;
use crate::ingest::desk::Desk;
use crate::ingest::reach::Reach;
use crate::telemetry::health::Check;
use crate::telemetry::process::Process;
use crate::telemetry::write::{Source, Writer};
use crate::telemetry::{self, Health, Registry, Requests, ServiceManager, page};
use anyhow::Context as _;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

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
        address.ip().is_loopback() || token.is_some() || settings.allow_anonymous,
        "other machines can send to {address}, and no token is asked for; hint: ingest.token_file, or \
         ingest.allow_anonymous = true if whoever reaches it may send"
    );
    let log = connect(&config)?;
    let bridge = Arc::new(Bridge { desk: Desk::open(&log, &config)?, counts: Counts::default() });
    let paths = router(bridge.clone(), token.as_deref(), settings.body_bytes_max);
    let reach = Reach::watch(log, &config);
    let health = health(&reach);
    let requests = Requests::default();
    let registry = Registry::default()
        .with(Process)
        .with(health.clone())
        .with(requests.clone())
        .with(Ingested(bridge.clone()));
    let paths = requests.around(paths.merge(telemetry::router(registry, health.clone())));
    // Whoever reads that it listens may tell it to stop.
    let signals = Signals::catch()?;
    let server = Server::start(address, |_| paths)?;
    tracing::info!(address = server.address().to_string(), "listening");
    let service_manager = ServiceManager::tell(health.clone())?;
    let leave = || {
        health.leave();
        service_manager.stopping();
    };
    let unready = Duration::from_millis(config.telemetry.unready_ms);
    signals.until_stopped(|| true, leave, unready);
    tracing::info!("stopping");
    server.stop();
    bridge.desk.flush(Duration::from_millis(settings.delivery_timeout_ms))?;
    tracing::info!(counts = ?bridge.counts, "stopped");
    Ok(ExitCode::SUCCESS)
}

/// What requests must bear, if anything.
fn token(settings: &Ingest) -> anyhow::Result<Option<String>> {
    let Some(file) = &settings.token_file else { return Ok(None) };
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("the token cannot be read from {}", file.display()))?;
    let token = text.trim_end_matches(['\r', '\n']);
    anyhow::ensure!(!token.is_empty(), "there is no token in {}", file.display());
    Ok(Some(token.to_owned()))
}

/// It lives while it answers, and is ready while the brokers answer it.
fn health(reach: &Reach) -> Health {
    let reach = reach.clone();
    Health::new(
        || vec![Check::good("answers", "it answers")],
        move || match reach.silent_for() {
            None => vec![Check::good("brokers", "the brokers answer")],
            Some(span) => {
                let why = format!("the brokers have not answered for {} s", span.as_secs());
                vec![Check::bad("brokers", why)]
            }
        },
    )
}

/// What came of what came in.
struct Ingested(Arc<Bridge>);

impl Source for Ingested {
    fn write(&self, to: &mut Writer<'_>) -> Result<(), std::fmt::Error> {
        let Counts { records, irrelevant, dead_letters, failed: _ } = &self.0.counts;
        let all = [("written", records), ("ignored", irrelevant), ("dead_lettered", dead_letters)];
        let sample =
            |(outcome, count): (&str, &AtomicU64)| (vec![outcome.to_owned()], count.load(Ordering::Relaxed));
        to.counters(&page::INGESTED, all.map(sample))
    }
}

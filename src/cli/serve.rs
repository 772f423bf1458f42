//! `chat-goals serve`: a read model of what was published, and an HTTP API and a dashboard over it. It stops gracefully on
//! SIGTERM and SIGINT.

use super::run::connect;
use super::settings::{ConfigArgs, start_logging};
use super::signals::Signals;
use crate::serve::api::document::document;
use crate::serve::model::ReadModel;
use crate::serve::service::Service;
use crate::telemetry::read_side::{self, Model, ReadSide};
use crate::telemetry::{Health, Registry, Requests, ServiceManager, process::Process, router};
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// Serve an HTTP API and a dashboard over what was published
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
    let mut health = None;
    let service = Service::start(log, &config, wall, |model, api| {
        let health = health.insert(of(model));
        let requests = Requests::default();
        let registry = Registry::default()
            .with(Process)
            .with(health.clone())
            .with(figures(model))
            .with(requests.clone());
        requests.around(api.merge(router(registry, health.clone())))
    })?;
    tracing::info!("serving at http://{}", service.address());
    let health = health.expect("it was made for the routes");
    until_stopped(service, &health, Duration::from_millis(config.telemetry.unready_ms))
}

fn of(model: &ReadModel) -> Health {
    let model = model.clone();
    read_side::health(move || {
        let health = model.health();
        (!health.caught_up).then_some(health.lag)
    })
}

fn figures(model: &ReadModel) -> ReadSide<impl Fn() -> Model + Send + Sync + 'static> {
    let model = model.clone();
    ReadSide(move || {
        let (health, size) = (model.health(), model.size());
        Model {
            lag_records: health.lag,
            lag_ms: health.lag_ms.unwrap_or(0),
            rows: size.rows.to_vec(),
            bytes: size.bytes,
            clients: model.listeners() as u64,
        }
    })
}

/// `unready`: how long it is not ready before it ends.
fn until_stopped(service: Service, health: &Health, unready: Duration) -> anyhow::Result<ExitCode> {
    let service_manager = ServiceManager::tell(health.clone())?;
    let leave = || {
        health.leave();
        service_manager.stopping();
    };
    Signals::catch()?.until_stopped(|| service.is_running(), leave, unready);
    tracing::info!("stopping");
    service.stop()?;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

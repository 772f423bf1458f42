//! What `run` and `rebuild` answer over HTTP while they work, and tell whoever started them. It decides nothing about the work.

use crate::config::Config;
use crate::http::server::{Port, Server};
use crate::runtime::Runtime;
use crate::telemetry::processor::{Processor, health};
use crate::telemetry::{Health, Registry, Requests, ServiceManager, process::Process, router};
use anyhow::Context as _;
use std::time::Duration;

/// Where it will be answered; `None`: nowhere.
pub struct Place(Option<Port>);

impl Place {
    /// Takes the port, before anything else is begun that would have to be undone.
    pub fn take(config: &Config) -> anyhow::Result<Self> {
        let Some(address) = config.telemetry.address() else { return Ok(Self(None)) };
        let port = Port::take(address).context(
            "metrics and health need a port of their own (`telemetry.listen`); hint: another process has it, perhaps another \
             processor: give each its own, or say `telemetry.listen = \"off\"`",
        )?;
        Ok(Self(Some(port)))
    }

    /// Begins to answer about a runtime.
    pub fn answer(self, config: &Config, runtime: &Runtime) -> anyhow::Result<Answering> {
        let telemetry = &config.telemetry;
        let stuck_after = Duration::from_millis(telemetry.stuck_after_ms);
        let pause = Duration::from_millis(config.clock.interval_ms);
        let health = health::of(runtime.insight().clone(), stuck_after, pause);
        let server = self.0.map(|port| serve(port, runtime, &health)).transpose()?;
        let service_manager = ServiceManager::tell(health.clone())?;
        let unready = Duration::from_millis(telemetry.unready_ms);
        Ok(Answering { health, unready, server, service_manager })
    }
}

/// It answers, until it is stopped or dropped.
pub struct Answering {
    health: Health,
    /// How long the process is not ready before it leaves.
    pub unready: Duration,
    server: Option<Server>,
    service_manager: ServiceManager,
}

impl Answering {
    /// From now on it is said that the process leaves.
    pub fn leave(&self) {
        self.health.leave();
        self.service_manager.stopping();
    }

    pub fn stop(self) {
        if let Some(server) = self.server {
            server.stop();
        }
    }
}

fn serve(port: Port, runtime: &Runtime, health: &Health) -> anyhow::Result<Server> {
    let requests = Requests::default();
    let registry = Registry::default()
        .with(Process)
        .with(health.clone())
        .with(Processor(runtime.insight().clone()))
        .with(requests.clone());
    let router = requests.around(router(registry, health.clone()));
    let server = Server::on(port, |_| router)?;
    tracing::info!(address = %server.address(), "metrics and health are answered over HTTP");
    Ok(server)
}

//! A read model that is served: the threads that keep it up to date, and the HTTP server. It holds them together and
//! ends them together.

use super::dashboard::Options;
use super::model::ReadModel;
use super::model::follower::Follower;
use super::model::look::Looks;
use super::{Access, router};
use crate::config::Config;
use crate::http::server::Server;
use crate::log::Log;
use crate::runtime::clocks::WallClock;
use crate::runtime::topology::Topology;
use anyhow::Context as _;
use axum::Router;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

pub struct Service {
    model: ReadModel,
    /// Taken away to be stopped first.
    server: Option<Server>,
    stop: Arc<AtomicBool>,
    follower: Option<JoinHandle<anyhow::Result<()>>>,
    looks: Option<JoinHandle<()>>,
}

impl Service {
    /// Opens the model, begins to follow, and listens when this returns. `dress` adds the routes that need no token, and puts
    /// around all of them what they share.
    pub fn start<L: Log>(
        log: L,
        config: &Config,
        wall: WallClock,
        dress: impl FnOnce(&ReadModel, Router) -> Router,
    ) -> anyhow::Result<Self> {
        Self::start_simulated(log, config, wall, 1.0, dress)
    }

    /// The same by a wall clock that passes `speed` times as fast as real time.
    pub fn start_simulated<L: Log>(
        log: L,
        config: &Config,
        wall: WallClock,
        speed: f64,
        dress: impl FnOnce(&ReadModel, Router) -> Router,
    ) -> anyhow::Result<Self> {
        let address = address(&config.serve.listen)?;
        let mut access = access(config, address)?;
        access.dashboard.speed = speed;
        let (config, topology) = followed(&log, config)?;
        let (log, model) = (Arc::new(log), ReadModel::open(&config, &topology, wall)?);
        let server =
            Server::start(address, |stopping| dress(&model, router(model.clone(), &access, stopping)))?;
        let stop = Arc::<AtomicBool>::default();
        let mut service = Self {
            model: model.clone(),
            server: Some(server),
            stop: stop.clone(),
            follower: None,
            looks: None,
        };
        service.follower = Some(thread("follower", {
            let (log, model, stop) = (log.clone(), model.clone(), stop.clone());
            move || {
                let stop = StopsAll(stop);
                Follower::new(log, model, config).run(&stop.0)
            }
        })?);
        let looks = Looks::new(log, model);
        service.looks = Some(thread("looks", move || {
            let stop = StopsAll(stop);
            looks.run(&stop.0);
        })?);
        Ok(service)
    }

    /// Where it listens, with the port that it got.
    pub fn address(&self) -> SocketAddr {
        self.server.as_ref().expect("it runs until it is stopped").address()
    }

    pub fn model(&self) -> &ReadModel {
        &self.model
    }

    /// Whether the model is still kept up to date.
    pub fn is_running(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }

    /// Lets answers that are under way end, then ends everything. `Err`: why the model could not be kept up to date.
    pub fn stop(mut self) -> anyhow::Result<()> {
        self.end()
    }

    fn end(&mut self) -> anyhow::Result<()> {
        if let Some(server) = self.server.take() {
            server.stop();
        }
        self.stop.store(true, Ordering::Relaxed);
        let mut outcome = Ok(());
        if let Some(looks) = self.looks.take()
            && looks.join().is_err()
        {
            outcome = Err(anyhow::anyhow!("a thread of the read model panicked"));
        }
        match self.follower.take().map(JoinHandle::join) {
            None => outcome,
            Some(Ok(ended)) => outcome.and(ended),
            Some(Err(_)) => outcome.and(Err(anyhow::anyhow!("the follower of the read model panicked"))),
        }
    }
}

/// What a thread holds whose end is the end of all, also where it panics.
struct StopsAll(Arc<AtomicBool>);

impl Drop for StopsAll {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            tracing::error!(error = format!("{error:#}"), "the read model has failed");
        }
    }
}

/// What is followed: the generation of the configuration, or the one that has taken over from it.
fn followed<L: Log>(log: &L, configured: &Config) -> anyhow::Result<(Config, Topology)> {
    let mut config = configured.clone();
    config.group.generation = ReadModel::generation(configured)?;
    let mut loaded = Topology::load(log, &config)?;
    if let Err(problems) = &loaded
        && config.group.generation != configured.group.generation
    {
        tracing::warn!(
            generation = config.group.generation,
            problems = problems.join("; "),
            "the generation that had taken over is gone: that of the configuration is followed"
        );
        config.group.generation = configured.group.generation;
        loaded = Topology::load(log, &config)?;
    }
    Ok((config, loaded.map_err(|problems| anyhow::anyhow!(problems.join("\n")))?))
}

/// The address to listen at.
fn address(listen: &str) -> anyhow::Result<SocketAddr> {
    let mut found = listen.to_socket_addrs().with_context(|| {
        format!("serve.listen must be an address and a port, as in 127.0.0.1:8080, not {listen:?}")
    })?;
    found.next().with_context(|| format!("serve.listen names no address: {listen:?}"))
}

/// Who may ask. `Err`: anybody on the network might, and nobody said so.
fn access(config: &Config, address: SocketAddr) -> anyhow::Result<Access> {
    let token = match &config.serve.token_file {
        None => None,
        Some(file) => {
            let token = std::fs::read_to_string(file)
                .with_context(|| format!("the token cannot be read from {}", file.display()))?;
            let token = token.trim_end_matches(['\r', '\n']).to_owned();
            anyhow::ensure!(!token.is_empty(), "there is no token in {}", file.display());
            Some(token)
        }
    };
    anyhow::ensure!(
        token.is_some() || address.ip().is_loopback() || config.serve.allow_anonymous,
        "serve.listen = {address} can be reached from other machines, and there is no token; \
         hint: serve.token_file, or serve.allow_anonymous = true if whoever reaches it may read everything"
    );
    let dashboard =
        Options { dead_letters: config.topics.dead_letters.clone(), has_token: token.is_some(), speed: 1.0 };
    Ok(Access { token, event_readers_max: config.serve.event_readers_max, dashboard })
}

fn thread<T: Send + 'static>(
    name: &str,
    run: impl FnOnce() -> T + Send + 'static,
) -> anyhow::Result<JoinHandle<T>> {
    std::thread::Builder::new().name(name.to_owned()).spawn(run).context("a thread cannot be started")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&mut Config)) -> Option<String> {
        let mut config = Config::default();
        change(&mut config);
        let listens = address(&config.serve.listen).and_then(|address| access(&config, address));
        listens.err().map(|error| format!("{error:#}"))
    }

    #[test]
    fn an_address_that_others_reach_needs_a_token_or_a_word() {
        assert_eq!(refused(|_| ()), None);
        assert_eq!(refused(|config| config.serve.listen = "[::1]:0".to_owned()), None);
        let why = refused(|config| config.serve.listen = "0.0.0.0:8080".to_owned()).unwrap();
        assert!(why.contains("0.0.0.0:8080") && why.contains("serve.token_file"), "{why}");
        let anonymous = |config: &mut Config| {
            config.serve.listen = "0.0.0.0:8080".to_owned();
            config.serve.allow_anonymous = true;
        };
        assert_eq!(refused(anonymous), None);
    }

    #[test]
    fn a_token_is_what_is_in_its_file_without_the_line_end() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("token");
        let with = |content: &str| {
            std::fs::write(&file, content).unwrap();
            let mut config = Config::default();
            config.serve.token_file = Some(file.clone());
            access(&config, "0.0.0.0:1".parse().unwrap()).map(|access| access.token)
        };
        assert_eq!(with("secret\r\n").unwrap().as_deref(), Some("secret"));
        assert!(with("\n").is_err());
        assert!(refused(|config| config.serve.token_file = Some(dir.path().join("none"))).is_some());
    }

    #[test]
    fn what_is_no_address_is_refused() {
        assert!(refused(|config| config.serve.listen = "8080".to_owned()).unwrap().contains("serve.listen"));
    }
}

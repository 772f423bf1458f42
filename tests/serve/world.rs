//! The log, the processor and the read models of one test. It checks nothing by itself but that what must come does come
//! in time.

use crate::client::Client;
use chat_goals::config::Config;
use chat_goals::domain::time::Timestamp;
use chat_goals::log::memory::MemoryLog;
use chat_goals::log::{Header, Log as _};
use chat_goals::runtime::Runtime;
use chat_goals::runtime::topology::{self, Topology};
use chat_goals::serve::model::ReadModel;
use chat_goals::serve::service::Service;
use chat_goals::simulate::expectation::Expectation;
use chat_goals::simulate::outputs::Outputs;
use chat_goals::simulate::workload::Entry;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Longer than anything here takes on a busy machine.
pub const LIMIT: Duration = Duration::from_secs(120);
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// How far the clock stays behind the wall clock, in milliseconds.
const ALLOWANCE: i64 = 10_000;
const PARTITIONS: i32 = 3;

pub struct World {
    pub log: MemoryLog,
    pub config: Config,
    pub topology: Topology,
    wall: Arc<AtomicI64>,
    home: TempDir,
}

impl World {
    pub fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let wall = Arc::new(AtomicI64::new(0));
        let log = MemoryLog::with_clock({
            let wall = wall.clone();
            move || wall.load(Ordering::SeqCst)
        });
        let mut config = Config::default();
        config.create.partitions = PARTITIONS;
        config.clock.allowance_ms = ALLOWANCE as u64;
        config.clock.interval_ms = 5;
        config.commit.interval_ms = 10;
        config.commit.interval_behind_ms = 10;
        config.state.memory_bytes_max = 8 << 20;
        config.serve.memory_bytes_max = 8 << 20;
        config.serve.listen = "127.0.0.1:0".to_owned();
        log.create_topics(&topology::missing(&config, &log).unwrap()).unwrap();
        let topology = Topology::load(&log, &config).unwrap().unwrap();
        Self { log, config, topology, wall, home }
    }

    pub fn dir(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Lets so many milliseconds pass on the wall clock.
    pub fn pass(&self, ms: i64) {
        self.wall.fetch_add(ms, Ordering::SeqCst);
    }

    pub fn wall(&self) -> Arc<dyn Fn() -> i64 + Send + Sync> {
        let wall = self.wall.clone();
        Arc::new(move || wall.load(Ordering::SeqCst))
    }

    /// Starts the processor.
    pub fn run(&self) -> Runtime {
        let mut config = self.config.clone();
        config.state.dir = self.dir("processor");
        Runtime::start(self.log.clone(), &config, self.topology.clone(), self.wall()).unwrap()
    }

    /// The configuration of a read model of this name.
    pub fn serving(&self, name: &str) -> Config {
        let mut config = self.config.clone();
        config.serve.state_dir = self.dir(name);
        config
    }

    /// Serves a read model of this name, once it has caught up.
    pub fn serve(&self, name: &str) -> Served {
        self.serve_with(name, |_| ())
    }

    pub fn serve_with(&self, name: &str, change: impl FnOnce(&mut Config)) -> Served {
        let mut config = self.serving(name);
        change(&mut config);
        let service = Service::start(self.log.clone(), &config, self.wall(), |_, router| router).unwrap();
        let served = Served { client: Client::new(service.address()), service };
        until(|| (!served.model().health().caught_up).then(|| "the model is to catch up".to_owned()));
        served
    }

    /// Writes records as they come, the wall clock with them.
    pub fn append(&self, entries: &[Entry]) {
        for entry in entries {
            self.wall.fetch_max(entry.logged, Ordering::SeqCst);
            let topic = entry.to.topic(&self.config);
            self.log.append(topic, entry.key.as_bytes(), Some(entry.json.as_bytes()), entry.logged);
        }
    }

    /// Waits until the outputs are what `fold` says with the clock at this moment.
    pub fn until_folded(&self, entries: &[Entry], clock: i64, running: &Runtime) -> Expectation {
        let expectation = Expectation::of(entries, clock);
        self.wall.store(clock + ALLOWANCE, Ordering::SeqCst);
        until(|| {
            let reached = running.clock().is_some_and(|reached| reached >= Timestamp(clock));
            (!reached).then(|| format!("the clock is to reach {clock}: {:?}", running.clock()))
        });
        until(|| expectation.difference(&self.outputs()));
        expectation
    }

    pub fn outputs(&self) -> Outputs {
        Outputs::read(&self.log, &self.config, "\0").unwrap()
    }

    /// Puts a dead letter where the processor would put it.
    pub fn dead_letter(&self, offset: i64, reason: &str, value: &[u8]) {
        let header = |name: &str, value: &str| Header {
            name: format!("dead-letter.{name}"),
            value: Some(value.as_bytes().to_vec()),
        };
        let headers = [
            header("reason", reason),
            header("topic", &self.config.topics.chat_events),
            header("partition", "1"),
            header("offset", &offset.to_string()),
            header("at", &format!("2026-03-01T00:00:{:02}Z", offset % 60)),
        ];
        let key = format!("key-{offset}");
        let topic = &self.config.topics.dead_letters;
        self.log.append_to(topic, 0, Some(key.as_bytes()), Some(value), Some(offset), &headers);
    }
}

/// A read model, and how it is asked.
pub struct Served {
    pub service: Service,
    pub client: Client,
}

impl Served {
    pub fn model(&self) -> &ReadModel {
        self.service.model()
    }

    /// Waits until the model has read everything that is in the log now.
    pub fn until_level(&self, world: &World) {
        until(|| {
            let partitions = self.model().status().unwrap().model.partitions;
            let behind = partitions.into_iter().find(|of| {
                let partition = chat_goals::log::TopicPartition::new(of.topic.as_str(), of.partition);
                of.next < world.log.ends(&[partition]).unwrap()[0]
            });
            behind.map(|of| format!("{}[{}] has been read to {} only", of.topic, of.partition, of.next))
        });
    }

    pub fn stop(self) {
        self.service.stop().unwrap();
    }
}

/// Waits until nothing is missing any more.
pub fn until(mut missing: impl FnMut() -> Option<String>) {
    let limit = Instant::now() + LIMIT;
    while let Some(missing) = missing() {
        assert!(Instant::now() < limit, "after {LIMIT:?}: {missing}");
        std::thread::sleep(LOOK_EVERY);
    }
}

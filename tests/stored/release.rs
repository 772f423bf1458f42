//! What a release left behind: its folders, and how a program takes them up. It checks nothing.

use chat_goals::at_rest::dump::{Which, dump};
use chat_goals::config::Config;
use chat_goals::contract::protobuf::rows::versions::{OURS, Program};
use chat_goals::log::memory::MemoryLog;
use chat_goals::log::{Log as _, TopicPartition};
use chat_goals::runtime::claims::Claimant;
use chat_goals::runtime::restore::{Restorer, under_way};
use chat_goals::runtime::tasks::TaskId;
use chat_goals::runtime::topology::{self, Stage, Topology};
use chat_goals::state::store::Store;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

pub const PARTITIONS: i32 = 2;

/// All releases that left something, by format and rules.
pub const RELEASES: [&str; 1] = ["1-1"];

pub fn dir(release: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stored").join(release)
}

/// The newest release that left something.
pub fn newest() -> &'static str {
    RELEASES[RELEASES.len() - 1]
}

pub fn config() -> Config {
    let mut config = Config::default();
    config.create.partitions = PARTITIONS;
    config.state.memory_bytes_max = 8 << 20;
    config.commit.interval_ms = 20;
    config
}

pub fn topics(config: &Config) -> (MemoryLog, Topology) {
    let log = MemoryLog::new();
    log.create_topics(&topology::missing(config, &log).unwrap()).unwrap();
    let topology = Topology::load(&log, config).unwrap().unwrap();
    (log, topology)
}

pub fn tasks() -> Vec<TaskId> {
    Stage::ALL
        .into_iter()
        .flat_map(|stage| (0..PARTITIONS).map(move |partition| (stage, partition)))
        .collect()
}

/// A copy of the rows that a release left: opening changes them.
pub struct Rows {
    _home: TempDir,
    pub dir: PathBuf,
}

impl Rows {
    pub fn none() -> Self {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("rows");
        Self { _home: home, dir }
    }

    pub fn left_by(release: &str) -> Self {
        let rows = Self::none();
        std::fs::create_dir_all(&rows.dir).unwrap();
        for entry in std::fs::read_dir(self::dir(release).join("rows")).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), rows.dir.join(entry.file_name())).unwrap();
        }
        rows
    }

    pub fn open(&self) -> Store {
        Store::open(&self.dir, 8 << 20).unwrap()
    }
}

/// The changelogs that a release left, in a log of their own. `doctor` may alter each row.
pub fn changelogs(release: &str, mut doctor: impl FnMut(&mut Vec<u8>)) -> (MemoryLog, Topology) {
    let (log, topology) = topics(&config());
    for line in lines(release, "changelogs.jsonl") {
        let stage = Stage::ALL.into_iter().find(|stage| stage.family().name() == line["stage"]).unwrap();
        let partition = line["partition"].as_i64().unwrap() as i32;
        let TopicPartition { topic, partition } = topology.changelog(stage, partition);
        let mut row = unhex(line["row"].as_str().unwrap());
        doctor(&mut row);
        let key = unhex(line["key"].as_str().unwrap());
        log.append_to(&topic, partition, Some(&key), Some(&row), None, &[]);
    }
    (log, topology)
}

/// What the changelogs of a log hold, as it is kept.
pub fn changelog_lines(log: &MemoryLog, topology: &Topology) -> Vec<Value> {
    let mut lines = Vec::new();
    for stage in Stage::ALL {
        for record in log.read_all(&topology.changelog(stage, 0).topic) {
            lines.push(json!({
                "stage": stage.family().name(), "partition": record.partition,
                "key": hex(&record.key.unwrap()), "row": hex(&record.value.unwrap()),
            }));
        }
    }
    lines
}

/// Restores all tasks from their changelogs, as a worker of this program or another does.
pub fn restore(
    log: &MemoryLog,
    topology: &Topology,
    store: Store,
    by: Program,
) -> anyhow::Result<Arc<Store>> {
    let store = Arc::new(store);
    let claimant = Claimant { claims: Arc::default(), worker: 0 };
    let (log, topology) = (Arc::new(log.clone()), Arc::new(topology.clone()));
    let mut restorer = Restorer::new(log, store.clone(), claimant, topology).as_program(by);
    restorer.begin(&tasks())?;
    while !restorer.is_idle() {
        restorer.step(Duration::from_millis(1))?;
        // How far it has come is noted, but only while it is under way.
        for at in tasks().into_iter().filter_map(|task| under_way(&store, task).unwrap()) {
            assert!(!restorer.is_idle() && 0 < at.next && at.next <= at.end, "{at:?}");
        }
    }
    Ok(store)
}

/// As this program does.
pub fn restored(log: &MemoryLog, topology: &Topology, store: Store) -> Arc<Store> {
    restore(log, topology, store, OURS).unwrap()
}

/// What is in the rows.
pub fn dumped(store: &Store) -> Vec<Value> {
    let mut rows = Vec::new();
    dump(store, &Which::default(), |row| {
        rows.push(row.json());
        Ok(())
    })
    .unwrap();
    rows
}

pub fn lines(release: &str, file: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(dir(release).join(file)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub fn write_lines(path: &Path, lines: &[Value]) {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    std::fs::write(path, text).unwrap();
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = (0..text.len()).step_by(2).map(|at| &text[at..at + 2]);
    digits.map(|digits| u8::from_str_radix(digits, 16).unwrap()).collect()
}

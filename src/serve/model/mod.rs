//! The read model: what was published of chats, managers and dead letters, the settings, and the facts behind each
//! status, in a RocksDB of this process, asked by filter and page. It derives no status: it shows what readers were told.
//!
//! [`questions`] and [`answers`] are all that its users see. Every list, row and count of an answer is read from one
//! snapshot, so an answer never mixes two moments; which revision of a chat it shows is in it.
//!
//! [`follower`] reads the topics and writes [`batch`] after batch: rows, [`lists`], [`tallies`] and the offsets reached
//! in one write. [`look`] asks how far the processor is. The other files answer one question each.

pub mod answers;
mod batch;
mod chat;
mod chats;
mod clocks;
mod decode;
pub mod follower;
mod goals;
mod keys;
mod letters;
mod level;
mod lists;
pub mod look;
mod managers;
mod progress;
pub mod questions;
mod record;
pub mod ring;
mod size;
mod store;
mod tallies;

use crate::config::Config;
use crate::domain::settings::Settings;
use crate::domain::time::Timestamp;
use crate::log::{Offset, TopicPartition};
use crate::runtime::clocks::WallClock;
use crate::runtime::topology::{Stage, Topology};
use crate::runtime::wire;
use anyhow::Context as _;
use batch::Reached;
use progress::Progress;
use prost::Message as _;
use questions::ChangeFilter;
use record::Kept;
use ring::{Ring, Subscription};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, RwLock};
use store::{Changes, Family, Store, Way};

/// The read model. Clones are the same one. Its questions read the disk: from async code they are asked on a thread that
/// may block ([`tokio::task::spawn_blocking`]).
#[derive(Clone)]
pub struct ReadModel {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    requires_subscription: bool,
    wall: WallClock,
    /// Where everything comes from; another generation has other topics.
    sources: RwLock<Sources>,
    settings: RwLock<Settings>,
    progress: Mutex<Progress>,
    ring: Arc<Ring>,
}

/// What the model follows.
#[derive(Clone)]
struct Sources {
    topology: Arc<Topology>,
    generation: u32,
}

impl ReadModel {
    /// The generation to follow: that of the configuration, or the one that has taken over from it while a model in this
    /// directory followed.
    pub fn generation(config: &Config) -> anyhow::Result<u32> {
        let (dir, configured) = (dir(config), config.group.generation);
        if !Store::is_in(&dir) {
            return Ok(configured);
        }
        let known = handover(&Store::open(&dir, config.serve.memory_bytes_max)?)?;
        Ok(known
            .filter(|(from, to)| (*from..*to).contains(&configured))
            .map_or(configured, |(_, taken_over)| taken_over))
    }

    /// Opens the model in its directory, or begins a new one. `wall` is the wall clock, in milliseconds.
    pub fn open(config: &Config, topology: &Topology, wall: WallClock) -> anyhow::Result<Self> {
        let dir = dir(config);
        std::fs::create_dir_all(&dir)
            .with_context(|| format!("the directory {} cannot be made", dir.display()))?;
        let store = open(&dir, config.serve.memory_bytes_max, &built_by(topology))?;
        let sources = Sources { topology: Arc::new(topology.clone()), generation: config.group.generation };
        let model = Self {
            inner: Arc::new(Inner {
                store,
                requires_subscription: config.rules.requires_subscription,
                sources: RwLock::new(sources),
                settings: RwLock::new(Settings::new(config.rules.requires_subscription)),
                progress: Mutex::new(Progress::default()),
                ring: Arc::new(Ring::new(config.serve.events_kept, wall())),
                wall,
            }),
        };
        model.read_settings()?;
        Ok(model)
    }

    /// Changes from now on; with the id of one that was heard (`Last-Event-ID`), those after it.
    pub fn subscribe(&self, filter: ChangeFilter, after: Option<&str>) -> Subscription {
        Subscription::new(self.inner.ring.clone(), filter, after)
    }

    /// What the wall clock of this model says.
    pub fn now(&self) -> Timestamp {
        Timestamp((self.inner.wall)())
    }

    fn sources(&self) -> Sources {
        self.inner.sources.read().expect("nobody panics in here").clone()
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.inner.progress.lock().expect("nobody panics in here")
    }

    /// How far a partition has been read; `None`: nothing of it.
    fn reached(&self, of: &TopicPartition) -> anyhow::Result<Option<Reached>> {
        let stored = self.inner.store.get(Family::Meta, &keys::reached(&of.topic, of.partition))?;
        stored
            .map(|stored| Reached::decode(&stored).context("a position of the read model cannot be read"))
            .transpose()
    }

    /// Takes up the settings from the goal changes that are kept.
    fn read_settings(&self) -> anyhow::Result<()> {
        let topology = self.sources().topology;
        let mut settings = Settings::new(self.inner.requires_subscription);
        self.inner.store.view().scan(Family::Goals, b"", b"", Way::Up, |key, value| {
            let place = keys::parse_place(key).context("a goal change of nowhere")?;
            let form = topology.goal_changes_form;
            Kept::decode(value)?.with(&topology.goal_changes, place, |record| {
                // What is bad is in the dead letters.
                if let Ok(change) = wire::goal_change(form, record) {
                    settings.add(change, record.timestamp.map(Timestamp));
                }
            });
            Ok(true)
        })?;
        *self.inner.settings.write().expect("nobody panics in here") = settings;
        Ok(())
    }

    /// Forgets everything that was read: it has to be read anew.
    fn wipe(&self) -> anyhow::Result<()> {
        let handover = self.inner.store.get(Family::Meta, keys::HANDOVER)?;
        let mut changes = self.inner.store.changes();
        Family::ALL.into_iter().for_each(|family| changes.clear(family));
        begin(&mut changes, &built_by(&self.sources().topology), handover);
        changes.write()?;
        self.progress().forget();
        self.read_settings()
    }

    /// Takes up a generation's changelog instead of the one before, of which nothing is kept.
    fn follow(&self, topology: &Arc<Topology>, generation: u32) -> anyhow::Result<()> {
        let store = &self.inner.store;
        let new = topology.chats_changelog.as_bytes();
        let old = store.get(Family::Meta, keys::CHANGELOG)?;
        if old.as_deref() != Some(new) {
            let mut changes = store.changes();
            if let Some(old) = old {
                let old = String::from_utf8_lossy(&old).into_owned();
                tracing::info!(old, new = %topology.chats_changelog, "another generation: its changelog is read anew");
                for partition in 0..topology.partitions.chats {
                    changes.delete(Family::Meta, &keys::reached(&old, partition));
                }
            }
            changes.clear(Family::Facts);
            changes.put(Family::Meta, keys::CHANGELOG, new);
            changes.write()?;
        }
        let sources = Sources { topology: topology.clone(), generation };
        let mut known = self.inner.sources.write().expect("nobody panics in here");
        let before = std::mem::replace(&mut *known, sources);
        drop(known);
        if before.generation != generation {
            self.progress().turn();
        }
        Ok(())
    }

    /// Keeps that a generation has taken over from the one that was followed.
    fn keep_handover(&self, from: u32, to: u32) -> anyhow::Result<()> {
        let before = handover(&self.inner.store)?.filter(|(_, known)| *known == from);
        let first = before.map_or(from, |(first, _)| first);
        let mut changes = self.inner.store.changes();
        changes.put(Family::Meta, keys::HANDOVER, &keys::handover(first, to));
        changes.write()
    }
}

impl Sources {
    /// Everything that is followed.
    fn partitions(&self) -> Vec<TopicPartition> {
        let topology = &self.topology;
        let outputs = [&topology.status_changed, &topology.counters, &topology.dead_letters];
        let mut all = Topology::all(&topology.goal_changes, topology.goal_partitions);
        all.extend(
            (0..topology.partitions.chats).map(|partition| topology.changelog(Stage::Chats, partition)),
        );
        all.extend(outputs.into_iter().flat_map(|of| Topology::all(&of.topic, of.partitions)));
        all
    }
}

/// Opens a store that was built by the same; another one is deleted first.
fn open(dir: &Path, memory_bytes: usize, built_by: &str) -> anyhow::Result<Store> {
    let store = Store::open(dir, memory_bytes)?;
    let handover = store.get(Family::Meta, keys::HANDOVER)?;
    match store.get(Family::Meta, keys::BUILT_BY)? {
        Some(known) if known == built_by.as_bytes() => return Ok(store),
        Some(known) => {
            let known = String::from_utf8_lossy(&known).into_owned();
            tracing::warn!(
                known,
                now = built_by,
                "the read model was built by something else: it is built anew"
            );
        }
        None => {}
    }
    drop(store);
    std::fs::remove_dir_all(dir).with_context(|| format!("cannot remove {}", dir.display()))?;
    let store = Store::open(dir, memory_bytes)?;
    let mut changes = store.changes();
    begin(&mut changes, built_by, handover);
    changes.write()?;
    Ok(store)
}

/// What a model has that has read nothing yet. Who has taken over is not said again by what it reads.
fn begin(changes: &mut Changes<'_>, built_by: &str, handover: Option<Vec<u8>>) {
    changes.put(Family::Meta, keys::BUILT_BY, built_by.as_bytes());
    if let Some(handover) = handover {
        changes.put(Family::Meta, keys::HANDOVER, &handover);
    }
}

/// A generation that was followed, and the one that has taken over since.
fn handover(store: &Store) -> anyhow::Result<Option<(u32, u32)>> {
    let stored = store.get(Family::Meta, keys::HANDOVER)?;
    stored
        .map(|stored| keys::parse_handover(&stored).context("a handover of the read model cannot be read"))
        .transpose()
}

fn dir(config: &Config) -> PathBuf {
    config.serve.state_dir.join("model")
}

/// What must be the same for a model to go on: how it is kept, and the topics with their forms and partitions.
fn built_by(topology: &Topology) -> String {
    let output = |of: &crate::runtime::topology::Output| {
        format!("{}[{}] {}", of.topic, of.partitions, of.form.as_str())
    };
    format!(
        "version {}: {}, {}, {}, {}[{}] {}",
        keys::VERSION,
        output(&topology.status_changed),
        output(&topology.counters),
        output(&topology.dead_letters),
        topology.goal_changes,
        topology.goal_partitions,
        topology.goal_changes_form.as_str(),
    )
}

/// How many offsets lie before an end.
fn lag(next: Offset, end: Offset) -> u64 {
    u64::try_from(end - next).unwrap_or(0)
}

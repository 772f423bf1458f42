//! What taking over would change: the rows of a generation against what readers have. It reads only.
//!
//! While records come both move, so that a key may differ for a moment. What differs is looked at again, until it is the same,
//! or has differed in the same way over a time in which both have passed everything that was there before.

use super::super::goals::Goals;
use super::super::topology::{Stage, Topology};
use super::newest::{self, Newest};
use super::published::{self, Published, keys_after};
use crate::contract::json::output as json;
use crate::contract::keys::parse_counter_key;
use crate::domain::settings::Settings;
use crate::domain::time::Timestamp;
use crate::log::{Batch as _, Log, Offset, Reader, TopicPartition};
use crate::stages::chats::ChatRow;
use crate::stages::managers::CounterRow;
use crate::stages::messages::{Cause, CauseKind};
use crate::state::store::{Family, Store};
use crate::state::table::{Row as _, row_key};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

/// One key for which readers have something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub stage: Stage,
    pub key: String,
    /// What readers have; `None`: nothing, or a tombstone.
    pub has: Option<String>,
    /// What they should have; `None`: nothing.
    pub should: Option<String>,
}

impl Difference {
    pub fn json(&self) -> serde_json::Value {
        let parsed = |text: &Option<String>| match text {
            Some(text) => serde_json::from_str(text).unwrap_or_else(|_| text.clone().into()),
            None => serde_json::Value::Null,
        };
        let kind = if self.stage == Stage::Chats { "chat" } else { "counter" };
        serde_json::json!({
            "kind": kind,
            "key": self.key,
            "published": parsed(&self.has),
            "rebuilt": parsed(&self.should),
        })
    }
}

/// What was found.
#[derive(Debug, Default)]
pub struct Found {
    pub differences: Vec<Difference>,
    /// Keys that did not stand still for long enough to be judged.
    pub moving: usize,
    pub compared: usize,
}

/// Compares until what differs is sure. `Err`: the log, or the new generation does not go on.
pub fn diff<L: Log>(
    log: &L,
    old: &Topology,
    new: &Topology,
    requires_subscription: bool,
    dir: &Path,
    mut progress: impl FnMut(&str),
) -> anyhow::Result<Found> {
    const ROUNDS_MAX: usize = 20;
    let (store, published) =
        (Store::open(&dir.join("rows"), 64 << 20)?, Published::open(&dir.join("published"), 64 << 20)?);
    let mut rows = Mirror::of(log, changelogs(new))?;
    let mut outputs = Mirror::of(log, published::outputs(new))?;
    let mut goals = Mirror::of(log, Topology::all(&new.goal_changes, new.goal_partitions))?;
    let known = Goals::new(requires_subscription, new.goal_partitions);
    let mut before: Option<BTreeMap<(Family, String), Difference>> = None;
    for round in 1..=ROUNDS_MAX {
        progress("waiting until the new generation stands where the old one stands");
        until_level(log, old, new)?;
        progress("reading");
        goals.read(log, |batch| {
            let mut known = known.known.write().expect("nobody panics in here");
            (0..batch.len()).for_each(|index| known.add(&batch.get(index), new));
            Ok(())
        })?;
        rows.read(log, |batch| {
            let mut changes = store.changes();
            for record in (0..batch.len()).map(|index| batch.get(index)) {
                let (Some(key), Some(value)) = (record.key, record.value) else { continue };
                let is_chat = *record.topic == *new.chats_changelog;
                let family = if is_chat { Family::Chats } else { Family::Managers };
                changes.put(family, &row_key(record.partition, key), value);
            }
            changes.write()
        })?;
        outputs.read(log, |batch| published.take(new, batch))?;
        let known = known.known.read().expect("nobody panics in here");
        let (now, compared) = compare(&store, &published, new, &known.settings)?;
        let before_this = before.replace(now);
        let (now, before) =
            (before.as_ref().expect("it was just put there"), before_this.unwrap_or_default());
        let sure = now.iter().filter(|(key, difference)| before.get(*key) == Some(*difference)).count();
        if sure == now.len() || round == ROUNDS_MAX {
            let differences = now.iter().filter(|(key, difference)| before.get(*key) == Some(*difference));
            let differences: Vec<Difference> =
                differences.map(|(_, difference)| difference.clone()).collect();
            return Ok(Found { moving: now.len() - sure, differences, compared });
        }
        progress("looking again at what differs");
        std::thread::sleep(Duration::from_secs(1));
    }
    unreachable!("the last round returns")
}

fn changelogs(of: &Topology) -> Vec<TopicPartition> {
    let mut all = Topology::all(&of.chats_changelog, of.partitions.chats);
    all.extend(Topology::all(&of.managers_changelog, of.partitions.managers));
    all
}

/// Waits until the new generation has folded all that the old one has, and its messages.
fn until_level(log: &impl Log, old: &Topology, new: &Topology) -> anyhow::Result<()> {
    const PATIENCE: Duration = Duration::from_secs(120);
    let inputs = super::inputs(new);
    let bounds: Vec<Offset> =
        log.committed(&old.group, &inputs)?.iter().map(|p| p.next.unwrap_or(0)).collect();
    until_committed(log, new, &inputs, &bounds, PATIENCE)?;
    let inboxes = super::inboxes(new);
    for _ in 0..2 {
        let ends = log.tails(&inboxes)?;
        until_committed(log, new, &inboxes, &ends, PATIENCE)?;
    }
    Ok(())
}

fn until_committed(
    log: &impl Log,
    new: &Topology,
    of: &[TopicPartition],
    ends: &[Offset],
    patience: Duration,
) -> anyhow::Result<()> {
    let until = Instant::now() + patience;
    loop {
        let positions = log.committed(&new.group, of)?;
        let behind = positions.iter().zip(ends).find(|(position, end)| position.next.unwrap_or(0) < **end);
        let Some((position, end)) = behind else { return Ok(()) };
        if Instant::now() > until {
            anyhow::bail!(
                "the new generation does not go on: it stands at {} of {end} in {}; hint: chat-goals rebuild",
                position.next.unwrap_or(0),
                position.of
            );
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// A reader that goes on where it was.
struct Mirror<L: Log> {
    of: Vec<TopicPartition>,
    reader: L::Reader,
}

impl<L: Log> Mirror<L> {
    fn of(log: &L, of: Vec<TopicPartition>) -> anyhow::Result<Self> {
        let mut reader = log.reader()?;
        let begins = log.begins(&of)?;
        reader.assign(&of.iter().cloned().zip(begins).collect::<Vec<_>>())?;
        Ok(Self { of, reader })
    }

    /// Reads up to where the log ends now.
    fn read(
        &mut self,
        log: &L,
        mut visit: impl FnMut(&<L::Reader as Reader>::Batch) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let ends = log.ends(&self.of)?;
        let is_read =
            |reader: &L::Reader, of: &TopicPartition, end| reader.position(of).is_some_and(|p| p >= end);
        while !self.of.iter().zip(&ends).all(|(of, end)| is_read(&self.reader, of, *end)) {
            if let Some(batch) = self.reader.poll(Duration::from_millis(100))? {
                visit(&batch)?;
            }
        }
        Ok(())
    }
}

type Differences = BTreeMap<(Family, String), Difference>;

fn compare(
    store: &Store,
    published: &Published,
    of: &Topology,
    settings: &Settings,
) -> anyhow::Result<(Differences, usize)> {
    let (mut differences, mut compared) = (BTreeMap::new(), 0);
    for (stage, partitions) in
        [(Stage::Chats, of.partitions.chats), (Stage::Managers, of.partitions.managers)]
    {
        let family = stage.family();
        for partition in 0..partitions {
            let mut keys: BTreeSet<Vec<u8>> =
                keys_after(store, family, partition, b"", usize::MAX)?.into_iter().collect();
            keys.extend(published.keys_after(family, partition, b"", usize::MAX)?);
            compared += keys.len();
            for key in keys {
                let row = store.get(family, &row_key(partition, &key))?;
                let newest = published.newest(family, partition, &key)?;
                let difference = match stage {
                    Stage::Chats => of_chat(of, &key, row.as_deref(), newest, settings)?,
                    _ => of_counter(of, &key, row.as_deref(), newest)?,
                };
                if let Some(difference) = difference {
                    differences.insert((family, difference.key.clone()), difference);
                }
            }
        }
    }
    Ok((differences, compared))
}

fn of_chat(
    topology: &Topology,
    key: &[u8],
    row: Option<&[u8]>,
    newest: Option<Newest>,
    settings: &Settings,
) -> anyhow::Result<Option<Difference>> {
    let row = row.map(ChatRow::decode).transpose()?;
    let cause = Cause { kind: CauseKind::Rebuild, at: Timestamp(0) };
    let change = row.as_ref().and_then(|row| row.restated(cause));
    let value = newest.and_then(|newest| newest.value);
    let to = &topology.status_changed;
    let should = match &change {
        Some(change) => {
            let channel = settings.channel(&change.channel);
            if value.as_ref().is_some_and(|value| newest::status(to, value, change, channel).is_same) {
                return Ok(None);
            }
            Some(String::from_utf8(json::status_changed(change, channel)?)?)
        }
        None if value.is_none() => return Ok(None),
        None => None,
    };
    Ok(Some(Difference { stage: Stage::Chats, key: shown(key), has: value.as_deref().map(shown), should }))
}

fn of_counter(
    topology: &Topology,
    key: &[u8],
    row: Option<&[u8]>,
    newest: Option<Newest>,
) -> anyhow::Result<Option<Difference>> {
    let row = match row.map(CounterRow::decode).transpose()? {
        Some(row) => row,
        None => match parse_counter_key(&shown(key)) {
            Ok((channel, bucket)) => CounterRow::new(channel, bucket),
            Err(_) => return Ok(None),
        },
    };
    let counter = row.restated(Timestamp(0));
    let value = newest.and_then(|newest| newest.value);
    let is_same = match &value {
        Some(value) => newest::counter(&topology.counters, value, &counter),
        None => counter.counts.is_zero(),
    };
    let should = serde_json::to_string(&json::counter(&counter))?;
    Ok((!is_same).then(|| Difference {
        stage: Stage::Managers,
        key: shown(key),
        has: value.as_deref().map(shown),
        should: Some(should),
    }))
}

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

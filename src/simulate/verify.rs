//! What must hold when a run has ended: the outputs, the rows behind them and the disks say what the plain fold says.

use super::expectation::{Expectation, canonical, view_of};
use super::punctual::no_chat_is_missed_early;
use super::run::BYSTANDER;
use super::scenario::Scenario;
use super::world::World;
use crate::config::Config;
use crate::log::memory::MemoryLog;
use crate::log::{Log as _, Offset};
use crate::pipeline::chats::lookups::reindex;
use crate::pipeline::offline::Offline;
use crate::runtime::note::Note;
use crate::runtime::restore::reached;
use crate::runtime::topology::{Stage, Topology, plans};
use crate::stages::chats::{ChatRow, Index};
use crate::state::digest::{Digest, Part};
use crate::state::store::{Family, Store};
use crate::state::table::{Row as _, row_key};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// For each partition of a changelog, the newest row of every key from some offset on.
type Rows = BTreeMap<i32, BTreeMap<Vec<u8>, Vec<u8>>>;

pub fn all(
    world: &World,
    scenario: &Scenario,
    expectation: &Expectation,
    offline: &Offline,
) -> Result<(), String> {
    let outputs = world.outputs()?;
    if let Some(difference) = expectation.difference(&outputs) {
        return Err(format!("after the last commits {difference}"));
    }
    if scenario.paced {
        same_changes(expectation, &outputs.changes)?;
    }
    no_chat_is_missed_early(world, &outputs)?;
    let open = world.log.open_transactions();
    if !open.is_empty() {
        return Err(format!("transactions are left open: {open:?}"));
    }
    dead_letters(world)?;
    rows_are_as_folded(&world.log, &world.config, expectation, offline)?;
    notes_are_of_the_rows(&world.log, &world.config, &world.topology)?;
    disks_and_changelogs_agree(world)
}

/// In step with the clock not only the last views are determined.
fn same_changes(
    expectation: &Expectation,
    changes: &BTreeMap<String, Vec<Result<Value, u32>>>,
) -> Result<(), String> {
    for (chat, wanted) in &expectation.changes {
        let got = changes.get(chat).map_or(&[][..], Vec::as_slice);
        let (wanted, got) = (in_one(wanted), in_one(got));
        let same = wanted.iter().zip(&got).take_while(|(wanted, got)| wanted == got).count();
        if same < wanted.len().max(got.len()) {
            let (wanted, got) = (wanted.get(same), got.get(same));
            return Err(format!("the change {same} of {chat} is\n  {got:?}\nand not\n  {wanted:?}"));
        }
    }
    Ok(())
}

/// What follows from one record comes at once where everything is in one place, and in steps where a customer has to be
/// asked (F2): the changes with the same cause, taken together. Revisions follow from the rest.
fn in_one(changes: &[Result<Value, u32>]) -> Vec<Option<Value>> {
    let mut together: Vec<Option<Value>> = Vec::new();
    let mut views: Vec<Option<Value>> = Vec::new();
    for change in changes {
        let change = change.as_ref().ok();
        let of = |name: &str| change.map(|change| change[name].clone());
        let (cause, at) = (of("cause"), of("at"));
        let view = change.map(view_of);
        if let Some(Some(last)) = together.last()
            && (Some(&last["cause"]), Some(&last["at"])) == (cause.as_ref(), at.as_ref())
        {
            together.pop();
            views.pop();
        }
        if views.last() == Some(&view) {
            continue;
        }
        together.push(view.clone().map(|mut view| {
            view["cause"] = cause.unwrap_or_default();
            view["at"] = at.unwrap_or_default();
            view
        }));
        views.push(view);
    }
    together
}

/// Every bad record is there, once.
fn dead_letters(world: &World) -> Result<(), String> {
    let mut wanted = world.platform().garbage.clone();
    wanted.sort();
    let mut got: Vec<(String, i32, Offset)> = Vec::new();
    for record in world.outputs()?.dead_letters {
        let header = |name: &str| {
            let header = record.headers.iter().find(|header| header.name == name);
            let value = header.and_then(|header| header.value.as_deref()).unwrap_or_default();
            String::from_utf8_lossy(value).into_owned()
        };
        let number = |name: &str| header(name).parse::<i64>().unwrap_or(-1);
        got.push((
            header("dead-letter.topic"),
            number("dead-letter.partition") as i32,
            number("dead-letter.offset"),
        ));
    }
    got.sort();
    if got == wanted { Ok(()) } else { Err(format!("the dead letters are {got:?} and not {wanted:?}")) }
}

/// What the changelogs of the chats hold is what the fold holds.
pub fn rows_are_as_folded(
    log: &MemoryLog,
    config: &Config,
    expectation: &Expectation,
    offline: &Offline,
) -> Result<(), String> {
    let mut rows = BTreeMap::new();
    for value in newest(log, &config.chats_changelog(), 0).into_values().flat_map(BTreeMap::into_values) {
        let row = ChatRow::decode(&value).map_err(|error| format!("a row cannot be read: {error}"))?;
        if !row.chat.starts_with(BYSTANDER) {
            rows.insert(row.chat.to_string(), canonical(&row, offline.settings.channel(&row.channel)));
        }
    }
    for id in expectation.rows.keys().chain(rows.keys()) {
        if expectation.rows.get(id) != rows.get(id) {
            return Err(format!(
                "the row of {id} says\n  {:?}\nand not\n  {:?}",
                rows.get(id),
                expectation.rows.get(id)
            ));
        }
    }
    Ok(())
}

/// The digest in the note of every task is that of its rows.
pub fn notes_are_of_the_rows(log: &MemoryLog, config: &Config, topology: &Topology) -> Result<(), String> {
    for stage in Stage::ALL {
        let changelog = topology.changelog(stage, 0).topic;
        let mut rows = newest(log, &changelog, 0);
        for partition in 0..config.create.partitions {
            let inputs = topology.inputs(stage, partition);
            let inbox = inputs.last().expect("a task has inputs").clone();
            let position = log.committed(&topology.group, &[inbox]).map_err(|error| error.to_string())?;
            let mut digest = Digest::EMPTY;
            for (key, row) in rows.remove(&partition).unwrap_or_default() {
                digest.add(Part::of(&key, &row));
            }
            // A task that has never committed has no note, and no rows.
            let noted = Note::decode(&position[0].note).digest.unwrap_or(Digest::EMPTY);
            if noted != digest {
                return Err(format!(
                    "the rows of {changelog}[{partition}] have {digest}, and {noted} is noted"
                ));
            }
        }
    }
    Ok(())
}

/// What a disk holds of a partition, with what its changelog says after the offset that it is known to reach, is what the
/// changelog says; and the lookups are those of the rows.
fn disks_and_changelogs_agree(world: &World) -> Result<(), String> {
    let config = &world.config;
    let changelogs = [
        (Stage::Chats, config.chats_changelog()),
        (Stage::Customers, config.customers_changelog()),
        (Stage::Managers, config.managers_changelog()),
    ];
    for dir in world.row_dirs() {
        let store = Store::open(&dir, config.state.memory_bytes_max).map_err(shown)?;
        for (stage, changelog) in &changelogs {
            for (partition, wanted) in newest(&world.log, changelog, 0) {
                let Some(reached) = reached(&store, (*stage, partition)).map_err(shown)? else { continue };
                let mut rows = scan(&store, stage.family(), partition)?;
                if *stage == Stage::Chats {
                    lookups_are_those_of(&store, partition, &rows)?;
                }
                let mut later = newest(&world.log, changelog, reached);
                rows.append(&mut later.remove(&partition).unwrap_or_default());
                if rows != wanted {
                    return Err(format!(
                        "{} does not hold {changelog}[{partition}] up to {reached}",
                        dir.display()
                    ));
                }
            }
        }
    }
    Ok(())
}

fn lookups_are_those_of(
    store: &Store,
    partition: i32,
    rows: &BTreeMap<Vec<u8>, Vec<u8>>,
) -> Result<(), String> {
    let mut wanted = BTreeSet::new();
    for value in rows.values() {
        let row = ChatRow::decode(value).map_err(shown)?;
        reindex(&row.channel, &row.chat, Index::default(), row.index(), |_, entry| {
            wanted.insert(entry);
        });
    }
    let got: BTreeSet<Vec<u8>> = scan(store, Family::Indexes, partition)?.into_keys().collect();
    match wanted.symmetric_difference(&got).next() {
        None => Ok(()),
        Some(entry) => Err(format!("the lookup {:?} is wrong", String::from_utf8_lossy(entry))),
    }
}

fn shown(error: anyhow::Error) -> String {
    format!("{error:#}")
}

fn scan(store: &Store, family: Family, partition: i32) -> Result<BTreeMap<Vec<u8>, Vec<u8>>, String> {
    let prefix = row_key(partition, b"");
    let mut found = BTreeMap::new();
    let scanned = store.scan(family, &prefix, |key, value| {
        let own = key.strip_prefix(prefix.as_slice()).map(<[u8]>::to_vec);
        let goes_on = own.is_some();
        found.extend(own.map(|key| (key, value.to_vec())));
        goes_on
    });
    scanned.map(|()| found).map_err(|error| format!("{error:#}"))
}

fn newest(log: &MemoryLog, changelog: &str, from: Offset) -> Rows {
    let mut rows = Rows::new();
    for record in log.read_all(changelog) {
        if let (true, Some(key), Some(value)) = (record.offset >= from, record.key, record.value) {
            rows.entry(record.partition).or_default().insert(key, value);
        }
    }
    rows
}

/// Everything that lies in the log, as a number (FNV-1a).
pub fn digest(log: &MemoryLog, config: &Config) -> u64 {
    let mut digest = 0xcbf2_9ce4_8422_2325_u64;
    let mut add = |bytes: &[u8]| {
        for byte in bytes {
            digest = (digest ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    let names: Vec<String> = plans(config).into_iter().map(|plan| plan.name).collect();
    for name in names {
        for record in log.read_all(&name) {
            add(&record.offset.to_be_bytes());
            add(&record.partition.to_be_bytes());
            add(&record.timestamp.unwrap_or(-1).to_be_bytes());
            for part in [&record.key, &record.value] {
                add(&[u8::from(part.is_some())]);
                add(part.as_deref().unwrap_or_default());
            }
        }
    }
    digest
}

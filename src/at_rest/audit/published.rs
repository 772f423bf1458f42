//! The newest published record of every key, held against what the rows say was published. Views are compared as F2
//! compares them: whatever only tells how they came to be is left out. Revisions are compared, too.

use super::follow::Follower;
use super::rows::{Row, Rows};
use crate::at_rest::rows::AnyRow;
use crate::config::WireForm;
use crate::contract::json::output;
use crate::contract::protobuf::output::{decode_counter, decode_status, encode_counter, encode_status};
use crate::domain::settings::Settings;
use crate::domain::status::View;
use crate::domain::time::Timestamp;
use crate::log::partitioner::partition_of;
use crate::log::{Log, Offset, Record};
use crate::runtime::goals::Goals;
use crate::runtime::topology::{Output, Stage, Topology};
use crate::stages::chats::{ChatRow, StatusChange};
use crate::stages::managers::{Counter, CounterRow};
use crate::stages::messages::{Cause, CauseKind};
use crate::state::table::{Key, parse_page_key};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The newest records of one topic, by the partition that their key has in the stage that published them.
pub struct Published<L: Log> {
    stage: Stage,
    form: WireForm,
    topic: Follower<L>,
    newest: Vec<BTreeMap<Key, Newest>>,
}

/// The newest record of a key.
struct Newest {
    /// Where it lies: it tells whether something came.
    place: (i32, Offset),
    /// `None`: a tombstone.
    value: Option<Vec<u8>>,
    /// Of a tombstone.
    revision: Option<u32>,
}

impl<L: Log> Published<L> {
    pub fn new(log: &L, stage: Stage, output: &Output, partitions: i32) -> anyhow::Result<Self> {
        let topic = Follower::new(log, Topology::all(&output.topic, output.partitions))?;
        let newest = (0..partitions).map(|_| BTreeMap::new()).collect();
        Ok(Self { stage, form: output.form, topic, newest })
    }

    pub fn catch_up(&mut self, log: &L) -> anyhow::Result<()> {
        let Self { topic, newest, .. } = self;
        let partitions = newest.len() as i32;
        topic.catch_up(log, |record| {
            let Some(key) = record.key else { return };
            let home = partition_of(key, partitions) as usize;
            newest[home].insert(key.into(), Newest::of(record));
        })?;
        Ok(())
    }

    /// The keys whose newest record is not what their row says, with the difference. `rows` and `self` are of the same
    /// moment, but for what moves: a key counts once it differs twice with nothing of it having moved.
    pub fn differences(
        &mut self,
        log: &L,
        rows: &mut Rows<L>,
        partition: i32,
        goals: &Goals,
        mut read_goals: impl FnMut() -> anyhow::Result<()>,
    ) -> anyhow::Result<BTreeMap<Key, String>> {
        const PASSES: usize = 20;
        let mut confirmed = BTreeMap::new();
        let mut suspects: BTreeMap<Key, _> = BTreeMap::new();
        let mut left: Option<BTreeSet<Key>> = None;
        for _ in 0..PASSES {
            // Rows first: what is published lies in the log no later than the row that says so.
            rows.catch_up(log, None)?;
            self.catch_up(log)?;
            read_goals()?;
            let known = goals.known.read().expect("nobody panics in here");
            let keys = left.take().unwrap_or_else(|| self.keys(rows, partition));
            let mut moving = BTreeSet::new();
            for key in keys {
                let (row, newest) = (rows.get(&key), self.newest[partition as usize].get(&key));
                let Some(difference) = difference(self.stage, self.form, row, newest, &known.settings) else {
                    suspects.remove(&key);
                    continue;
                };
                let places = (row.map(|row| row.offset), newest.map(|newest| newest.place));
                if suspects.insert(key.clone(), places) == Some(places) {
                    confirmed.insert(key, difference);
                } else {
                    moving.insert(key);
                }
            }
            if moving.is_empty() {
                break;
            }
            left = Some(moving);
        }
        Ok(confirmed)
    }

    fn keys(&self, rows: &Rows<L>, partition: i32) -> BTreeSet<Key> {
        let of_rows = rows.iter().map(|(key, _)| key).filter(|key| parse_page_key(key).is_none());
        of_rows.chain(self.newest[partition as usize].keys()).cloned().collect()
    }
}

impl Newest {
    fn of(record: &Record<'_>) -> Self {
        let value = record.value.map(<[u8]>::to_vec);
        let revision = match value {
            Some(_) => None,
            None => {
                let headers = record.headers.to_vec();
                let header = headers.into_iter().find(|header| header.name == "revision");
                header.and_then(|header| String::from_utf8(header.value?).ok()?.parse().ok())
            }
        };
        Self { place: (record.partition, record.offset), value, revision }
    }
}

/// What a row says was published.
enum Wanted {
    Nothing,
    Tombstone(u32),
    Record(Value),
}

fn difference(
    stage: Stage,
    form: WireForm,
    row: Option<&Row>,
    newest: Option<&Newest>,
    settings: &Settings,
) -> Option<String> {
    let wanted = match row.map(|row| AnyRow::decode(stage, &row.value)) {
        None => Ok(Wanted::Nothing),
        Some(Ok(AnyRow::Chat(row))) => wanted_status(&row, form, settings),
        Some(Ok(AnyRow::Counter(row))) => wanted_counter(&row, form),
        Some(Ok(AnyRow::Customer(_))) => return None,
        Some(Err(error)) => Err(format!("the row cannot be read: {error:#}")),
    };
    let wanted = match wanted {
        Ok(wanted) => wanted,
        Err(reason) => return Some(reason),
    };
    match (wanted, newest.map(|newest| (&newest.value, newest.revision))) {
        (Wanted::Nothing, None) => None,
        (Wanted::Nothing, Some(_)) => Some("it is published, and no row says so".to_owned()),
        // Compaction takes a tombstone away after a while.
        (Wanted::Tombstone(_), None | Some((None, None))) => None,
        (Wanted::Tombstone(wanted), Some((None, Some(got)))) => (wanted != got)
            .then(|| format!("the revision of its tombstone is {got}, and {wanted} in the row")),
        (Wanted::Tombstone(_), Some((Some(_), _))) => Some("it is deleted, and still published".to_owned()),
        (Wanted::Record(_), None) => Some("nothing of it is published".to_owned()),
        (Wanted::Record(_), Some((None, _))) => Some("a tombstone is published, and it is there".to_owned()),
        (Wanted::Record(wanted), Some((Some(got), _))) => match read(stage, form, got) {
            Ok(got) if got == wanted => None,
            Ok(got) => Some(fields_that_differ(&got, &wanted)),
            Err(reason) => Some(format!("what is published cannot be read: {reason}")),
        },
    }
}

fn wanted_status(row: &ChatRow, form: WireForm, settings: &Settings) -> Result<Wanted, String> {
    let Some(published) = row.live.as_ref().and_then(|live| live.published.as_ref()) else {
        return Ok(if row.revision == 0 { Wanted::Nothing } else { Wanted::Tombstone(row.revision) });
    };
    let channel = settings.channel(&row.channel);
    let View { shown, round, .. } = &published.view;
    let goals = shown.iter().map(|shown| shown.goal).chain(round.iter().map(|round| round.goal));
    if let Some(goal) = goals.into_iter().find(|goal| goal.0 as usize >= channel.goals().len()) {
        return Err(format!("the row names the goal {}, which its channel never had", goal.0));
    }
    let change = StatusChange {
        channel: row.channel.clone(),
        chat: row.chat.clone(),
        revision: row.revision,
        view: published.view.clone(),
        previous: None,
        cause: Cause { kind: CauseKind::Rebuild, at: Timestamp(0) },
        correction: false,
    };
    let record = match form {
        WireForm::Json => output::status_changed(&change, channel).map_err(|error| error.to_string())?,
        WireForm::Protobuf => encode_status(&change, channel),
    };
    read(Stage::Chats, form, &record).map(Wanted::Record)
}

fn wanted_counter(row: &CounterRow, form: WireForm) -> Result<Wanted, String> {
    if row.revision == 0 {
        return Ok(Wanted::Nothing);
    }
    let counter = Counter {
        channel: row.channel.clone(),
        bucket: row.bucket.clone(),
        counts: row.published,
        revision: row.revision,
        updated_at: Timestamp(0),
    };
    let record = match form {
        WireForm::Json => output::counter(&counter).to_bytes().map_err(|error| error.to_string())?,
        WireForm::Protobuf => encode_counter(&counter),
    };
    read(Stage::Managers, form, &record).map(Wanted::Record)
}

/// A record without what only tells how it came to be.
fn read(stage: Stage, form: WireForm, record: &[u8]) -> Result<Value, String> {
    const HOW: [&str; 5] = ["previousStatus", "at", "cause", "correction", "updatedAt"];
    match form {
        WireForm::Json => {
            let mut record: Value = serde_json::from_slice(record).map_err(|error| error.to_string())?;
            let fields = record.as_object_mut().ok_or("it is no object")?;
            HOW.iter().for_each(|name| drop(fields.remove(*name)));
            Ok(record)
        }
        WireForm::Protobuf if stage == Stage::Chats => {
            let mut record = decode_status(record)?;
            record.previous = None;
            record.cause = Cause { kind: CauseKind::Rebuild, at: Timestamp(0) };
            record.correction = false;
            Ok(Value::String(format!("{record:?}")))
        }
        WireForm::Protobuf => {
            let mut record = decode_counter(record)?;
            record.updated_at = Timestamp(0);
            Ok(Value::String(format!("{record:?}")))
        }
    }
}

fn fields_that_differ(got: &Value, wanted: &Value) -> String {
    let (Some(got_fields), Some(wanted_fields)) = (got.as_object(), wanted.as_object()) else {
        return format!("{got} is published, and {wanted} in the row");
    };
    let names: BTreeSet<&String> = got_fields.keys().chain(wanted_fields.keys()).collect();
    let shown = |value: Option<&Value>| value.map_or_else(|| "absent".to_owned(), Value::to_string);
    let differ = names.into_iter().filter(|name| got_fields.get(*name) != wanted_fields.get(*name));
    let differ = differ.map(|name| {
        let (got, wanted) = (shown(got_fields.get(name)), shown(wanted_fields.get(name)));
        format!("{name} is {got}, and {wanted} in the row")
    });
    differ.collect::<Vec<_>>().join("; ")
}

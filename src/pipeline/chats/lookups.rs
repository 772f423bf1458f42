//! The lookups of the chats of a partition: which entries a row has, and how they are written so that they sort.
//!
//! They outlive the process. `d` + time + chat: due. `w` + channel + chat: waits for a reply. `r` + channel + UTC day of the
//! latest fact + chat. Numbers are big endian with the sign turned.

use crate::domain::time::Timestamp;
use crate::stages::chats::Index;
use crate::state::store::{Family, Store};
use crate::state::table::row_key;

/// The entries that a row's place in the indexes gains (true) and loses (false).
pub fn reindex(
    channel: &str,
    chat: &str,
    before: Index,
    after: Index,
    mut change: impl FnMut(bool, Vec<u8>),
) {
    if before.due != after.due {
        for (add, due) in [(false, before.due), (true, after.due)] {
            if let Some(due) = due {
                change(add, due_entry(due, chat));
            }
        }
    }
    if before.waits != after.waits {
        let mut entry = channel_prefix(b'w', channel);
        entry.extend(chat.as_bytes());
        change(after.waits, entry);
    }
    if before.latest_day != after.latest_day {
        for (add, day) in [(false, before.latest_day), (true, after.latest_day)] {
            if let Some(day) = day {
                let mut entry = channel_prefix(b'r', channel);
                entry.extend(sortable(day));
                entry.extend(chat.as_bytes());
                change(add, entry);
            }
        }
    }
}

/// What is due of a partition on disk within some time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    pub count: usize,
    pub first: Option<Timestamp>,
}

/// The chats of a partition that were due after `clock` and no later than `limit`, as far as it is on disk; counts no more
/// than `max`. Used beside the thread that folds.
pub fn overdue(
    store: &Store,
    partition: i32,
    clock: Timestamp,
    limit: Timestamp,
    max: usize,
) -> anyhow::Result<Found> {
    let mut found = Found::default();
    if limit <= clock {
        return Ok(found);
    }
    // What was due before has been removed, and looking past that would cost.
    let (prefix, from) = (row_key(partition, b"d"), row_key(partition, &due_entry(clock.plus(1), "")));
    store.scan_prefix(Family::Indexes, &prefix, &from, |key, _| {
        let due = due_time(&key[partition.to_be_bytes().len()..]);
        if due > limit || found.count == max {
            return false;
        }
        found.count += 1;
        found.first.get_or_insert(due);
        true
    })?;
    Ok(found)
}

pub(super) fn due_entry(due: Timestamp, chat: &str) -> Vec<u8> {
    let mut entry = Vec::with_capacity(9 + chat.len());
    entry.push(b'd');
    entry.extend(sortable(due.0));
    entry.extend(chat.as_bytes());
    entry
}

pub(super) fn due_time(entry: &[u8]) -> Timestamp {
    Timestamp(from_sortable(&entry[1..9]))
}

pub(super) fn due_chat(entry: &[u8]) -> &str {
    std::str::from_utf8(&entry[9..]).expect("an entry ends with a chat id")
}

pub(super) fn channel_prefix(kind: u8, channel: &str) -> Vec<u8> {
    let mut entry = Vec::with_capacity(64);
    entry.push(kind);
    entry.extend((channel.len() as u16).to_be_bytes());
    entry.extend(channel.as_bytes());
    entry
}

/// The channel of an entry of `w` or `r`, in the form that it has there.
pub(super) fn channel_of(entry: &[u8]) -> &[u8] {
    let length = u16::from_be_bytes([entry[1], entry[2]]);
    &entry[1..3 + usize::from(length)]
}

pub(super) fn sortable(number: i64) -> [u8; 8] {
    ((number as u64) ^ (1 << 63)).to_be_bytes()
}

fn from_sortable(bytes: &[u8]) -> i64 {
    (u64::from_be_bytes(bytes.try_into().expect("eight bytes")) ^ (1 << 63)) as i64
}

//! The rows of one task as its changelog has them, and whether they are what its note, and a disk, say.

use super::follow::Follower;
use crate::at_rest::disk::{Disk, walk};
use crate::log::{Log, LogResult, Offset};
use crate::runtime::note::Note;
use crate::runtime::restore::reached;
use crate::runtime::tasks::TaskId;
use crate::runtime::topology::Topology;
use crate::state::digest::{Digest, Part};
use crate::state::table::{Key, parse_row_key};
use std::collections::BTreeMap;

pub struct Rows<L: Log> {
    task: TaskId,
    changelog: Follower<L>,
    rows: BTreeMap<Key, Row>,
    digest: Digest,
}

pub struct Row {
    pub offset: Offset,
    pub value: Vec<u8>,
}

/// What a task has noted beside its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noted {
    /// An older binary noted none.
    Nothing,
    Digest(Digest),
}

/// The note of a task, held against its changelog.
pub struct NoteChecked {
    pub noted: Noted,
    pub agrees: bool,
}

impl<L: Log> Rows<L> {
    pub fn new(log: &L, topology: &Topology, task: TaskId) -> anyhow::Result<Self> {
        let changelog = Follower::new(log, vec![topology.changelog(task.0, task.1)])?;
        Ok(Self { task, changelog, rows: BTreeMap::new(), digest: Digest::EMPTY })
    }

    pub fn digest(&self) -> Digest {
        self.digest
    }

    pub fn get(&self, key: &[u8]) -> Option<&Row> {
        self.rows.get(key)
    }

    /// Rows and pages, in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Row)> {
        self.rows.iter()
    }

    pub fn count(&self) -> usize {
        self.rows.len()
    }

    /// Takes up what has come since. True: at some point on the way the digest was this one.
    pub fn catch_up(&mut self, log: &L, looked_for: Option<Digest>) -> anyhow::Result<(u64, bool)> {
        let Self { changelog, rows, digest, .. } = self;
        let mut met = looked_for == Some(*digest);
        let shown = changelog.catch_up(log, |record| {
            let (Some(key), Some(value)) = (record.key, record.value) else { return };
            let row = Row { offset: record.offset, value: value.to_vec() };
            let before = rows.insert(key.into(), row);
            let before = before.map_or(Part::NOTHING, |before| Part::of(key, &before.value));
            digest.replace(before, Part::of(key, value));
            met |= looked_for == Some(*digest);
        })?;
        Ok((shown, met))
    }

    /// Reads the changelog and holds the note against it. While the task goes on, the rows of a note are those at some
    /// point on the way and not at the end; where nothing moves, they must be those at the end.
    pub fn check_note(&mut self, log: &L, topology: &Topology) -> anyhow::Result<NoteChecked> {
        const TRIES: usize = 20;
        let (mut before, mut met_in_a_row) = (None, 0);
        for _ in 0..TRIES {
            let noted = noted(log, topology, self.task)?;
            let Noted::Digest(wanted) = noted else {
                self.catch_up(log, None)?;
                return Ok(NoteChecked { noted, agrees: true });
            };
            let (came, met) = self.catch_up(log, Some(wanted))?;
            let moved = before != Some(noted);
            // What came after the first note that was met is what the second one speaks of.
            met_in_a_row = if met && moved { met_in_a_row + 1 } else { 0 };
            if self.digest == wanted || met_in_a_row == 2 {
                return Ok(NoteChecked { noted, agrees: true });
            }
            if !moved && came == 0 {
                return Ok(NoteChecked { noted, agrees: false });
            }
            before = Some(noted);
        }
        Ok(NoteChecked { noted: before.unwrap_or(Noted::Nothing), agrees: false })
    }

    /// The keys under which a disk, caught up before this changelog was, does not have what it must have. What lies after
    /// the offset that it is known to reach is read again before anybody goes on from it, and does not count. `None`:
    /// the disk has nothing of this task that counts.
    pub fn differ_from_disk(&self, disk: &Disk) -> anyhow::Result<Option<DiskChecked>> {
        let Some(reached) = reached(&disk.store, self.task)? else { return Ok(None) };
        let counted = self.rows.values().filter(|row| row.offset < reached).count();
        let mut differ = Vec::new();
        let mut wanted = self.rows.iter().filter(|(_, row)| row.offset < reached).peekable();
        walk(&disk.store, self.task.0.family(), Some(self.task.1), |key, value| {
            let Some((_, own)) = parse_row_key(key) else { return true };
            while let Some((key, _)) = wanted.next_if(|(key, _)| &***key < own) {
                differ.push((key.clone(), "it is not on the disk"));
            }
            match wanted.next_if(|(key, _)| &***key == own) {
                Some((key, row)) if row.value != value => {
                    differ.push((key.clone(), "the disk has another row"))
                }
                Some(_) => {}
                None if self.rows.contains_key(own) => {}
                None => differ.push((own.into(), "only the disk has it")),
            }
            true
        })?;
        differ.extend(wanted.map(|(key, _)| (key.clone(), "it is not on the disk")));
        Ok(Some(DiskChecked { reached, counted, differ }))
    }
}

pub struct DiskChecked {
    pub reached: Offset,
    /// How many rows had to be there.
    pub counted: usize,
    /// In the order of their keys, with what is wrong.
    pub differ: Vec<(Key, &'static str)>,
}

/// The digest beside the committed position of a task.
fn noted(log: &impl Log, topology: &Topology, (stage, partition): TaskId) -> LogResult<Noted> {
    let inputs = topology.inputs(stage, partition);
    let inbox = inputs.last().expect("every task has an inbox").clone();
    let positions = log.committed(&topology.group, &[inbox])?;
    Ok(match positions.first() {
        Some(position) if position.next.is_some() => {
            Note::decode(&position.note).digest.map_or(Noted::Nothing, Noted::Digest)
        }
        // It has never committed.
        _ => Noted::Digest(Digest::EMPTY),
    })
}

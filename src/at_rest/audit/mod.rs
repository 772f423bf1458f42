//! The audit: for every stage and partition, the digest in the committed note (what the running workers go by), the rows
//! that a restore would get from the changelog, the rows on a disk, and what is published are held against each other.
//! It works on a deployment that goes on meanwhile, and joins no group. In memory it holds the rows of one partition and the
//! newest published records of one stage.
//!
//! Reading order: this file (one partition after the other), [`follow`] (reading to an end that moves), [`rows`] (notes,
//! changelogs, disks), [`published`] (topics).

pub mod follow;
pub mod published;
pub mod rows;

use super::disk::{Disk, name_of};
use super::rows::name;
use crate::config::Config;
use crate::log::{Log, Offset};
use crate::runtime::clocks::{Clocks, WallClock};
use crate::runtime::goals::{Goals, GoalsReader};
use crate::runtime::tasks::TaskId;
use crate::runtime::topology::{Stage, Topology};
use crate::state::digest::Digest;
use crate::state::table::parse_page_key;
use published::Published;
use rows::{Noted, Rows};
use std::sync::Arc;
use std::time::Duration;

/// What came of one partition of one stage.
#[derive(Debug)]
pub struct TaskAudit {
    pub stage: &'static str,
    pub partition: i32,
    /// Rows and pages in the changelog.
    pub rows: usize,
    pub digest: Digest,
    pub noted: Option<Digest>,
    pub note: Compared,
    pub disk: Compared,
    pub disk_reaches: Option<Offset>,
    pub published: Compared,
}

/// One thing held against the rows of the changelog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compared {
    /// There is nothing to compare: why.
    Not(&'static str),
    Same,
    Differs {
        keys: usize,
        first: Option<First>,
    },
}

/// The first key that differs, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct First {
    pub key: String,
    pub how: String,
}

impl TaskAudit {
    pub fn differs(&self) -> bool {
        self.all().iter().any(|compared| matches!(compared, Compared::Differs { .. }))
    }

    pub fn all(&self) -> [&Compared; 3] {
        [&self.note, &self.disk, &self.published]
    }

    /// The first key that is known to differ.
    pub fn first(&self) -> Option<&First> {
        self.all().into_iter().find_map(|compared| match compared {
            Compared::Differs { first, .. } => first.as_ref(),
            Compared::Not(_) | Compared::Same => None,
        })
    }
}

pub struct Audit<'a, L: Log> {
    log: Arc<L>,
    topology: Arc<Topology>,
    disk: Option<&'a Disk>,
    goals: Arc<Goals>,
    reader: GoalsReader<L>,
}

impl<'a, L: Log> Audit<'a, L> {
    pub fn new(log: L, config: &Config, topology: Topology, wall: WallClock, disk: Option<&'a Disk>) -> Self {
        let (log, topology) = (Arc::new(log), Arc::new(topology));
        let goals = Goals::new(config.rules.requires_subscription, topology.goal_partitions);
        let goals = Arc::new(goals);
        let clocks = Clocks::with_wall(wall);
        let reader = GoalsReader::new(goals.clone(), log.clone(), topology.clone(), clocks);
        Self { log, topology, disk, goals, reader }
    }

    /// Looks at everything, and shows each partition when it is done.
    pub fn run(&mut self, mut show: impl FnMut(TaskAudit) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let partitions = self.topology.partitions;
        let (log, topology) = (self.log.clone(), self.topology.clone());
        for (stage, count) in [
            (Stage::Chats, partitions.chats),
            (Stage::Customers, partitions.customers),
            (Stage::Managers, partitions.managers),
        ] {
            let mut published = match stage {
                Stage::Chats => Some(Published::new(&*log, stage, &topology.status_changed, count)?),
                Stage::Customers => None,
                Stage::Managers => Some(Published::new(&*log, stage, &topology.counters, count)?),
            };
            if let Some(published) = &mut published {
                published.catch_up(&log)?;
            }
            for partition in 0..count {
                let audited = self.task((stage, partition), published.as_mut())?;
                show(audited)?;
            }
        }
        Ok(())
    }

    fn task(&mut self, task: TaskId, published: Option<&mut Published<L>>) -> anyhow::Result<TaskAudit> {
        let (stage, partition) = task;
        let (log, topology) = (self.log.clone(), self.topology.clone());
        if let Some(disk) = self.disk {
            // Before the changelog is read: then whatever is on the disk is in there.
            disk.catch_up()?;
        }
        let mut rows = Rows::new(&*log, &topology, task)?;
        let checked = rows.check_note(&log, &topology)?;
        let (disk, disk_reaches) = match self.disk.map(|disk| rows.differ_from_disk(disk)).transpose()? {
            None => (Compared::Not("no disk was named"), None),
            Some(None) => (Compared::Not("it is not on this disk"), None),
            Some(Some(checked)) if checked.counted == 0 && checked.differ.is_empty() && rows.count() > 0 => {
                (Compared::Not("all of it would be read again"), Some(checked.reached))
            }
            Some(Some(checked)) => {
                let first = checked.differ.first().map(|(key, how)| {
                    let key = parse_page_key(key).map_or(&**key, |(row, _)| row);
                    First { key: name(stage, key), how: (*how).to_owned() }
                });
                (differs(checked.differ.len(), first), Some(checked.reached))
            }
        };
        let published = match published {
            None => Compared::Not("it publishes nothing"),
            Some(published) => {
                let goals = self.goals.clone();
                let read_goals = || self.read_goals();
                let differ = published.differences(&log, &mut rows, partition, &goals, read_goals)?;
                let first = differ.iter().next();
                let first = first.map(|(key, how)| First { key: name(stage, key), how: how.clone() });
                differs(differ.len(), first)
            }
        };
        let (noted, note) = match (checked.noted, checked.agrees) {
            (Noted::Nothing, _) => (None, Compared::Not("no digest is noted yet")),
            (Noted::Digest(noted), true) => (Some(noted), Compared::Same),
            // A digest says that rows differ, not which.
            (Noted::Digest(noted), false) => (Some(noted), Compared::Differs { keys: 0, first: None }),
        };
        let (rows, digest, stage) = (rows.count(), rows.digest(), name_of(stage));
        Ok(TaskAudit { stage, partition, rows, digest, noted, note, disk, disk_reaches, published })
    }

    /// Takes up the settings as they stand in the log now: rows name goals by number.
    fn read_goals(&mut self) -> anyhow::Result<()> {
        let ticket = self.goals.ask();
        while !self.goals.have_answered(ticket, Duration::ZERO)? {
            self.reader.step()?;
        }
        Ok(())
    }
}

fn differs(keys: usize, first: Option<First>) -> Compared {
    if keys == 0 { Compared::Same } else { Compared::Differs { keys, first } }
}

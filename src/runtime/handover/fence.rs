//! The end of a generation: its group is joined, and every partition that comes from it is marked in the position's note.
//! Whoever worked on it can commit no more, and whoever gets it later finds the mark and ends. Broken off anywhere it does no
//! harm, and is gone on with by doing it again.

use super::super::note::Note;
use super::super::tasks::{TaskId, Tasks};
use super::super::topology::{Stage, Topology};
use crate::log::{Log, LogError, LogResult, Member, Polled, Position, TopicPartition};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// The name under which the group is joined. It is nobody's who folds.
const SLOT: &str = "takeover";

/// How many of a generation's tasks are marked, and how many there are.
pub fn marked(log: &impl Log, of: &Topology, next: u32) -> LogResult<(usize, usize)> {
    let positions = log.committed(&of.group, &super::inboxes(of))?;
    let marked =
        positions.iter().filter(|position| Note::decode(&position.note).handed_to == Some(next)).count();
    Ok((marked, positions.len()))
}

/// Which generation has taken over from this one, if one has begun to. It waits for nobody: a member that was killed may
/// have left a transaction open, and a mark that is still to be committed is found by who starts on the positions.
pub fn handed_to(log: &impl Log, of: &Topology) -> LogResult<Option<u32>> {
    let positions = log.committed_so_far(&of.group, &super::inboxes(of))?;
    Ok(positions.iter().find_map(|position| Note::decode(&position.note).handed_to))
}

/// Ends the generation for good. `Err(Setup)`: it does not end within `patience`.
pub fn fence<L: Log>(
    log: &L,
    old: &Topology,
    next: u32,
    patience: Duration,
    mut progress: impl FnMut(usize, usize),
) -> LogResult<()> {
    let until = Instant::now() + patience;
    loop {
        match fence_once(log, old, next, until, &mut progress) {
            Err(LogError::Broken(reason) | LogError::Unclear(reason)) if Instant::now() < until => {
                tracing::warn!(reason, "the group of the old generation is joined again");
                std::thread::sleep(Duration::from_millis(500));
            }
            outcome => return outcome,
        }
    }
}

fn fence_once<L: Log>(
    log: &L,
    old: &Topology,
    next: u32,
    until: Instant,
    progress: &mut impl FnMut(usize, usize),
) -> LogResult<()> {
    const POLL: Duration = Duration::from_millis(100);
    let mut member = log.join(&old.group, SLOT, &old.subscribed())?;
    let mut tasks = Tasks::default();
    let mut ready: BTreeSet<TaskId> = BTreeSet::new();
    loop {
        let (done, all) = marked(log, old, next)?;
        progress(done, all);
        if done == all {
            return member.leave();
        }
        if Instant::now() > until {
            let reason = format!(
                "{} partitions of {} still belong to a process that does not give them up",
                all - done,
                old.group
            );
            member.leave()?;
            return Err(LogError::Setup(reason));
        }
        match member.poll(POLL)? {
            Polled::Assigned(partitions) => ready.extend(tasks.assign(partitions, old)),
            Polled::Revoked(partitions) | Polled::Lost(partitions) => {
                let gone = tasks.revoke(&partitions, old);
                ready.retain(|task| !gone.contains(task));
            }
            Polled::Nothing | Polled::Records(_) | Polled::Stopped(..) => {}
        }
        for task in std::mem::take(&mut ready) {
            match mark(log, &mut member, old, task, next) {
                Ok(()) => {}
                Err(LogError::Refused(reason)) => {
                    tracing::warn!(reason, ?task, "not marked yet");
                    ready.insert(task);
                }
                Err(error) => return Err(error),
            }
        }
    }
}

fn mark<L: Log>(
    log: &L,
    member: &mut L::Member,
    old: &Topology,
    (stage, partition): (Stage, i32),
    next: u32,
) -> LogResult<()> {
    let inputs: Vec<TopicPartition> = old.inputs(stage, partition);
    // Waits for what an earlier owner has under way.
    let mut positions: Vec<Position> = member.committed(&inputs)?;
    let begins = log.begins(&inputs)?;
    for (position, begin) in positions.iter_mut().zip(begins) {
        position.next = Some(position.next.unwrap_or(begin));
    }
    let last = positions.last_mut().expect("every task has an inbox");
    let note = Note { handed_to: Some(next), ..Note::decode(&last.note) };
    last.note = note.encode();
    member.commit(&positions)
}

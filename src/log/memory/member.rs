//! One worker of a group on the in-memory log: its partitions, how far it has read them, and its producer.
//! Dropped, it leaves the group but not its transaction, as a Kafka client does; [`MemoryMember::crash`]
//! leaves neither.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::Shared;
use super::batch::MemoryBatch;
use super::cluster::Cluster;
use super::group::{Group, MembershipId};
use super::partition::Stored;
use crate::log::{
    Batch as _, LogResult, Member, NOTE_BYTES_MAX, Offset, Outgoing, Polled, Position, TopicPartition,
};

pub struct MemoryMember {
    shared: Arc<Shared>,
    group: String,
    slot: String,
    topics: Vec<Arc<str>>,
    membership: MembershipId,
    /// The partitions this member has been told of; `None` is held back.
    held: BTreeMap<TopicPartition, Option<Offset>>,
    /// Where those of them stand that could not be read on.
    stopped: BTreeMap<TopicPartition, Offset>,
    /// Told as revoked by the last poll, given up by the next one.
    leaving: Vec<TopicPartition>,
    /// Where the next batch begins to look, so that a busy partition does not starve those after it.
    turn: usize,
    transactional_id: String,
    epoch: u64,
    crashed: bool,
}

impl MemoryMember {
    pub(super) fn join(shared: Arc<Shared>, group: &str, slot: &str, topics: &[Arc<str>]) -> Self {
        let transactional_id = super::transactional_id(group, slot);
        let mut cluster = shared.lock();
        let epoch = cluster.init_producer(&transactional_id);
        let membership = enrol(&mut cluster, group, slot, topics);
        drop(cluster);
        shared.changed();
        Self {
            shared,
            group: group.to_owned(),
            slot: slot.to_owned(),
            topics: topics.to_vec(),
            membership,
            held: BTreeMap::new(),
            stopped: BTreeMap::new(),
            leaving: Vec::new(),
            turn: 0,
            transactional_id,
            epoch,
            crashed: false,
        }
    }

    /// Ends as a killed process does: the group and the open transaction find out by their timeouts only
    /// ([`super::MemoryLog::expel`], [`super::MemoryLog::time_out_transaction`]) or by an heir of the slot.
    pub fn crash(mut self) {
        self.crashed = true;
    }

    /// The first half of a commit: the group takes the positions into the open transaction, or refuses them.
    pub fn offer(&mut self, positions: &[Position]) -> LogResult<()> {
        let mut cluster = self.shared.lock();
        let refusal = self.refusal(&mut cluster, positions);
        let outcome = cluster.offer(&self.transactional_id, self.epoch, &self.group, positions, refusal);
        drop(cluster);
        self.shared.changed();
        outcome
    }

    /// The second half of a commit: the transaction is decided. The group does not look again whose the positions are.
    pub fn end(&mut self) -> LogResult<()> {
        let outcome = self.shared.lock().commit(&self.transactional_id, self.epoch);
        self.shared.changed();
        outcome
    }

    fn poll_once(&mut self, cluster: &mut Cluster) -> LogResult<Option<Polled<MemoryBatch>>> {
        if !group_of(cluster, &self.group).is_member(self.membership) {
            let lost = self.rejoin(cluster);
            if !lost.is_empty() {
                return Ok(Some(Polled::Lost(lost)));
            }
        }
        if !self.leaving.is_empty() {
            let leaving = std::mem::take(&mut self.leaving);
            self.held.retain(|partition, _| !leaving.contains(partition));
            self.stopped.retain(|partition, _| !leaving.contains(partition));
            group_of(cluster, &self.group).release(self.membership, &leaving);
            self.shared.changed();
        }
        let group = group_of(cluster, &self.group);
        let revoked = group.to_revoke(self.membership);
        if !revoked.is_empty() {
            self.leaving.clone_from(&revoked);
            return Ok(Some(Polled::Revoked(revoked)));
        }
        let assigned = group.take_assigned(self.membership);
        if !assigned.is_empty() {
            self.held.extend(assigned.iter().map(|partition| (partition.clone(), None)));
            return Ok(Some(Polled::Assigned(assigned)));
        }
        self.read(cluster)
    }

    /// Thrown out: what was held is lost, and the member joins again as a new one.
    fn rejoin(&mut self, cluster: &mut Cluster) -> Vec<TopicPartition> {
        self.membership = enrol(cluster, &self.group, &self.slot, &self.topics);
        self.shared.changed();
        self.leaving.clear();
        self.stopped.clear();
        std::mem::take(&mut self.held).into_keys().collect()
    }

    fn read(&mut self, cluster: &Cluster) -> LogResult<Option<Polled<MemoryBatch>>> {
        let mut batch = MemoryBatch::default();
        let count = self.held.len();
        self.turn = if count == 0 { 0 } else { (self.turn + 1) % count };
        let turn = self.turn;
        let (before, after) =
            self.held.iter_mut().enumerate().partition::<Vec<_>, _>(|(index, _)| *index < turn);
        for (_, (of, held)) in after.into_iter().chain(before) {
            let Some(next) = *held else { continue };
            let partition = cluster.partition(of)?;
            let (begin, end) = (partition.begin(), partition.end());
            if !(begin..=end).contains(&next) {
                // What is in the batch already must not be forgotten: this partition's turn comes again.
                if !batch.is_empty() {
                    continue;
                }
                *held = None;
                self.stopped.insert(of.clone(), next);
                let why = if next < begin {
                    format!(
                        "the position is {next}, but the log begins at {begin}: {} records were lost",
                        begin - next
                    )
                } else {
                    format!(
                        "the position is {next}, but the log ends at {end}: {} records were lost",
                        next - end
                    )
                };
                return Ok(Some(Polled::Stopped(of.clone(), format!("{of} cannot be read on: {why}"))));
            }
            let max = cluster.batch_records_max - batch.len();
            *held = Some(partition.read(next, max, |offset, stored| batch.push(of, offset, stored)));
        }
        Ok((!batch.is_empty()).then_some(Polled::Records(batch)))
    }

    fn held_mut(&mut self, of: &TopicPartition) -> &mut Option<Offset> {
        let slot = &self.slot;
        self.held.get_mut(of).unwrap_or_else(|| panic!("{of} does not belong to the worker {slot}"))
    }

    /// Why the group does not take these positions from this member.
    fn refusal(&self, cluster: &mut Cluster, positions: &[Position]) -> Option<String> {
        let group = group_of(cluster, &self.group);
        if positions.is_empty() {
            return None;
        }
        if !group.is_member(self.membership) {
            return Some(format!(
                "the worker {} is no longer a member of the group {}",
                self.slot, self.group
            ));
        }
        for Position { of, next, note } in positions {
            // Kafka fences members, not partitions: it would take the position and damage the new owner's
            // work.
            assert!(
                group.owns(self.membership, of),
                "the worker {} commits {of}, which is not its own: Kafka would not notice",
                self.slot
            );
            assert!(next.is_some(), "the position of {of} to be committed has no offset");
            assert!(note.len() <= NOTE_BYTES_MAX, "the note on {of} has {} bytes", note.len());
        }
        None
    }
}

impl Member for MemoryMember {
    type Batch = MemoryBatch;

    fn poll(&mut self, timeout: Duration) -> LogResult<Polled<MemoryBatch>> {
        let shared = self.shared.clone();
        let polled = shared.wait_for(timeout, |cluster| self.poll_once(cluster))?;
        Ok(polled.unwrap_or(Polled::Nothing))
    }

    fn committed(&mut self, of: &[TopicPartition]) -> LogResult<Vec<Position>> {
        Ok(self.shared.committed(&self.group, of))
    }

    fn position(&self, of: &TopicPartition) -> Option<Offset> {
        self.held.get(of)?.or_else(|| self.stopped.get(of).copied())
    }

    fn start(&mut self, of: &TopicPartition, next: Option<Offset>) -> LogResult<()> {
        let begin = self.shared.lock().partition(of)?.begin();
        self.stopped.remove(of);
        *self.held_mut(of) = Some(next.unwrap_or(begin));
        Ok(())
    }

    fn pause(&mut self, of: &TopicPartition) -> LogResult<()> {
        self.stopped.remove(of);
        *self.held_mut(of) = None;
        Ok(())
    }

    fn send(&mut self, record: Outgoing<'_>) -> LogResult<()> {
        let mut cluster = self.shared.lock();
        let stored = Stored {
            timestamp: Some(record.timestamp.unwrap_or_else(|| cluster.now())),
            key: record.key.map(<[u8]>::to_vec),
            value: record.value.map(<[u8]>::to_vec),
            headers: record.headers.to_vec(),
        };
        let to = TopicPartition::new(record.topic, record.partition);
        cluster.write(&self.transactional_id, self.epoch, &to, stored)
    }

    fn commit(&mut self, positions: &[Position]) -> LogResult<()> {
        self.offer(positions)?;
        self.end()
    }

    fn abort(&mut self) -> LogResult<()> {
        let outcome = self.shared.lock().abort(&self.transactional_id, self.epoch);
        self.shared.changed();
        outcome
    }

    fn recover(&mut self) -> LogResult<()> {
        self.epoch = self.shared.lock().init_producer(&self.transactional_id);
        self.shared.changed();
        Ok(())
    }

    fn leave(mut self) -> LogResult<()> {
        self.abort()
    }
}

impl Drop for MemoryMember {
    fn drop(&mut self) {
        if self.crashed {
            return;
        }
        let mut cluster = self.shared.lock();
        let counts = cluster.partition_counts();
        group_of(&mut cluster, &self.group).strike(self.membership, &counts);
        drop(cluster);
        self.shared.changed();
    }
}

fn enrol(cluster: &mut Cluster, group: &str, slot: &str, topics: &[Arc<str>]) -> MembershipId {
    let id = cluster.next_id();
    let counts = cluster.partition_counts();
    group_of(cluster, group).enrol(id, slot, topics, &counts);
    id
}

fn group_of<'a>(cluster: &'a mut Cluster, name: &str) -> &'a mut Group {
    cluster.groups.entry(name.to_owned()).or_default()
}

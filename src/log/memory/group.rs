//! A group in memory: who is in it, who owns which partition, who should, and what was committed. It moves a
//! partition in two steps (its owner gives it up, then the next one takes it) and never tells anyone
//! anything: members ask at each of their polls.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::log::{Offset, TopicPartition};

/// Names one membership: a member that was thrown out and joins again gets another.
pub(super) type MembershipId = u64;

struct Enrolled {
    slot: String,
    topics: Vec<Arc<str>>,
}

#[derive(Default)]
pub(super) struct Group {
    members: BTreeMap<MembershipId, Enrolled>,
    owners: BTreeMap<TopicPartition, MembershipId>,
    targets: BTreeMap<TopicPartition, MembershipId>,
    pub committed: BTreeMap<TopicPartition, (Offset, String)>,
}

/// How many partitions each topic has.
pub(super) type PartitionCounts = BTreeMap<Arc<str>, i32>;

impl Group {
    pub fn enrol(&mut self, id: MembershipId, slot: &str, topics: &[Arc<str>], counts: &PartitionCounts) {
        self.members.insert(id, Enrolled { slot: slot.to_owned(), topics: topics.to_vec() });
        self.aim(counts);
    }

    /// Ends a membership; what it owned is free at once.
    pub fn strike(&mut self, id: MembershipId, counts: &PartitionCounts) {
        self.members.remove(&id);
        self.owners.retain(|_, owner| *owner != id);
        self.aim(counts);
    }

    pub fn is_member(&self, id: MembershipId) -> bool {
        self.members.contains_key(&id)
    }

    /// The oldest membership of a slot: a crashed worker's, if its heir has joined already.
    pub fn oldest_of(&self, slot: &str) -> Option<MembershipId> {
        self.members.iter().find(|(_, member)| member.slot == slot).map(|(id, _)| *id)
    }

    pub fn owns(&self, id: MembershipId, partition: &TopicPartition) -> bool {
        self.owners.get(partition) == Some(&id)
    }

    /// What the member owns and should not.
    pub fn to_revoke(&self, id: MembershipId) -> Vec<TopicPartition> {
        self.owners
            .iter()
            .filter(|(partition, owner)| **owner == id && self.targets.get(*partition) != Some(&id))
            .map(|(partition, _)| partition.clone())
            .collect()
    }

    /// The member has given these up.
    pub fn release(&mut self, id: MembershipId, partitions: &[TopicPartition]) {
        for partition in partitions {
            if self.owns(id, partition) {
                self.owners.remove(partition);
            }
        }
    }

    /// Gives the member what it should own and nobody owns.
    pub fn take_assigned(&mut self, id: MembershipId) -> Vec<TopicPartition> {
        let gained: Vec<_> = self
            .targets
            .iter()
            .filter(|(partition, target)| **target == id && !self.owners.contains_key(*partition))
            .map(|(partition, _)| partition.clone())
            .collect();
        self.owners.extend(gained.iter().map(|partition| (partition.clone(), id)));
        gained
    }

    /// Range assignment, topic by topic, over the members in the order of their slots: so equal partition
    /// numbers of topics with equal counts go to the same member.
    fn aim(&mut self, counts: &PartitionCounts) {
        self.targets.clear();
        for (topic, partitions) in counts {
            let mut subscribed: Vec<_> =
                self.members.iter().filter(|(_, member)| member.topics.contains(topic)).collect();
            subscribed.sort_by_key(|(id, member)| (&member.slot, **id));
            let mut partition = 0;
            for (index, (id, _)) in subscribed.iter().enumerate() {
                let members = subscribed.len() as i32;
                let share = partitions / members + i32::from((index as i32) < partitions % members);
                for _ in 0..share {
                    self.targets.insert(TopicPartition::new(topic.clone(), partition), **id);
                    partition += 1;
                }
            }
        }
    }
}

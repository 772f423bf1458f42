//! Whether a member was told what the group believes it was told. A partition that the coordinator has given to a member
//! whose client never says so is read by nobody, and nothing ends that: heartbeats go on, so nobody else gets it. So a
//! member asks now and then what it is believed to have; what it still was not told much later makes it join anew.

use super::groups::GroupInfo;
use crate::log::TopicPartition;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How often the coordinator is asked: one small request a worker.
const EVERY: Duration = Duration::from_secs(10);

/// Far longer than a client takes to tell an assignment: a heartbeat, and a look at the topics.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) struct Oversight {
    next: Instant,
    /// What the member was not told, and since when that is known.
    untold: BTreeMap<TopicPartition, Instant>,
}

impl Oversight {
    pub fn new(now: Instant) -> Self {
        Self { next: now + EVERY, untold: BTreeMap::new() }
    }

    /// Whether it is time to ask; the next time is then a while away.
    pub fn is_due(&mut self, now: Instant) -> bool {
        let is_due = now >= self.next;
        if is_due {
            self.next = now + EVERY;
        }
        is_due
    }

    /// What this member should have known for long, if there is anything. `has`: what it was told.
    pub fn overdue(
        &mut self,
        now: Instant,
        group: &GroupInfo,
        member: &str,
        has: impl Fn(&TopicPartition) -> bool,
    ) -> Option<TopicPartition> {
        let believed = group.members.iter().find(|listed| listed.id == member);
        let believed = believed.map_or(&[][..], |listed| &listed.partitions);
        let untold = believed.iter().filter(|of| !has(of));
        self.untold = untold.map(|of| (of.clone(), *self.untold.get(of).unwrap_or(&now))).collect();
        let overdue = self.untold.iter().find(|(_, since)| now.duration_since(**since) >= PATIENCE);
        overdue.map(|(of, _)| of.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::super::groups::GroupMember;
    use super::*;

    fn group(of: &[(&str, i32)]) -> GroupInfo {
        let member = |id: &str, partitions| GroupMember {
            id: id.to_owned(),
            client: String::new(),
            host: String::new(),
            partitions,
        };
        let listed = of.iter().map(|(topic, partition)| TopicPartition::new(*topic, *partition)).collect();
        let others = vec![TopicPartition::new("t", 9)];
        GroupInfo {
            state: "Stable".to_owned(),
            coordinator: String::new(),
            members: vec![member("other", others), member("me", listed)],
        }
    }

    #[test]
    fn only_what_was_untold_all_the_time_is_overdue() {
        let start = Instant::now();
        let mut oversight = Oversight::new(start);
        let told = |of: &TopicPartition| of.partition == 0;
        let mut look = |seconds, listed: &[(&str, i32)]| {
            oversight.overdue(start + Duration::from_secs(seconds), &group(listed), "me", told)
        };
        assert_eq!(look(0, &[("t", 0), ("t", 1)]), None);
        assert_eq!(look(20, &[("t", 0)]), None, "it came and went");
        assert_eq!(look(31, &[("t", 0), ("t", 1)]), None);
        assert_eq!(look(60, &[("t", 0), ("t", 1)]), None);
        assert_eq!(look(61, &[("t", 0), ("t", 1)]), Some(TopicPartition::new("t", 1)));
    }

    #[test]
    fn it_asks_now_and_then() {
        let start = Instant::now();
        let mut oversight = Oversight::new(start);
        assert!(!oversight.is_due(start));
        assert!(oversight.is_due(start + EVERY));
        assert!(!oversight.is_due(start + EVERY));
        assert!(oversight.is_due(start + 2 * EVERY));
    }
}

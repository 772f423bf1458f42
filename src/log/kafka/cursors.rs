//! How far each partition of a consumer was delivered. It lets every record through once: librdkafka may hand
//! out a record again when it holds back all partitions for a rebalance while one of them is being read. It
//! never calls librdkafka.

use std::cmp::Ordering;

use crate::log::{Offset, TopicPartition};

pub(super) struct Cursor {
    pub of: TopicPartition,
    /// The next offset to deliver; `None`: held back.
    pub next: Option<Offset>,
    /// The fetcher gave up, and a seek alone does not revive it.
    pub halted: bool,
    /// Where it stands if it was held back because it could not be read on.
    pub stopped: Option<Offset>,
    /// Where the log began, if the partition was begun there because the group has no position.
    pub first: Option<Offset>,
}

impl Cursor {
    fn new(of: TopicPartition, next: Option<Offset>) -> Self {
        Self { of, next, halted: false, stopped: None, first: None }
    }
}

/// Sorted, with the last one found kept at hand, since records come in runs of one partition.
#[derive(Default)]
pub(super) struct Cursors {
    sorted: Vec<Cursor>,
    last: usize,
}

impl Cursors {
    pub fn add(&mut self, of: TopicPartition, next: Option<Offset>) {
        match self.search(&of.topic, of.partition) {
            Ok(index) => self.sorted[index] = Cursor::new(of, next),
            Err(index) => self.sorted.insert(index, Cursor::new(of, next)),
        }
    }

    pub fn remove(&mut self, partitions: &[TopicPartition]) {
        self.sorted.retain(|cursor| !partitions.contains(&cursor.of));
    }

    pub fn clear(&mut self) {
        self.sorted.clear();
    }

    /// From now on the group has positions of these partitions.
    pub fn are_committed<'a>(&mut self, partitions: impl Iterator<Item = &'a TopicPartition>) {
        for of in partitions {
            if let Some(cursor) = self.get_mut(of) {
                cursor.first = None;
            }
        }
    }

    /// Whether any partition is being delivered.
    pub fn are_moving(&self) -> bool {
        self.sorted.iter().any(|cursor| cursor.next.is_some())
    }

    pub fn get(&self, of: &TopicPartition) -> Option<&Cursor> {
        self.search(&of.topic, of.partition).ok().map(|index| &self.sorted[index])
    }

    pub fn get_mut(&mut self, of: &TopicPartition) -> Option<&mut Cursor> {
        self.search(&of.topic, of.partition).ok().map(|index| &mut self.sorted[index])
    }

    /// Whether this record is to be delivered; if so, the partition has come that far.
    pub fn pass(&mut self, topic: &str, partition: i32, offset: Offset) -> bool {
        if !self.sorted.get(self.last).is_some_and(|cursor| order(cursor, topic, partition).is_eq()) {
            let Ok(index) = self.search(topic, partition) else { return false };
            self.last = index;
        }
        match &mut self.sorted[self.last].next {
            Some(next) if *next <= offset => {
                *next = offset + 1;
                true
            }
            _ => false,
        }
    }

    fn search(&self, topic: &str, partition: i32) -> Result<usize, usize> {
        self.sorted.binary_search_by(|cursor| order(cursor, topic, partition))
    }
}

fn order(cursor: &Cursor, topic: &str, partition: i32) -> Ordering {
    cursor.of.partition.cmp(&partition).then_with(|| (*cursor.of.topic).cmp(topic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_has_a_first_offset_only_until_the_group_has_a_position_of_it() {
        let mut cursors = cursors();
        let (of, other) = (TopicPartition::new("a", 0), TopicPartition::new("b", 0));
        assert!(cursors.are_moving());
        for of in [&of, &other] {
            cursors.get_mut(of).unwrap().first = Some(0);
        }
        cursors.are_committed([&of, &TopicPartition::new("c", 9)].into_iter());
        assert_eq!(cursors.get(&of).unwrap().first, None);
        assert_eq!(cursors.get(&other).unwrap().first, Some(0));
        for of in [of, other, TopicPartition::new("a", 1)] {
            cursors.get_mut(&of).unwrap().next = None;
        }
        assert!(!cursors.are_moving());
    }

    fn cursors() -> Cursors {
        let mut cursors = Cursors::default();
        cursors.add(TopicPartition::new("b", 0), Some(5));
        cursors.add(TopicPartition::new("a", 0), Some(0));
        cursors.add(TopicPartition::new("a", 1), None);
        cursors
    }

    #[test]
    fn a_record_passes_once_and_in_order() {
        let mut cursors = cursors();
        let passed: Vec<_> =
            [0, 1, 1, 0, 4, 3].into_iter().filter(|offset| cursors.pass("a", 0, *offset)).collect();
        assert_eq!(passed, [0, 1, 4]);
        assert!(cursors.pass("b", 0, 5));
    }

    #[test]
    fn nothing_passes_of_a_partition_that_is_held_back_unknown_or_removed() {
        let mut cursors = cursors();
        assert!(!cursors.pass("a", 1, 0));
        assert!(!cursors.pass("c", 0, 0));
        assert!(cursors.pass("b", 0, 6));
        cursors.remove(&[TopicPartition::new("b", 0)]);
        assert!(!cursors.pass("b", 0, 7));
    }
}

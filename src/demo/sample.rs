//! Which changes are shown: at most a few a second, so that they can be read, and not always the same kind. It never
//! counts any.

use super::changes::{Change, News};
use crate::domain::status::Status;
use std::collections::VecDeque;
use std::mem::{Discriminant, discriminant};
use std::time::Duration;

const INTERVAL: Duration = Duration::from_millis(350);

/// More than the largest terminal shows.
const SHOWN_MAX: usize = 60;

#[derive(Default)]
pub struct Sample {
    /// Since one was last chosen.
    pending: Vec<Change>,
    /// Newest first.
    shown: VecDeque<Change>,
    next: Duration,
}

impl Sample {
    /// Takes what has changed and, if it is time, chooses one of it.
    pub fn add(&mut self, now: Duration, changes: Vec<Change>) {
        self.pending.extend(changes);
        if now < self.next {
            return;
        }
        let Some(chosen) = self.choose() else { return };
        self.next = now + INTERVAL;
        self.pending.clear();
        self.shown.push_front(chosen);
        self.shown.truncate(SHOWN_MAX);
    }

    /// Newest first.
    pub fn shown(&self) -> &VecDeque<Change> {
        &self.shown
    }

    /// A new goal before anything else; then the kind that was not shown for the longest time.
    fn choose(&self) -> Option<Change> {
        let age = |change: &&Change| {
            let same = |shown: &Change| kind(shown) == kind(change);
            self.shown.iter().position(same).unwrap_or(usize::MAX)
        };
        let news = self.pending.iter().find(|change| matches!(change.news, News::Goal { .. }));
        news.or_else(|| self.pending.iter().max_by_key(age)).cloned()
    }
}

fn kind(change: &Change) -> (Discriminant<News>, Option<(Status, bool)>) {
    let status = match &change.news {
        News::Status { to, correction, .. } => Some((*to, *correction)),
        News::Deleted { .. } | News::Goal { .. } => None,
    };
    (discriminant(&change.news), status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;

    fn change(chat: &str, to: Status) -> Change {
        let news = News::Status {
            chat: chat.to_owned(),
            from: None,
            to,
            goal: None,
            manager: String::new(),
            correction: false,
        };
        Change { at: Timestamp(0), news }
    }

    #[test]
    fn a_sample_is_slow_enough_to_be_read_and_shows_every_kind() {
        let mut sample = Sample::default();
        for tick in 0..40 {
            let waiting = change("1", Status::AwaitingReply);
            let mut changes = vec![waiting.clone(), waiting];
            if tick == 10 {
                changes.push(change("2", Status::Missed));
            }
            sample.add(Duration::from_millis(tick * 100), changes);
        }
        assert_eq!(sample.shown().len(), 10);
        assert_eq!(sample.shown().iter().filter(|shown| **shown == change("2", Status::Missed)).count(), 1);
    }

    #[test]
    fn the_first_change_is_shown_at_once() {
        let mut sample = Sample::default();
        sample.add(Duration::ZERO, vec![change("1", Status::Missed)]);
        assert_eq!(sample.shown().len(), 1);
    }
}

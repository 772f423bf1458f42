//! How far a generation has come on its way behind the one before it, from what the two groups have committed.

use super::super::note::Note;
use super::super::topology::Topology;
use crate::log::{Log, LogResult, Position};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Records of the inputs that the new generation has folded, of those that the old one has.
    pub folded: i64,
    pub of: i64,
    /// Tasks of the new generation that have taken over, of all.
    pub taken_over: usize,
    pub tasks: usize,
    /// Whether the new generation has ever committed anything.
    pub has_begun: bool,
}

impl Standing {
    pub fn look(log: &impl Log, old: &Topology, new: &Topology) -> LogResult<Self> {
        let inputs = super::inputs(new);
        let inboxes = super::inboxes(new);
        let begins = log.begins(&inputs)?;
        let olds = log.committed(&old.group, &inputs)?;
        let news = log.committed(&new.group, &inputs)?;
        let notes = log.committed(&new.group, &inboxes)?;
        let past = |position: &Position, begin: &i64| (position.next.unwrap_or(*begin) - begin).max(0);
        let (mut folded, mut of) = (0, 0);
        for ((begin, old), new) in begins.iter().zip(&olds).zip(&news) {
            of += past(old, begin);
            folded += past(new, begin).min(past(old, begin));
        }
        let has_taken_over =
            |position: &&Position| position.next.is_some() && !Note::decode(&position.note).held;
        let has_begun = notes.iter().any(|position| position.next.is_some());
        let taken_over = notes.iter().filter(has_taken_over).count();
        Ok(Self { folded, of, taken_over, tasks: notes.len(), has_begun })
    }

    pub fn left(&self) -> i64 {
        self.of - self.folded
    }

    /// From 0 to 100, whole only when nothing is left.
    pub fn percent(&self) -> f64 {
        if self.of == 0 { 100.0 } else { self.folded as f64 * 100.0 / self.of as f64 }
    }

    pub fn is_level(&self) -> bool {
        self.left() == 0
    }

    pub fn has_taken_over(&self) -> bool {
        self.taken_over == self.tasks
    }
}

//! The events of a chat or of a customer, in the order of C5, each once (B10). Which of them achieves a round is
//! derived elsewhere.

use super::conversation::JudgedEvent;
use super::ids::EventId;
use super::paged::{Entry, Page, Paged};
use super::settings::GoalId;
use super::time::Timestamp;
use rustc_hash::FxHashSet;
use std::cmp::Ordering;

#[derive(Clone, Debug, Default)]
pub struct Events {
    list: Paged<JudgedEvent>,
    /// Of all events that have one, if there is more than one page: a short list is looked through.
    ids: FxHashSet<EventId>,
}

impl PartialEq for Events {
    fn eq(&self, other: &Self) -> bool {
        self.list == other.list
    }
}

impl Eq for Events {}

impl Entry for JudgedEvent {
    /// The goals that the events match, ascending.
    type Summary = Vec<GoalId>;

    fn at(&self) -> Timestamp {
        self.at
    }

    /// C5: by time, then by id in bytes, those without an id last.
    fn order(&self, other: &Self) -> Ordering {
        let id = |event: &'_ Self| event.id.is_none();
        self.at.cmp(&other.at).then_with(|| id(self).cmp(&id(other))).then_with(|| self.id.cmp(&other.id))
    }

    fn sum_up(&self, goals: &mut Vec<GoalId>) {
        for goal in &self.goals {
            if let Err(place) = goals.binary_search(goal) {
                goals.insert(place, *goal);
            }
        }
    }
}

impl FromIterator<JudgedEvent> for Events {
    fn from_iter<I: IntoIterator<Item = JudgedEvent>>(events: I) -> Self {
        let mut all = Self::default();
        for event in events {
            all.insert(event);
        }
        all
    }
}

impl Events {
    /// Puts an event into its place, unless the same is there already. True: it was new.
    pub fn insert(&mut self, event: JudgedEvent) -> bool {
        if self.has(&event) {
            return false;
        }
        let was_alone = self.list.pages().len() <= 1;
        let id = event.id.clone().filter(|_| !was_alone);
        self.list.insert(event);
        if was_alone && self.list.pages().len() > 1 {
            self.note_ids();
        } else {
            self.ids.extend(id);
        }
        true
    }

    /// B10: whether the same event is there.
    fn has(&self, event: &JudgedEvent) -> bool {
        match &event.id {
            Some(id) if self.list.pages().len() > 1 => self.ids.contains(id),
            Some(_) => self.list.iter().any(|known| known.is_same(event)),
            None => self
                .list
                .from(event.at)
                .take_while(|known| known.at == event.at)
                .any(|known| known.is_same(event)),
        }
    }

    fn note_ids(&mut self) {
        self.ids = self.list.iter().filter_map(|event| event.id.clone()).collect();
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &JudgedEvent> {
        self.list.iter()
    }

    pub fn first(&self) -> Option<&JudgedEvent> {
        self.list.first()
    }

    pub fn last(&self) -> Option<&JudgedEvent> {
        self.list.last()
    }

    /// The events at `at` and later, in order.
    pub fn from(&self, at: Timestamp) -> impl Iterator<Item = &JudgedEvent> {
        self.list.from(at)
    }

    /// How many events lie before `at`.
    pub fn count_before(&self, at: Timestamp) -> usize {
        let pages = self.list.pages();
        let (page, place) = self.list.find(at).unwrap_or((pages.len(), 0));
        pages[..page].iter().map(|page| page.entries().len()).sum::<usize>() + place
    }

    /// For each goal, the first event in `[from, until]` that matches it; an event that is the first of several
    /// stands there once. In order.
    pub fn firsts(&self, from: Timestamp, until: Timestamp) -> Vec<&JudgedEvent> {
        let mut firsts = Vec::new();
        let mut found: Vec<GoalId> = Vec::new();
        let Some((first_page, mut place)) = self.list.find(from) else { return firsts };
        let many = self.list.pages().len() > 1;
        for page in &self.list.pages()[first_page..] {
            let start = std::mem::take(&mut place);
            if many && page.summary().iter().all(|goal| found.contains(goal)) {
                continue;
            }
            for event in &page.entries()[start..] {
                if event.at > until {
                    return firsts;
                }
                let known = found.len();
                found.extend(event.goals.iter().filter(|goal| !found.contains(goal)).collect::<Vec<_>>());
                if found.len() > known {
                    firsts.push(event);
                }
            }
        }
        firsts
    }

    /// The last event before this one, in the order of C5, that matches `goal` and is at `until` or later.
    pub fn previous(&self, event: &JudgedEvent, goal: GoalId, until: Timestamp) -> Option<&JudgedEvent> {
        let pages = self.list.pages();
        let many = pages.len() > 1;
        let before = |page: &Page<JudgedEvent>| page.entries()[0].order(event).is_lt();
        for page in pages[..pages.partition_point(before)].iter().rev() {
            if many && page.summary().binary_search(&goal).is_err() {
                if page.entries()[0].at < until {
                    return None;
                }
                continue;
            }
            let end = page.entries().partition_point(|known| known.order(event).is_lt());
            for known in page.entries()[..end].iter().rev() {
                if known.at < until {
                    return None;
                }
                if known.goals.contains(&goal) {
                    return Some(known);
                }
            }
        }
        None
    }

    /// Takes away the events before `at`; says how many they were.
    pub fn forget_before(&mut self, at: Timestamp) -> usize {
        let Self { list, ids } = self;
        let gone = list.forget_before(at, |event| {
            if let Some(id) = &event.id {
                ids.remove(id);
            }
        });
        if list.pages().len() <= 1 {
            self.ids = FxHashSet::default();
        }
        gone
    }

    pub fn list(&self) -> &Paged<JudgedEvent> {
        &self.list
    }

    /// Everything has been stored.
    pub fn was_stored(&mut self) {
        self.list.was_stored();
    }

    /// Takes up a page as it was stored, after those that were taken up before.
    pub fn take_up(&mut self, number: u32, events: Vec<JudgedEvent>) {
        self.list.take_up(number, events);
        match self.list.pages() {
            [] | [_] => {}
            [_, _] => self.note_ids(),
            [.., last] => self.ids.extend(last.entries().iter().filter_map(|event| event.id.clone())),
        }
    }
}

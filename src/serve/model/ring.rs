//! The latest changes, for whoever subscribes: a ring of so many, and nothing for each subscriber but where it is. So a
//! slow reader costs nothing; what it has missed, it is told to ask for anew.

use super::answers::Change;
use super::questions::ChangeFilter;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::watch;

pub struct Ring {
    /// Ids of another life of this process, or of another one, are not known here.
    life: String,
    changes_max: usize,
    state: Mutex<State>,
    /// The number of the next change.
    next: watch::Sender<u64>,
}

struct State {
    /// The number of the first change that is kept.
    first: u64,
    changes: VecDeque<Arc<Change>>,
}

impl Ring {
    /// For as many changes. `life` is different each time.
    pub fn new(changes_max: usize, life: i64) -> Self {
        let life = format!("{life:x}");
        // From 1 on: before the first there is an id, too.
        let state = Mutex::new(State { first: 1, changes: VecDeque::new() });
        Self { life, changes_max, state, next: watch::Sender::new(1) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics in here")
    }

    pub fn tell(&self, changes: Vec<Change>) {
        if changes.is_empty() {
            return;
        }
        let mut state = self.state();
        state.changes.extend(changes.into_iter().map(Arc::new));
        while state.changes.len() > self.changes_max {
            state.changes.pop_front();
            state.first += 1;
        }
        let next = state.next();
        drop(state);
        self.next.send_replace(next);
    }

    /// What was heard so far is no longer so: whoever listens is to ask anew.
    pub fn reset(&self) {
        let mut state = self.state();
        let next = state.next() + 1;
        state.changes.clear();
        state.first = next;
        drop(state);
        self.next.send_replace(next);
    }

    fn id(&self, number: u64) -> String {
        format!("{}-{number}", self.life)
    }

    /// The number after that of an id; `None`: it is not one of this life.
    fn after(&self, id: &str) -> Option<u64> {
        let number: u64 = id.strip_prefix(&*self.life)?.strip_prefix('-')?.parse().ok()?;
        number.checked_add(1)
    }
}

impl State {
    fn next(&self) -> u64 {
        self.first + self.changes.len() as u64
    }
}

/// Hands out changes, one by one. It keeps nothing: who is too slow hears [`Heard::Reset`] and goes on from there.
pub struct Subscription {
    ring: Arc<Ring>,
    filter: ChangeFilter,
    /// The number of the next change to look at; `None`: some were missed.
    next: Option<u64>,
    news: watch::Receiver<u64>,
}

/// What a subscriber hears.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// A change, and its id.
    Change { id: String, change: Arc<Change> },
    /// Changes were missed: ask anew for what is shown. The id is that from which it goes on.
    Reset { id: String },
}

impl Subscription {
    pub fn new(ring: Arc<Ring>, filter: ChangeFilter, after: Option<&str>) -> Self {
        let news = ring.next.subscribe();
        let next = match after {
            None => Some(ring.state().next()),
            Some(id) => ring.after(id),
        };
        Self { ring, filter, next, news }
    }

    /// Waits for the next change. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Heard {
        loop {
            self.news.mark_unchanged();
            if let Some(heard) = self.heard() {
                return heard;
            }
            // The ring is held here, and with it the sender.
            let _ = self.news.changed().await;
        }
    }

    /// The id after which this goes on.
    pub fn id(&self) -> String {
        let next = self.next.unwrap_or_else(|| self.ring.state().next());
        self.ring.id(next - 1)
    }

    /// Changes whenever there is more to hear.
    pub fn news(&self) -> watch::Receiver<u64> {
        self.news.clone()
    }

    /// The next change that is there already.
    pub fn heard(&mut self) -> Option<Heard> {
        let state = self.ring.state();
        let end = state.next();
        let next = self.next.filter(|next| (state.first..=end).contains(next));
        let Some(mut next) = next else {
            self.next = Some(end);
            // The id before the next change: with it one hears what comes from now on.
            return Some(Heard::Reset { id: self.ring.id(end - 1) });
        };
        while next < end {
            let change = &state.changes[(next - state.first) as usize];
            next += 1;
            self.next = Some(next);
            if is_wanted(change, &self.filter) {
                return Some(Heard::Change { id: self.ring.id(next - 1), change: change.clone() });
            }
        }
        None
    }
}

fn is_wanted(change: &Change, filter: &ChangeFilter) -> bool {
    let is = |wanted: &Option<String>, found: Option<&str>| {
        wanted.as_deref().is_none_or(|wanted| found == Some(wanted))
    };
    let (channel, chat, manager) = match change {
        Change::Status(of) => {
            (Some(&*of.channel_id), Some(&*of.chat_id), Some(of.manager_id.as_deref().unwrap_or_default()))
        }
        // Whoever was credited is not known any more.
        Change::Deleted(of) => (Some(&*of.channel_id), Some(&*of.chat_id), filter.manager.as_deref()),
        Change::Counter(of) => (Some(&*of.channel_id), None, of.manager_id.as_deref()),
        // How far the model is concerns everybody; a dead letter is of no channel that one could be sure of.
        Change::Lag(_) => return true,
        Change::DeadLetter(_) => (None, None, None),
    };
    is(&filter.channel, channel) && is(&filter.chat, chat) && is(&filter.manager, manager)
}

//! Who is credited (E1) and what a chat adds to the counters (E3).

use super::conversation::{Close, Conversation};
use super::ids::ManagerId;
use super::rounds::{Outcome, Round};
use super::seal::Seal;
use super::settings::Channel;
use super::time::Timestamp;
use chrono::NaiveDate;

/// What a chat adds to the counters of one manager and date. Everything but `closes` counts once at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contribution {
    /// The empty id is nobody.
    pub manager: ManagerId,
    pub date: NaiveDate,
    pub measured: bool,
    pub achieved: bool,
    pub missed: bool,
    pub ended: bool,
    pub closes: u32,
}

/// A bucket of the counters within a channel (E3).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Bucket {
    /// `None`: the whole channel.
    pub manager: Option<ManagerId>,
    /// `None`: the total over all dates.
    pub date: Option<NaiveDate>,
}

/// Numbers of chats (and of closes), absolute or as a difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub measured: i64,
    pub achieved: i64,
    pub missed: i64,
    pub ended: i64,
    pub closes: i64,
    pub achieved_of_ended: i64,
}

impl Counts {
    pub fn is_zero(&self) -> bool {
        *self == Counts::default()
    }

    /// Wraps, so that what is added can be taken back exactly, whatever a stored row holds.
    pub fn add(&mut self, other: &Counts, sign: i64) {
        let sum = |a: i64, b: i64| a.wrapping_add(b.wrapping_mul(sign));
        self.measured = sum(self.measured, other.measured);
        self.achieved = sum(self.achieved, other.achieved);
        self.missed = sum(self.missed, other.missed);
        self.ended = sum(self.ended, other.ended);
        self.closes = sum(self.closes, other.closes);
        self.achieved_of_ended = sum(self.achieved_of_ended, other.achieved_of_ended);
    }
}

/// E1: the manager credited at `at`; `closer` is who closed the chat, if it is about a close.
pub fn credited(chat: &Conversation, seal: &Seal, at: Timestamp, closer: Option<&ManagerId>) -> ManagerId {
    let assigned = chat.assignments.partition_point(|assignment| assignment.at <= at);
    if let Some(last) = assigned.checked_sub(1)
        && let Some(manager) = &chat.assignments[last].manager
    {
        return manager.clone();
    }
    let replied = chat.replies.partition_point(|reply| reply.at <= at);
    let reply = replied.checked_sub(1).map(|last| &chat.replies[last]);
    let reply = reply.or_else(|| seal.reply.as_ref().filter(|reply| reply.at <= at));
    reply.map(|reply| &reply.manager).or(closer).cloned().unwrap_or_default()
}

/// E3: what the chat adds, by manager and date, in that order. Sealed rounds and closes are in the seal.
pub fn contributions(
    chat: &Conversation,
    seal: &Seal,
    rounds: &[Round],
    channel: &Channel,
) -> Vec<Contribution> {
    let nothing = |at: Timestamp, closer: Option<&ManagerId>| Contribution {
        manager: credited(chat, seal, at, closer),
        date: channel.date(at),
        measured: false,
        achieved: false,
        missed: false,
        ended: false,
        closes: 0,
    };
    // Fact by fact first: a chat may have thousands, which are sorted faster than put into their places.
    let mut added = seal.contributions.clone();
    for round in rounds.iter().filter(|round| round.number > seal.count) {
        added.push(Contribution { measured: true, ..nothing(round.start, None) });
        match round.outcome {
            Outcome::Open | Outcome::Superseded => {}
            Outcome::Missed => added.push(Contribution { missed: true, ..nothing(round.deadline, None) }),
            Outcome::Achieved { at, .. } => {
                added.push(Contribution { achieved: true, ..nothing(at, None) });
            }
        }
    }
    for Close { at, by } in &chat.closes {
        added.push(Contribution { ended: true, closes: 1, ..nothing(*at, by.as_ref()) });
    }
    added.sort_by(|a, b| a.manager.cmp(&b.manager).then(a.date.cmp(&b.date)));
    added.dedup_by(|fact, kept| {
        let same = fact.manager == kept.manager && fact.date == kept.date;
        if same {
            kept.join(fact);
        }
        same
    });
    // Kept with every chat: most have one or two.
    added.shrink_to_fit();
    added
}

/// The buckets that a list of contributions adds to (E3), each with `sign` times what it adds.
pub fn spread(
    contributions: &[Contribution],
    achieved: bool,
    sign: i64,
    mut add: impl FnMut(Bucket, Counts, i64),
) {
    let mut dates: Vec<(NaiveDate, Counts)> = Vec::new();
    let mut all = Counts::default();
    for of_manager in contributions.chunk_by(|a, b| a.manager == b.manager) {
        let manager = Some(of_manager[0].manager.clone());
        let mut total = Counts::default();
        for contribution in of_manager {
            let counts = contribution.counts(achieved);
            total.join(&counts);
            dates.push((contribution.date, counts));
            add(Bucket { manager: manager.clone(), date: Some(contribution.date) }, counts, sign);
        }
        all.join(&total);
        add(Bucket { manager, date: None }, total, sign);
    }
    dates.sort_by_key(|(date, _)| *date);
    dates.dedup_by(|(date, counts), (kept, sum)| {
        let same = date == kept;
        if same {
            sum.join(counts);
        }
        same
    });
    for (date, counts) in dates {
        add(Bucket { manager: None, date: Some(date) }, counts, sign);
    }
    if !contributions.is_empty() {
        add(Bucket { manager: None, date: None }, all, sign);
    }
}

impl Contribution {
    /// Another fact of the same manager and date.
    fn join(&mut self, other: &Contribution) {
        self.measured |= other.measured;
        self.achieved |= other.achieved;
        self.missed |= other.missed;
        self.ended |= other.ended;
        self.closes = self.closes.saturating_add(other.closes);
    }

    fn counts(&self, achieved: bool) -> Counts {
        Counts {
            measured: self.measured.into(),
            achieved: self.achieved.into(),
            missed: self.missed.into(),
            ended: self.ended.into(),
            closes: self.closes.into(),
            achieved_of_ended: (self.ended && achieved).into(),
        }
    }
}

impl Counts {
    /// The same chat in a wider bucket: once at most, but every close.
    fn join(&mut self, other: &Counts) {
        self.measured |= other.measured;
        self.achieved |= other.achieved;
        self.missed |= other.missed;
        self.ended |= other.ended;
        self.closes += other.closes;
        self.achieved_of_ended |= other.achieved_of_ended;
    }
}

//! Who is credited (E1) and what a chat adds to the counters (E3).

use super::conversation::{Close, Conversation};
use super::ids::ManagerId;
use super::rounds::{Outcome, Round};
use super::seal::Seal;
use super::settings::Channel;
use super::time::Timestamp;
use crate::planted::{Bug, planted};
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

impl Contribution {
    fn join(&mut self, other: &Contribution) {
        self.measured |= other.measured;
        self.achieved |= other.achieved;
        self.missed |= other.missed;
        self.ended |= other.ended;
        self.closes = self.closes.saturating_add(other.closes);
    }
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
        && !planted(Bug::AssigneeIgnored)
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
    // A round adds two facts at most.
    let mut facts = Vec::with_capacity(2 * rounds.len() + chat.closes.len() + seal.contributions.len());
    facts.extend_from_slice(&seal.contributions);
    for round in rounds.iter().filter(|round| round.number > seal.count) {
        count_round(&mut facts, chat, seal, channel, round);
    }
    for close in &chat.closes {
        count_close(&mut facts, chat, seal, channel, close);
    }
    join(&mut facts);
    facts
}

/// What a round adds, fact by fact.
pub fn count_round(
    facts: &mut Vec<Contribution>,
    chat: &Conversation,
    seal: &Seal,
    channel: &Channel,
    round: &Round,
) {
    let nothing = |at| nothing(chat, seal, channel, at, None);
    facts.push(Contribution { measured: true, ..nothing(round.start) });
    match round.outcome {
        Outcome::Open | Outcome::Superseded => {}
        Outcome::Missed => facts.push(Contribution { missed: true, ..nothing(round.deadline) }),
        Outcome::Achieved { at, .. } => facts.push(Contribution { achieved: true, ..nothing(at) }),
    }
}

/// What a close adds.
pub fn count_close(
    facts: &mut Vec<Contribution>,
    chat: &Conversation,
    seal: &Seal,
    channel: &Channel,
    close: &Close,
) {
    let nothing = nothing(chat, seal, channel, close.at, close.by.as_ref());
    facts.push(Contribution { ended: true, closes: 1, ..nothing });
}

fn nothing(
    chat: &Conversation,
    seal: &Seal,
    channel: &Channel,
    at: Timestamp,
    closer: Option<&ManagerId>,
) -> Contribution {
    Contribution {
        manager: credited(chat, seal, at, closer),
        date: channel.date(at),
        measured: false,
        achieved: false,
        missed: false,
        ended: false,
        closes: 0,
    }
}

/// Puts facts to what was added before, each to its manager and date. A chat may have thousands, which are sorted
/// faster than put into their places one by one.
pub fn add(added: &mut Vec<Contribution>, facts: Vec<Contribution>) {
    if facts.is_empty() {
        return;
    }
    added.extend(facts);
    join(added);
}

/// Makes one of what is of the same manager and date, and puts all in order.
fn join(added: &mut Vec<Contribution>) {
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
            match dates.binary_search_by_key(&contribution.date, |(date, _)| *date) {
                Ok(found) => dates[found].1.join(&counts),
                Err(place) => dates.insert(place, (contribution.date, counts)),
            }
            add(Bucket { manager: manager.clone(), date: Some(contribution.date) }, counts, sign);
        }
        all.join(&total);
        add(Bucket { manager, date: None }, total, sign);
    }
    for (date, counts) in dates {
        add(Bucket { manager: None, date: Some(date) }, counts, sign);
    }
    if !contributions.is_empty() {
        add(Bucket { manager: None, date: None }, all, sign);
    }
}

/// What a list of contributions adds to its buckets that another one did not: of each pair the list, and whether the
/// chat is achieved. Only buckets in which the two differ are looked at one by one: a chat may have thousands.
pub fn difference(
    (before, was_achieved): (&[Contribution], bool),
    (after, is_achieved): (&[Contribution], bool),
) -> Vec<(Bucket, Counts)> {
    let mut differences = Vec::new();
    if was_achieved == is_achieved && before == after {
        return differences;
    }
    let mut push = |manager: Option<&ManagerId>, date, before: Counts, after: Counts| {
        let mut counts = after;
        counts.add(&before, -1);
        if !counts.is_zero() {
            differences.push((Bucket { manager: manager.cloned(), date }, counts));
        }
    };
    let counts = |contribution: Option<&Contribution>, achieved| {
        contribution.map_or_else(Counts::default, |contribution| contribution.counts(achieved))
    };
    let joined = |of: &[Contribution], achieved, wanted: &dyn Fn(&Contribution) -> bool| {
        let mut joined = Counts::default();
        of.iter().filter(|c| wanted(c)).for_each(|c| joined.join(&c.counts(achieved)));
        joined
    };
    let (mut managers, mut dates): (Vec<&ManagerId>, Vec<NaiveDate>) = (Vec::new(), Vec::new());
    let (mut old, mut new) = (before.iter().peekable(), after.iter().peekable());
    loop {
        let order = match (old.peek(), new.peek()) {
            (None, None) => break,
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some(a), Some(b)) => a.manager.cmp(&b.manager).then(a.date.cmp(&b.date)),
        };
        let a = if order.is_le() { old.next() } else { None };
        let b = if order.is_ge() { new.next() } else { None };
        let Some(either) = a.or(b) else { break };
        if a == b && was_achieved == is_achieved {
            continue;
        }
        push(Some(&either.manager), Some(either.date), counts(a, was_achieved), counts(b, is_achieved));
        // Both lists are in the order of managers.
        if managers.last() != Some(&&either.manager) {
            managers.push(&either.manager);
        }
        dates.push(either.date);
    }
    for manager in &managers {
        let of = |list: &[Contribution], achieved| {
            let first = list.partition_point(|c| c.manager < **manager);
            let length = list[first..].partition_point(|c| c.manager == **manager);
            joined(&list[first..first + length], achieved, &|_| true)
        };
        push(Some(*manager), None, of(before, was_achieved), of(after, is_achieved));
    }
    dates.sort_unstable();
    dates.dedup();
    const FEW: usize = 8;
    if dates.len() <= FEW {
        for date in dates {
            let of = |list: &[Contribution], achieved| joined(list, achieved, &|c| c.date == date);
            push(None, Some(date), of(before, was_achieved), of(after, is_achieved));
        }
    } else {
        let mut by_date = vec![(Counts::default(), Counts::default()); dates.len()];
        for contribution in before {
            if let Ok(place) = dates.binary_search(&contribution.date) {
                by_date[place].0.join(&contribution.counts(was_achieved));
            }
        }
        for contribution in after {
            if let Ok(place) = dates.binary_search(&contribution.date) {
                by_date[place].1.join(&contribution.counts(is_achieved));
            }
        }
        for (date, (before, after)) in dates.iter().zip(by_date) {
            push(None, Some(*date), before, after);
        }
    }
    if !managers.is_empty() {
        let of = |list: &[Contribution], achieved| joined(list, achieved, &|_| true);
        push(None, None, of(before, was_achieved), of(after, is_achieved));
    }
    differences
}

impl Contribution {
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
        self.closes = self.closes.wrapping_add(other.closes);
        self.achieved_of_ended |= other.achieved_of_ended;
    }
}

//! What a test claims of a chat, its rounds, its changes and counters.

use super::*;

fn same<T: PartialEq + std::fmt::Debug>(what: &str, got: T, wanted: T) -> Result<(), String> {
    if got == wanted { Ok(()) } else { Err(format!("{what} is {got:?}, not {wanted:?}")) }
}

/// Claims that one were as another, if the other was said at all.
fn said<T: PartialEq + std::fmt::Debug>(what: &str, got: Option<T>, wanted: Option<T>) -> Result<(), String> {
    if wanted.is_none() { Ok(()) } else { same(what, got, wanted) }
}

/// The chat is not there.
pub fn no_chat() -> NoChat {
    NoChat
}

pub struct NoChat;

impl Claim for NoChat {
    fn holds(self, scenario: &mut Scenario) -> Result<(), String> {
        let there = scenario.world.chat(CHAT).is_some_and(|row| row.live.is_some());
        same("whether the chat is there", there, false)
    }
}

/// The chat shows this status.
pub fn status(status: Status) -> StatusClaim {
    StatusClaim { status, ..StatusClaim::default() }
}

#[derive(Default)]
pub struct StatusClaim {
    chat: Option<&'static str>,
    status: Status,
    at: Option<Timestamp>,
    by_event: Option<Option<&'static str>>,
    goal: Option<&'static str>,
    started: Option<Timestamp>,
    deadline: Option<Timestamp>,
    credited: Option<&'static str>,
    first_replied: Option<&'static str>,
    customer: Option<&'static str>,
}

impl StatusClaim {
    pub fn of(self, chat: &'static str) -> Self {
        Self { chat: Some(chat), ..self }
    }
    /// Achieved at.
    pub fn at(self, at: &str) -> Self {
        Self { at: Some(time(at)), ..self }
    }
    pub fn by_event(self, id: &'static str) -> Self {
        Self { by_event: Some(Some(id)), ..self }
    }
    pub fn by_event_without_id(self) -> Self {
        Self { by_event: Some(None), ..self }
    }
    pub fn goal(self, event: &'static str) -> Self {
        Self { goal: Some(event), ..self }
    }
    pub fn started(self, at: &str) -> Self {
        Self { started: Some(time(at)), ..self }
    }
    pub fn deadline(self, at: &str) -> Self {
        Self { deadline: Some(time(at)), ..self }
    }
    pub fn credited(self, manager: &'static str) -> Self {
        Self { credited: Some(manager), ..self }
    }
    pub fn first_replied(self, manager: &'static str) -> Self {
        Self { first_replied: Some(manager), ..self }
    }
    pub fn customer(self, customer: &'static str) -> Self {
        Self { customer: Some(customer), ..self }
    }
}

impl Claim for StatusClaim {
    fn holds(self, scenario: &mut Scenario) -> Result<(), String> {
        let chat = self.chat.unwrap_or(CHAT);
        let channel = scenario.channel_of(chat);
        let live = scenario.world.chat(chat).and_then(|row| row.live.as_ref());
        let view = &live.and_then(|live| live.published.as_ref()).ok_or("the chat is not there")?.view;
        same("the status", view.status, self.status)?;
        let shown = view.shown.as_ref();
        said("the customer", view.customer.as_deref(), self.customer)?;
        said("the time it was achieved", shown.and_then(|shown| shown.achieved_at), self.at)?;
        said("the start", shown.map(|shown| shown.start), self.started)?;
        said("the deadline", shown.map(|shown| shown.deadline), self.deadline)?;
        said("the goal", shown.map(|shown| channel.goal(shown.goal).event_name.as_str()), self.goal)?;
        said("the credited manager", shown.map(|shown| &*shown.manager), self.credited)?;
        said("who replied", shown.map(|shown| &*shown.first_reply_manager), self.first_replied)?;
        said("the achieving event", shown.map(|shown| shown.achieved_by.as_deref()), self.by_event)
    }
}

/// The chat has these rounds, all of them.
pub fn rounds<const N: usize>(rounds: [RoundClaim; N]) -> Rounds {
    Rounds(rounds.into())
}

pub fn no_rounds() -> Rounds {
    Rounds(Vec::new())
}

pub struct Rounds(Vec<RoundClaim>);

/// A round that started then, and how it went.
pub struct RoundClaim {
    start: Timestamp,
    outcome: OutcomeKind,
    achieved_at: Option<Timestamp>,
    goal: Option<&'static str>,
    deadline: Option<Timestamp>,
    manager: Option<&'static str>,
}

pub fn round(start: &str, outcome: OutcomeKind) -> RoundClaim {
    RoundClaim { start: time(start), outcome, achieved_at: None, goal: None, deadline: None, manager: None }
}
pub fn open(start: &str) -> RoundClaim {
    round(start, OutcomeKind::Open)
}
pub fn superseded(start: &str) -> RoundClaim {
    round(start, OutcomeKind::Superseded)
}
pub fn missed(start: &str) -> RoundClaim {
    round(start, OutcomeKind::Missed)
}
pub fn achieved(start: &str, at: &str) -> RoundClaim {
    RoundClaim { achieved_at: Some(time(at)), ..round(start, OutcomeKind::Achieved) }
}

impl RoundClaim {
    pub fn goal(self, event: &'static str) -> Self {
        Self { goal: Some(event), ..self }
    }
    pub fn deadline(self, at: &str) -> Self {
        Self { deadline: Some(time(at)), ..self }
    }
    pub fn by(self, manager: &'static str) -> Self {
        Self { manager: Some(manager), ..self }
    }

    fn is(&self, number: u32, round: &Round, channel: &Channel) -> Result<(), String> {
        same("the number", round.number, number)?;
        same("the start", round.start, self.start)?;
        same("the outcome", round.outcome.kind(), self.outcome)?;
        same("the time it was achieved", round.achieved_at(), self.achieved_at)?;
        said("the goal", Some(channel.goal(round.goal).event_name.as_str()), self.goal)?;
        said("the deadline", Some(round.deadline), self.deadline)?;
        said("the manager", Some(&*round.manager), self.manager)
    }
}

impl Claim for Rounds {
    fn holds(self, scenario: &mut Scenario) -> Result<(), String> {
        let channel = scenario.channel_of(CHAT);
        let row = scenario.world.chat(CHAT).ok_or("the chat is not there")?;
        let rounds = row.rounds(channel, scenario.world.clock());
        let wrong = |wrong: String| format!("{wrong}, in {rounds:#?}");
        same("the number of rounds", rounds.len(), self.0.len()).map_err(wrong)?;
        for (index, (round, claim)) in rounds.iter().zip(&self.0).enumerate() {
            claim.is(index as u32 + 1, round, channel).map_err(wrong)?;
        }
        Ok(())
    }
}

/// The counters of a manager; what is not said is zero.
pub fn counter(manager: &str) -> CounterClaim {
    let bucket = Bucket { manager: Some(manager.into()), date: None };
    CounterClaim { channel: SHOP, bucket, counts: Counts::default() }
}

/// The counters of the whole channel.
pub fn counter_of_all() -> CounterClaim {
    let bucket = Bucket { manager: None, date: None };
    CounterClaim { channel: SHOP, bucket, counts: Counts::default() }
}

pub struct CounterClaim {
    channel: &'static str,
    bucket: Bucket,
    counts: Counts,
}

impl CounterClaim {
    /// Of one date, not in total.
    pub fn on(mut self, date: &str) -> Self {
        self.bucket.date = Some(date.parse().expect("a date"));
        self
    }
    pub fn measured(mut self, chats: i64) -> Self {
        self.counts.measured = chats;
        self
    }
    pub fn achieved(mut self, chats: i64) -> Self {
        self.counts.achieved = chats;
        self
    }
    pub fn missed(mut self, chats: i64) -> Self {
        self.counts.missed = chats;
        self
    }
    /// Chats that ended, and how many closes they had.
    pub fn ended(mut self, chats: i64, closes: i64) -> Self {
        (self.counts.ended, self.counts.closes) = (chats, closes);
        self
    }
    pub fn achieved_of_ended(mut self, chats: i64) -> Self {
        self.counts.achieved_of_ended = chats;
        self
    }
}

impl Claim for CounterClaim {
    fn holds(self, scenario: &mut Scenario) -> Result<(), String> {
        let counters = scenario.world.counters();
        let got = counters.get(&(self.channel.into(), self.bucket.clone())).copied().unwrap_or_default();
        same(&format!("{:?}", self.bucket), got, self.counts)
            .map_err(|wrong| format!("{wrong}, in {counters:#?}"))
    }
}

/// Nothing is counted anywhere.
pub fn no_counters() -> NoCounters {
    NoCounters
}

pub struct NoCounters;

impl Claim for NoCounters {
    fn holds(self, scenario: &mut Scenario) -> Result<(), String> {
        same("what is counted", scenario.world.counters(), Default::default())
    }
}

/// These are the changes since the last `when`, all of them.
pub fn published<const N: usize>(changes: [ChangeClaim; N]) -> PublishedClaim {
    PublishedClaim(changes.into())
}

pub fn nothing_published() -> PublishedClaim {
    PublishedClaim(Vec::new())
}

pub struct PublishedClaim(Vec<ChangeClaim>);

/// A change to a status, or a tombstone.
pub struct ChangeClaim {
    chat: &'static str,
    status: Option<Status>,
    cause: Option<(CauseKind, Timestamp)>,
    correction: bool,
    revision: Option<u32>,
    previous: Option<Option<Status>>,
}

pub fn change(status: Status) -> ChangeClaim {
    ChangeClaim { status: Some(status), ..tombstone() }
}

pub fn tombstone() -> ChangeClaim {
    ChangeClaim { chat: CHAT, status: None, cause: None, correction: false, revision: None, previous: None }
}

impl ChangeClaim {
    pub fn of(self, chat: &'static str) -> Self {
        Self { chat, ..self }
    }
    pub fn because(self, cause: CauseKind, at: &str) -> Self {
        Self { cause: Some((cause, time(at))), ..self }
    }
    pub fn correction(self) -> Self {
        Self { correction: true, ..self }
    }
    pub fn revision(self, revision: u32) -> Self {
        Self { revision: Some(revision), ..self }
    }
    pub fn after(self, previous: Status) -> Self {
        Self { previous: Some(Some(previous)), ..self }
    }
    pub fn first(self) -> Self {
        Self { previous: Some(None), ..self }
    }

    fn is(&self, published: &Published) -> Result<(), String> {
        match published {
            Published::Changed(change) => {
                same("the chat", &*change.chat, self.chat)?;
                same("the status", Some(change.view.status), self.status)?;
                same("whether it is a correction", change.correction, self.correction)?;
                said("the cause", Some((change.cause.kind, change.cause.at)), self.cause)?;
                said("the previous status", Some(change.previous), self.previous)?;
                said("the revision", Some(change.revision), self.revision)
            }
            Published::Deleted { chat, revision, .. } => {
                same("the chat", &**chat, self.chat)?;
                same("the status", None, self.status)?;
                said("the revision", Some(*revision), self.revision)
            }
        }
    }
}

impl Claim for PublishedClaim {
    fn holds(self, scenario: &mut Scenario) -> Result<(), String> {
        let published = &scenario.world.heard.published[scenario.before..];
        same("the number of changes", published.len(), self.0.len())?;
        published.iter().zip(&self.0).try_for_each(|(published, claim)| claim.is(published))
    }
}

/// The last bad record is bad because of this.
pub fn bad(reason: &'static str) -> BadClaim {
    BadClaim(Some(reason))
}

pub fn nothing_bad() -> BadClaim {
    BadClaim(None)
}

pub struct BadClaim(Option<&'static str>);

impl Claim for BadClaim {
    fn holds(self, scenario: &mut Scenario) -> Result<(), String> {
        let got = scenario.world.bad.last().map(ToString::to_string);
        let right = match (&got, self.0) {
            (Some(got), Some(reason)) => got.contains(reason),
            (None, None) => true,
            _ => false,
        };
        if right { Ok(()) } else { Err(format!("what is bad is {got:?}, not {:?}", self.0)) }
    }
}

//! The language of the rule tests: records in words, `given(..).when(..).then(..)`, and claims about what came of them.
//!
//! Times are "09:00" on Monday 2026-03-02, "+1d 10:00:00.001" a day later, "-31d 09:00" before. Whatever a test does not
//! say is the shop's one chat with BEN, answered by ANNA; the shop subscribes, unless it is `given_unsubscribed`.

use super::world::{ChatSays, Did, Object, Published, Record, Says, World};
use chat_goals::domain::credit::{Bucket, Counts};
use chat_goals::domain::goal::{Clause, Condition, Days, Filter, Goal, Property, Scalar};
use chat_goals::domain::rounds::Round;
use chat_goals::domain::settings::{Change, Channel};
use chat_goals::domain::status::OutcomeKind;
use chat_goals::domain::time::{DAY, SECOND, Timestamp};
use chat_goals::pipeline::Partitions;

pub use chat_goals::domain::goal::Operator::{self, *};
pub use chat_goals::domain::status::Status::{self, Achieved, AwaitingReply, Measuring, Missed};
pub use chat_goals::stages::messages::CauseKind::{self, *};

pub const SHOP: &str = "shop";
pub const CHAT: &str = "chat";
pub const BEN: &str = "ben";
pub const ANNA: &str = "anna";
pub const BERT: &str = "bert";
pub const NOBODY: &str = "";

/// 2026-03-02 at midnight, UTC.
const MONDAY: Timestamp = Timestamp(1_772_409_600_000);

/// A moment in words.
pub fn time(words: &str) -> Timestamp {
    let (days, clock) = words.split_once("d ").unwrap_or(("0", words));
    let days: i64 = days.trim_start_matches('+').parse().expect("a number of days");
    let parts: Vec<&str> = clock.split([':', '.']).collect();
    let part = |index: usize| parts.get(index).map_or(0, |part| part.parse::<i64>().expect("a number"));
    let seconds = (part(0) * 60 + part(1)) * 60 + part(2);
    MONDAY.plus(days * DAY + seconds * SECOND + part(3))
}

// Records.

fn record(at: &str, says: Says) -> Record {
    Record { id: None, channel: SHOP.into(), at: time(at), logged: None, says }
}

fn of_chat(at: &str, said: ChatSays) -> Record {
    record(at, Says::Chat { chat: CHAT.into(), said })
}

/// Time passes.
pub fn clock(at: &str) -> Record {
    record(at, Says::TimePasses)
}

/// A goal of 7 days, set on Sunday.
pub fn goal(event: &str) -> Record {
    let goal =
        Goal { event_name: event.into(), filter: Filter::default(), days: Days::new(7).expect("7 is legal") };
    record("-1d 00:00", Says::Setting(Change::GoalSet(goal)))
}

pub fn goal_removed(at: &str) -> Record {
    record(at, Says::Setting(Change::GoalRemoved))
}

pub fn subscribed(at: &str) -> Record {
    record(at, Says::Setting(Change::SubscriptionSet(true)))
}

pub fn unsubscribed(at: &str) -> Record {
    record(at, Says::Setting(Change::SubscriptionSet(false)))
}

pub fn time_zone(name: &str) -> Record {
    record("-1d 00:00", Says::Setting(Change::TimeZoneSet(name.parse().expect("a time zone"))))
}

pub fn opened(at: &str) -> Record {
    of_chat(at, ChatSays::Opened { customer: None })
}

pub fn asked(at: &str) -> Record {
    of_chat(at, ChatSays::CustomerMessage { customer: BEN.into() })
}

pub fn replied(at: &str) -> Record {
    of_chat(at, ChatSays::ManagerReply { manager: ANNA.into() })
}

pub fn closed(at: &str) -> Record {
    of_chat(at, ChatSays::Closed { by: None })
}

pub fn reopened(at: &str) -> Record {
    of_chat(at, ChatSays::Reopened)
}

pub fn assigned(at: &str, manager: &str) -> Record {
    let manager = Some(manager).filter(|manager| *manager != NOBODY).map(Into::into);
    of_chat(at, ChatSays::Assigned { manager })
}

pub fn deleted(at: &str) -> Record {
    of_chat(at, ChatSays::Deleted)
}

/// An event that names the chat, on Monday at noon.
pub fn chat_event(name: &str) -> Record {
    of_chat("12:00", ChatSays::GoalEvent { name: name.into(), properties: Object::default() })
}

/// An event of BEN, on Monday at noon.
pub fn event(name: &str) -> Record {
    let did = Did::Tracked { name: name.into(), properties: Object::default() };
    record("12:00", Says::Customer { customer: BEN.into(), did })
}

/// One customer is the same person as another since `at`.
pub fn merged(customer: &str, into: &str, at: &str) -> Record {
    record(at, Says::Customer { customer: customer.into(), did: Did::Merged { into: into.into() } })
}

impl Record {
    pub fn at(mut self, at: &str) -> Self {
        self.at = time(at);
        self
    }

    pub fn id(mut self, id: &str) -> Self {
        self.id = Some(id.into());
        self
    }

    pub fn logged(mut self, at: &str) -> Self {
        self.logged = Some(time(at));
        self
    }

    pub fn channel(mut self, channel: &str) -> Self {
        self.channel = channel.into();
        self
    }

    pub fn chat(mut self, name: &str) -> Self {
        match &mut self.says {
            Says::Chat { chat, .. } => *chat = name.into(),
            other => panic!("{other:?} is of no chat"),
        }
        self
    }

    /// Who wrote, opened the chat, or did it.
    pub fn customer(mut self, name: &str) -> Self {
        match &mut self.says {
            Says::Chat { said: ChatSays::Opened { customer }, .. } => *customer = Some(name.into()),
            Says::Chat { said: ChatSays::CustomerMessage { customer }, .. } => *customer = name.into(),
            Says::Customer { customer, .. } => *customer = name.into(),
            other => panic!("{other:?} is of no customer"),
        }
        self
    }

    /// Which manager replied or closed.
    pub fn by(mut self, name: &str) -> Self {
        match &mut self.says {
            Says::Chat { said: ChatSays::ManagerReply { manager }, .. } => *manager = name.into(),
            Says::Chat { said: ChatSays::Closed { by }, .. } => *by = Some(name.into()),
            other => panic!("{other:?} is of no manager"),
        }
        self
    }

    pub fn days(mut self, days: u32) -> Self {
        self.goal_mut().days = Days::new(days).expect("a legal number of days");
        self
    }

    /// One more clause of the goal's filter, of one condition.
    pub fn only(mut self, property: &str, operator: Operator, values: impl Into<Values>) -> Self {
        let condition = condition(property, operator, values);
        self.goal_mut().filter.all_of.push(Clause { any_of: vec![condition] });
        self
    }

    /// One more condition of the filter's last clause.
    pub fn or(mut self, property: &str, operator: Operator, values: impl Into<Values>) -> Self {
        let condition = condition(property, operator, values);
        let clause = self.goal_mut().filter.all_of.last_mut().expect("a clause to add to");
        clause.any_of.push(condition);
        self
    }

    /// A property of the event.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        let (Says::Customer { did: Did::Tracked { properties, .. }, .. }
        | Says::Chat { said: ChatSays::GoalEvent { properties, .. }, .. }) = &mut self.says
        else {
            panic!("{:?} is no event", self.says)
        };
        properties.0.push((name.into(), value.into().0));
        self
    }

    /// The goal that it sets.
    pub fn wanted(mut self) -> Goal {
        self.goal_mut().clone()
    }

    fn goal_mut(&mut self) -> &mut Goal {
        match &mut self.says {
            Says::Setting(Change::GoalSet(goal)) => goal,
            other => panic!("{other:?} is no goal"),
        }
    }
}

pub fn condition(property: &str, operator: Operator, values: impl Into<Values>) -> Condition {
    Condition { property: property.into(), operator, values: values.into().0 }
}

/// The values of a condition.
pub struct Values(pub Vec<Scalar>);

pub const NO_VALUES: [&str; 0] = [];

impl From<&str> for Values {
    fn from(text: &str) -> Self {
        Values(vec![Scalar::Text(text.into())])
    }
}
impl From<f64> for Values {
    fn from(number: f64) -> Self {
        Values(vec![Scalar::Number(number)])
    }
}
impl From<bool> for Values {
    fn from(bool: bool) -> Self {
        Values(vec![Scalar::Bool(bool)])
    }
}
impl<const N: usize> From<[&str; N]> for Values {
    fn from(texts: [&str; N]) -> Self {
        Values(texts.iter().map(|text| Scalar::Text((*text).into())).collect())
    }
}
impl<const N: usize> From<[f64; N]> for Values {
    fn from(numbers: [f64; N]) -> Self {
        Values(numbers.iter().map(|number| Scalar::Number(*number)).collect())
    }
}

/// The value of a property.
#[derive(Clone)]
pub struct Value(pub Property);

pub fn null() -> Value {
    Value(Property::Null)
}

pub fn list<const N: usize>(items: [Value; N]) -> Value {
    Value(Property::List(items.into_iter().map(|item| item.0).collect()))
}

pub fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value(Property::Object(fields.into_iter().map(|(name, value)| (name.into(), value.0)).collect()))
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value(Property::Text(text.into()))
    }
}
impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Value(Property::Number(number))
    }
}
impl From<bool> for Value {
    fn from(bool: bool) -> Self {
        Value(Property::Bool(bool))
    }
}

// Given, when, then.

/// One record, or several in the order of the log.
pub trait Records {
    fn each(self) -> Vec<Record>;
}
impl Records for Record {
    fn each(self) -> Vec<Record> {
        vec![self]
    }
}
impl<const N: usize> Records for [Record; N] {
    fn each(self) -> Vec<Record> {
        self.into()
    }
}
impl Records for Vec<Record> {
    fn each(self) -> Vec<Record> {
        self
    }
}

pub fn given(records: impl Records) -> Scenario {
    given_unsubscribed(subscribed("-1000d 00:00")).when(records)
}

pub fn given_unsubscribed(records: impl Records) -> Scenario {
    Scenario { world: World::offline(true), before: 0 }.when(records)
}

/// On a platform that has no such add-on (A2).
pub fn given_no_subscriptions(records: impl Records) -> Scenario {
    Scenario { world: World::offline(false), before: 0 }.when(records)
}

/// Where records can be too late, so that old facts are sealed (H3).
pub fn given_sealing(records: impl Records) -> Scenario {
    let one = Partitions { chats: 1, customers: 1, managers: 1 };
    Scenario { world: World::new(one, 1, true, false), before: 0 }.when(records)
}

pub struct Scenario {
    pub world: World,
    /// How many changes were published before the last `when`.
    before: usize,
}

impl Scenario {
    pub fn when(mut self, records: impl Records) -> Self {
        self.before = self.world.heard.published.len();
        records.each().iter().for_each(|record| self.world.fold(record));
        self
    }

    pub fn then(mut self, claim: impl Claim) -> Self {
        if let Err(wrong) = claim.holds(&mut self) {
            panic!("{wrong}\npublished since: {:#?}", &self.world.heard.published[self.before..]);
        }
        self
    }

    pub fn and(self, claim: impl Claim) -> Self {
        self.then(claim)
    }

    fn channel_of(&self, chat: &str) -> &Channel {
        let channel = self.world.chat(chat).map_or(SHOP, |row| &*row.channel);
        self.world.settings.channel(channel)
    }
}

/// What a test says of a world.
pub trait Claim {
    fn holds(self, scenario: &mut Scenario) -> Result<(), String>;
}

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

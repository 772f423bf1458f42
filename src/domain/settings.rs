//! A channel's settings (A): three histories, each read as of a time.

use super::goal::{Goal, Properties};
use super::ids::{ChannelId, EventId};
use super::lookup::Lookup;
use super::time::Timestamp;
use chrono::{NaiveDate, TimeZone};
use chrono_tz::Tz;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeSet;

/// A goal of a channel, numbered in the order in which the channel's distinct goals came into the log.
/// It stands for the goal's content (A3), in rows and between stages: it outlives the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GoalId(pub u32);

/// What one `goal.changes` record says.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    GoalSet(Goal),
    GoalRemoved,
    SubscriptionSet(bool),
    TimeZoneSet(Tz),
}

/// A `goal.changes` record.
#[derive(Clone, Debug)]
pub struct GoalChange {
    pub id: Option<EventId>,
    pub channel: ChannelId,
    pub at: Timestamp,
    pub change: Change,
}

/// A change that was added to a history: who has to look at it, and from when on it counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Effect {
    /// When it takes effect (A1, A6).
    pub effective: Timestamp,
    pub channel: ChannelId,
    /// How many changes came into the log before it.
    pub sequence: u64,
    /// Its own `at`.
    pub at: Timestamp,
    /// It begins a subscription: an event later than it may achieve a round that began before it (C5).
    pub subscribes: bool,
}

/// The settings of all channels.
#[derive(Debug)]
pub struct Settings {
    channels: FxHashMap<ChannelId, Channel>,
    effects: BTreeSet<Effect>,
    sequence: u64,
    requires_subscription: bool,
    defaults: Channel,
}

impl Settings {
    /// `requires_subscription = false`: every channel counts as subscribed always (A2).
    pub fn new(requires_subscription: bool) -> Self {
        Self {
            channels: FxHashMap::default(),
            effects: BTreeSet::new(),
            sequence: 0,
            requires_subscription,
            defaults: Channel::new(requires_subscription),
        }
    }

    /// The settings of a channel; one that never had any has the defaults (A2).
    pub fn channel(&self, id: &str) -> &Channel {
        self.channels.get(id).unwrap_or(&self.defaults)
    }

    /// Every channel that ever had a setting.
    pub fn channels(&self) -> impl Iterator<Item = (&ChannelId, &Channel)> {
        self.channels.iter()
    }

    /// Adds a change; `logged` is its log timestamp, absent offline (A6). `None`: it is there already (A1).
    pub fn add(&mut self, change: GoalChange, logged: Option<Timestamp>) -> Option<Effect> {
        let GoalChange { id, channel, at, change } = change;
        let subscribes = matches!(change, Change::SubscriptionSet(true)) && self.requires_subscription;
        let history =
            self.channels.entry(channel.clone()).or_insert_with(|| Channel::new(self.requires_subscription));
        let effective = history.add(id, at, change, logged)?;
        let effect = Effect { effective, channel, sequence: self.sequence, at, subscribes };
        self.sequence += 1;
        self.effects.insert(effect.clone());
        Some(effect)
    }

    /// The first change that takes effect later than `after` and at `until` or before.
    pub fn next_effect(&self, after: Timestamp, until: Timestamp) -> Option<Timestamp> {
        self.effects_between(after, until).next().map(|effect| effect.effective)
    }

    /// All changes that take effect in `(after, until]`, in their order.
    pub fn effects_between(&self, after: Timestamp, until: Timestamp) -> impl Iterator<Item = &Effect> {
        let first = Effect {
            effective: after.plus(1),
            channel: ChannelId::default(),
            sequence: 0,
            at: Timestamp::MIN,
            subscribes: false,
        };
        self.effects.range(first..).take_while(move |effect| effect.effective <= until)
    }
}

/// The settings of one channel.
#[derive(Debug)]
pub struct Channel {
    goals: Vec<Goal>,
    /// For each of `goals`, the earliest log timestamp of a change that set it; offline there is none.
    logged: Vec<Option<Timestamp>>,
    goal: History<Option<GoalId>>,
    subscription: History<bool>,
    time_zone: History<Tz>,
    ids: FxHashSet<EventId>,
    without_id: Vec<(Timestamp, Change)>,
    requires_subscription: bool,
    /// How many changes were added.
    version: u64,
}

impl Channel {
    fn new(requires_subscription: bool) -> Self {
        Self {
            goals: Vec::new(),
            logged: Vec::new(),
            goal: History::new(),
            subscription: History::new(),
            time_zone: History::new(),
            ids: FxHashSet::default(),
            without_id: Vec::new(),
            requires_subscription,
            version: 0,
        }
    }

    fn add(
        &mut self,
        id: Option<EventId>,
        at: Timestamp,
        change: Change,
        logged: Option<Timestamp>,
    ) -> Option<Timestamp> {
        match id {
            Some(id) => {
                if !self.ids.insert(id) {
                    return None;
                }
            }
            None => {
                if self.without_id.iter().any(|(t, c)| *t == at && *c == change) {
                    return None;
                }
                self.without_id.push((at, change.clone()));
            }
        }
        self.version += 1;
        // A6: nobody backdates a goal.
        let not_backdated = logged.map_or(at, |logged| at.max(logged));
        Some(match change {
            Change::GoalSet(goal) => {
                let goal = self.goal_id(goal, logged);
                self.goal.insert(not_backdated, Some(goal));
                not_backdated
            }
            Change::GoalRemoved => {
                self.goal.insert(not_backdated, None);
                not_backdated
            }
            Change::SubscriptionSet(active) => {
                self.subscription.insert(at, active);
                at
            }
            Change::TimeZoneSet(zone) => {
                self.time_zone.insert(at, zone);
                at
            }
        })
    }

    fn goal_id(&mut self, goal: Goal, logged: Option<Timestamp>) -> GoalId {
        let known = self.goals.iter().position(|g| *g == goal);
        let index = known.unwrap_or_else(|| {
            self.goals.push(goal);
            self.logged.push(logged);
            self.goals.len() - 1
        });
        self.logged[index] = self.logged[index].min(logged);
        GoalId(index as u32)
    }

    /// What is derived from these settings holds as long as this is the same.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The content of a goal of this channel.
    pub fn goal(&self, id: GoalId) -> &Goal {
        &self.goals[id.0 as usize]
    }

    pub fn goals(&self) -> &[Goal] {
        &self.goals
    }

    pub fn ever_subscribed(&self) -> bool {
        !self.requires_subscription || self.subscription.entries.iter().any(|(_, active)| *active)
    }

    pub fn subscribed(&self, at: Timestamp) -> bool {
        !self.requires_subscription || self.subscription.as_of(at).copied().unwrap_or(false)
    }

    /// When subscriptions began in `(after, until]`, as far as that matters to anything.
    pub fn subscriptions_in(&self, after: Timestamp, until: Timestamp) -> impl Iterator<Item = Timestamp> {
        let entries = if self.requires_subscription { &self.subscription.entries[..] } else { &[] };
        let first = entries.partition_point(|(at, _)| *at <= after);
        let within = entries[first..].iter().take_while(move |(at, _)| *at <= until);
        within.filter(|(_, active)| *active).map(|(at, _)| *at)
    }

    /// A4: the goal as of `at` if the channel is subscribed as of `at`.
    pub fn tracked_goal(&self, at: Timestamp) -> Option<GoalId> {
        let goal = *self.goal.as_of(at)?;
        if self.subscribed(at) { goal } else { None }
    }

    /// The goal as of `at`, tracked or not.
    pub fn goal_as_of(&self, at: Timestamp) -> Option<GoalId> {
        *self.goal.as_of(at)?
    }

    /// From when on each goal stood, or none.
    pub fn goal_history(&self) -> &[(Timestamp, Option<GoalId>)] {
        &self.goal.entries
    }

    /// From when on the channel was subscribed or not.
    pub fn subscription_history(&self) -> &[(Timestamp, bool)] {
        &self.subscription.entries
    }

    /// From when on which time zone stood.
    pub fn time_zone_history(&self) -> &[(Timestamp, Tz)] {
        &self.time_zone.entries
    }

    /// Whether goals are tracked only while the channel is subscribed (A2).
    pub fn requires_subscription(&self) -> bool {
        self.requires_subscription
    }

    /// E2: the calendar date at `at`, in the time zone as of `at`.
    pub fn date(&self, at: Timestamp) -> NaiveDate {
        let zone = self.time_zone.as_of(at).copied().unwrap_or(Tz::UTC);
        zone.timestamp_millis_opt(at.0).single().map_or(NaiveDate::MAX, |t| t.date_naive())
    }

    /// Whether some goal wants events of this name.
    pub fn concerns(&self, name: &str) -> bool {
        self.goals.iter().any(|goal| goal.event_name == name)
    }

    /// A6: the goals that an event matches, judged once, when it is read. `logged` is its log timestamp.
    pub fn judge(
        &self,
        name: &str,
        at: Timestamp,
        logged: Option<Timestamp>,
        properties: &dyn Properties,
    ) -> Vec<GoalId> {
        // An event dated ahead of its log timestamp is judged against the goals that were there at that point.
        let was_there = |index: usize| match (logged, self.logged[index]) {
            (Some(event), Some(goal)) => at <= event || goal <= event,
            _ => true,
        };
        let goals = self.goals.iter().enumerate();
        let mut goals = goals.filter(|(index, goal)| goal.event_name == name && was_there(*index)).peekable();
        if goals.peek().is_none() {
            return Vec::new();
        }
        let read = properties.read();
        let mut event = Lookup::new(&read);
        let matched = goals.filter(|(_, goal)| goal.filter.holds(&mut event));
        matched.map(|(index, _)| GoalId(index as u32)).collect()
    }
}

/// Values by the time from which they hold; of equal times the one that came later (A1).
#[derive(Debug)]
struct History<T> {
    entries: Vec<(Timestamp, T)>,
}

impl<T> History<T> {
    fn new() -> Self {
        Self { entries: Vec::new() }
    }

    fn insert(&mut self, at: Timestamp, value: T) {
        let place = self.entries.partition_point(|(t, _)| *t <= at);
        self.entries.insert(place, (at, value));
    }

    fn as_of(&self, at: Timestamp) -> Option<&T> {
        let place = self.entries.partition_point(|(t, _)| *t <= at);
        place.checked_sub(1).map(|last| &self.entries[last].1)
    }
}

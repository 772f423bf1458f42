//! Chats: folds the records of a chat into its facts, derives rounds, status and contributions from them, and
//! says what is different from what was published last (F2). It publishes nothing itself.
//!
//! Folding and settling are two steps, so that everything that follows from one record (the events that come with
//! a newly named customer, say) makes one change.

use super::messages::{Bad, Cause, ChatBody, ChatEvent, CustomerNews, ToChat, ToCustomer, event_id};
use crate::domain::conversation::{
    Changed, Conversation, JudgedEvent, Named, REACH_BACK, ROUND_MAX, Reply, Said,
};
use crate::domain::credit::{self, Bucket, Contribution, Counts};
use crate::domain::ids::{ChannelId, ChatId};
use crate::domain::progress::Progress;
use crate::domain::rounds::{Outcome, Round, rounds};
use crate::domain::seal::{Seal, seal};
use crate::domain::settings::Channel;
use crate::domain::status::{KnownRound, OutcomeKind, Status, View, is_correction, view};
use crate::domain::time::{DAY, Timestamp};

/// What is known of one chat id. After a delete only this much is left, with `live` empty (B8).
#[derive(Clone, Debug, PartialEq)]
pub struct ChatRow {
    pub channel: ChannelId,
    pub chat: ChatId,
    /// The latest delete.
    pub deleted: Option<Timestamp>,
    /// How many records were published under this id.
    pub revision: u32,
    pub live: Option<Box<LiveChat>>,
}

/// The facts of a chat that is there, and what was published of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LiveChat {
    pub conversation: Conversation,
    pub seal: Seal,
    pub published: Option<Published>,
    pub progress: Progress,
}

/// What was last derived and published.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Published {
    pub view: View,
    /// The rounds that are not sealed.
    pub rounds: Vec<KnownRound>,
    pub contributions: Vec<Contribution>,
    /// When the clock makes the next difference by itself: the clock that is past the earliest open deadline.
    pub due: Option<Timestamp>,
}

impl Published {
    fn latest_missed(&self) -> Option<Timestamp> {
        let missed = self.rounds.iter().filter(|round| round.outcome == OutcomeKind::Missed);
        missed.map(|round| round.deadline).max()
    }
}

/// What a fold did, before it is settled.
#[derive(Debug, Default)]
pub struct Folded {
    /// The row is not what it was.
    pub changed: bool,
    /// Its view, counters or deadlines may not be what they were: settle it.
    pub settle: bool,
    /// The record deleted the chat: what it takes back.
    pub deleted: Option<Deleted>,
    /// What the chat asks its customers for, because of this record.
    pub asks: Vec<ToCustomer>,
}

/// A chat that was there and was deleted (B8).
#[derive(Debug, Default)]
pub struct Deleted {
    /// The revision of the tombstone.
    pub revision: u32,
    pub differences: Vec<(Bucket, Counts)>,
}

/// A change of a chat's view, to be published.
#[derive(Clone, Debug, PartialEq)]
pub struct StatusChange {
    pub channel: ChannelId,
    pub chat: ChatId,
    pub revision: u32,
    pub view: View,
    pub previous: Option<Status>,
    pub cause: Cause,
    pub correction: bool,
}

/// What settling a row found.
#[derive(Debug, Default)]
pub struct Settled {
    pub change: Option<StatusChange>,
    pub differences: Vec<(Bucket, Counts)>,
    /// The row is not what it was.
    pub changed: bool,
}

/// Folds a record into its chat's row (created if there is none). `partition` is where the chat lives;
/// `channel` holds its channel's settings, `judged` the goals that a goal event matches (A6), empty for any other
/// record.
pub fn fold(
    row: &mut Option<ChatRow>,
    event: &ChatEvent<'_>,
    partition: i32,
    channel: &Channel,
    judged: Option<JudgedEvent>,
) -> Result<Folded, Bad> {
    let row = match row {
        Some(row) if &*row.channel != event.channel => {
            return Err(Bad::OtherChannel {
                chat: row.chat.clone(),
                belongs_to: row.channel.clone(),
                named: event.channel.into(),
            });
        }
        Some(row) => row,
        none => none.insert(ChatRow {
            channel: event.channel.into(),
            chat: event.chat.into(),
            deleted: None,
            revision: 0,
            live: None,
        }),
    };
    if row.deleted.is_some_and(|deleted| event.at <= deleted) {
        return Ok(Folded::default());
    }
    if let ChatBody::Deleted = event.body {
        return Ok(row.delete(event.at));
    }
    let begins = row.live.is_none();
    let live = row.live.get_or_insert_default();
    let before = (live.conversation.customers.len(), live.conversation.replies.len());
    let changed = match event.body {
        ChatBody::Said(said) => live.conversation.fold(event.at, said),
        ChatBody::GoalEvent { .. } => {
            let new = judged.is_some_and(|judged| live.conversation.event(judged));
            Changed { facts: new, customers: false, anything: new }
        }
        ChatBody::Deleted => Changed::default(),
    };
    let mut asks = Vec::new();
    if before != (live.conversation.customers.len(), live.conversation.replies.len()) {
        let cause = Cause { kind: event.body.cause(), at: event.at };
        let (named_before, replied_before) = before;
        let row = &*row;
        let Conversation { customers, replies, .. } = &row.live.as_ref().expect("it is there").conversation;
        let new = Conversation::moments(&replies[replied_before..], channel);
        let all = Conversation::moments(&replies[..], channel);
        for (index, named) in customers.iter().enumerate() {
            let moments = if index < named_before { &new } else { &all };
            asks.extend(row.ask(partition, named, moments, cause));
        }
    }
    Ok(Folded { changed: changed.anything || begins, settle: changed.facts || begins, deleted: None, asks })
}

/// The customers that a record may have its chat ask for something (H2), as far as can be told before it is folded; none
/// of a chat that knows many, as a record that asks nobody would name them all again.
pub fn may_ask(row: Option<&ChatRow>, event: &ChatEvent<'_>, mut ask: impl FnMut(&str)) {
    const FEW_CUSTOMERS: usize = 8;
    let ChatBody::Said(said) = event.body else { return };
    let known = row.and_then(|row| row.live.as_ref()).map(|live| &live.conversation);
    match said {
        Said::Opened { customer: Some(customer) } | Said::CustomerMessage { customer } => {
            // It asks once there is a reply, which is mostly soon.
            let names = |known: &Conversation| known.customers.iter().any(|n| &*n.customer == customer);
            if !known.is_some_and(names) {
                ask(customer);
            }
        }
        Said::ManagerReply { .. } => {
            if let Some(known) = known
                && known.customers.len() <= FEW_CUSTOMERS
                && (!known.cycle.replied || known.cycle.closed.is_some())
            {
                known.customers.iter().for_each(|named| ask(&named.customer));
            }
        }
        Said::Opened { customer: None } | Said::Closed { .. } | Said::Reopened | Said::Assigned { .. } => {}
    }
}

/// A goal event as the chat keeps it.
pub fn judge(event: &ChatEvent<'_>, channel: &Channel, logged: Option<Timestamp>) -> Option<JudgedEvent> {
    let ChatBody::GoalEvent { name, properties } = event.body else { return None };
    judged(event.id, name, properties, event.at, channel, logged)
}

/// Judges an event once, when it is read (A6). `None`: it is forgotten.
pub fn judged(
    id: Option<&str>,
    name: &str,
    properties: &dyn crate::domain::goal::Properties,
    at: Timestamp,
    channel: &Channel,
    logged: Option<Timestamp>,
) -> Option<JudgedEvent> {
    let goals = channel.judge(name, at, logged, properties);
    (!goals.is_empty()).then(|| JudgedEvent { at, id: event_id(id), goals })
}

impl ChatRow {
    fn delete(&mut self, at: Timestamp) -> Folded {
        self.deleted = Some(at);
        let deleted = self.live.take().map(|live| {
            self.revision = self.revision.saturating_add(1);
            let published = live.published.unwrap_or_default();
            Deleted { revision: self.revision, differences: difference(&published, &Published::default()) }
        });
        Folded { changed: true, settle: false, deleted, asks: Vec::new() }
    }

    /// Asks a customer for the first events after each of these moments, as far as the chat may count them (H2).
    fn ask(&self, partition: i32, of: &Named, moments: &[Timestamp], cause: Cause) -> Option<ToCustomer> {
        let reach = of.at.minus(REACH_BACK);
        let mut moments: Vec<Timestamp> = moments.iter().map(|moment| *moment.max(&reach)).collect();
        moments.dedup();
        (!moments.is_empty()).then(|| ToCustomer {
            channel: self.channel.clone(),
            customer: of.customer.clone(),
            news: CustomerNews::AskedBy { chat: self.chat.clone(), partition, moments },
            cause,
        })
    }

    /// What the chat has to ask its customers for because a subscription began at this moment (C5).
    pub fn subscribed_at(&self, partition: i32, moment: Timestamp, cause: Cause) -> Vec<ToCustomer> {
        let Some(live) = &self.live else { return Vec::new() };
        let runs = |reply: &Reply| reply.at < moment && moment <= reply.at.plus(ROUND_MAX);
        if !live.conversation.replies.iter().any(runs) {
            return Vec::new();
        }
        let customers = live.conversation.customers.iter();
        customers.filter_map(|named| self.ask(partition, named, &[moment], cause)).collect()
    }

    /// Folds events of a customer that the chat named. True: some were new.
    pub fn customer_events(&mut self, message: &ToChat) -> bool {
        let Some(live) = &mut self.live else { return false };
        let events = message.events.iter().filter(|e| self.deleted.is_none_or(|deleted| e.at > deleted));
        live.conversation.customer_events(&message.customer, events.cloned())
    }

    /// Derives everything anew at `clock` and says what is different. `seals`: whether records can be too late (H3).
    pub fn settle(&mut self, channel: &Channel, clock: Timestamp, cause: Cause, seals: bool) -> Settled {
        let Some(live) = &mut self.live else { return Settled::default() };
        let LiveChat { conversation, seal: sealed, published, progress } = &mut **live;
        let plain;
        let (rounds_now, contributions, same) = if conversation.replies.len() < MANY_REPLIES {
            progress.forget();
            plain = rounds(conversation, sealed, channel, clock);
            let contributions = credit::contributions(conversation, sealed, &plain, channel);
            (&plain[..], contributions, 0)
        } else {
            let derived = progress.derive(conversation, sealed, channel, clock);
            (derived.rounds, derived.contributions, derived.same)
        };
        // What was published of the rounds that are the same is the same.
        let same = same.saturating_sub(sealed.rounds().count());
        let known_before = published.as_mut().map_or_else(Vec::new, |old| old.rounds.split_off(same));
        let known_now = known(&rounds_now[sealed.rounds().count() + same..], sealed);
        let new = Published {
            view: view(conversation, sealed, rounds_now, channel, clock),
            rounds: Vec::new(),
            contributions,
            due: due(rounds_now),
        };
        let mut settled = Settled::default();
        match published {
            Some(old)
                if known_before == known_now
                    && (&old.view, &old.contributions, old.due)
                        == (&new.view, &new.contributions, new.due) =>
            {
                old.rounds = joined(std::mem::take(&mut old.rounds), known_before);
                return settled;
            }
            Some(old) => {
                settled.differences = difference(old, &new);
                if old.view != new.view {
                    self.revision = self.revision.saturating_add(1);
                    settled.change = Some(StatusChange {
                        channel: self.channel.clone(),
                        chat: self.chat.clone(),
                        revision: self.revision,
                        view: new.view.clone(),
                        previous: Some(old.view.status),
                        cause,
                        correction: is_correction(&known_before, rounds_now),
                    });
                }
            }
            None => {
                settled.differences = difference(&Published::default(), &new);
                self.revision = self.revision.saturating_add(1);
                settled.change = Some(StatusChange {
                    channel: self.channel.clone(),
                    chat: self.chat.clone(),
                    revision: self.revision,
                    view: new.view.clone(),
                    previous: None,
                    cause,
                    correction: false,
                });
            }
        }
        settled.changed = true;
        let known_all = published.take().map_or_else(Vec::new, |old| old.rounds);
        let known_all = joined(known_all, known_now);
        *published = Some(Published { rounds: known_all, ..new });
        if seals && seal(conversation, sealed, rounds_now, channel, clock) {
            progress.forget();
            let kept = rounds(conversation, sealed, channel, clock);
            if let Some(published) = published {
                published.rounds = known(&kept, sealed);
            }
        }
        settled
    }

    /// The view as it stands, as a change that is still to be compared with what readers have; `None`: there is no chat.
    pub fn restated(&self, cause: Cause) -> Option<StatusChange> {
        let published = self.live.as_ref()?.published.as_ref()?;
        Some(StatusChange {
            channel: self.channel.clone(),
            chat: self.chat.clone(),
            revision: 0,
            view: published.view.clone(),
            previous: None,
            cause,
            correction: false,
        })
    }

    /// A chat of which nothing is known but that readers were told of it, so that its revisions go on should it ever begin.
    pub fn only_told_of(channel: ChannelId, chat: ChatId) -> Self {
        Self { channel, chat, deleted: None, revision: 0, live: None }
    }

    /// Whether a change from what readers have takes an outcome back (C9).
    pub fn corrects(readers_have: Option<Status>, status: Status) -> bool {
        matches!(readers_have, Some(Status::Missed | Status::Achieved)) && readers_have != Some(status)
    }

    /// All rounds that are not sealed away, at `clock`.
    pub fn rounds(&self, channel: &Channel, clock: Timestamp) -> Vec<Round> {
        self.live
            .as_ref()
            .map_or_else(Vec::new, |live| rounds(&live.conversation, &live.seal, channel, clock))
    }

    /// Where it stands in the indexes if it was never settled: its deadlines and outcomes are not known.
    pub fn unsettled_index(&self) -> Index {
        let latest_day = self.live.as_ref().and_then(|live| live.conversation.latest_fact()).map(day);
        Index { latest_day, ..Index::default() }
    }

    /// The clock at which it must be settled by itself, as it was last settled.
    pub fn due(&self) -> Option<Timestamp> {
        self.live.as_ref()?.published.as_ref()?.due
    }

    /// Where this row stands in the indexes.
    pub fn index(&self) -> Index {
        let Some(live) = &self.live else { return Index::default() };
        let Some(published) = &live.published else { return Index::default() };
        Index {
            due: published.due,
            waits: live.conversation.cycle.closed.is_none()
                && live.conversation.awaits_reply()
                && matches!(published.view.status, Status::None | Status::AwaitingReply | Status::Missed),
            // A missed deadline is a fact, too: it may lie after everything that was said.
            latest_day: live.conversation.latest_fact().max(published.latest_missed()).map(day),
        }
    }
}

/// What a chat is looked up by, besides its id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Index {
    /// The clock at which it must be settled by itself.
    pub due: Option<Timestamp>,
    /// A goal that is set, removed or takes effect may change it (D3).
    pub waits: bool,
    /// The UTC day of its latest fact: a setting that takes effect on a later one cannot change its past.
    pub latest_day: Option<i64>,
}

/// From so many replies on, a chat is not derived from its beginning each time.
const MANY_REPLIES: usize = 4;

/// The UTC day of a moment, counted from the epoch.
pub fn day(at: Timestamp) -> i64 {
    at.0.div_euclid(DAY)
}

fn known(rounds: &[Round], sealed: &Seal) -> Vec<KnownRound> {
    let mut known = Vec::with_capacity(rounds.len());
    known.extend(rounds.iter().filter(|round| round.number > sealed.count).map(KnownRound::from));
    known
}

/// Both lists in one. Most chats have one round, and then it has no more room than it needs.
fn joined(mut head: Vec<KnownRound>, tail: Vec<KnownRound>) -> Vec<KnownRound> {
    if head.is_empty() {
        return tail;
    }
    head.extend(tail);
    head
}

fn due(rounds: &[Round]) -> Option<Timestamp> {
    rounds.iter().filter(|round| round.outcome == Outcome::Open).map(|round| round.deadline.plus(1)).min()
}

/// What the chat adds now, less what it added before.
fn difference(before: &Published, after: &Published) -> Vec<(Bucket, Counts)> {
    let achieved = |published: &Published| published.view.status == Status::Achieved;
    let (was, is) = (achieved(before), achieved(after));
    credit::difference((&before.contributions, was), (&after.contributions, is))
}

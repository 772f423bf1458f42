//! A chat's row, and the pages beside it, to bytes.

use super::{outcome_to, status_to};
use crate::contract::protobuf::convert::date_to;
use crate::contract::protobuf::rows::fields::Writer;
use crate::contract::protobuf::rows::versions::OURS;
use crate::domain::conversation::{Assignment, Close, Conversation, Cycle, JudgedEvent, Named, Reply};
use crate::domain::credit::Contribution;
use crate::domain::rounds::{Outcome, Round};
use crate::domain::seal::{Seal, SealedRound};
use crate::domain::status::{KnownRound, LastRound, OutcomeKind, ShownRound, View};
use crate::domain::time::{DAY, Timestamp};
use crate::stages::chats::{ChatRow, LiveChat, Published};
use std::collections::BTreeMap;

pub fn encode_chat(row: &ChatRow) -> Vec<u8> {
    let ChatRow { deleted, revision, live, .. } = row;
    let mut to = begin(row);
    if let Some(deleted) = deleted {
        to.number_anyway(4, deleted.0 as u64);
    }
    to.number(5, (*revision).into());
    if let Some(live) = live {
        live_to(live, &mut to);
    }
    to.into_bytes()
}

/// A page of a chat's events, beside its row. Read as a row, it is one of a chat of which nothing is known.
pub fn encode_chat_page(row: &ChatRow, events: &[JudgedEvent]) -> Vec<u8> {
    let mut to = begin(row);
    events.iter().for_each(|event| event_to(&mut to, 7, Timestamp::default(), event));
    to.into_bytes()
}

fn begin(ChatRow { channel, chat, .. }: &ChatRow) -> Writer {
    let mut to = Writer::with_capacity(512);
    to.number(1, OURS.versions.number().into());
    to.text(2, channel);
    to.text(3, chat);
    to
}

/// Names stand before the facts that use them, and are known only after these.
fn live_to(live: &LiveChat, row: &mut Writer) {
    let LiveChat { conversation, seal, published, progress: _ } = live;
    let base = conversation.cycle.last.unwrap_or_default();
    let names = Names { list: Vec::with_capacity(8), places: BTreeMap::new() };
    let mut facts = Encoder { base, names, to: Writer::with_capacity(512) };
    facts.conversation(conversation);
    if *seal != Seal::default() {
        facts.seal(seal);
    }
    if let Some(published) = published {
        facts.published(published);
    }
    facts.to.packed(13, conversation.events.list().stored().iter().map(|page| page.number));

    let live = row.open(6);
    row.sint(1, base.0);
    facts.names.list.iter().for_each(|name| row.text_anyway(2, name));
    row.raw(facts.to.as_slice());
    row.close(live);
}

struct Encoder<'a> {
    base: Timestamp,
    names: Names<'a>,
    to: Writer,
}

/// Ids, each once.
struct Names<'a> {
    /// In the order in which they were met.
    list: Vec<&'a str>,
    /// Where each of them is, once there are many.
    places: BTreeMap<&'a str, usize>,
}

/// So few names are searched one by one.
const FEW_NAMES: usize = 16;

impl<'a> Names<'a> {
    /// Its place, counted from 1; nobody has none.
    fn place(&mut self, name: Option<&'a str>) -> u64 {
        let Some(name) = name else { return 0 };
        let known = if self.list.len() <= FEW_NAMES {
            self.list.iter().position(|known| *known == name)
        } else {
            self.places.get(name).copied()
        };
        let place = known.unwrap_or_else(|| {
            self.list.push(name);
            if self.list.len() > FEW_NAMES {
                let unplaced = self.list.iter().copied().enumerate().skip(self.places.len());
                self.places.extend(unplaced.map(|(place, name)| (name, place)));
            }
            self.list.len() - 1
        });
        place as u64 + 1
    }
}

impl<'a> Encoder<'a> {
    fn time(&self, time: Timestamp) -> i64 {
        time.0.wrapping_sub(self.base.0)
    }

    fn at(&mut self, field: u32, time: Timestamp) {
        self.to.sint(field, self.time(time));
    }

    fn optional_time(&mut self, field: u32, time: Option<Timestamp>) {
        self.to.optional_sint(field, time.map(|time| self.time(time)));
    }

    fn optional_name(&mut self, field: u32, name: Option<&'a str>) {
        let place = self.names.place(name);
        self.to.number(field, place);
    }

    /// The empty id is nobody, and takes no place.
    fn name(&mut self, field: u32, name: &'a str) {
        self.optional_name(field, Some(name).filter(|name| !name.is_empty()));
    }

    fn conversation(&mut self, conversation: &'a Conversation) {
        let Conversation {
            cycle,
            replies,
            closes,
            assignments,
            customers,
            latest_customer,
            events,
            replied_before,
        } = conversation;
        if *cycle != Cycle::default() {
            self.cycle(cycle);
        }
        replies.iter().for_each(|reply| self.reply(4, reply));
        for Close { at, by } in closes {
            let close = self.to.open(5);
            self.at(1, *at);
            self.optional_name(2, by.as_deref());
            self.to.close(close);
        }
        for Assignment { at, manager } in assignments {
            let assignment = self.to.open(6);
            self.at(1, *at);
            self.optional_name(2, manager.as_deref());
            self.to.close(assignment);
        }
        customers.iter().for_each(|named| self.named(7, named));
        if let Some(named) = latest_customer {
            self.named(8, named);
        }
        if events.list().stored().is_empty() {
            events.iter().for_each(|event| event_to(&mut self.to, 9, self.base, event));
        }
        self.to.flag(10, *replied_before);
    }

    fn cycle(&mut self, cycle: &'a Cycle) {
        let Cycle { opened, asked, early, replied, closed, last } = cycle;
        let cycle = self.to.open(3);
        self.optional_time(1, *opened);
        self.optional_time(2, *asked);
        if let Some(early) = early {
            self.reply(3, early);
        }
        self.to.flag(4, *replied);
        self.optional_time(5, *closed);
        self.optional_time(6, *last);
        self.to.close(cycle);
    }

    fn reply(&mut self, field: u32, Reply { at, manager }: &'a Reply) {
        let reply = self.to.open(field);
        self.at(1, *at);
        self.name(2, manager);
        self.to.close(reply);
    }

    fn named(&mut self, field: u32, Named { customer, at }: &'a Named) {
        let named = self.to.open(field);
        self.at(1, *at);
        self.name(2, customer);
        self.to.close(named);
    }

    fn contribution(&mut self, field: u32, contribution: &'a Contribution) {
        let Contribution { manager, date, measured, achieved, missed, ended, closes } = contribution;
        let contribution = self.to.open(field);
        self.name(1, manager);
        self.to.int(2, date_to(*date).into());
        self.to.flag(3, *measured);
        self.to.flag(4, *achieved);
        self.to.flag(5, *missed);
        self.to.flag(6, *ended);
        self.to.number(7, (*closes).into());
        self.to.close(contribution);
    }

    fn seal(&mut self, Seal { count, achieved, last, reply, contributions }: &'a Seal) {
        let seal = self.to.open(11);
        self.to.number(1, (*count).into());
        if let Some(achieved) = achieved {
            self.sealed(2, achieved);
        }
        if let Some(last) = last {
            self.sealed(3, last);
        }
        if let Some(reply) = reply {
            self.reply(4, reply);
        }
        contributions.iter().for_each(|contribution| self.contribution(5, contribution));
        self.to.close(seal);
    }

    fn sealed(&mut self, field: u32, SealedRound { round, credited }: &'a SealedRound) {
        let Round { number, goal, start, deadline, manager, outcome } = round;
        let achieved = match outcome {
            Outcome::Open | Outcome::Superseded | Outcome::Missed => None,
            Outcome::Achieved { at, by } => Some((*at, by.as_deref())),
        };
        let round = self.to.open(field);
        self.to.number(1, (*number).into());
        self.to.number(2, goal.0.into());
        self.period(*start, *deadline);
        self.outcome(outcome.kind());
        if let Some((at, by)) = achieved {
            self.achieved(Some(at), by);
        }
        self.name(9, manager);
        self.name(10, credited);
        self.to.close(round);
    }

    fn published(&mut self, published: &'a Published) {
        let Published { view: View { customer, status, shown, round }, rounds, contributions, due } =
            published;
        let published = self.to.open(12);
        self.optional_name(1, customer.as_deref());
        self.to.number(2, status_to(*status));
        if let Some(shown) = shown {
            self.shown(shown);
        }
        if let Some(LastRound { number, goal, start, deadline, outcome }) = round {
            let round = self.to.open(4);
            self.to.number(1, (*number).into());
            self.to.number(2, goal.0.into());
            self.period(*start, *deadline);
            self.outcome(*outcome);
            self.to.close(round);
        }
        for KnownRound { start, deadline, outcome, achieved_at } in rounds {
            let round = self.to.open(5);
            self.period(*start, *deadline);
            self.outcome(*outcome);
            self.achieved(*achieved_at, None);
            self.to.close(round);
        }
        contributions.iter().for_each(|contribution| self.contribution(6, contribution));
        self.optional_time(7, *due);
        self.to.close(published);
    }

    fn shown(&mut self, shown: &'a ShownRound) {
        let ShownRound { goal, start, deadline, achieved_at, achieved_by, manager, first_reply_manager } =
            shown;
        let shown = self.to.open(3);
        self.to.number(2, goal.0.into());
        self.period(*start, *deadline);
        self.achieved(*achieved_at, achieved_by.as_deref());
        self.name(9, first_reply_manager);
        self.name(10, manager);
        self.to.close(shown);
    }

    /// The start and the deadline of a round.
    fn period(&mut self, start: Timestamp, deadline: Timestamp) {
        let length = deadline.0.wrapping_sub(start.0);
        self.at(3, start);
        self.to.sint(4, length.div_euclid(DAY));
        self.to.number(5, length.rem_euclid(DAY) as u64);
    }

    fn outcome(&mut self, outcome: OutcomeKind) {
        self.to.number(6, outcome_to(outcome));
    }

    fn achieved(&mut self, at: Option<Timestamp>, by: Option<&str>) {
        self.optional_time(7, at);
        if let Some(by) = by {
            self.to.text_anyway(8, by);
        }
    }
}

fn event_to(to: &mut Writer, field: u32, base: Timestamp, JudgedEvent { at, id, goals }: &JudgedEvent) {
    let event = to.open(field);
    to.sint(1, at.0.wrapping_sub(base.0));
    if let Some(id) = id {
        to.text_anyway(2, id);
    }
    to.packed(3, goals.iter().map(|goal| goal.0));
    to.close(event);
}

//! A chat's row, and the pages beside it, from bytes.

use super::{outcome_from, status_from};
use crate::contract::protobuf::convert::date_from;
use crate::contract::protobuf::rows::fields::{Fields, Invalid, add};
use crate::contract::protobuf::rows::versions;
use crate::domain::conversation::{Assignment, Close, Cycle, JudgedEvent, Named, Reply};
use crate::domain::credit::Contribution;
use crate::domain::ids::{ChannelId, ChatId, CustomerId, EventId, ManagerId};
use crate::domain::rounds::{Outcome, Round};
use crate::domain::seal::{Seal, SealedRound};
use crate::domain::settings::GoalId;
use crate::domain::status::{KnownRound, LastRound, OutcomeKind, ShownRound};
use crate::domain::time::{DAY, Timestamp};
use crate::stages::chats::{ChatRow, LiveChat, Published};

/// Where a row has what is there of its chat, and that in turn the numbers of its pages.
const LIVE: u32 = 6;
const EVENT_PAGES: u32 = 13;

pub fn decode_chat(row: &[u8]) -> Result<ChatRow, String> {
    let (mut made_by, mut live) = (0, None);
    let mut to = ChatRow {
        channel: ChannelId::default(),
        chat: ChatId::default(),
        deleted: None,
        revision: 0,
        live: None,
    };
    let mut fields = Fields::of(row);
    while let Some((field, value)) = fields.next()? {
        match field {
            1 => made_by = value.uint32()?,
            2 => to.channel = ChannelId::new(value.text()?),
            3 => to.chat = ChatId::new(value.text()?),
            4 => to.deleted = Some(Timestamp(value.int64()?)),
            5 => to.revision = value.uint32()?,
            LIVE => live = Some(value.bytes()?),
            _ => {}
        }
    }
    versions::check(made_by)?;
    to.live = live.map(live_from).transpose()?.map(Box::new);
    Ok(to)
}

pub fn decode_chat_page(page: &[u8]) -> Result<Vec<JudgedEvent>, String> {
    let (mut made_by, mut events) = (0, Vec::new());
    let mut fields = Fields::of(page);
    while let Some((field, value)) = fields.next()? {
        match field {
            1 => made_by = value.uint32()?,
            7 => events.push(event_from(value.bytes()?)?),
            _ => {}
        }
    }
    versions::check(made_by)?;
    Ok(events)
}

/// The numbers of the pages that a chat's row names. The rest is passed over, which costs much less than decoding it.
pub fn chat_pages(row: &[u8]) -> Result<Vec<u32>, String> {
    let mut pages = Vec::new();
    let mut fields = Fields::of(row);
    while let Some((field, value)) = fields.next()? {
        if field != LIVE {
            continue;
        }
        let mut live = Fields::of(value.bytes()?);
        while let Some((field, value)) = live.next()? {
            if field == EVENT_PAGES {
                value.each_number(|page| pages.push(page))?;
            }
        }
    }
    Ok(pages)
}

/// The base and the names stand before what needs them.
fn live_from(live: &[u8]) -> Result<LiveChat, String> {
    let mut from = Decoder { base: 0, names: Vec::with_capacity(8) };
    let mut to = LiveChat::default();
    let conversation = &mut to.conversation;
    let mut fields = Fields::of(live);
    while let Some((field, value)) = fields.next()? {
        match field {
            1 => from.base = value.sint64()?,
            2 => from.names.push(value.text()?),
            3 => conversation.cycle = from.cycle(value.bytes()?)?,
            4 => add(&mut conversation.replies, from.reply(value.bytes()?)?),
            5 => add(&mut conversation.closes, from.close(value.bytes()?)?),
            6 => add(&mut conversation.assignments, from.assignment(value.bytes()?)?),
            7 => add(&mut conversation.customers, from.named(value.bytes()?)?),
            8 => conversation.latest_customer = Some(from.named(value.bytes()?)?),
            9 => {
                let JudgedEvent { at, id, goals } = event_from(value.bytes()?)?;
                // Older versions had any number of them here.
                conversation.events.insert(JudgedEvent { at: from.time(at.0), id, goals });
            }
            10 => conversation.replied_before = value.flag()?,
            11 => to.seal = from.seal(value.bytes()?)?,
            12 => to.published = Some(from.published(value.bytes()?)?),
            _ => {}
        }
    }
    Ok(to)
}

/// An event, its time as it is stored.
fn event_from(event: &[u8]) -> Result<JudgedEvent, Invalid> {
    let (mut at, mut id, mut goals) = (0, None, Vec::new());
    let mut fields = Fields::of(event);
    while let Some((field, value)) = fields.next()? {
        match field {
            1 => at = value.sint64()?,
            2 => id = Some(EventId::new(value.text()?)),
            3 => value.each_number(|goal| add(&mut goals, GoalId(goal)))?,
            _ => {}
        }
    }
    Ok(JudgedEvent { at: Timestamp(at), id, goals })
}

struct Decoder<'a> {
    base: i64,
    names: Vec<&'a str>,
}

/// A moment and a name: a reply, a close, an assignment, a naming.
struct Fact {
    at: i64,
    name: u32,
}

/// A round as far as its place has it.
#[derive(Default)]
struct Stored<'a> {
    number: u32,
    goal: u32,
    start: i64,
    days: i64,
    rest_ms: u32,
    outcome: u64,
    achieved_at: Option<i64>,
    achieved_by: Option<&'a str>,
    manager: u32,
    credited: u32,
}

impl<'a> Stored<'a> {
    fn of(round: &'a [u8]) -> Result<Self, Invalid> {
        let mut to = Self::default();
        let mut fields = Fields::of(round);
        while let Some((field, value)) = fields.next()? {
            match field {
                1 => to.number = value.uint32()?,
                2 => to.goal = value.uint32()?,
                3 => to.start = value.sint64()?,
                4 => to.days = value.sint64()?,
                5 => to.rest_ms = value.uint32()?,
                6 => to.outcome = value.number()?,
                7 => to.achieved_at = Some(value.sint64()?),
                8 => to.achieved_by = Some(value.text()?),
                9 => to.manager = value.uint32()?,
                10 => to.credited = value.uint32()?,
                _ => {}
            }
        }
        Ok(to)
    }

    fn achieved_by(&self) -> Option<EventId> {
        self.achieved_by.map(EventId::new)
    }
}

impl<'a> Decoder<'a> {
    fn time(&self, time: i64) -> Timestamp {
        Timestamp(self.base.wrapping_add(time))
    }

    fn optional_time(&self, time: Option<i64>) -> Option<Timestamp> {
        time.map(|time| self.time(time))
    }

    fn optional_name(&self, place: u32) -> Result<Option<&'a str>, String> {
        let Some(index) = (place as usize).checked_sub(1) else { return Ok(None) };
        let name = self.names.get(index);
        name.map(|name| Some(*name)).ok_or_else(|| format!("the row names no id number {place}"))
    }

    fn name(&self, place: u32) -> Result<&'a str, String> {
        Ok(self.optional_name(place)?.unwrap_or_default())
    }

    fn manager(&self, place: u32) -> Result<ManagerId, String> {
        Ok(ManagerId::new(self.name(place)?))
    }

    fn optional_manager(&self, place: u32) -> Result<Option<ManagerId>, String> {
        Ok(self.optional_name(place)?.map(ManagerId::new))
    }

    fn cycle(&self, cycle: &[u8]) -> Result<Cycle, String> {
        let mut to = Cycle::default();
        let mut fields = Fields::of(cycle);
        while let Some((field, value)) = fields.next()? {
            match field {
                1 => to.opened = Some(self.time(value.sint64()?)),
                2 => to.asked = Some(self.time(value.sint64()?)),
                3 => to.early = Some(self.reply(value.bytes()?)?),
                4 => to.replied = value.flag()?,
                5 => to.closed = Some(self.time(value.sint64()?)),
                6 => to.last = Some(self.time(value.sint64()?)),
                _ => {}
            }
        }
        Ok(to)
    }

    fn fact(&self, fact: &[u8]) -> Result<Fact, Invalid> {
        let mut to = Fact { at: 0, name: 0 };
        let mut fields = Fields::of(fact);
        while let Some((field, value)) = fields.next()? {
            match field {
                1 => to.at = value.sint64()?,
                2 => to.name = value.uint32()?,
                _ => {}
            }
        }
        Ok(to)
    }

    fn reply(&self, reply: &[u8]) -> Result<Reply, String> {
        let Fact { at, name } = self.fact(reply)?;
        Ok(Reply { at: self.time(at), manager: self.manager(name)? })
    }

    fn close(&self, close: &[u8]) -> Result<Close, String> {
        let Fact { at, name } = self.fact(close)?;
        Ok(Close { at: self.time(at), by: self.optional_manager(name)? })
    }

    fn assignment(&self, assignment: &[u8]) -> Result<Assignment, String> {
        let Fact { at, name } = self.fact(assignment)?;
        Ok(Assignment { at: self.time(at), manager: self.optional_manager(name)? })
    }

    fn named(&self, named: &[u8]) -> Result<Named, String> {
        let Fact { at, name } = self.fact(named)?;
        Ok(Named { customer: CustomerId::new(self.name(name)?), at: self.time(at) })
    }

    fn contribution(&self, contribution: &[u8]) -> Result<Contribution, String> {
        let (mut manager, mut date, mut closes) = (0, 0, 0);
        let [mut measured, mut achieved, mut missed, mut ended] = [false; 4];
        let mut fields = Fields::of(contribution);
        while let Some((field, value)) = fields.next()? {
            match field {
                1 => manager = value.uint32()?,
                2 => date = value.int32()?,
                3 => measured = value.flag()?,
                4 => achieved = value.flag()?,
                5 => missed = value.flag()?,
                6 => ended = value.flag()?,
                7 => closes = value.uint32()?,
                _ => {}
            }
        }
        let (manager, date) = (self.manager(manager)?, date_from(date)?);
        Ok(Contribution { manager, date, measured, achieved, missed, ended, closes })
    }

    fn seal(&self, seal: &'a [u8]) -> Result<Seal, String> {
        let mut to = Seal::default();
        let mut fields = Fields::of(seal);
        while let Some((field, value)) = fields.next()? {
            match field {
                1 => to.count = value.uint32()?,
                2 => to.achieved = Some(Box::new(self.sealed(value.bytes()?)?)),
                3 => to.last = Some(Box::new(self.sealed(value.bytes()?)?)),
                4 => to.reply = Some(self.reply(value.bytes()?)?),
                5 => add(&mut to.contributions, self.contribution(value.bytes()?)?),
                _ => {}
            }
        }
        Ok(to)
    }

    fn sealed(&self, round: &'a [u8]) -> Result<SealedRound, String> {
        let round = Stored::of(round)?;
        let (start, deadline) = self.period(&round);
        let outcome = match outcome_from(round.outcome)? {
            OutcomeKind::Open => Outcome::Open,
            OutcomeKind::Superseded => Outcome::Superseded,
            OutcomeKind::Missed => Outcome::Missed,
            OutcomeKind::Achieved => Outcome::Achieved {
                at: self.time(round.achieved_at.ok_or("the row has an achieved round without its time")?),
                by: round.achieved_by(),
            },
        };
        Ok(SealedRound {
            round: Round {
                number: round.number,
                goal: GoalId(round.goal),
                start,
                deadline,
                manager: self.manager(round.manager)?,
                outcome,
            },
            credited: self.manager(round.credited)?,
        })
    }

    fn published(&self, published: &'a [u8]) -> Result<Published, String> {
        let (mut to, mut status) = (Published::default(), 0);
        let mut fields = Fields::of(published);
        while let Some((field, value)) = fields.next()? {
            match field {
                1 => to.view.customer = self.optional_name(value.uint32()?)?.map(CustomerId::new),
                2 => status = value.number()?,
                3 => to.view.shown = Some(self.shown(value.bytes()?)?),
                4 => to.view.round = Some(self.last_round(value.bytes()?)?),
                5 => add(&mut to.rounds, self.known(value.bytes()?)?),
                6 => add(&mut to.contributions, self.contribution(value.bytes()?)?),
                7 => to.due = Some(self.time(value.sint64()?)),
                _ => {}
            }
        }
        to.view.status = status_from(status)?;
        Ok(to)
    }

    fn shown(&self, round: &'a [u8]) -> Result<ShownRound, String> {
        let round = Stored::of(round)?;
        let (start, deadline) = self.period(&round);
        Ok(ShownRound {
            goal: GoalId(round.goal),
            start,
            deadline,
            achieved_at: self.optional_time(round.achieved_at),
            achieved_by: round.achieved_by(),
            manager: self.manager(round.credited)?,
            first_reply_manager: self.manager(round.manager)?,
        })
    }

    fn last_round(&self, round: &'a [u8]) -> Result<LastRound, String> {
        let round = Stored::of(round)?;
        let (start, deadline) = self.period(&round);
        let outcome = outcome_from(round.outcome)?;
        Ok(LastRound { number: round.number, goal: GoalId(round.goal), start, deadline, outcome })
    }

    fn known(&self, round: &'a [u8]) -> Result<KnownRound, String> {
        let round = Stored::of(round)?;
        let (start, deadline) = self.period(&round);
        let outcome = outcome_from(round.outcome)?;
        Ok(KnownRound { start, deadline, outcome, achieved_at: self.optional_time(round.achieved_at) })
    }

    fn period(&self, round: &Stored<'_>) -> (Timestamp, Timestamp) {
        let start = self.time(round.start);
        let length = round.days.wrapping_mul(DAY).wrapping_add(i64::from(round.rest_ms));
        (start, Timestamp(start.0.wrapping_add(length)))
    }
}

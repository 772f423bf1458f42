//! A chat that is there, made small: ids are named once, and times count from the last record of its cycle.
//!
//! Times are subtracted and added with wrapping, so that every time comes back exactly.

use crate::contract::protobuf::convert::{date_from, date_to};
use crate::contract::protobuf::generated as pb;
use crate::contract::protobuf::generated::live_chat::{self as stored, published, round};
use crate::domain::conversation::{Assignment, Close, Conversation, Cycle, JudgedEvent, Named, Reply};
use crate::domain::credit::Contribution;
use crate::domain::events::Events;
use crate::domain::ids::{CustomerId, EventId, ManagerId};
use crate::domain::progress::Progress;
use crate::domain::rounds::{Outcome, Round};
use crate::domain::seal::{Seal, SealedRound};
use crate::domain::settings::GoalId;
use crate::domain::status::{KnownRound, LastRound, OutcomeKind, ShownRound, Status, View};
use crate::domain::time::{DAY, Timestamp};
use crate::stages::chats::{LiveChat, Published};
use std::collections::BTreeMap;

pub(super) fn live_to(live: &LiveChat) -> pb::LiveChat {
    let LiveChat { conversation, seal, published, progress: _ } = live;
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
    let base = cycle.last.unwrap_or_default();
    let mut to = Encoder { base, names: Vec::new(), places: BTreeMap::new() };
    pb::LiveChat {
        base_ms: base.0,
        cycle: (*cycle != Cycle::default()).then(|| to.cycle(cycle)),
        replies: replies.iter().map(|reply| to.reply(reply)).collect(),
        closes: closes
            .iter()
            .map(|Close { at, by }| stored::Close { at: to.time(*at), by: to.optional_name(by.as_deref()) })
            .collect(),
        assignments: assignments
            .iter()
            .map(|Assignment { at, manager }| stored::Assignment {
                at: to.time(*at),
                manager: to.optional_name(manager.as_deref()),
            })
            .collect(),
        customers: customers.iter().map(|named| to.named(named)).collect(),
        latest_customer: latest_customer.as_ref().map(|named| to.named(named)),
        events: if events.list().stored().is_empty() {
            events.iter().map(|event| stored::Event { at: to.time(event.at), ..event_to(event) }).collect()
        } else {
            Vec::new()
        },
        event_pages: events.list().stored().iter().map(|page| page.number).collect(),
        replied_before: *replied_before,
        seal: (*seal != Seal::default()).then(|| to.seal(seal)),
        published: published.as_ref().map(|published| to.published(published)),
        names: to.names.into_iter().map(str::to_owned).collect(),
    }
}

pub(super) fn live_from(live: pb::LiveChat) -> Result<LiveChat, String> {
    let from = Decoder { base: live.base_ms, names: &live.names };
    let customers = live.customers.iter().map(|named| from.named(named)).collect::<Result<_, _>>()?;
    let mut events = Events::default();
    for event in live.events {
        let at = from.time(event.at);
        // Older versions had any number of them here.
        events.insert(JudgedEvent { at, ..event_from(event) });
    }
    Ok(LiveChat {
        conversation: Conversation {
            cycle: live.cycle.as_ref().map(|cycle| from.cycle(cycle)).transpose()?.unwrap_or_default(),
            replies: live.replies.iter().map(|reply| from.reply(reply)).collect::<Result<_, _>>()?,
            closes: live
                .closes
                .iter()
                .map(|close| {
                    let by = from.optional_name(close.by)?.map(ManagerId::new);
                    Ok(Close { at: from.time(close.at), by })
                })
                .collect::<Result<_, String>>()?,
            assignments: live
                .assignments
                .iter()
                .map(|assignment| {
                    let manager = from.optional_name(assignment.manager)?.map(ManagerId::new);
                    Ok(Assignment { at: from.time(assignment.at), manager })
                })
                .collect::<Result<_, String>>()?,
            customers,
            latest_customer: live.latest_customer.as_ref().map(|named| from.named(named)).transpose()?,
            events,
            replied_before: live.replied_before,
        },
        seal: live.seal.as_ref().map(|seal| from.seal(seal)).transpose()?.unwrap_or_default(),
        published: live.published.as_ref().map(|published| from.published(published)).transpose()?,
        progress: Progress::default(),
    })
}

/// An event with its own time.
pub(super) fn event_to(JudgedEvent { at, id, goals }: &JudgedEvent) -> stored::Event {
    stored::Event {
        at: at.0,
        id: id.as_deref().map(str::to_owned),
        goals: goals.iter().map(|goal| goal.0).collect(),
    }
}

pub(super) fn event_from(event: stored::Event) -> JudgedEvent {
    JudgedEvent {
        at: Timestamp(event.at),
        id: event.id.as_deref().map(EventId::new),
        goals: event.goals.into_iter().map(GoalId).collect(),
    }
}

struct Encoder<'a> {
    base: Timestamp,
    /// Each once, in the order in which they were met.
    names: Vec<&'a str>,
    /// Where each of them is, once there are many.
    places: BTreeMap<&'a str, usize>,
}

/// So few names are searched one by one.
const FEW_NAMES: usize = 16;

impl<'a> Encoder<'a> {
    fn time(&self, time: Timestamp) -> i64 {
        time.0.wrapping_sub(self.base.0)
    }

    fn optional_time(&self, time: Option<Timestamp>) -> Option<i64> {
        time.map(|time| self.time(time))
    }

    fn optional_name(&mut self, name: Option<&'a str>) -> u32 {
        let Some(name) = name else { return 0 };
        let known = if self.names.len() <= FEW_NAMES {
            self.names.iter().position(|known| *known == name)
        } else {
            self.places.get(name).copied()
        };
        let place = known.unwrap_or_else(|| {
            self.names.push(name);
            if self.names.len() > FEW_NAMES {
                let unplaced = self.names.iter().copied().enumerate().skip(self.places.len());
                self.places.extend(unplaced.map(|(place, name)| (name, place)));
            }
            self.names.len() - 1
        });
        place as u32 + 1
    }

    /// The empty id is nobody, and takes no place.
    fn name(&mut self, name: &'a str) -> u32 {
        self.optional_name(Some(name).filter(|name| !name.is_empty()))
    }

    fn cycle(&mut self, cycle: &'a Cycle) -> stored::Cycle {
        let Cycle { opened, asked, early, replied, closed, last } = cycle;
        stored::Cycle {
            opened: self.optional_time(*opened),
            asked: self.optional_time(*asked),
            early: early.as_ref().map(|reply| self.reply(reply)),
            replied: *replied,
            closed: self.optional_time(*closed),
            last: self.optional_time(*last),
        }
    }

    fn reply(&mut self, reply: &'a Reply) -> stored::Reply {
        stored::Reply { at: self.time(reply.at), manager: self.name(&reply.manager) }
    }

    fn named(&mut self, named: &'a Named) -> stored::Named {
        stored::Named { at: self.time(named.at), customer: self.name(&named.customer) }
    }

    fn contribution(&mut self, contribution: &'a Contribution) -> stored::Contribution {
        let Contribution { manager, date, measured, achieved, missed, ended, closes } = contribution;
        stored::Contribution {
            manager: self.name(manager),
            date: date_to(*date),
            measured: *measured,
            achieved: *achieved,
            missed: *missed,
            ended: *ended,
            closes: *closes,
        }
    }

    fn seal(&mut self, seal: &'a Seal) -> stored::Seal {
        let Seal { count, achieved, last, reply, contributions } = seal;
        stored::Seal {
            count: *count,
            achieved: achieved.as_ref().map(|sealed| self.sealed(sealed)),
            last: last.as_ref().map(|sealed| self.sealed(sealed)),
            reply: reply.as_ref().map(|reply| self.reply(reply)),
            contributions: contributions.iter().map(|c| self.contribution(c)).collect(),
        }
    }

    fn sealed(&mut self, sealed: &'a SealedRound) -> stored::Round {
        let SealedRound { round, credited } = sealed;
        let Round { number, goal, start, deadline, manager, outcome } = round;
        let (achieved_at, achieved_by) = match outcome {
            Outcome::Open | Outcome::Superseded | Outcome::Missed => (None, None),
            Outcome::Achieved { at, by } => (Some(self.time(*at)), by.as_deref().map(str::to_owned)),
        };
        stored::Round {
            number: *number,
            goal: goal.0,
            outcome: outcome_to(outcome.kind()),
            achieved_at,
            achieved_by,
            manager: self.name(manager),
            credited: self.name(credited),
            ..self.period(*start, *deadline)
        }
    }

    fn published(&mut self, published: &'a Published) -> stored::Published {
        let Published { view, rounds, contributions, due } = published;
        let View { customer, status, shown, round } = view;
        let status = match status {
            Status::None => published::Status::None,
            Status::AwaitingReply => published::Status::AwaitingReply,
            Status::Measuring => published::Status::Measuring,
            Status::Missed => published::Status::Missed,
            Status::Achieved => published::Status::Achieved,
        };
        stored::Published {
            customer: self.optional_name(customer.as_deref()),
            status: status.into(),
            shown: shown.as_ref().map(|shown| self.shown(shown)),
            round: round.as_ref().map(|round| {
                let LastRound { number, goal, start, deadline, outcome } = round;
                stored::Round {
                    number: *number,
                    goal: goal.0,
                    outcome: outcome_to(*outcome),
                    ..self.period(*start, *deadline)
                }
            }),
            rounds: rounds
                .iter()
                .map(|KnownRound { start, deadline, outcome, achieved_at }| stored::Round {
                    outcome: outcome_to(*outcome),
                    achieved_at: self.optional_time(*achieved_at),
                    ..self.period(*start, *deadline)
                })
                .collect(),
            contributions: contributions.iter().map(|c| self.contribution(c)).collect(),
            due: self.optional_time(*due),
        }
    }

    fn shown(&mut self, shown: &'a ShownRound) -> stored::Round {
        let ShownRound { goal, start, deadline, achieved_at, achieved_by, manager, first_reply_manager } =
            shown;
        stored::Round {
            goal: goal.0,
            achieved_at: self.optional_time(*achieved_at),
            achieved_by: achieved_by.as_deref().map(str::to_owned),
            manager: self.name(first_reply_manager),
            credited: self.name(manager),
            ..self.period(*start, *deadline)
        }
    }

    /// A round with nothing but its start and deadline.
    fn period(&self, start: Timestamp, deadline: Timestamp) -> stored::Round {
        let length = deadline.0.wrapping_sub(start.0);
        stored::Round {
            start: self.time(start),
            days: length.div_euclid(DAY),
            rest_ms: length.rem_euclid(DAY) as u32,
            ..stored::Round::default()
        }
    }
}

struct Decoder<'a> {
    base: i64,
    names: &'a [String],
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
        name.map(|name| Some(name.as_str())).ok_or_else(|| format!("the row names no id number {place}"))
    }

    fn name(&self, place: u32) -> Result<&'a str, String> {
        Ok(self.optional_name(place)?.unwrap_or_default())
    }

    fn cycle(&self, cycle: &stored::Cycle) -> Result<Cycle, String> {
        Ok(Cycle {
            opened: self.optional_time(cycle.opened),
            asked: self.optional_time(cycle.asked),
            early: cycle.early.as_ref().map(|reply| self.reply(reply)).transpose()?,
            replied: cycle.replied,
            closed: self.optional_time(cycle.closed),
            last: self.optional_time(cycle.last),
        })
    }

    fn reply(&self, reply: &stored::Reply) -> Result<Reply, String> {
        Ok(Reply { at: self.time(reply.at), manager: ManagerId::new(self.name(reply.manager)?) })
    }

    fn named(&self, named: &stored::Named) -> Result<Named, String> {
        Ok(Named { customer: CustomerId::new(self.name(named.customer)?), at: self.time(named.at) })
    }

    fn contributions(&self, contributions: &[stored::Contribution]) -> Result<Vec<Contribution>, String> {
        let contribution = |contribution: &stored::Contribution| {
            let stored::Contribution { manager, date, measured, achieved, missed, ended, closes } =
                *contribution;
            let manager = ManagerId::new(self.name(manager)?);
            let date = date_from(date)?;
            Ok(Contribution { manager, date, measured, achieved, missed, ended, closes })
        };
        contributions.iter().map(contribution).collect()
    }

    fn seal(&self, seal: &stored::Seal) -> Result<Seal, String> {
        Ok(Seal {
            count: seal.count,
            achieved: seal.achieved.as_ref().map(|round| self.sealed(round)).transpose()?.map(Box::new),
            last: seal.last.as_ref().map(|round| self.sealed(round)).transpose()?.map(Box::new),
            reply: seal.reply.as_ref().map(|reply| self.reply(reply)).transpose()?,
            contributions: self.contributions(&seal.contributions)?,
        })
    }

    fn sealed(&self, round: &stored::Round) -> Result<SealedRound, String> {
        let (start, deadline) = self.period(round);
        let outcome = match outcome_from(round.outcome())? {
            OutcomeKind::Open => Outcome::Open,
            OutcomeKind::Superseded => Outcome::Superseded,
            OutcomeKind::Missed => Outcome::Missed,
            OutcomeKind::Achieved => Outcome::Achieved {
                at: self.time(round.achieved_at.ok_or("the row has an achieved round without its time")?),
                by: round.achieved_by.as_deref().map(EventId::new),
            },
        };
        let manager = ManagerId::new(self.name(round.manager)?);
        Ok(SealedRound {
            round: Round {
                number: round.number,
                goal: GoalId(round.goal),
                start,
                deadline,
                manager,
                outcome,
            },
            credited: ManagerId::new(self.name(round.credited)?),
        })
    }

    fn published(&self, published: &stored::Published) -> Result<Published, String> {
        let status = match published.status() {
            published::Status::Unspecified => return Err("the row has a status that is not known".into()),
            published::Status::None => Status::None,
            published::Status::AwaitingReply => Status::AwaitingReply,
            published::Status::Measuring => Status::Measuring,
            published::Status::Missed => Status::Missed,
            published::Status::Achieved => Status::Achieved,
        };
        let view = View {
            customer: self.optional_name(published.customer)?.map(CustomerId::new),
            status,
            shown: published.shown.as_ref().map(|round| self.shown(round)).transpose()?,
            round: published.round.as_ref().map(|round| self.last_round(round)).transpose()?,
        };
        Ok(Published {
            view,
            rounds: published.rounds.iter().map(|round| self.known(round)).collect::<Result<_, _>>()?,
            contributions: self.contributions(&published.contributions)?,
            due: self.optional_time(published.due),
        })
    }

    fn shown(&self, round: &stored::Round) -> Result<ShownRound, String> {
        let (start, deadline) = self.period(round);
        Ok(ShownRound {
            goal: GoalId(round.goal),
            start,
            deadline,
            achieved_at: self.optional_time(round.achieved_at),
            achieved_by: round.achieved_by.as_deref().map(EventId::new),
            manager: ManagerId::new(self.name(round.credited)?),
            first_reply_manager: ManagerId::new(self.name(round.manager)?),
        })
    }

    fn last_round(&self, round: &stored::Round) -> Result<LastRound, String> {
        let (start, deadline) = self.period(round);
        let outcome = outcome_from(round.outcome())?;
        Ok(LastRound { number: round.number, goal: GoalId(round.goal), start, deadline, outcome })
    }

    fn known(&self, round: &stored::Round) -> Result<KnownRound, String> {
        let (start, deadline) = self.period(round);
        let outcome = outcome_from(round.outcome())?;
        Ok(KnownRound { start, deadline, outcome, achieved_at: self.optional_time(round.achieved_at) })
    }

    fn period(&self, round: &stored::Round) -> (Timestamp, Timestamp) {
        let start = self.time(round.start);
        let length = round.days.wrapping_mul(DAY).wrapping_add(i64::from(round.rest_ms));
        (start, Timestamp(start.0.wrapping_add(length)))
    }
}

fn outcome_to(outcome: OutcomeKind) -> i32 {
    let outcome = match outcome {
        OutcomeKind::Open => round::Outcome::Open,
        OutcomeKind::Superseded => round::Outcome::Superseded,
        OutcomeKind::Missed => round::Outcome::Missed,
        OutcomeKind::Achieved => round::Outcome::Achieved,
    };
    outcome.into()
}

fn outcome_from(outcome: round::Outcome) -> Result<OutcomeKind, String> {
    match outcome {
        round::Outcome::Unspecified => Err("the row has an outcome that is not known".into()),
        round::Outcome::Open => Ok(OutcomeKind::Open),
        round::Outcome::Superseded => Ok(OutcomeKind::Superseded),
        round::Outcome::Missed => Ok(OutcomeKind::Missed),
        round::Outcome::Achieved => Ok(OutcomeKind::Achieved),
    }
}

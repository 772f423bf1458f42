//! The lists that a chat is in, and which of them answers a filter. With each entry lies what filters look at, so that a
//! list is gone through without reading its chats.

use super::keys::{Key, List, number, parse_id, sorted};
use super::questions::{ChatFilter, ChatOrder};
use super::store::Way;
use crate::answers::words::{CauseWord, PhaseWord, StatusWord};
use crate::contract::records::StatusRecord;
use crate::domain::status::OutcomeKind;
use crate::domain::time::Timestamp;

/// A range of the lists that has every chat for which a filter holds, in the order that is wanted.
pub struct Range {
    /// Keys of the list begin so; what follows is the place: what is sorted by (8 bytes), and the id of the chat.
    pub prefix: Vec<u8>,
    pub way: Way,
    /// What is sorted by is the time of the latest change.
    by_time: bool,
}

/// What filters look at. The order of its bytes outlives the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Looked<'a> {
    pub at: Timestamp,
    pub status: u8,
    pub phase: u8,
    pub cause: u8,
    pub channel: &'a [u8],
    pub manager: &'a [u8],
    pub customer: &'a [u8],
    pub goal: &'a [u8],
}

/// The entries of a chat: keys with what lies under each of them.
pub fn entries(of: &StatusRecord) -> (Vec<Vec<u8>>, Vec<u8>) {
    let looked = Looked::of(of);
    let (at, chat) = (of.cause.at.0, of.chat.as_bytes());
    let mut keys = Vec::with_capacity(11);
    let mut add = |key: Key| keys.push(key.number(at).last(chat).0);
    add(Key::of(List::All));
    add(Key::of(List::Channel).id(looked.channel));
    add(Key::of(List::Manager).id(looked.manager));
    for code in
        [Some(looked.status), Some(looked.phase).filter(|code| *code != NO_PHASE)].into_iter().flatten()
    {
        add(Key::of(List::Status).byte(code));
        add(Key::of(List::ChannelStatus).id(looked.channel).byte(code));
    }
    if of.customer.is_some() {
        add(Key::of(List::Customer).id(looked.customer));
    }
    if !looked.goal.is_empty() {
        add(Key::of(List::Goal).id(looked.goal));
    }
    if let Some(round) = of.round.as_ref().filter(|round| round.outcome == OutcomeKind::Open) {
        let deadline = round.deadline.0;
        keys.push(Key::of(List::Deadline).number(deadline).last(chat).0);
        keys.push(Key::of(List::ChannelDeadline).id(looked.channel).number(deadline).last(chat).0);
    }
    (keys, looked.encode())
}

/// The shortest list that has all that is wanted.
pub fn choose(filter: &ChatFilter, order: ChatOrder) -> Range {
    let code = filter.phase.map(phase_code).or(filter.status.map(status_code));
    let by_time = order != ChatOrder::DeadlineFirst;
    let prefix = match (by_time, &filter.channel) {
        (false, Some(channel)) => Key::of(List::ChannelDeadline).id(channel.as_bytes()),
        (false, None) => Key::of(List::Deadline),
        (true, channel) => match (&filter.customer, &filter.manager, channel, code, &filter.goal) {
            (Some(customer), ..) => Key::of(List::Customer).id(customer.as_bytes()),
            (_, Some(manager), ..) => Key::of(List::Manager).id(manager.as_bytes()),
            (.., Some(channel), Some(code), _) => {
                Key::of(List::ChannelStatus).id(channel.as_bytes()).byte(code)
            }
            (.., Some(goal)) => Key::of(List::Goal).id(goal.as_bytes()),
            (_, _, Some(channel), ..) => Key::of(List::Channel).id(channel.as_bytes()),
            (_, _, _, Some(code), _) => Key::of(List::Status).byte(code),
            (None, None, None, None, None) => Key::of(List::All),
        },
    };
    let way = if order == ChatOrder::NewestFirst { Way::Down } else { Way::Up };
    Range { prefix: prefix.0, way, by_time }
}

impl Range {
    /// Where to begin: after the cursor, and not before what the filter lets through.
    pub fn from(&self, filter: &ChatFilter, cursor: Option<&[u8]>) -> Vec<u8> {
        let bound = match self.way {
            Way::Up if self.by_time => filter.from.map(|from| sorted(from.0).to_vec()),
            Way::Down if self.by_time => filter.to.map(|to| [&sorted(to.0)[..], &LAST_CHAT].concat()),
            Way::Up | Way::Down => None,
        };
        let place = match (self.way, bound, cursor) {
            (Way::Up, bound, cursor) => bound.as_deref().max(cursor).unwrap_or_default().to_vec(),
            (Way::Down, Some(bound), Some(cursor)) => bound.as_slice().min(cursor).to_vec(),
            (Way::Down, Some(bound), None) => bound,
            (Way::Down, None, Some(cursor)) => cursor.to_vec(),
            (Way::Down, None, None) => [&[0xff; 8][..], &LAST_CHAT].concat(),
        };
        [&self.prefix, &place[..]].concat()
    }

    /// Whether nothing that is wanted comes any more.
    pub fn is_past(&self, filter: &ChatFilter, place: &[u8]) -> bool {
        let Some(at) = place.first_chunk::<8>().map(|bytes| Timestamp(number(*bytes))) else { return false };
        self.by_time
            && match self.way {
                Way::Up => filter.to.is_some_and(|to| at > to),
                Way::Down => filter.from.is_some_and(|from| at < from),
            }
    }
}

/// Above every id: no text has such a byte.
const LAST_CHAT: [u8; 1] = [0xff];

/// The codes of statuses and phases outlive the process.
const NO_PHASE: u8 = 0;

fn status_code(status: StatusWord) -> u8 {
    match status {
        StatusWord::None => 1,
        StatusWord::InProcess => 2,
        StatusWord::Missed => 3,
        StatusWord::Achieved => 4,
    }
}

fn phase_code(phase: PhaseWord) -> u8 {
    match phase {
        PhaseWord::AwaitingReply => 5,
        PhaseWord::Measuring => 6,
    }
}

fn cause_code(cause: CauseWord) -> u8 {
    match cause {
        CauseWord::ChatOpened => 1,
        CauseWord::CustomerMessage => 2,
        CauseWord::ManagerReply => 3,
        CauseWord::ChatClosed => 4,
        CauseWord::ChatReopened => 5,
        CauseWord::ChatAssigned => 6,
        CauseWord::GoalEvent => 7,
        CauseWord::CustomerMerged => 8,
        CauseWord::GoalChanged => 9,
        CauseWord::Deadline => 10,
        CauseWord::Rebuild => 11,
    }
}

impl<'a> Looked<'a> {
    pub fn of(record: &'a StatusRecord) -> Self {
        let shown = record.shown.as_ref();
        let goal = shown.map(|shown| &shown.goal).or(record.round.as_ref().map(|round| &round.goal));
        Self {
            at: record.cause.at,
            status: status_code(record.status.into()),
            phase: PhaseWord::of(record.status).map_or(NO_PHASE, phase_code),
            cause: cause_code(record.cause.kind.into()),
            channel: record.channel.as_bytes(),
            manager: shown.map_or(&[][..], |shown| shown.manager.as_bytes()),
            customer: record.customer.as_ref().map_or(&[][..], |customer| customer.as_bytes()),
            goal: goal.map_or(&[][..], |goal| goal.event_name.as_bytes()),
        }
    }

    fn encode(&self) -> Vec<u8> {
        let codes = Key::default().number(self.at.0).byte(self.status).byte(self.phase).byte(self.cause);
        codes.id(self.channel).id(self.manager).id(self.customer).id(self.goal).0
    }

    pub fn decode(bytes: &'a [u8]) -> Option<Self> {
        let (at, rest) = bytes.split_first_chunk::<8>()?;
        let ([status, phase, cause], rest) = rest.split_first_chunk::<3>()?;
        let (channel, rest) = parse_id(rest)?;
        let (manager, rest) = parse_id(rest)?;
        let (customer, rest) = parse_id(rest)?;
        let (goal, _) = parse_id(rest)?;
        let at = Timestamp(number(*at));
        Some(Self { at, status: *status, phase: *phase, cause: *cause, channel, manager, customer, goal })
    }

    /// Otherwise there is nothing that a manager could be credited with, or nobody.
    fn shows_round(&self) -> bool {
        self.status != status_code(StatusWord::None) && self.phase != phase_code(PhaseWord::AwaitingReply)
    }

    /// Whether the filter holds for a chat of this id.
    pub fn is_wanted(&self, filter: &ChatFilter, chat: &[u8]) -> bool {
        let is = |wanted: &Option<String>, found: &[u8]| {
            wanted.as_ref().is_none_or(|wanted| wanted.as_bytes() == found)
        };
        is(&filter.channel, self.channel)
            && is(&filter.manager, self.manager)
            && (self.shows_round() || filter.manager.as_deref() != Some(""))
            && is(&filter.customer, self.customer)
            && is(&filter.goal, self.goal)
            && filter.status.is_none_or(|status| status_code(status) == self.status)
            && filter.phase.is_none_or(|phase| phase_code(phase) == self.phase)
            && filter.cause.is_none_or(|cause| cause_code(cause) == self.cause)
            && filter.from.is_none_or(|from| from <= self.at)
            && filter.to.is_none_or(|to| self.at <= to)
            && filter.text.as_ref().is_none_or(|text| {
                let text = text.to_lowercase();
                [chat, self.customer, self.manager].into_iter().any(|id| contains(id, &text))
            })
    }
}

/// Whether the lowercase text is somewhere in an id, whatever its case.
fn contains(id: &[u8], text: &str) -> bool {
    std::str::from_utf8(id).is_ok_and(|id| id.to_lowercase().contains(text))
}

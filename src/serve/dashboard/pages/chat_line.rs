//! From what is known of a chat to what its time line shows.

use super::chat_facts::{corrected, is_late};
use crate::answers::chat_parts::{ChatDocument, RoundAnswer};
use crate::answers::words::OutcomeWord;
use crate::contract::json::output::Time;
use crate::domain::time::Timestamp;
use crate::explain::words::moment;
use crate::serve::dashboard::timeline::cycles::{Known, cycles};
use crate::serve::dashboard::timeline::facts::{Facts, Mark, MarkKind, Outcome, Round};

/// `clock`: the moment of the picture; `chosen`: it was asked for.
pub fn facts(of: &ChatDocument, clock: Timestamp, chosen: bool) -> Facts {
    let mut said = Vec::new();
    let mut happened = Vec::new();
    let (mut closes, mut opened, mut closed) = (Vec::new(), None, None);
    if let Some(conversation) = &of.conversation {
        let mut add = |at: Time, kind, words: String| {
            said.push(Mark { at: at.0.0, kind, title: format!("{words} at {}", moment(at.0)) });
        };
        if let Some(at) = conversation.cycle.asked_at {
            add(at, MarkKind::Question, "the customer asked".to_owned());
        }
        for reply in &conversation.replies {
            let round = reply.round.map_or_else(String::new, |round| format!(", which begins round {round}"));
            add(reply.at, MarkKind::Reply, format!("reply of {}{round}", who(reply.manager_id.as_deref())));
        }
        for close in &conversation.closes {
            add(close.at, MarkKind::Closed, format!("closed by {}", who(close.manager_id.as_deref())));
        }
        said.sort_by_key(|mark| mark.at);
        happened.extend(conversation.customers.iter().map(|customer| customer.named_at.0.0));
        happened.extend(conversation.replies.iter().map(|reply| reply.at.0.0));
        happened.extend(conversation.cycle.asked_at.map(|at| at.0.0));
        happened.sort_unstable();
        closes.extend(conversation.closes.iter().map(|close| close.at.0.0));
        opened = conversation.cycle.opened_at.map(|at| at.0.0);
        closed = conversation.cycle.closed_at.map(|at| at.0.0);
    }
    Facts {
        clock: clock.0,
        clock_name: if chosen { "as of then" } else { "now" }.to_owned(),
        cycles: cycles(&Known { closes: &closes, happened: &happened, opened, closed }),
        said,
        rounds: rounds(&of.rounds),
        events: events(of),
    }
}

fn rounds(of: &[RoundAnswer]) -> Vec<Round> {
    let round = |(index, round): (usize, &RoundAnswer)| {
        let (outcome, ended) = match round.outcome {
            OutcomeWord::Open => (Outcome::Open, None),
            OutcomeWord::Missed => (Outcome::Missed, None),
            OutcomeWord::Achieved => (Outcome::Achieved, round.achieved_at),
            OutcomeWord::Superseded => (Outcome::Superseded, of.get(index + 1).map(|next| next.started_at)),
        };
        let (from, to) = (moment(round.started_at.0), moment(round.deadline.0));
        Round {
            number: round.number,
            start: round.started_at.0.0,
            deadline: round.deadline.0.0,
            outcome,
            ended: ended.map(|at| at.0.0),
            title: format!(
                "round {}: {}, from {from} to {to}: {}",
                round.number,
                round.goal.words,
                outcome.word()
            ),
        }
    };
    of.iter().enumerate().map(round).collect()
}

fn events(of: &ChatDocument) -> Vec<Mark> {
    let corrected = corrected(of);
    let mark = |event: &crate::answers::chat_parts::EventAnswer| {
        let kind = match event.counts {
            true if corrected.contains(&event.at.0.0) => MarkKind::CountsLate,
            true => MarkKind::Counts,
            false if is_late(event, of) => MarkKind::Late,
            false => MarkKind::Ignored,
        };
        let id = event.id.as_deref().map_or_else(|| "an event".to_owned(), |id| format!("event {id}"));
        let title =
            format!("{id} at {}: {} ({})", moment(event.at.0), event.reason.reason, event.reason.rule);
        Mark { at: event.at.0.0, kind, title }
    };
    of.events.iter().flatten().map(mark).collect()
}

fn who(manager: Option<&str>) -> &str {
    manager.unwrap_or("nobody")
}

//! The answer of `chat-goals chat` for people.

use super::table::{NOTHING, id, indented};
use crate::answers::chat_parts::{
    ByAnswer, ChatDocument, ConversationAnswer, PublishedAnswer, ReasonAnswer, StatusAnswer, StepAnswer,
};
use crate::answers::words::CauseWord;
use crate::contract::json::output::Time;
use crate::explain::words::moment;
use std::fmt::Write as _;

pub fn page(of: &ChatDocument) -> String {
    let mut page = head(of);
    if let Some(steps) = &of.why {
        let step = |step: &StepAnswer| {
            let mark = if step.holds { "=>" } else { "" };
            vec![mark.to_owned(), words(&step.reason)]
        };
        section(&mut page, "why", &steps.iter().map(step).collect::<Vec<_>>());
    }
    if let Some(conversation) = &of.conversation {
        self::conversation(&mut page, conversation, of.why.is_some());
    }
    rounds(&mut page, of);
    if let Some(events) = &of.events {
        let rows: Vec<Vec<String>> = events
            .iter()
            .map(|event| {
                let goals: Vec<String> = event.goals.iter().map(|goal| goal.words.clone()).collect();
                vec![
                    time(&Some(event.at)),
                    event.id.as_deref().unwrap_or("(no id)").to_owned(),
                    goals.join("; "),
                    if event.counts { "counts" } else { "does not count" }.to_owned(),
                    words(&event.reason),
                ]
            })
            .collect();
        section(&mut page, "events that match a goal of the channel", &rows);
    }
    if let Some(seal) = &of.seal {
        section(&mut page, "sealed", &[vec![format!("{}: {}", seal.rule, seal.reason)]]);
    }
    if let Some(published) = &of.published {
        section(&mut page, "published", &published.iter().map(change).collect::<Vec<_>>());
    }
    if !of.unknown.is_empty() {
        let rows: Vec<Vec<String>> = of.unknown.iter().map(|what| vec![what.clone()]).collect();
        section(&mut page, "not known any more", &rows);
    }
    page
}

fn head(of: &ChatDocument) -> String {
    let mut head = format!("chat {} of channel {}\n", of.chat_id, of.channel_id);
    let mut rows = Vec::new();
    let mut row = |name: &str, value: String| rows.push(vec![name.to_owned(), value]);
    match &of.status {
        Some(now) => row("status", status(now)),
        None => row("status", format!("deleted at {} (B8)", time(&of.deleted_at))),
    }
    if let (Some(now), Some(last)) = (&of.status, &of.published_status)
        && now != last
    {
        row("published", format!("{} (what has changed since is on its way)", status(last)));
    }
    row("customer", of.customer_id.as_deref().unwrap_or(NOTHING).to_owned());
    row("revision", of.revision.to_string());
    let clock = time(&of.clock);
    row(
        "clock",
        if of.as_of {
            format!("{clock}, as asked")
        } else {
            format!("{clock}, the last noted of partition {}", of.partition)
        },
    );
    head.push_str(&indented(&rows));
    head
}

fn conversation(page: &mut String, of: &ConversationAnswer, why: bool) {
    let mut rows = Vec::new();
    let mut row =
        |name: &str, at: Time, rest: String| rows.push((at.0, vec![name.to_owned(), moment(at.0), rest]));
    for customer in &of.customers {
        row("customer", customer.named_at, customer.customer_id.to_owned());
    }
    for reply in &of.replies {
        let manager = id(reply.manager_id.as_deref().unwrap_or_default());
        row("reply", reply.at, if why { format!("{manager}  {}", words(&reply.reason)) } else { manager });
    }
    for close in &of.closes {
        row("closed", close.at, by(close));
    }
    for assigned in &of.assignments {
        row("assigned", assigned.at, by(assigned));
    }
    rows.sort_by_key(|(at, _)| *at);
    let rows: Vec<Vec<String>> = rows.into_iter().map(|(_, row)| row).collect();
    section(page, "conversation", &rows);
    let cycle = &of.cycle;
    let early = cycle.early_reply.as_ref();
    let early = early.map(|early| format!("{} by {}", moment(early.at.0), by(early)));
    let all = [
        ("opened", cycle.opened_at.map(|at| moment(at.0))),
        ("asked", cycle.asked_at.map(|at| moment(at.0))),
        ("early reply", early),
        ("replied to", Some(if cycle.replied { "yes" } else { "no" }.to_owned())),
        ("closed", cycle.closed_at.map(|at| moment(at.0))),
        ("last record", cycle.last_at.map(|at| moment(at.0))),
    ];
    let rows: Vec<Vec<String>> =
        all.into_iter().filter_map(|(name, value)| Some(vec![name.to_owned(), value?])).collect();
    section(page, "current cycle", &rows);
}

fn rounds(page: &mut String, of: &ChatDocument) {
    let mut rows = Vec::new();
    for round in &of.rounds {
        let sealed = if round.sealed { " (sealed)" } else { "" };
        rows.push(vec![
            format!("{}{sealed}", round.number),
            round.outcome.to_string(),
            round.goal.words.clone(),
            format!("{} to {}", moment(round.started_at.0), moment(round.deadline.0)),
            id(round.manager_id.as_deref().unwrap_or_default()),
        ]);
        if of.why.is_some() {
            let reasons = std::iter::once(&round.reason).chain(&round.went_on);
            rows.extend(reasons.map(|reason| vec![String::new(), words(reason)]));
        }
    }
    // A reason is no cell that others have to be as wide as.
    let (lines, cells): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.len() == 2);
    let table = indented(&cells);
    let _ = writeln!(page, "\nrounds");
    if cells.is_empty() {
        page.push_str("  none\n");
    }
    let mut lines = lines.into_iter();
    for (line, round) in table.lines().zip(&of.rounds) {
        let _ = writeln!(page, "{line}");
        let reasons = if of.why.is_some() { 1 + round.went_on.len() } else { 0 };
        for reason in lines.by_ref().take(reasons) {
            let _ = writeln!(page, "       {}", reason[1]);
        }
    }
}

fn change(of: &PublishedAnswer) -> Vec<String> {
    let place = format!("{}[{}]:{}", of.topic, of.partition, of.offset);
    let revision = of.revision.map_or_else(|| NOTHING.to_owned(), |revision| format!("revision {revision}"));
    let status = of.status.map(|status| StatusAnswer { status, phase: of.phase });
    let status = status.as_ref().map_or_else(|| "deleted".to_owned(), self::status);
    let correction = if of.correction { "correction" } else { "" };
    vec![
        place,
        revision,
        time(&of.at),
        status,
        of.cause.map_or(NOTHING, CauseWord::as_str).to_owned(),
        correction.to_owned(),
    ]
}

fn section(page: &mut String, title: &str, rows: &[Vec<String>]) {
    let _ = writeln!(page, "\n{title}");
    page.push_str(&if rows.is_empty() { "  none\n".to_owned() } else { indented(rows) });
}

fn status(of: &StatusAnswer) -> String {
    let phase = of.phase.map(|phase| format!(" ({phase})")).unwrap_or_default();
    format!("{}{phase}", of.status)
}

fn by(of: &ByAnswer) -> String {
    id(of.manager_id.as_deref().unwrap_or_default())
}

fn time(at: &Option<Time>) -> String {
    super::table::time(at.map(|at| at.0))
}

fn words(of: &ReasonAnswer) -> String {
    format!("{}: {}", of.rule, of.reason)
}

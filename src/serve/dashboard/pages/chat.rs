//! One chat: its time line, why it shows what it shows, its facts, and what was published of it.

use super::chat_facts::{EventRow, FactRow, PublishedRow, RoundRow, StepRow};
use super::chat_line;
use crate::answers::chat_parts::ChatDocument;
use crate::domain::time::Timestamp;
use crate::explain::words::moment;
use crate::serve::dashboard::frame::{Frame, Linked, Screen};
use crate::serve::dashboard::links;
use crate::serve::dashboard::query::Query;
use crate::serve::dashboard::timeline::{Picture, picture};
use crate::serve::dashboard::words::{DELETED, Mark, Moment, NOTHING};
use crate::serve::dashboard::{Dashboard, Failure, Html};
use crate::serve::model::answers::ChatAnswer;
use askama::Template;

#[derive(Template)]
#[template(path = "chat.html")]
struct Chat {
    frame: Frame,
    id: String,
    mark: Mark,
    /// Why, in one sentence that does not say the status again.
    reason: Option<String>,
    /// It differs from what was published: that is on its way.
    published: Option<Mark>,
    facts: Vec<(&'static str, Fact)>,
    as_of: AsOf,
    unknown: Vec<String>,
    line: Option<Picture>,
    steps: Vec<StepRow>,
    said: Vec<FactRow>,
    rounds: Vec<RoundRow>,
    events: Vec<EventRow>,
    seal: Option<StepRow>,
    changes: Vec<PublishedRow>,
}

/// What stands beside the name of a fact.
enum Fact {
    Link(Linked),
    Time(Moment),
}

/// The moment that the chat is shown as of, and what can be chosen.
struct AsOf {
    chosen: Option<Moment>,
    field: String,
    first: i64,
    last: i64,
    value: i64,
    now: String,
}

pub fn page(dashboard: &Dashboard, id: &str, query: &Query) -> Html {
    let at = query.from("as_of")?;
    let now = dashboard.now();
    let Some(answer) = dashboard.model().chat(id, at)? else { return missing(dashboard, id, at) };
    let of = &answer.document;
    let title = format!("Chat {id}");
    let events = links::Link::to("/events").with("chat", id).to_string();
    let frame = Frame { events, ..dashboard.frame(title, Some(Screen::Chats)) };
    let steps: Vec<StepRow> = of.why.iter().flatten().map(StepRow::of).collect();
    let clock = at.or(of.clock.map(|clock| clock.0)).unwrap_or(now);
    // The facts of now: a chat as of its beginning has nothing later to choose.
    let all = if at.is_some() { dashboard.model().chat(id, None)? } else { None };
    let all = all.as_ref().map_or(of, |answer| &answer.document);
    let page = Chat {
        frame: if at.is_some() { frame.still() } else { frame },
        id: id.to_owned(),
        mark: of.status.map_or(DELETED, |status| Mark::of(status.status, status.phase)),
        reason: steps
            .iter()
            .find(|step| step.holds)
            .and_then(|step| Some(step.sentence.split_once(": ")?.1.to_owned())),
        published: of
            .published_status
            .filter(|published| of.status.is_some_and(|status| status != *published))
            .map(|published| Mark::of(published.status, published.phase)),
        facts: facts(&answer),
        as_of: as_of(all, at, now),
        unknown: of.unknown.clone(),
        line: picture(&chat_line::facts(of, clock, at.is_some())),
        said: FactRow::all(of),
        rounds: of.rounds.iter().map(RoundRow::of).collect(),
        events: of.events.iter().flatten().map(|event| EventRow::of(event, of)).collect(),
        seal: of.seal.as_ref().map(StepRow::of_seal),
        changes: of.published.iter().flatten().rev().map(PublishedRow::of).collect(),
        steps,
    };
    Ok(page.render()?)
}

fn missing(dashboard: &Dashboard, id: &str, at: Option<Timestamp>) -> Html {
    if let Some(at) = at
        && dashboard.model().chat(id, None)?.is_some()
    {
        return Err(Failure::missing(format!("Nothing of chat {id} is dated up to {}.", moment(at))));
    }
    Err(Failure::missing(format!("No chat {id} is known. It may not have been read yet.")))
}

fn facts(answer: &ChatAnswer) -> Vec<(&'static str, Fact)> {
    let of = &answer.document;
    let mut facts = vec![(
        "Channel",
        Fact::Link(Linked::to(&of.channel_id, &links::chats().with("channel", &of.channel_id))),
    )];
    let mut add = |name, fact| facts.push((name, fact));
    if let Some(id) = &of.customer_id {
        add("Customer", Fact::Link(Linked::to(id, &links::chats().with("customer", id))));
    }
    if let Some(latest) = &answer.latest {
        if let Some(goal) = &latest.goal {
            let link = links::Link::to("/goals").with("channel", &of.channel_id);
            add("Goal", Fact::Link(Linked::to(&goal.words, &link)));
        }
        if latest.started_at.is_some() {
            let id = latest.manager_id.as_deref().unwrap_or_default();
            let name = if id.is_empty() { "nobody" } else { id };
            add("Credited", Fact::Link(Linked::to(name, &links::manager(id))));
        }
        if let Some(at) = latest.achieved_at {
            add("Achieved", Fact::Time(at.into()));
        } else if let Some(at) = latest.deadline {
            add("Deadline", Fact::Time(at.into()));
        }
    }
    if let Some(at) = of.deleted_at {
        add("Deleted", Fact::Time(at.into()));
    }
    add("Revision", Fact::Link(Linked::text(of.revision.to_string())));
    match of.clock {
        Some(clock) => add("Clock", Fact::Time(clock.into())),
        None => add("Clock", Fact::Link(Linked::text(NOTHING))),
    }
    facts
}

fn as_of(all: &ChatDocument, at: Option<Timestamp>, now: Timestamp) -> AsOf {
    let known = chat_line::facts(all, now, false);
    let first = known.times().min().unwrap_or(now.0).min(now.0);
    AsOf {
        chosen: at.map(Moment::of),
        field: at.map_or_else(String::new, moment),
        first,
        last: now.0.max(first + 1),
        value: at.map_or(now.0, |at| at.0),
        now: links::chat(&all.chat_id).to_string(),
    }
}

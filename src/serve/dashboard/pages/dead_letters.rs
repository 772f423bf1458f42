//! The records that could not be understood: a list with filters.

use crate::answers::letters::LetterAnswer;
use crate::serve::dashboard::frame::{Frame, Linked, Screen};
use crate::serve::dashboard::links::{self, Link};
use crate::serve::dashboard::query::Query;
use crate::serve::dashboard::words::{Moment, NOTHING, counted};
use crate::serve::dashboard::{Dashboard, Failure, Html};
use crate::serve::model::questions::{Cursor, LetterFilter, Page};
use askama::Template;

const LIMIT: usize = 50;

#[derive(Template)]
#[template(path = "dead_letters.html")]
struct DeadLetters {
    frame: Frame,
    reason: String,
    topic: String,
    key: String,
    from: String,
    to: String,
    caption: String,
    empty: &'static str,
    rows: Vec<LetterRow>,
    first: Option<String>,
    next: Option<String>,
}

pub struct LetterRow {
    pub place: Linked,
    pub reason: String,
    /// Where it came from.
    pub from: String,
    pub key: String,
    pub bytes: String,
    pub attempt: u32,
    pub at: Option<Moment>,
}

pub fn page(dashboard: &Dashboard, query: &Query) -> Html {
    let filter = LetterFilter {
        topic: query.owned("topic"),
        reason: query.owned("reason"),
        key: query.owned("key"),
        from: query.from("from")?,
        to: query.to("to")?,
    };
    let narrowed = filter != LetterFilter::default();
    let bad = || Failure::bad("cursor: this is no place in the list; begin at its first page");
    let cursor = query.get("cursor").map(|text| Cursor::parse(text).ok_or_else(bad)).transpose()?;
    let later = cursor.is_some();
    let found = dashboard.model().dead_letters(&filter, &Page { limit: LIMIT, cursor })?;
    let rows: Vec<LetterRow> = found.dead_letters.iter().map(letter_row).collect();
    let text = |name: &str| query.get(name).unwrap_or_default().to_owned();
    let page = DeadLetters {
        frame: dashboard.frame("Dead letters", Some(Screen::DeadLetters)),
        reason: text("reason"),
        topic: text("topic"),
        key: text("key"),
        from: text("from"),
        to: text("to"),
        caption: format!("{}, newest first", counted(rows.len() as u64, "record", "records")),
        empty: match (narrowed || later, found.next.is_some()) {
            (_, true) => "None among those looked at so far. The next page looks further.",
            (true, false) => "There is no such dead letter.",
            (false, false) => "Every record could be understood.",
        },
        rows,
        first: later.then(|| again(query, None)),
        next: found.next.map(|next| again(query, Some(&next))),
    };
    Ok(page.render()?)
}

fn again(query: &Query, cursor: Option<&str>) -> String {
    let parameters = query.all().filter(|(name, _)| *name != "cursor");
    let link = parameters.fold(Link::to("/dead-letters"), |link, (name, value)| link.with(name, value));
    link.with_any("cursor", cursor).to_string()
}

pub fn letter_row(letter: &LetterAnswer) -> LetterRow {
    let hex = letter.key_hex.as_ref().map(|hex| format!("{hex} (hex)"));
    LetterRow {
        place: Linked::to(&letter.place, &links::dead_letter(&letter.place)),
        reason: letter.reason.clone(),
        from: origin(letter),
        key: letter.key.clone().or(hex).unwrap_or_else(|| NOTHING.to_owned()),
        bytes: letter.bytes.map_or_else(|| "null".to_owned(), |bytes| counted(bytes as u64, "byte", "bytes")),
        attempt: letter.attempt,
        at: letter.at.map(Moment::from),
    }
}

/// `chat.events[3]:41`, as far as it is known.
pub fn origin(letter: &LetterAnswer) -> String {
    match (letter.topic.as_str(), letter.partition, letter.offset) {
        ("", ..) => NOTHING.to_owned(),
        (topic, Some(partition), Some(offset)) => format!("{topic}[{partition}]:{offset}"),
        (topic, ..) => topic.to_owned(),
    }
}

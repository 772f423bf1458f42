//! The list of chats: filters as a form, an order, pages.

use super::notices::notice;
use super::statuses::StatusChoice;
use crate::answers::words::{CauseWord, StatusWord};
use crate::serve::dashboard::frame::{Linked, Screen};
use crate::serve::dashboard::links;
use crate::serve::dashboard::query::Query;
use crate::serve::dashboard::words::{self, Mark, Moment, NOTHING, counted};
use crate::serve::dashboard::{Dashboard, Failure, Html, frame::Frame};
use crate::serve::model::answers::ChatSummary;
use crate::serve::model::questions::{ChatFilter, ChatOrder, Cursor, Page};
use askama::Template;

const LIMIT: usize = 50;

/// The manager that stands for nobody in an address, as an empty parameter says nothing.
pub const NOBODY: &str = "nobody";

#[derive(Template)]
#[template(path = "chats.html")]
struct Chats {
    frame: Frame,
    lead: String,
    notice: Option<String>,
    form: Form,
    caption: String,
    empty: &'static str,
    rows: Vec<ChatRow>,
    first: Option<String>,
    next: Option<String>,
}

struct Form {
    text: String,
    nobody: bool,
    manager: String,
    customer: String,
    goal: String,
    from: String,
    to: String,
    statuses: Vec<Choice>,
    channels: Vec<Choice>,
    causes: Vec<Choice>,
    orders: Vec<Choice>,
}

/// An option of a form.
#[derive(Debug, PartialEq, Eq)]
pub struct Choice {
    pub value: String,
    pub name: String,
    pub chosen: bool,
}

/// These, and what was chosen if it is none of them: a form that is sent again asks for the same.
pub fn with_chosen(choices: impl IntoIterator<Item = Choice>, value: &str, name: &str) -> Vec<Choice> {
    let mut choices: Vec<Choice> = choices.into_iter().collect();
    if choices.iter().all(|choice| choice.value != value) {
        choices.push(Choice { value: value.to_owned(), name: name.to_owned(), chosen: true });
    }
    choices
}

pub struct ChatRow {
    pub chat: Linked,
    pub mark: Mark,
    pub channel: Linked,
    pub goal: Linked,
    pub manager: Linked,
    pub customer: Linked,
    pub deadline: Option<Moment>,
    pub at: Moment,
    pub cause: &'static str,
    pub correction: bool,
}

const ORDERS: [(&str, &str, ChatOrder); 3] = [
    ("newest", "Changed last first", ChatOrder::NewestFirst),
    ("oldest", "Unchanged for longest first", ChatOrder::OldestFirst),
    ("deadline", "Open rounds, next deadline first", ChatOrder::DeadlineFirst),
];

pub fn page(dashboard: &Dashboard, query: &Query) -> Html {
    let (filter, order) = (filter(query)?, order(query)?);
    let cursor = query.get("cursor").map(cursor).transpose()?;
    let later = cursor.is_some();
    let found = dashboard.model().chats(&filter, order, &Page { limit: LIMIT, cursor })?;
    let rows: Vec<ChatRow> = found.chats.iter().map(row).collect();
    let page = Chats {
        frame: dashboard.frame("Chats", Some(Screen::Chats)),
        lead: lead(query),
        notice: notice(query),
        form: form(query, order, dashboard.model().channels()?),
        caption: caption(rows.len() as u64, order, later, found.next.is_some()),
        empty: match (later, found.next.is_some()) {
            (_, true) => "None among those looked at so far. The next page looks further.",
            (true, false) => "There are no more such chats.",
            (false, false) => "There is no such chat.",
        },
        rows,
        first: later.then(|| again(query, None)),
        next: found.next.map(|next| again(query, Some(&next))),
    };
    Ok(page.render()?)
}

fn filter(query: &Query) -> Result<ChatFilter, Failure> {
    let status = query.get("status").map(|word| {
        let known =
            StatusChoice::ALL.into_iter().find(|status| status.word() == word).map(StatusChoice::parts);
        let known = known.or_else(|| StatusWord::of_word(word).map(|status| (status, None)));
        known.ok_or_else(|| Failure::bad(format!("status: {word:?} is none")))
    });
    let status = status.transpose()?;
    let cause = query
        .get("cause")
        .map(|word| CauseWord::of_word(word).ok_or_else(|| Failure::bad(format!("cause: {word:?} is none"))));
    let nobody = || query.get(NOBODY).is_some().then(String::new);
    Ok(ChatFilter {
        channel: query.owned("channel"),
        status: status.map(|(status, _)| status),
        phase: status.and_then(|(_, phase)| phase),
        manager: query.owned("manager").or_else(nobody),
        customer: query.owned("customer"),
        goal: query.owned("goal"),
        cause: cause.transpose()?,
        from: query.from("from")?,
        to: query.to("to")?,
        text: query.owned("text"),
    })
}

fn order(query: &Query) -> Result<ChatOrder, Failure> {
    let Some(word) = query.get("order") else { return Ok(ChatOrder::default()) };
    let known = ORDERS.iter().find(|(value, ..)| *value == word).map(|(.., order)| *order);
    known.ok_or_else(|| Failure::bad(format!("order: {word:?} is none of newest, oldest, deadline")))
}

fn cursor(text: &str) -> Result<Cursor, Failure> {
    Cursor::parse(text)
        .ok_or_else(|| Failure::bad("cursor: this is no place in the list; begin at its first page"))
}

fn form(query: &Query, order: ChatOrder, channels: Vec<String>) -> Form {
    let text = |name: &str| query.get(name).unwrap_or_default().to_owned();
    let status = query.get("status").unwrap_or_default();
    let (channel, cause) = (query.get("channel").unwrap_or_default(), query.get("cause").unwrap_or_default());
    let any = |name: &str, chosen: &str| Choice {
        value: String::new(),
        name: name.to_owned(),
        chosen: chosen.is_empty(),
    };
    let choice = |value: &str, name: &str, chosen: &str| Choice {
        value: value.to_owned(),
        name: name.to_owned(),
        chosen: value == chosen,
    };
    let statuses = StatusChoice::ALL.iter().map(|of| choice(of.word(), of.mark().word, status));
    let known = channels.iter().map(|id| choice(id, id, channel));
    let causes = CauseWord::ALL.iter().map(|of| choice(of.as_str(), words::cause(*of), cause));
    let orders = ORDERS.iter().map(|(value, name, of)| Choice {
        value: (*value).to_owned(),
        name: (*name).to_owned(),
        chosen: *of == order,
    });
    Form {
        text: text("text"),
        nobody: query.get(NOBODY).is_some(),
        manager: text("manager"),
        customer: text("customer"),
        goal: text("goal"),
        from: text("from"),
        to: text("to"),
        statuses: with_chosen(
            std::iter::once(any("Any", status)).chain(statuses),
            status,
            status_name(status),
        ),
        channels: with_chosen(std::iter::once(any("Any", channel)).chain(known), channel, channel),
        causes: std::iter::once(any("Anything", cause)).chain(causes).collect(),
        orders: orders.collect(),
    }
}

/// Of what an address has for a status.
fn status_name(word: &str) -> &str {
    let known = StatusChoice::ALL.iter().find(|status| status.word() == word);
    let mark = known.map(|status| status.mark());
    mark.or(StatusWord::of_word(word).map(|status| Mark::of(status, None))).map_or(word, |mark| mark.word)
}

/// What is shown, in words.
fn lead(query: &Query) -> String {
    let mut parts = Vec::new();
    for (name, value) in query.all() {
        parts.push(match name {
            "channel" => format!("of channel {value}"),
            "status" => format!("that show {}", status_name(value)),
            "manager" => format!("credited to {value}"),
            NOBODY if query.get("manager").is_none() => "credited to nobody".to_owned(),
            "customer" => format!("of customer {value}"),
            "goal" => format!("measured for {value}"),
            "from" => format!("changed last from {value} on"),
            "to" => format!("changed last up to {value}"),
            "text" => format!("with “{value}” in an id"),
            _ => continue,
        });
    }
    if parts.is_empty() {
        "Every chat with the status that was published last.".to_owned()
    } else {
        format!("Chats {}.", parts.join(", "))
    }
}

fn caption(count: u64, order: ChatOrder, later: bool, more: bool) -> String {
    let chats = counted(count, "chat", "chats");
    let order = match order {
        ChatOrder::NewestFirst => "the one that changed last first",
        ChatOrder::OldestFirst => "the one unchanged for longest first",
        ChatOrder::DeadlineFirst => "open rounds, the next deadline first",
    };
    match (later, more) {
        (false, false) => format!("{chats}, {order}"),
        (false, true) => format!("The first {chats}, {order}"),
        (true, true) => format!("{chats} more, {order}"),
        (true, false) => format!("The last {chats}, {order}"),
    }
}

/// The same question at another place of the list.
fn again(query: &Query, cursor: Option<&str>) -> String {
    let parameters = query.all().filter(|(name, _)| *name != "cursor");
    let link = parameters.fold(links::chats(), |link, (name, value)| link.with(name, value));
    link.with_any("cursor", cursor).to_string()
}

pub fn row(chat: &ChatSummary) -> ChatRow {
    let goal = chat.goal.as_ref().or(chat.round.as_ref().map(|round| &round.goal));
    let open = chat.round.as_ref().map(|round| round.deadline);
    ChatRow {
        chat: Linked::to(&chat.chat_id, &links::chat(&chat.chat_id)),
        mark: Mark::of(chat.status, chat.phase),
        channel: Linked::to(&chat.channel_id, &links::chats().with("channel", &chat.channel_id)),
        goal: goal.map_or_else(|| Linked::text(NOTHING), |goal| Linked::text(&goal.words)),
        manager: match (&chat.manager_id, &chat.started_at) {
            (Some(id), _) => Linked::to(id, &links::manager(id)),
            (None, Some(_)) => Linked::to("nobody", &links::manager("")),
            (None, None) => Linked::text(NOTHING),
        },
        customer: chat
            .customer_id
            .as_ref()
            .map_or_else(|| Linked::text(NOTHING), |id| Linked::to(id, &links::chats().with("customer", id))),
        deadline: chat.deadline.or(open).map(Moment::from),
        at: chat.at.into(),
        cause: words::cause(chat.cause),
        correction: chat.correction,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::words::PhaseWord;

    #[test]
    fn a_phase_is_asked_for_as_a_status() {
        let waiting = filter(&Query::of(&[("status", "AWAITING_REPLY")])).unwrap();
        assert_eq!(
            (waiting.status, waiting.phase),
            (Some(StatusWord::InProcess), Some(PhaseWord::AwaitingReply))
        );
        let both = filter(&Query::of(&[("status", "IN_PROCESS")])).unwrap();
        assert_eq!((both.status, both.phase), (Some(StatusWord::InProcess), None));
        assert!(filter(&Query::of(&[("status", "DONE")])).is_err());
    }

    #[test]
    fn an_empty_manager_is_any_and_nobody_is_the_empty_id() {
        assert_eq!(filter(&Query::of(&[("manager", "")])).unwrap().manager, None);
        assert_eq!(filter(&Query::of(&[("nobody", "yes")])).unwrap().manager, Some(String::new()));
        let typed = Query::of(&[("nobody", "yes"), ("manager", "mia")]);
        assert_eq!(filter(&typed).unwrap().manager.as_deref(), Some("mia"));
        assert_eq!(lead(&typed), "Chats credited to mia.");
    }

    #[test]
    fn the_form_asks_for_what_it_was_asked_for() {
        let asked = Query::of(&[("nobody", "yes"), ("status", "IN_PROCESS"), ("channel", "gone")]);
        let form = form(&asked, ChatOrder::default(), vec!["shop".to_owned()]);
        assert!(form.nobody);
        let chosen = |of: &[Choice]| {
            let chosen: Vec<_> =
                of.iter().filter(|choice| choice.chosen).map(|of| of.value.clone()).collect();
            chosen.join(" ")
        };
        assert_eq!((chosen(&form.statuses), chosen(&form.channels)), ("IN_PROCESS".into(), "gone".into()));
        assert_eq!(form.statuses.last().unwrap().name, "In process");
    }

    #[test]
    fn what_is_shown_is_said() {
        assert_eq!(
            lead(&Query::of(&[("status", "MISSED"), ("channel", "shop"), ("about", "missed")])),
            "Chats of channel shop, that show Missed."
        );
        assert!(lead(&Query::of(&[])).starts_with("Every chat"));
    }

    #[test]
    fn the_next_page_keeps_the_question() {
        let query = Query::of(&[("channel", "a&b"), ("cursor", "old"), ("text", "")]);
        assert_eq!(again(&query, Some("new")), "/chats?channel=a%26b&cursor=new");
        assert_eq!(again(&query, None), "/chats?channel=a%26b");
    }
}

//! One manager (or nobody): figures in a period, by date, and the chats behind them.

use super::chats::{ChatRow, NOBODY, row};
use super::figures::{ComparedRow, DayRow, FigureRow, Of};
use super::managers::{self, Asked, Form};
use super::statuses::StatusChoice;
use crate::serve::dashboard::frame::{Frame, Linked, Screen};
use crate::serve::dashboard::links::{self, Link};
use crate::serve::dashboard::period;
use crate::serve::dashboard::query::Query;
use crate::serve::dashboard::words::Mark;
use crate::serve::dashboard::{Dashboard, Html};
use crate::serve::model::questions::{ChatFilter, ChatOrder, Page};
use askama::Template;

const CHATS_SHOWN: usize = 10;

#[derive(Template)]
#[template(path = "manager.html")]
struct Manager {
    frame: Frame,
    name: String,
    form: Form,
    lead: String,
    /// In the period, and in the one before.
    figures: Option<(ComparedRow, FigureRow)>,
    days: Vec<DayRow>,
    csv: String,
    statuses: Vec<(Mark, String)>,
    chats: Vec<ChatRow>,
    all_chats: String,
}

/// The empty id is nobody.
pub fn page(dashboard: &Dashboard, id: &str, query: &Query) -> Html {
    let Asked { channel, today, answer } = managers::ask(dashboard, query, Some(id))?;
    let of = Of {
        channel: channel.as_deref(),
        manager: Some(id),
        period: answer.period,
        zone: period::zone(dashboard, channel.as_deref())?,
    };
    let name = if id.is_empty() { "Nobody" } else { id };
    let found = answer.managers.iter().find(|manager| manager.manager_id == id);
    let filter =
        ChatFilter { channel: channel.clone(), manager: Some(id.to_owned()), ..ChatFilter::default() };
    let newest = Page { limit: CHATS_SHOWN, cursor: None };
    let chats = dashboard.model().chats(&filter, ChatOrder::NewestFirst, &newest)?;
    let credited = || {
        let link = links::chats().with_any("channel", channel.as_deref());
        if id.is_empty() { link.with(NOBODY, "yes") } else { link.with("manager", id) }
    };
    let csv = managers::same_period(query, Link::to("/managers.csv"));
    let csv = if id.is_empty() { csv.with(NOBODY, "yes") } else { csv.with("manager", id) };
    let page = Manager {
        frame: dashboard.frame(name, Some(Screen::Managers)),
        name: name.to_owned(),
        form: managers::form(
            &links::manager(id).to_string(),
            query,
            dashboard.model().channels()?,
            answer.period,
            today,
        ),
        lead: managers::lead(&answer),
        figures: found.map(|of_manager| {
            let before = Of { period: answer.preceding, ..of };
            (
                ComparedRow::of(Linked::text("This period"), &of_manager.compared, of),
                FigureRow::of(&of_manager.compared.previous, before),
            )
        }),
        days: answer.days.iter().rev().map(|day| DayRow::of(day, of)).collect(),
        csv: csv.to_string(),
        statuses: StatusChoice::ALL
            .iter()
            .filter(|status| status.shows_round())
            .map(|status| (status.mark(), status.link(credited()).to_string()))
            .collect(),
        chats: chats.chats.iter().map(row).collect(),
        all_chats: credited().to_string(),
    };
    Ok(page.render()?)
}

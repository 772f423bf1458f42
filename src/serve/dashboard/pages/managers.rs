//! Managers beside each other in a period, and against the period before it.

use super::chats::{Choice, with_chosen};
use super::figures::{ComparedRow, DayRow, Of};
use crate::contract::json::output::Date;
use crate::serve::dashboard::frame::{Frame, Linked, Screen};
use crate::serve::dashboard::links::{self, Link};
use crate::serve::dashboard::period::{self, OFFERED};
use crate::serve::dashboard::query::Query;
use crate::serve::dashboard::{Dashboard, Failure, Html};
use crate::serve::model::answers::{Figures, ManagerFigures, ManagersAnswer, Period};
use crate::serve::model::questions::CountersQuestion;
use askama::Template;
use chrono::NaiveDate;
use std::cmp::Reverse;

#[derive(Template)]
#[template(path = "managers.html")]
struct Managers {
    frame: Frame,
    form: Form,
    lead: String,
    columns: Vec<Column>,
    rows: Vec<ComparedRow>,
    whole: ComparedRow,
    days: Vec<DayRow>,
    csv: String,
}

/// The form and the links for the period, on every page with figures.
pub struct Form {
    pub path: String,
    pub from: String,
    pub to: String,
    pub channels: Vec<Choice>,
    pub offered: Vec<Offered>,
}

pub struct Offered {
    pub name: &'static str,
    pub href: String,
    pub chosen: bool,
}

/// A column, and how the list is sorted by it.
struct Column {
    name: &'static str,
    href: String,
    chosen: bool,
    ascending: bool,
    number: bool,
}

/// What a list of managers can be sorted by: what is most, first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Manager,
    Measured,
    Achieved,
    Missed,
    Ended,
    Closes,
    Rate,
    EndedRate,
}

impl Order {
    const ALL: [(Self, &'static str, &'static str); 8] = [
        (Self::Manager, "manager", "Manager"),
        (Self::Measured, "measured", "Measured"),
        (Self::Achieved, "achieved", "Achieved"),
        (Self::Missed, "missed", "Missed"),
        (Self::Ended, "ended", "Ended (sample)"),
        (Self::Closes, "closes", "Closes"),
        (Self::Rate, "rate", "Achieved / ended"),
        (Self::EndedRate, "ended-rate", "Achieved of ended"),
    ];

    pub fn asked(query: &Query) -> Result<Self, Failure> {
        let Some(word) = query.get("sort") else { return Ok(Self::Rate) };
        let known = Self::ALL.iter().find(|(_, value, _)| *value == word).map(|(order, ..)| *order);
        known.ok_or_else(|| Failure::bad(format!("sort: {word:?} is none")))
    }

    /// Those without a rate come last; of equal ones whoever has the larger sample first.
    pub fn sort(self, managers: &mut [ManagerFigures]) {
        let by_count = |count: fn(&Figures) -> u64, managers: &mut [ManagerFigures]| {
            managers.sort_by_key(|of| Reverse(count(&of.compared.figures)));
        };
        let by_rate = |rate: fn(&Figures) -> Option<f64>, managers: &mut [ManagerFigures]| {
            let value = |of: &ManagerFigures| rate(&of.compared.figures).unwrap_or(-1.0);
            managers.sort_by(|a, b| {
                let samples = b.compared.figures.ended.cmp(&a.compared.figures.ended);
                value(b).total_cmp(&value(a)).then(samples)
            });
        };
        match self {
            Self::Manager => managers.sort_by(|a, b| a.manager_id.cmp(&b.manager_id)),
            Self::Measured => by_count(|of| of.measured, managers),
            Self::Achieved => by_count(|of| of.achieved, managers),
            Self::Missed => by_count(|of| of.missed, managers),
            Self::Ended => by_count(|of| of.ended, managers),
            Self::Closes => by_count(|of| of.closes, managers),
            Self::Rate => by_rate(|of| of.achievement_rate, managers),
            Self::EndedRate => by_rate(|of| of.ended_achievement_rate, managers),
        }
    }
}

/// What was asked, and what was answered.
pub struct Asked {
    pub channel: Option<String>,
    pub today: NaiveDate,
    pub answer: ManagersAnswer,
}

/// Asks for the figures of all managers, or of one.
pub fn ask(dashboard: &Dashboard, query: &Query, manager: Option<&str>) -> Result<Asked, Failure> {
    let channel = query.owned("channel");
    let today = dashboard.model().today(channel.as_deref());
    let Period { from: Date(from), to: Date(to) } = period::asked(query, today)?;
    let manager = manager.map(str::to_owned);
    let question = CountersQuestion { channel: channel.clone(), manager, from, to };
    let answer = dashboard.model().managers(&question)?;
    Ok(Asked { channel, today, answer })
}

pub fn page(dashboard: &Dashboard, query: &Query) -> Html {
    let order = Order::asked(query)?;
    let Asked { channel, today, mut answer } = ask(dashboard, query, None)?;
    order.sort(&mut answer.managers);
    let of = Of {
        channel: channel.as_deref(),
        manager: None,
        period: answer.period,
        zone: period::zone(dashboard, channel.as_deref())?,
    };
    let row = |manager: &ManagerFigures| {
        let id = &manager.manager_id;
        let of = Of { manager: Some(id), ..of };
        let name = if id.is_empty() { "nobody" } else { id };
        ComparedRow::of(Linked::to(name, &same_period(query, links::manager(id))), &manager.compared, of)
    };
    let whole = if channel.is_some() { "The whole channel" } else { "All channels" };
    let page = Managers {
        frame: dashboard.frame("Managers", Some(Screen::Managers)),
        form: form("/managers", query, dashboard.model().channels()?, answer.period, today),
        lead: lead(&answer),
        columns: columns(query, order),
        rows: answer.managers.iter().map(row).collect(),
        whole: ComparedRow::of(Linked::text(whole), &answer.total, of),
        days: answer.days.iter().rev().map(|day| DayRow::of(day, of)).collect(),
        csv: same_period(query, Link::to("/managers.csv")).with_any("sort", query.get("sort")).to_string(),
    };
    Ok(page.render()?)
}

/// What the figures are about, in a sentence.
pub fn lead(answer: &ManagersAnswer) -> String {
    let period = period::words(answer.period);
    let of = match &answer.channel_id {
        Some(channel) => format!("Channel {channel}"),
        None => "All channels".to_owned(),
    };
    format!("{of}, {period}, beside {}.", period::words(answer.preceding))
}

/// Another page for the same channel and dates.
pub fn same_period(query: &Query, link: Link) -> Link {
    ["channel", "from", "to"].iter().fold(link, |link, name| link.with_any(name, query.get(name)))
}

pub fn form(path: &str, query: &Query, channels: Vec<String>, period: Period, today: NaiveDate) -> Form {
    let channel = query.get("channel").unwrap_or_default();
    let all = Choice { value: String::new(), name: "All channels".to_owned(), chosen: channel.is_empty() };
    let known = channels.into_iter().map(|id| Choice { chosen: id == channel, name: id.clone(), value: id });
    let offered = OFFERED.iter().map(|(name, days)| {
        let offered = period::days_up_to(today, *days);
        let link = Link::to(path).with_any("channel", query.get("channel"));
        let link = link.with("from", offered.from.0.to_string()).with("to", offered.to.0.to_string());
        let link = link.with_any("sort", query.get("sort"));
        Offered { name, href: link.to_string(), chosen: offered == period }
    });
    Form {
        path: path.to_owned(),
        from: period.from.0.to_string(),
        to: period.to.0.to_string(),
        channels: with_chosen(std::iter::once(all).chain(known), channel, channel),
        offered: offered.collect(),
    }
}

fn columns(query: &Query, order: Order) -> Vec<Column> {
    let column = |(of, value, name): &(Order, &'static str, &'static str)| Column {
        name,
        href: same_period(query, Link::to("/managers")).with("sort", value).to_string(),
        chosen: *of == order,
        ascending: *of == Order::Manager,
        number: *of != Order::Manager,
    };
    Order::ALL.iter().map(column).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::model::answers::Compared;

    fn manager(id: &str, achieved: u64, ended: u64) -> ManagerFigures {
        let rate = (ended > 0).then(|| achieved as f64 / ended as f64);
        let figures = Figures { achieved, ended, achievement_rate: rate, ..Figures::default() };
        ManagerFigures { manager_id: id.into(), compared: Compared { figures, ..Compared::default() } }
    }

    fn sorted(order: Order) -> Vec<String> {
        let mut managers = [manager("c", 0, 0), manager("a", 1, 2), manager("b", 5, 10), manager("d", 9, 10)];
        order.sort(&mut managers);
        managers.into_iter().map(|of| of.manager_id).collect()
    }

    #[test]
    fn of_equal_rates_the_larger_sample_comes_first_and_no_rate_last() {
        assert_eq!(sorted(Order::Rate), ["d", "b", "a", "c"]);
    }

    #[test]
    fn counts_are_sorted_from_most_to_least_and_names_as_they_are_read() {
        assert_eq!(sorted(Order::Achieved), ["d", "b", "a", "c"]);
        assert_eq!(sorted(Order::Manager), ["a", "b", "c", "d"]);
    }
}

//! Figures of managers as pages and tables show them: each count with the chats behind it.

use crate::serve::dashboard::frame::Linked;
use crate::serve::dashboard::links::{self, Link};
use crate::serve::dashboard::pages::chats::NOBODY;
use crate::serve::dashboard::period;
use crate::serve::dashboard::words::{Trend, percent};
use crate::serve::model::answers::{Compared, Day, Figures, Period};
use chrono_tz::Tz;

/// Which chats figures are about.
#[derive(Clone, Copy, Debug)]
pub struct Of<'a> {
    pub channel: Option<&'a str>,
    /// `None`: whoever is credited. The empty id is nobody.
    pub manager: Option<&'a str>,
    pub period: Period,
    /// Of the channel; `None`: of all of them, each has its own.
    pub zone: Option<Tz>,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    Measured,
    Achieved,
    Missed,
    Ended,
    Closes,
    Rate,
    EndedRate,
}

impl Of<'_> {
    /// The chats behind a figure, as close as the published views can tell them.
    pub fn chats(&self, counted: Counted) -> Link {
        let (status, about) = match counted {
            Counted::Measured => (None, "measured"),
            Counted::Achieved => (Some("ACHIEVED"), "achieved"),
            Counted::Missed => (Some("MISSED"), "missed"),
            Counted::Ended => (None, "ended"),
            Counted::Closes => (None, "closes"),
            Counted::Rate => (None, "rate"),
            Counted::EndedRate => (None, "ended-rate"),
        };
        let (from, to) = period::moments(self.period, self.zone);
        let link = links::chats().with_any("channel", self.channel);
        let link = match self.manager {
            Some("") => link.with(NOBODY, "yes"),
            manager => link.with_any("manager", manager),
        };
        link.with_any("status", status).with("from", from).with("to", to).with("about", about)
    }
}

/// A row of figures.
pub struct FigureRow {
    pub measured: Linked,
    pub achieved: Linked,
    pub missed: Linked,
    pub ended: Linked,
    pub closes: Linked,
    pub rate: Linked,
    pub ended_rate: Linked,
}

impl FigureRow {
    pub fn of(figures: &Figures, of: Of<'_>) -> Self {
        let count = |count, counted| Linked::count(count, &of.chats(counted));
        // Where nothing ended there is no rate, and there are no chats behind it.
        let rate = |rate: Option<f64>, counted| match rate {
            Some(_) => Linked::to(percent(rate), &of.chats(counted)),
            None => Linked::text(percent(rate)),
        };
        Self {
            measured: count(figures.measured, Counted::Measured),
            achieved: count(figures.achieved, Counted::Achieved),
            missed: count(figures.missed, Counted::Missed),
            ended: count(figures.ended, Counted::Ended),
            closes: count(figures.closes, Counted::Closes),
            rate: rate(figures.achievement_rate, Counted::Rate),
            ended_rate: rate(figures.ended_achievement_rate, Counted::EndedRate),
        }
    }
}

/// A row of figures with its change against the period before.
pub struct ComparedRow {
    pub name: Linked,
    pub figures: FigureRow,
    pub rate_trend: Trend,
    pub ended_rate_trend: Trend,
}

impl ComparedRow {
    pub fn of(name: Linked, compared: &Compared, of: Of<'_>) -> Self {
        Self {
            name,
            figures: FigureRow::of(&compared.figures, of),
            rate_trend: Trend::of(compared.achievement_rate_change),
            ended_rate_trend: Trend::of(compared.ended_achievement_rate_change),
        }
    }
}

/// The figures of a day, for the table and the chart that is drawn from it.
pub struct DayRow {
    pub date: String,
    /// Its midnight in UTC, in seconds since the epoch.
    pub x: i64,
    pub figures: FigureRow,
    pub achieved: u64,
    pub ended: u64,
    /// In percent; empty where there is none.
    pub rate: String,
}

impl DayRow {
    pub fn of(day: &Day, of: Of<'_>) -> Self {
        let of = Of { period: Period { from: day.date, to: day.date }, ..of };
        Self {
            date: day.date.0.to_string(),
            x: day.date.0.and_hms_opt(0, 0, 0).map_or(0, |at| at.and_utc().timestamp()),
            figures: FigureRow::of(&day.figures, of),
            achieved: day.figures.achieved,
            ended: day.figures.ended,
            rate: day
                .figures
                .achievement_rate
                .map_or_else(String::new, |rate| format!("{:.2}", rate * 100.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::json::output::Date;

    #[test]
    fn every_figure_says_what_it_counts() {
        let day = Date("2026-03-29".parse().unwrap());
        let period = Period { from: day, to: day };
        let of = Of { channel: None, manager: None, period, zone: None };
        let figures = Figures {
            measured: 1,
            achieved: 1,
            missed: 1,
            ended: 1,
            closes: 1,
            achieved_of_ended: 0,
            achievement_rate: Some(1.0),
            ended_achievement_rate: Some(0.0),
        };
        let row = FigureRow::of(&figures, of);
        let about = |of: &Linked| of.address().split("about=").nth(1).map(str::to_owned);
        let counts = [&row.measured, &row.achieved, &row.missed, &row.ended, &row.closes].map(about);
        let expected = ["measured", "achieved", "missed", "ended", "closes"];
        assert_eq!(counts, expected.map(|word| Some(word.to_owned())));
        let rates = [&row.rate, &row.ended_rate].map(about);
        assert_eq!(rates, ["rate", "ended-rate"].map(|word| Some(word.to_owned())));
        let nothing = FigureRow::of(&Figures::default(), of);
        assert_eq!([nothing.rate, nothing.ended_rate].map(|rate| rate.href), [None, None]);
    }

    #[test]
    fn a_count_leads_to_the_chats_of_its_manager_and_days() {
        let day = Date("2026-03-29".parse().unwrap());
        let of = Of {
            channel: Some("shop"),
            manager: Some("mia"),
            period: Period { from: day, to: day },
            zone: Some(Tz::Europe__Berlin),
        };
        assert_eq!(
            of.chats(Counted::Achieved).to_string(),
            "/chats?channel=shop&manager=mia&status=ACHIEVED&from=2026-03-28T23%3A00%3A00Z\
             &to=2026-03-29T21%3A59%3A59.999Z&about=achieved"
        );
        let nobody = Of { manager: Some(""), ..of };
        assert!(nobody.chats(Counted::Missed).to_string().contains("&nobody=yes&status=MISSED&"));
        let all = Of { manager: None, channel: None, ..of };
        assert!(all.chats(Counted::Ended).to_string().starts_with("/chats?from="));
    }
}

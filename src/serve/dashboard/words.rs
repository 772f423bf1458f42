//! Numbers, times and statuses as the pages write them. It asks for no time: now is an argument where it matters.

use crate::answers::words::{CauseWord, OutcomeWord, PhaseWord, StatusWord};
use crate::contract::json::output::Time;
use crate::domain::time::Timestamp;
use crate::explain::words::moment;
use chrono::{DateTime, Datelike as _};

/// What stands where there is nothing.
pub const NOTHING: &str = "–";

/// A time: the exact one for programs and titles, a short one in UTC for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    pub exact: String,
    pub short: String,
}

impl Moment {
    pub fn of(at: Timestamp) -> Self {
        Self { exact: moment(at), short: short(at) }
    }
}

impl From<Time> for Moment {
    fn from(Time(at): Time) -> Self {
        Self::of(at)
    }
}

/// A time that is told as it is, however long ago.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exactly(pub Moment);

impl From<Time> for Exactly {
    fn from(at: Time) -> Self {
        Self(at.into())
    }
}

/// `4 Mar 2026 23:12:05`.
fn short(at: Timestamp) -> String {
    let Some(time) = DateTime::from_timestamp_millis(at.0).filter(|time| time.year() < 10_000) else {
        return "beyond the calendar".to_owned();
    };
    time.format("%-d %b %Y %H:%M:%S").to_string()
}

/// `3,651`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `3,651 records`, `1 record`.
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// `35.3 %`.
pub fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| NOTHING.to_owned(), |share| format!("{:.1} %", share * 100.0))
}

/// A length of time in seconds: `under 0.1 s`, `0.4 s`, `12 s`, `3 min`, `5 h`, `3 days`.
pub fn lasting(seconds: f64) -> String {
    match seconds.max(0.0) {
        s if s < 0.05 => "under 0.1 s".to_owned(),
        s if s < 9.95 => format!("{s:.1} s"),
        s if s < 99.5 => format!("{s:.0} s"),
        s if s < 5_970.0 => format!("{:.0} min", s / 60.0),
        s if s < 172_000.0 => format!("{:.0} h", s / 3_600.0),
        s => format!("{:.0} days", s / 86_400.0),
    }
}

/// A change of a rate: an arrow, the difference in points, and the same in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trend {
    pub class: &'static str,
    pub arrow: &'static str,
    pub text: String,
    pub words: String,
}

/// Less than this is no change that the text could show.
const LEAST_POINTS: f64 = 0.05;

impl Trend {
    /// `change`: of a share, so 0.01 is one point. `None`: one of the two periods has no rate.
    pub fn of(change: Option<f64>) -> Self {
        let Some(points) = change.map(|change| change * 100.0) else {
            return Self {
                class: "quiet",
                arrow: "",
                text: NOTHING.to_owned(),
                words: "nothing to compare with".to_owned(),
            };
        };
        let size = format!("{:.1}", points.abs());
        let (class, arrow, text, word) = match points {
            points if points >= LEAST_POINTS => ("up", "▲", format!("+{size}"), "up by"),
            points if points <= -LEAST_POINTS => ("down", "▼", format!("−{size}"), "down by"),
            _ => ("quiet", "", "±0".to_owned(), "unchanged"),
        };
        let words = if word == "unchanged" {
            "unchanged from the period before".to_owned()
        } else {
            format!("{word} {size} points on the period before")
        };
        Self { class, arrow, text, words }
    }
}

/// A status as it is shown: the class gives its shape and colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    pub class: &'static str,
    pub word: &'static str,
}

pub const DELETED: Mark = Mark { class: "deleted", word: "Deleted" };

impl Mark {
    pub fn of(status: StatusWord, phase: Option<PhaseWord>) -> Self {
        let (class, word) = match (status, phase) {
            (StatusWord::None, _) => ("none", "None"),
            (StatusWord::InProcess, Some(PhaseWord::AwaitingReply)) => ("waiting", "Awaiting reply"),
            (StatusWord::InProcess, Some(PhaseWord::Measuring)) => ("measuring", "Measuring"),
            (StatusWord::InProcess, None) => ("measuring", "In process"),
            (StatusWord::Missed, _) => ("missed", "Missed"),
            (StatusWord::Achieved, _) => ("achieved", "Achieved"),
        };
        Self { class, word }
    }
}

impl From<OutcomeWord> for Mark {
    fn from(outcome: OutcomeWord) -> Self {
        let (class, word) = match outcome {
            OutcomeWord::Open => ("open", "Open"),
            OutcomeWord::Superseded => ("superseded", "Superseded"),
            OutcomeWord::Missed => ("missed", "Missed"),
            OutcomeWord::Achieved => ("achieved", "Achieved"),
        };
        Self { class, word }
    }
}

/// What made a change, for people.
pub fn cause(cause: CauseWord) -> &'static str {
    match cause {
        CauseWord::ChatOpened => "chat opened",
        CauseWord::CustomerMessage => "customer message",
        CauseWord::ManagerReply => "manager's reply",
        CauseWord::ChatClosed => "chat closed",
        CauseWord::ChatReopened => "chat reopened",
        CauseWord::ChatAssigned => "chat assigned",
        CauseWord::GoalEvent => "goal event",
        CauseWord::CustomerMerged => "customers merged",
        CauseWord::GoalChanged => "settings changed",
        CauseWord::Deadline => "deadline passed",
        CauseWord::Rebuild => "rebuild",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
        assert_eq!(counted(1, "record", "records"), "1 record");
        assert_eq!(counted(0, "record", "records"), "0 records");
    }

    #[test]
    fn lengths_of_time_are_told_in_one_unit() {
        for (seconds, text) in [
            (0.04, "under 0.1 s"),
            (0.42, "0.4 s"),
            (12.3, "12 s"),
            (180.0, "3 min"),
            (7_200.0, "2 h"),
            (259_200.0, "3 days"),
        ] {
            assert_eq!(lasting(seconds), text);
        }
    }

    #[test]
    fn a_trend_is_told_by_an_arrow_and_in_words() {
        let up = Trend::of(Some(0.041));
        assert_eq!((up.arrow, up.text.as_str(), up.class), ("▲", "+4.1", "up"));
        assert_eq!(up.words, "up by 4.1 points on the period before");
        let down = Trend::of(Some(-0.1));
        assert_eq!((down.arrow, down.text.as_str()), ("▼", "−10.0"));
        assert_eq!(Trend::of(Some(0.0001)).words, "unchanged from the period before");
        assert_eq!(Trend::of(None).text, NOTHING);
    }

    #[test]
    fn no_rate_is_not_nought() {
        assert_eq!(percent(None), NOTHING);
        assert_eq!(percent(Some(0.0)), "0.0 %");
        assert_eq!(percent(Some(1.25)), "125.0 %");
    }

    #[test]
    fn a_moment_has_its_exact_time_and_one_for_people() {
        let moment = Moment::of(Timestamp(1_772_665_925_007));
        assert_eq!(moment.exact, "2026-03-04T23:12:05.007Z");
        assert_eq!(moment.short, "4 Mar 2026 23:12:05");
        assert_eq!(Moment::of(Timestamp::MAX).short, "beyond the calendar");
    }
}

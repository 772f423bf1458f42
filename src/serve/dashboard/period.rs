//! The dates that figures are asked for, and the moments at which they begin and end.

use super::query::Query;
use super::{Dashboard, Failure};
use crate::contract::json::output::Date;
use crate::domain::time::{DAY, Timestamp};
use crate::explain::words::moment;
use crate::serve::model::answers::Period;
use chrono::{Days, NaiveDate, TimeZone as _};
use chrono_tz::Tz;

/// Without dates the last four whole weeks, so that each day of the week is in it as often.
const DAYS: u64 = 28;

/// What a page offers to choose from: a name, and how many days up to today.
pub const OFFERED: [(&str, u64); 5] =
    [("Today", 1), ("7 days", 7), ("28 days", 28), ("90 days", 90), ("365 days", 365)];

/// Longer ones are refused: every date is looked at.
const DAYS_MAX: i64 = 3_660;

/// What the address asks for, up to today if it says nothing else.
pub fn asked(query: &Query, today: NaiveDate) -> Result<Period, Failure> {
    let to = query.date("to")?;
    let from = query.date("from")?;
    let to = to.or(from.map(|from| from.max(today))).unwrap_or(today);
    let from = from.unwrap_or_else(|| days_up_to(to, DAYS).from.0);
    if from > to {
        return Err(Failure::bad(format!("the period begins on {from} and ends before, on {to}")));
    }
    if (to - from).num_days() >= DAYS_MAX {
        return Err(Failure::bad(format!("the period is longer than {DAYS_MAX} days")));
    }
    Ok(Period { from: Date(from), to: Date(to) })
}

/// So many days, of which this is the last one.
pub fn days_up_to(to: NaiveDate, days: u64) -> Period {
    let from = to.checked_sub_days(Days::new(days.saturating_sub(1))).unwrap_or(to);
    Period { from: Date(from), to: Date(to) }
}

/// The time zone that the dates of a channel are told in now. `None`: all channels together, each with its own.
pub fn zone(dashboard: &Dashboard, channel: Option<&str>) -> Result<Option<Tz>, Failure> {
    let Some(channel) = channel else { return Ok(None) };
    let goals = dashboard.model().goals(Some(channel))?;
    let zone = goals.channels.first().and_then(|channel| channel.settings.time_zone.parse().ok());
    Ok(Some(zone.unwrap_or(Tz::UTC)))
}

/// The first and the last millisecond, as an address has them; without a zone those of the dates in whatever zone.
pub fn moments(period: Period, zone: Option<Tz>) -> (String, String) {
    /// By how much the zones of this world are ahead of UTC and behind it at most.
    const AHEAD: i64 = 14 * DAY / 24;
    const BEHIND: i64 = 12 * DAY / 24;
    let Period { from: Date(from), to: Date(to) } = period;
    let after = to.succ_opt().unwrap_or(to);
    let (from, after) = match zone {
        Some(zone) => (midnight(from, zone), midnight(after, zone)),
        None => (midnight(from, Tz::UTC).minus(AHEAD), midnight(after, Tz::UTC).plus(BEHIND)),
    };
    (moment(from), moment(after.minus(1)))
}

/// Where clocks are put forward at midnight, the day begins later.
fn midnight(date: NaiveDate, zone: Tz) -> Timestamp {
    let hours = (0..24).filter_map(|hour| date.and_hms_opt(hour, 0, 0));
    let first = hours.filter_map(|time| zone.from_local_datetime(&time).earliest()).next();
    Timestamp(first.map_or(0, |time| time.timestamp_millis()))
}

/// `1 to 28 March 2026`, as short as it can be told.
pub fn words(period: Period) -> String {
    let Period { from: Date(from), to: Date(to) } = period;
    if from == to {
        return from.format("%-d %B %Y").to_string();
    }
    let short = match () {
        () if from.format("%Y%m").to_string() == to.format("%Y%m").to_string() => "%-d",
        () if from.format("%Y").to_string() == to.format("%Y").to_string() => "%-d %B",
        () => "%-d %B %Y",
    };
    format!("{} to {}", from.format(short), to.format("%-d %B %Y"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn period(from: &str, to: &str) -> Period {
        Period { from: Date(date(from)), to: Date(date(to)) }
    }

    #[test]
    fn without_dates_it_is_four_weeks_up_to_today() {
        let today = date("2026-03-28");
        assert_eq!(asked(&Query::of(&[]), today).unwrap(), period("2026-03-01", "2026-03-28"));
        assert_eq!(
            asked(&Query::of(&[("from", "2026-03-27")]), today).unwrap(),
            period("2026-03-27", "2026-03-28")
        );
        assert_eq!(
            asked(&Query::of(&[("to", "2026-01-28")]), today).unwrap(),
            period("2026-01-01", "2026-01-28")
        );
        assert!(asked(&Query::of(&[("from", "2026-03-29"), ("to", "2026-03-28")]), today).is_err());
        assert!(asked(&Query::of(&[("from", "1900-01-01")]), today).is_err());
        assert!(asked(&Query::of(&[("from", "March")]), today).is_err());
    }

    #[test]
    fn a_day_begins_at_midnight_of_its_time_zone() {
        let (from, to) = moments(period("2026-03-29", "2026-03-29"), Some(Tz::Europe__Berlin));
        assert_eq!((from.as_str(), to.as_str()), ("2026-03-28T23:00:00Z", "2026-03-29T21:59:59.999Z"));
        let (from, _) = moments(period("2018-11-04", "2018-11-04"), Some(Tz::America__Sao_Paulo));
        assert_eq!(from, "2018-11-04T03:00:00Z", "there was no midnight");
    }

    #[test]
    fn a_day_of_all_channels_is_that_of_every_zone() {
        let day = period("2026-03-29", "2026-03-29");
        let (from, to) = moments(day, None);
        assert_eq!((from.as_str(), to.as_str()), ("2026-03-28T10:00:00Z", "2026-03-30T11:59:59.999Z"));
        let first = moments(day, Some(Tz::Pacific__Kiritimati)).0;
        let last = moments(day, Some(Tz::Etc__GMTPlus12)).1;
        assert_eq!((from, to), (first, last));
    }

    #[test]
    fn a_period_is_told_as_short_as_it_can_be() {
        assert_eq!(words(period("2026-03-01", "2026-03-28")), "1 to 28 March 2026");
        assert_eq!(words(period("2026-02-01", "2026-03-28")), "1 February to 28 March 2026");
        assert_eq!(words(period("2025-12-01", "2026-03-28")), "1 December 2025 to 28 March 2026");
        assert_eq!(words(period("2026-03-28", "2026-03-28")), "28 March 2026");
    }
}

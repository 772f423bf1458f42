//! What an address asks for. An empty parameter is as good as none, as a form sends every field it has; what cannot be
//! understood is said, never guessed. Ids are taken as they are, blanks and all.

use super::Failure;
use crate::domain::time::{DAY, Timestamp};
use chrono::{DateTime, NaiveDate};
use std::collections::BTreeMap;

/// What people type as words or times: blanks around it say nothing.
const TYPED: [&str; 5] = ["text", "reason", "from", "to", "as_of"];

/// The parameters of an address; of several of a name the last one.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(transparent)]
pub struct Query {
    parameters: BTreeMap<String, String>,
}

impl Query {
    #[cfg(test)]
    pub fn of(parameters: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self { parameters: parameters.iter().map(owned).collect() }
    }

    /// A parameter that says something.
    pub fn get(&self, name: &str) -> Option<&str> {
        let value = self.parameters.get(name)?;
        let value = if TYPED.contains(&name) { value.trim() } else { value };
        (!value.is_empty()).then_some(value)
    }

    pub fn owned(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    /// All that say something, by name.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parameters.keys().filter_map(|name| Some((name.as_str(), self.get(name)?)))
    }

    pub fn date(&self, name: &str) -> Result<Option<NaiveDate>, Failure> {
        let date = |text: &str| {
            text.parse().map_err(|_| Failure::bad(format!("{name}: {text:?} is no date such as 2026-03-31")))
        };
        self.get(name).map(date).transpose()
    }

    /// A time; a date alone is its beginning in UTC.
    pub fn from(&self, name: &str) -> Result<Option<Timestamp>, Failure> {
        self.get(name).map(|text| time(name, text, 0)).transpose()
    }

    /// A time; a date alone is its end in UTC.
    pub fn to(&self, name: &str) -> Result<Option<Timestamp>, Failure> {
        self.get(name).map(|text| time(name, text, DAY - 1)).transpose()
    }
}

/// RFC 3339, epoch milliseconds, or a date, to which `in_day` is added.
fn time(name: &str, text: &str, in_day: i64) -> Result<Timestamp, Failure> {
    if let Ok(date) = text.parse::<NaiveDate>() {
        let midnight = date.and_hms_opt(0, 0, 0).map(|at| at.and_utc().timestamp_millis());
        return Ok(Timestamp(midnight.unwrap_or_default()).plus(in_day));
    }
    if let Ok(ms) = text.parse::<i64>() {
        return Ok(Timestamp(ms));
    }
    let time = DateTime::parse_from_rfc3339(text).map(|time| Timestamp(time.timestamp_millis()));
    time.map_err(|_| {
        Failure::bad(format!(
            "{name}: {text:?} is no time such as 2026-03-31T09:00:00Z, and no date such as 2026-03-31"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_field_asks_for_nothing() {
        let query = Query::of(&[("channel", ""), ("text", " a b "), ("to", "  ")]);
        assert_eq!(query.get("channel"), None);
        assert_eq!(query.get("text"), Some("a b"));
        assert_eq!(query.all().collect::<Vec<_>>(), [("text", "a b")]);
        assert!(query.to("to").unwrap().is_none());
    }

    #[test]
    fn an_id_is_taken_as_it_is() {
        let query = Query::of(&[("manager", "mia "), ("channel", " ")]);
        assert_eq!((query.get("manager"), query.get("channel")), (Some("mia "), Some(" ")));
    }

    #[test]
    fn a_day_is_taken_from_its_beginning_to_its_end() {
        let query =
            Query::of(&[("a", "1970-01-02"), ("b", "1970-01-01T00:00:01+00:00"), ("c", "17"), ("d", "soon")]);
        assert_eq!(query.from("a").unwrap(), Some(Timestamp(DAY)));
        assert_eq!(query.to("a").unwrap(), Some(Timestamp(2 * DAY - 1)));
        assert_eq!(query.to("b").unwrap(), Some(Timestamp(1_000)));
        assert_eq!(query.from("c").unwrap(), Some(Timestamp(17)));
        assert!(query.from("d").is_err());
        assert!(query.date("d").is_err());
    }
}

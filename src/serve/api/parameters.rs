//! The parameters of a query, read strictly: what is not known, is given twice or has a bad value is refused in a
//! sentence that names it. It knows no parameter by itself.

use crate::answers::letters::hex;
use crate::contract::json::input::time_argument;
use crate::domain::time::Timestamp;
use crate::http::problem::Problem;
use crate::serve::model::questions::{Cursor, Page};
use axum::extract::Query;
use axum::http::Uri;
use chrono::NaiveDate;
use std::fmt::Write as _;

/// The longest id that a record can name; here in characters.
pub const ID_LENGTH_MAX: usize = 256;

/// How many entries a page may have.
pub const LIMIT_MAX: usize = 200;

/// How many it has if nothing else is asked for.
pub const LIMIT: usize = 50;

pub struct Parameters {
    given: Vec<(String, String)>,
    known: Vec<&'static str>,
}

impl Parameters {
    pub fn of(uri: &Uri) -> Result<Self, Problem> {
        let given = Query::<Vec<(String, String)>>::try_from_uri(uri);
        let Query(given) = given.map_err(|_| Problem::bad_request("the query cannot be read"))?;
        Ok(Self { given, known: Vec::new() })
    }

    /// The value of a parameter, as it was given.
    fn text(&mut self, name: &'static str) -> Result<Option<String>, Problem> {
        self.known.push(name);
        let mut values = self.given.extract_if(.., |(given, _)| given == name).map(|(_, value)| value);
        let value = values.next();
        match values.next() {
            Some(_) => Err(Problem::bad_request(format!("{name} is given twice"))),
            None => Ok(value),
        }
    }

    /// A value that `read` understands; `wanted` says what that is, after "must be".
    pub fn value<T>(
        &mut self,
        name: &'static str,
        wanted: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let Some(given) = self.text(name)? else { return Ok(None) };
        read(&given)
            .map(Some)
            .ok_or_else(|| Problem::bad_request(format!("{name} must be {wanted}, not {given:?}")))
    }

    /// An id.
    pub fn id(&mut self, name: &'static str) -> Result<Option<String>, Problem> {
        self.value(name, "a text of 1 to 256 characters", |text| is_id(text).then(|| text.to_owned()))
    }

    /// An id of a manager: the empty one is nobody.
    pub fn manager(&mut self, name: &'static str) -> Result<Option<String>, Problem> {
        let read = |text: &str| (text.is_empty() || is_id(text)).then(|| text.to_owned());
        self.value(name, "a text of 256 characters at most", read)
    }

    /// One of some words.
    pub fn word<T: Copy>(
        &mut self,
        name: &'static str,
        all: &[T],
        as_str: fn(T) -> &'static str,
    ) -> Result<Option<T>, Problem> {
        let mut wanted = "one of ".to_owned();
        for (index, word) in all.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            let _ = write!(wanted, "{comma}{}", as_str(*word));
        }
        self.value(name, &wanted, |text| all.iter().copied().find(|word| as_str(*word) == text))
    }

    /// A time: RFC 3339, or whole epoch milliseconds.
    pub fn time(&mut self, name: &'static str) -> Result<Option<Timestamp>, Problem> {
        self.value(name, "a time in RFC 3339 or epoch milliseconds", |text| time_argument(text).ok())
    }

    /// A calendar date.
    pub fn date(&mut self, name: &'static str) -> Result<Option<NaiveDate>, Problem> {
        // A date has one form: 2026-3-9 is none.
        let read = |text: &str| text.parse::<NaiveDate>().ok().filter(|date| date.to_string() == text);
        self.value(name, "a date as in 2026-03-29", read)
    }

    /// `limit` and `cursor`.
    pub fn page(&mut self) -> Result<Page, Problem> {
        let read = |text: &str| text.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit));
        let limit = self.value("limit", "a whole number from 1 to 200", read)?.unwrap_or(LIMIT);
        let cursor = self.value("cursor", "the `next` of a page", Cursor::parse)?;
        Ok(Page { limit, cursor })
    }

    /// There was nothing else.
    pub fn end(self) -> Result<(), Problem> {
        let Some((name, _)) = self.given.first() else { return Ok(()) };
        let name = if name.chars().any(char::is_control) { hex(name.as_bytes()) } else { name.clone() };
        Err(Problem::bad_request(match self.known.as_slice() {
            [] => format!("{name:?} is no parameter here: there are none"),
            known => format!("{name:?} is no parameter here: there are {}", known.join(", ")),
        }))
    }
}

pub fn is_id(text: &str) -> bool {
    (1..=ID_LENGTH_MAX).contains(&text.chars().count())
}

/// The two ends of a range, which must not be the wrong way round.
pub fn in_order<T: PartialOrd>(from: Option<T>, to: Option<T>) -> Result<(), Problem> {
    match (from, to) {
        (Some(from), Some(to)) if from > to => Err(Problem::bad_request("from must not be after to")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(query: &str) -> Parameters {
        Parameters::of(&format!("/api?{query}").parse().unwrap()).unwrap()
    }

    fn refused<T: std::fmt::Debug>(result: Result<T, Problem>) -> String {
        let problem = serde_json::to_value(result.unwrap_err()).unwrap();
        assert_eq!(problem["status"], 400);
        problem["detail"].as_str().unwrap().to_owned()
    }

    #[test]
    fn what_is_given_is_read_decoded() {
        let mut of = of("channel=a%2Fb+c&limit=7");
        assert_eq!(of.id("channel").unwrap().as_deref(), Some("a/b c"));
        assert_eq!(of.page().unwrap().limit, 7);
        assert_eq!(of.id("customer").unwrap(), None);
        of.end().unwrap();
    }

    #[test]
    fn what_is_wrong_is_named() {
        let mut unknown = of("chanel=a");
        unknown.id("channel").unwrap();
        assert_eq!(refused(unknown.end()), "\"chanel\" is no parameter here: there are channel");
        assert_eq!(refused(of("a=1&a=2").id("a")), "a is given twice");
        assert_eq!(refused(of("a=").id("a")), "a must be a text of 1 to 256 characters, not \"\"");
        assert_eq!(of("a=").manager("a").unwrap().as_deref(), Some(""));
        assert_eq!(refused(of("limit=0").page()), "limit must be a whole number from 1 to 200, not \"0\"");
        assert_eq!(refused(of("cursor=xyz").page()), "cursor must be the `next` of a page, not \"xyz\"");
        assert_eq!(
            refused(of("to=2026-3-9").date("to")),
            "to must be a date as in 2026-03-29, not \"2026-3-9\""
        );
        assert_eq!(refused(in_order(Some(2), Some(1))), "from must not be after to");
        let words = ["x", "y"];
        assert_eq!(refused(of("w=z").word("w", &words, |word| word)), "w must be one of x, y, not \"z\"");
    }

    #[test]
    fn a_time_is_rfc_3339_or_epoch_milliseconds() {
        let at = Some(Timestamp(1_772_323_200_000));
        assert_eq!(of("from=2026-03-01T00:00:00Z").time("from").unwrap(), at);
        assert_eq!(of("from=1772323200000").time("from").unwrap(), at);
        assert!(refused(of("from=yesterday").time("from")).starts_with("from must be a time"));
    }
}

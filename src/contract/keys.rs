//! The buckets of the counters as their topic names them: scopes and keys. Keys outlive the process, as compaction and
//! readers go by them. Nothing here counts.
//!
//! `channelId/managerId/date` or `channelId/managerId/total`; for a whole channel the manager is `*`. In ids `%`, `/`
//! and `*` are written `%25`, `%2F` and `%2A`. Nobody is an empty manager (E1): `channelId//total`.

use crate::domain::credit::Bucket;
use crate::domain::ids::{ChannelId, ManagerId};
use chrono::{Datelike, NaiveDate};
use std::fmt::Write;

const WHOLE_CHANNEL: &str = "*";
const ALL_DATES: &str = "total";

/// Whose bucket it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One manager's, or nobody's.
    Manager,
    /// The whole channel's.
    Channel,
}

impl Scope {
    pub fn of(bucket: &Bucket) -> Self {
        if bucket.manager.is_some() { Scope::Manager } else { Scope::Channel }
    }
}

/// The key of a bucket of a channel.
pub fn counter_key(channel: &str, bucket: &Bucket) -> String {
    let manager = bucket.manager.as_deref();
    let mut key = String::with_capacity(channel.len() + manager.map_or(1, str::len) + "//2026-03-29".len());
    push_escaped(&mut key, channel);
    key.push('/');
    match manager {
        Some(manager) => push_escaped(&mut key, manager),
        None => key.push_str(WHOLE_CHANNEL),
    }
    key.push('/');
    match bucket.date {
        Some(date) => push_date(&mut key, date),
        None => key.push_str(ALL_DATES),
    }
    key
}

/// The channel and bucket of a key.
pub fn parse_counter_key(key: &str) -> Result<(ChannelId, Bucket), String> {
    let mut parts = key.split('/');
    let (Some(channel), Some(manager), Some(date), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(format!("{key:?} is not channelId/managerId/date"));
    };
    let channel = unescaped(channel).ok_or_else(|| format!("{key:?}: the channel is not an escaped id"))?;
    let manager = match manager {
        WHOLE_CHANNEL => None,
        manager => {
            let manager =
                unescaped(manager).ok_or_else(|| format!("{key:?}: the manager is not an escaped id"))?;
            Some(ManagerId::new(&manager))
        }
    };
    let date = match date {
        ALL_DATES => None,
        date => Some(
            // A bucket has one key: 2026-3-9 would be a second one.
            date.parse::<NaiveDate>()
                .ok()
                .filter(|read| read.to_string() == date)
                .ok_or_else(|| format!("{key:?}: {date:?} is neither a date nor \"total\""))?,
        ),
    };
    Ok((ChannelId::new(&channel), Bucket { manager, date }))
}

/// As a date prints itself, without the formatter for the years that occur.
fn push_date(key: &mut String, date: NaiveDate) {
    let (Ok(year @ 1000..=9999), month, day) = (u32::try_from(date.year()), date.month(), date.day()) else {
        return write!(key, "{date}").expect("a string takes everything");
    };
    let digit = |number: u32| char::from_digit(number % 10, 10).expect("it is one of ten");
    key.extend([year / 1000, year / 100, year / 10, year].map(digit));
    for number in [month, day] {
        key.push('-');
        key.extend([number / 10, number].map(digit));
    }
}

fn push_escaped(key: &mut String, id: &str) {
    if !id.contains(['%', '/', '*']) {
        return key.push_str(id);
    }
    for char in id.chars() {
        match char {
            '%' => key.push_str("%25"),
            '/' => key.push_str("%2F"),
            '*' => key.push_str("%2A"),
            _ => key.push(char),
        }
    }
}

/// `None`: a `%` that is no escape, or a `*` that is not escaped.
fn unescaped(part: &str) -> Option<String> {
    let mut pieces = part.split('%');
    let mut id = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (escape, rest) = piece.split_at_checked(2)?;
        id.push(match escape {
            "25" => '%',
            "2F" => '/',
            "2A" => '*',
            _ => return None,
        });
        id.push_str(rest);
    }
    (!part.contains('*')).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bucket(manager: Option<&str>, date: Option<&str>) -> Bucket {
        Bucket { manager: manager.map(ManagerId::new), date: date.map(|date| date.parse().unwrap()) }
    }

    #[test]
    fn these_keys_are_frozen() {
        let date = Some("2026-03-29");
        assert_eq!(counter_key("6263", &bucket(Some("9187"), date)), "6263/9187/2026-03-29");
        assert_eq!(counter_key("6263", &bucket(Some("9187"), None)), "6263/9187/total");
        assert_eq!(counter_key("6263", &bucket(None, date)), "6263/*/2026-03-29");
        assert_eq!(counter_key("6263", &bucket(None, None)), "6263/*/total");
        assert_eq!(counter_key("6263", &bucket(Some(""), None)), "6263//total");
        assert_eq!(counter_key("a/b%*", &bucket(Some("*"), None)), "a%2Fb%25%2A/%2A/total");
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for key in [
            "",
            "a/b",
            "a/b/c/d",
            "a/b/yesterday",
            "a/b/2026-3-9",
            "a%2f/b/total",
            "a%/b/total",
            "a/b%é/total",
            "a*/b/total",
        ] {
            assert!(parse_counter_key(key).is_err(), "{key}");
        }
    }

    proptest! {
        #[test]
        fn a_key_gives_back_its_bucket(
            channel in "[a%/*é]{1,8}",
            manager in proptest::option::of("[a%/*é]{0,8}"),
            days in proptest::option::of(0u64..40_000),
        ) {
            let date = days.map(|days| NaiveDate::default() + chrono::Days::new(days));
            let bucket = Bucket { manager: manager.as_deref().map(ManagerId::new), date };
            let key = counter_key(&channel, &bucket);
            prop_assert_eq!(parse_counter_key(&key), Ok((ChannelId::new(&channel), bucket)));
        }
    }
}

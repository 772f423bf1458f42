//! The dead letters: bad records as they came, found again by where they were, why they are bad, when, and by key.

use super::{Deployment, scan};
use crate::domain::time::Timestamp;
use crate::log::{Header, Log, Offset, Record, TopicPartition};
use crate::runtime::topology::Topology;
use std::str::FromStr;

/// What the processor adds to the headers of a bad record is named so.
pub const PREFIX: &str = "dead-letter.";
/// How often a record was re-sent. It stays with the record, should it be bad again.
pub const ATTEMPT: &str = "dead-letter.attempt";

/// A dead letter.
#[derive(Clone, Debug, PartialEq)]
pub struct DeadLetter {
    pub place: Place,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    /// All of them, in their order.
    pub headers: Vec<Header>,
    pub reason: String,
    pub topic: String,
    pub partition: Option<i32>,
    pub offset: Option<Offset>,
    /// When it was put there.
    pub at: Option<Timestamp>,
    /// How often it was re-sent before.
    pub attempt: u32,
    /// How long its value was, if that was cut.
    pub truncated: Option<u64>,
}

/// Where a dead letter lies: `partition:offset`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub partition: i32,
    pub offset: Offset,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.partition, self.offset)
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let place = text.split_once(':').and_then(|(partition, offset)| {
            Some(Self { partition: partition.parse().ok()?, offset: offset.parse().ok()? })
        });
        place.ok_or_else(|| format!("{text:?} is not PARTITION:OFFSET, as `dead-letters list` prints it"))
    }
}

/// Which dead letters are wanted: those for which everything holds that is said.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub places: Vec<Place>,
    pub topic: Option<String>,
    /// Somewhere in the reason, whatever the case.
    pub reason: Option<String>,
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    pub key: Option<String>,
}

impl Wanted {
    pub fn has(&self, letter: &DeadLetter) -> bool {
        let since = |from: Timestamp| letter.at.is_some_and(|at| at >= from);
        let until = |to: Timestamp| letter.at.is_some_and(|at| at <= to);
        (self.places.is_empty() || self.places.contains(&letter.place))
            && self.topic.as_ref().is_none_or(|topic| *topic == letter.topic)
            && self.reason.as_ref().is_none_or(|part| contains(&letter.reason, part))
            && self.from.is_none_or(since)
            && self.to.is_none_or(until)
            && self.key.as_ref().is_none_or(|key| letter.key.as_deref() == Some(key.as_bytes()))
    }
}

fn contains(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(&part.to_lowercase())
}

impl DeadLetter {
    /// A dead letter lacks no header; what is there in spite of that is still shown.
    pub fn of(record: &Record<'_>) -> Self {
        let headers = record.headers.to_vec();
        // What came with the record stands before what was added to it.
        let text = |name: &str| {
            let found = headers.iter().rev().find(|header| header.name.strip_prefix(PREFIX) == Some(name));
            found.and_then(|header| String::from_utf8(header.value.clone()?).ok())
        };
        let number = |name: &str| text(name).and_then(|text| text.parse::<i64>().ok());
        let at = text("at").and_then(|at| chrono::DateTime::parse_from_rfc3339(&at).ok());
        Self {
            place: Place { partition: record.partition, offset: record.offset },
            key: record.key.map(<[u8]>::to_vec),
            value: record.value.map(<[u8]>::to_vec),
            reason: text("reason").unwrap_or_default(),
            topic: text("topic").unwrap_or_default(),
            partition: number("partition").and_then(|number| i32::try_from(number).ok()),
            offset: number("offset"),
            at: at.map(|at| Timestamp(at.timestamp_millis())),
            attempt: number("attempt").and_then(|number| u32::try_from(number).ok()).unwrap_or(0),
            truncated: number("truncated").and_then(|number| u64::try_from(number).ok()),
            headers,
        }
    }
}

impl<L: Log> Deployment<'_, L> {
    /// The dead letters that are wanted, in the order of their topic.
    pub fn dead_letters(&self, wanted: &Wanted) -> anyhow::Result<Vec<DeadLetter>> {
        let from = &self.topology.dead_letters;
        let mut found = Vec::new();
        let mut look = |record: &Record<'_>| {
            let letter = DeadLetter::of(record);
            if wanted.has(&letter) {
                found.push(letter);
            }
            Ok(())
        };
        let of = Topology::all(&from.topic, from.partitions);
        scan::all(self.log, &of, self.watch, &mut look)?;
        found.sort_by_key(|letter| letter.place);
        Ok(found)
    }

    /// The dead letter at a place.
    pub fn dead_letter(&self, place: Place) -> anyhow::Result<Option<DeadLetter>> {
        let from = &self.topology.dead_letters;
        if !(0..from.partitions).contains(&place.partition) {
            return Ok(None);
        }
        let of = [TopicPartition::new(from.topic.clone(), place.partition)];
        let (begin, end) = (self.log.begins(&of)?[0], self.log.ends(&of)?[0]);
        if !(begin..end).contains(&place.offset) {
            return Ok(None);
        }
        let [of] = of;
        let mut found = None;
        scan::firsts(self.log, &[(of, place.offset)], &mut |_, record| {
            found = (record.offset == place.offset).then(|| DeadLetter::of(record));
        })?;
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Headers;

    fn header(name: &str, value: &str) -> Header {
        Header { name: name.to_owned(), value: Some(value.as_bytes().to_vec()) }
    }

    fn letter(headers: &[Header]) -> DeadLetter {
        let headers = Headers::Owned(headers);
        DeadLetter::of(&Record {
            topic: "dead-letters",
            partition: 0,
            offset: 7,
            timestamp: Some(1),
            key: Some(b"c1"),
            value: Some(b"{}"),
            headers,
        })
    }

    fn bad() -> DeadLetter {
        letter(&[
            header("trace", "t"),
            header("dead-letter.attempt", "2"),
            header("dead-letter.reason", "chatId: the id is missing"),
            header("dead-letter.topic", "chat.events"),
            header("dead-letter.partition", "3"),
            header("dead-letter.offset", "41"),
            header("dead-letter.at", "2026-03-01T00:00:00Z"),
        ])
    }

    #[test]
    fn a_letter_says_where_it_was_and_why_it_is_bad() {
        let letter = bad();
        assert_eq!(
            (letter.topic.as_str(), letter.partition, letter.offset),
            ("chat.events", Some(3), Some(41))
        );
        assert_eq!((letter.attempt, letter.truncated), (2, None));
        assert_eq!(letter.at, Some(Timestamp(1_772_323_200_000)));
    }

    #[test]
    fn what_was_added_last_counts() {
        let letter = letter(&[header("dead-letter.topic", "theirs"), header("dead-letter.topic", "ours")]);
        assert_eq!(letter.topic, "ours");
    }

    #[test]
    fn everything_that_is_said_must_hold() {
        let at = Timestamp(1_772_323_200_000);
        let all = Wanted {
            places: vec![Place { partition: 0, offset: 7 }],
            topic: Some("chat.events".into()),
            reason: Some("ID IS missing".into()),
            from: Some(at),
            to: Some(at),
            key: Some("c1".into()),
        };
        assert!(all.has(&bad()));
        assert!(Wanted::default().has(&bad()));
        for other in [
            Wanted { places: vec![Place { partition: 0, offset: 8 }], ..all.clone() },
            Wanted { topic: Some("customer.events".into()), ..all.clone() },
            Wanted { reason: Some("TOO_LATE".into()), ..all.clone() },
            Wanted { from: Some(at.plus(1)), ..all.clone() },
            Wanted { to: Some(at.minus(1)), ..all.clone() },
            Wanted { key: Some("c2".into()), ..all },
        ] {
            assert!(!other.has(&bad()), "{other:?}");
        }
    }

    #[test]
    fn a_place_is_read_as_it_is_printed() {
        let place = Place { partition: 0, offset: 7 };
        assert_eq!(place.to_string().parse(), Ok(place));
        assert!("7".parse::<Place>().is_err());
    }
}

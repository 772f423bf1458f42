//! Every key of the read model, on one page. They outlive the process; [`VERSION`] goes up whenever one of them, or what
//! lies under it, changes its meaning, and the model is then built anew from the log.
//!
//! Ids within a key have their length before them (2 bytes, big endian), so that no id runs into the next; what a range
//! is sorted by is big endian, signed numbers with their sign turned, so that bytes sort as numbers do.

use crate::domain::credit::Bucket;
use crate::log::Offset;
use chrono::NaiveDate;

/// What a model on disk must have been written by.
pub const VERSION: u32 = 2;

/// The lists of chats and dead letters, each sorted by time and then by id; the first byte of a key of the indexes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum List {
    /// All chats by when they changed.
    All = b'a',
    Channel = b'c',
    /// By status or phase.
    Status = b's',
    ChannelStatus = b'x',
    Manager = b'm',
    Customer = b'u',
    Goal = b'g',
    /// Chats whose last round is open, by its deadline.
    Deadline = b'd',
    ChannelDeadline = b'e',
    /// Dead letters by when they were put there.
    Letters = b'l',
    /// Where the letter of a bad record lies.
    Origin = b'o',
}

/// A key in the making.
#[derive(Default)]
pub struct Key(pub Vec<u8>);

impl Key {
    pub fn of(list: List) -> Self {
        Self(vec![list as u8])
    }

    pub fn id(mut self, id: &[u8]) -> Self {
        // Ids have 256 bytes at most; what else is here (names of topics, events) is far from this.
        let length = u16::try_from(id.len()).unwrap_or(u16::MAX);
        self.0.extend(length.to_be_bytes());
        self.0.extend(&id[..length as usize]);
        self
    }

    pub fn byte(mut self, byte: u8) -> Self {
        self.0.push(byte);
        self
    }

    pub fn number(mut self, number: i64) -> Self {
        self.0.extend(sorted(number));
        self
    }

    pub fn last(mut self, id: &[u8]) -> Self {
        self.0.extend(id);
        self
    }
}

/// A number whose bytes sort as it does.
pub fn sorted(number: i64) -> [u8; 8] {
    (number as u64 ^ 1 << 63).to_be_bytes()
}

/// The number of such bytes.
pub fn number(bytes: [u8; 8]) -> i64 {
    (u64::from_be_bytes(bytes) ^ 1 << 63) as i64
}

/// A record of a topic that is kept as it came: goal changes and dead letters.
pub fn place(partition: i32, offset: Offset) -> Vec<u8> {
    Key::default().number(partition.into()).number(offset).0
}

/// The partition and offset of [`place`].
pub fn parse_place(key: &[u8]) -> Option<(i32, Offset)> {
    let (partition, rest) = key.split_first_chunk::<8>()?;
    Some((i32::try_from(number(*partition)).ok()?, number(*rest.first_chunk::<8>()?)))
}

/// A published change of a chat.
pub fn history(chat: &[u8], revision: u32) -> Vec<u8> {
    Key::default().id(chat).number(revision.into()).0
}

/// Past every change of a chat.
pub fn past_history(chat: &[u8]) -> Vec<u8> {
    Key::default().id(chat).number(i64::MAX).0
}

/// All changes of a chat.
pub fn history_of(chat: &[u8]) -> Vec<u8> {
    Key::default().id(chat).0
}

/// A bucket of the counters: those of days by channel and date, the totals by channel.
pub fn counter(channel: &str, bucket: &Bucket) -> Vec<u8> {
    let key = match bucket.date {
        Some(date) => day(channel, date),
        None => Key::default().byte(b't').id(channel.as_bytes()),
    };
    match &bucket.manager {
        Some(manager) => key.byte(b'm').last(manager.as_bytes()).0,
        None => key.byte(b'*').0,
    }
}

/// The buckets of a channel's day begin so.
pub fn day(channel: &str, date: NaiveDate) -> Key {
    Key(days_of(channel)).number(chrono::Datelike::num_days_from_ce(&date).into())
}

/// The buckets of days of a channel begin so.
pub fn days_of(channel: &str) -> Vec<u8> {
    Key(DAYS.to_vec()).id(channel.as_bytes()).0
}

/// The buckets of days begin so.
pub const DAYS: &[u8] = b"d";

/// How many chats of a channel show a goal (empty: none), by status.
pub fn tally(channel: &str, goal: &[u8]) -> Vec<u8> {
    Key(tallies_of(channel)).last(goal).0
}

/// The counts of a channel begin so.
pub fn tallies_of(channel: &str) -> Vec<u8> {
    Key::default().id(channel.as_bytes()).0
}

/// The id that a key begins with, and what follows it.
pub fn parse_id(key: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = key.split_first_chunk::<2>()?;
    rest.split_at_checked(u16::from_be_bytes(*length) as usize)
}

/// How far a partition has been read.
pub fn reached(topic: &str, partition: i32) -> Vec<u8> {
    Key(b"r".to_vec()).id(topic.as_bytes()).number(partition.into()).0
}

/// What [`HANDOVER`] holds.
pub fn handover(from: u32, to: u32) -> Vec<u8> {
    Key::default().number(from.into()).number(to.into()).0
}

/// The generations of [`handover`].
pub fn parse_handover(value: &[u8]) -> Option<(u32, u32)> {
    let (from, rest) = value.split_first_chunk::<8>()?;
    Some((u32::try_from(number(*from)).ok()?, u32::try_from(number(*rest.first_chunk::<8>()?)).ok()?))
}

/// By what the model was built: [`VERSION`], topics and forms.
pub const BUILT_BY: &[u8] = b"built by";
/// By the wall clock, up to when everything is in the model.
pub const LEVEL: &[u8] = b"level";
/// A generation that was followed, and the one that has taken over since: [`handover`].
pub const HANDOVER: &[u8] = b"handover";
/// The changelog topic that the facts come from.
pub const CHANGELOG: &[u8] = b"changelog";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_sort_by_their_bytes() {
        let numbers = [i64::MIN, -5, -1, 0, 1, 255, 256, i64::MAX];
        assert!(numbers.map(sorted).is_sorted());
        assert_eq!(numbers.map(sorted).map(number), numbers);
    }

    #[test]
    fn these_keys_are_frozen() {
        let date = NaiveDate::from_ymd_opt(2026, 3, 29);
        let bucket = |manager: Option<&str>, date| Bucket { manager: manager.map(Into::into), date };
        assert_eq!(counter("ab", &bucket(Some("m"), date)), b"d\0\x02ab\x80\0\0\0\0\x0b\x49\x78mm");
        assert_eq!(counter("ab", &bucket(None, None)), b"t\0\x02ab*");
        assert_eq!(history(b"c", 2), b"\0\x01c\x80\0\0\0\0\0\0\x02");
        assert!(history(b"c", u32::MAX) < past_history(b"c") && past_history(b"c") < history(b"d", 0));
        assert_eq!(parse_place(&place(3, 41)), Some((3, 41)));
        assert_eq!(parse_handover(&handover(1, 3)), Some((1, 3)));
        assert_eq!(
            Key::of(List::Manager).id(b"m").number(-1).last(b"c").0,
            b"m\0\x01m\x7f\xff\xff\xff\xff\xff\xff\xffc"
        );
        assert_eq!(parse_id(b"\0\x02abc"), Some((&b"ab"[..], &b"c"[..])));
    }
}

//! Records that are to be sent, in order. Folding puts them here, so that it need not wait for the log, nor know whether a
//! transaction is just being ended; whoever has the member sends them.

use crate::log::{Header, LogResult, Outgoing};

/// The records lie one behind the other in one piece of memory, which is used again.
#[derive(Default)]
pub struct Unsent {
    bytes: Vec<u8>,
    records: Vec<Place>,
    /// There are few of them.
    topics: Vec<Box<str>>,
}

struct Place {
    /// Among `topics`.
    topic: usize,
    partition: i32,
    /// Key and value lie behind those of the record before.
    key: Option<usize>,
    value: Option<usize>,
    headers: Vec<Header>,
    timestamp: Option<i64>,
}

impl Unsent {
    pub fn push(&mut self, record: Outgoing<'_>) {
        let topic = self.topics.iter().position(|known| **known == *record.topic).unwrap_or_else(|| {
            self.topics.push(record.topic.into());
            self.topics.len() - 1
        });
        let mut put = |bytes: &[u8]| {
            self.bytes.extend_from_slice(bytes);
            bytes.len()
        };
        let (key, value) = (record.key.map(&mut put), record.value.map(&mut put));
        let (partition, headers, timestamp) = (record.partition, record.headers.to_vec(), record.timestamp);
        self.records.push(Place { topic, partition, key, value, headers, timestamp });
    }

    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// What it takes in memory, but for the few headers.
    pub fn bytes(&self) -> usize {
        self.bytes.len() + self.records.len() * size_of::<Place>()
    }

    /// Gives all of them to `send`, up to the first error.
    pub fn send(&self, mut send: impl FnMut(Outgoing<'_>) -> LogResult<()>) -> LogResult<()> {
        let mut rest = self.bytes.as_slice();
        let mut take = |length: usize| {
            let (taken, left) = rest.split_at(length);
            rest = left;
            taken
        };
        for Place { topic, partition, key, value, headers, timestamp } in &self.records {
            let (key, value) = (key.map(&mut take), value.map(&mut take));
            let (topic, partition, timestamp) = (&*self.topics[*topic], *partition, *timestamp);
            send(Outgoing { topic, partition, key, value, headers, timestamp })?;
        }
        Ok(())
    }

    /// Its memory is kept for the next ones, unless that is much more than these have needed.
    pub fn clear(&mut self) {
        self.bytes.shrink_to(2 * self.bytes.len());
        self.records.shrink_to(2 * self.records.len());
        self.bytes.clear();
        self.records.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::LogError;

    fn record<'a>(topic: &'a str, key: Option<&'a [u8]>, value: Option<&'a [u8]>) -> Outgoing<'a> {
        Outgoing { topic, partition: 3, key, value, headers: &[], timestamp: None }
    }

    #[test]
    fn what_was_pushed_is_sent_in_order_and_as_it_was() {
        let mut unsent = Unsent::default();
        let header = Header { name: "revision".to_owned(), value: Some(b"7".to_vec()) };
        let headers = std::slice::from_ref(&header);
        unsent.push(record("a", Some(b"k"), Some(b"value")));
        unsent.push(Outgoing { headers, timestamp: Some(5), ..record("b", Some(b"k"), None) });
        unsent.push(record("a", None, Some(b"")));
        for _ in 0..2 {
            let mut sent = Vec::new();
            let told = unsent.send(|r| {
                let (key, value) = (r.key.map(<[u8]>::to_vec), r.value.map(<[u8]>::to_vec));
                sent.push((r.topic.to_owned(), r.partition, key, value, r.headers.len(), r.timestamp));
                Ok(())
            });
            told.unwrap();
            assert_eq!(
                sent,
                [
                    ("a".to_owned(), 3, Some(b"k".to_vec()), Some(b"value".to_vec()), 0, None),
                    ("b".to_owned(), 3, Some(b"k".to_vec()), None, 1, Some(5)),
                    ("a".to_owned(), 3, None, Some(Vec::new()), 0, None),
                ]
            );
        }
        unsent.clear();
        assert!(unsent.is_empty() && unsent.bytes() == 0);
    }

    #[test]
    fn after_an_error_nothing_more_is_sent() {
        let mut unsent = Unsent::default();
        (0..3).for_each(|_| unsent.push(record("a", None, Some(b"v"))));
        let mut calls = 0;
        let outcome = unsent.send(|_| {
            calls += 1;
            if calls == 2 { Err(LogError::Refused("no".to_owned())) } else { Ok(()) }
        });
        assert!(outcome.is_err());
        assert_eq!(calls, 2);
    }
}

//! Dead letters made into the records that they were, to be sent once more. It sends nothing.

use super::Deployment;
use super::dead_letters::{ATTEMPT, DeadLetter, PREFIX};
use crate::log::partitioner::partition_of;
use crate::log::{Header, Log, Outgoing};

/// A record that can be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Again {
    pub topic: String,
    pub partition: i32,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<Header>,
    pub attempt: u32,
}

impl Again {
    /// It enters the log now: what its log timestamp was, a dead letter does not tell.
    pub fn outgoing(&self) -> Outgoing<'_> {
        Outgoing {
            topic: &self.topic,
            partition: self.partition,
            key: self.key.as_deref(),
            value: self.value.as_deref(),
            headers: &self.headers,
            timestamp: None,
        }
    }
}

/// What a letter was. `Err`: why it cannot be sent again. `partitions` is how many its topic has, if it is one of the
/// deployment's inputs.
pub fn again(letter: &DeadLetter, partitions: Option<i32>) -> Result<Again, String> {
    if let Some(whole) = letter.truncated {
        let kept = letter.value.as_ref().map_or(0, Vec::len);
        return Err(format!("it was cut: {kept} of {whole} bytes are left"));
    }
    let partitions = partitions
        .ok_or_else(|| format!("its topic {:?} is none that this deployment reads", letter.topic))?;
    // Where its key is at home; without a key where it was.
    let home = letter.key.as_ref().map(|key| partition_of(key, partitions));
    let partition = home.or(letter.partition.filter(|partition| (0..partitions).contains(partition)));
    let partition = partition.ok_or("it has no key, and its partition is not there any more")?;
    let attempt = letter.attempt.saturating_add(1);
    let own = letter.headers.iter().filter(|header| !header.name.starts_with(PREFIX)).cloned();
    let counted = Header { name: ATTEMPT.to_owned(), value: Some(attempt.to_string().into_bytes()) };
    Ok(Again {
        topic: letter.topic.clone(),
        partition,
        key: letter.key.clone(),
        value: letter.value.clone(),
        headers: own.chain([counted]).collect(),
        attempt,
    })
}

impl<L: Log> Deployment<'_, L> {
    /// How many partitions an input topic of the deployment has; `None`: it is no input.
    pub fn input_partitions(&self, topic: &str) -> Option<i32> {
        let of = &self.topology;
        match topic {
            topic if topic == &*of.chat_events => Some(of.partitions.chats),
            topic if topic == &*of.customer_events => Some(of.partitions.customers),
            topic if topic == &*of.goal_changes => Some(of.goal_partitions),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::dead_letters::Place;

    fn header(name: &str, value: &str) -> Header {
        Header { name: name.to_owned(), value: Some(value.as_bytes().to_vec()) }
    }

    fn letter() -> DeadLetter {
        DeadLetter {
            place: Place { partition: 0, offset: 7 },
            key: Some(b"21".to_vec()),
            value: Some(b"{}".to_vec()),
            headers: vec![header("trace", "t"), header("dead-letter.reason", "bad")],
            reason: "bad".into(),
            topic: "chat.events".into(),
            partition: Some(1),
            offset: Some(41),
            at: None,
            attempt: 0,
            truncated: None,
        }
    }

    #[test]
    fn it_goes_home_as_it_was_with_its_attempts_counted() {
        let sent = again(&letter(), Some(4)).unwrap();
        assert_eq!((sent.topic.as_str(), sent.partition), ("chat.events", partition_of(b"21", 4)));
        assert_eq!((sent.key.as_deref(), sent.value.as_deref()), (Some(&b"21"[..]), Some(&b"{}"[..])));
        assert_eq!(sent.headers, [header("trace", "t"), header("dead-letter.attempt", "1")]);
        let again = again(&DeadLetter { attempt: 1, headers: sent.headers, ..letter() }, Some(4)).unwrap();
        assert_eq!(again.headers, [header("trace", "t"), header("dead-letter.attempt", "2")]);
    }

    #[test]
    fn without_a_key_it_goes_where_it_was() {
        let keyless = DeadLetter { key: None, ..letter() };
        assert_eq!(again(&keyless, Some(4)).unwrap().partition, 1);
        assert!(again(&DeadLetter { partition: Some(4), ..keyless.clone() }, Some(4)).is_err());
        assert!(again(&DeadLetter { partition: None, ..keyless }, Some(4)).is_err());
    }

    #[test]
    fn what_was_cut_is_not_sent() {
        let cut = DeadLetter { truncated: Some(9_000_000), ..letter() };
        assert_eq!(again(&cut, Some(4)), Err("it was cut: 2 of 9000000 bytes are left".to_owned()));
    }

    #[test]
    fn a_topic_that_is_no_input_is_not_written_to() {
        assert!(again(&letter(), None).unwrap_err().contains("none that this deployment reads"));
    }
}

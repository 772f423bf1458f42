//! One worker: its consumer in the group and its transactional producer. Everything the group asks for is
//! told by `poll` and answered there; nothing happens to partitions at any other time.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::Offset as KafkaOffset;
use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::types::RDKafkaErrorCode;

use super::KafkaLog;
use super::client::{Change, is_denied, sorted, to_list};
use super::cursors::{Cursor, Cursors};
use super::heir;
use super::oversight::Oversight;
use super::producer::Producer;
use super::queue::{Connection, Failure, KafkaBatch};
use crate::log::{
    Batch as _, Log as _, LogError, LogResult, Member, Offset, Outgoing, Polled, Position, TopicPartition,
};

/// Events of the group come by another queue than records, so no wait for records is longer than this.
const EVENTS_EVERY: Duration = Duration::from_millis(5);

/// How long the coordinator may take to say who has what; without an answer it is asked later.
const GLANCE: Duration = Duration::from_secs(1);

pub struct KafkaMember {
    log: KafkaLog,
    group: String,
    producer: Producer,
    connection: Arc<Connection>,
    cursors: Cursors,
    /// Told as revoked by the last poll, given up by the next one.
    leaving: Vec<TopicPartition>,
    /// Begun while nothing was being delivered.
    asleep: Vec<TopicPartition>,
    /// Found but not told yet.
    untold: VecDeque<Polled<KafkaBatch>>,
    oversight: Oversight,
}

impl KafkaMember {
    pub(super) fn join(log: KafkaLog, group: &str, slot: &str, topics: &[Arc<str>]) -> LogResult<Self> {
        let settings = &log.inner.settings;
        // First the producer: its predecessor may hold positions that the group needs.
        let transactional_id = format!("{group}-{slot}");
        let producer =
            Producer::open(settings.producer(&transactional_id), settings.tuning.transaction_timeout)?;
        bury_predecessor(&log, group, slot);
        let connection = Connection::open(&settings.member(group, slot))?;
        let names: Vec<&str> = topics.iter().map(|topic| &**topic).collect();
        connection
            .consumer()
            .subscribe(&names)
            .map_err(|error| sorted("the topics could not be subscribed", &error))?;
        Ok(Self {
            log,
            group: group.to_owned(),
            producer,
            connection,
            cursors: Cursors::default(),
            leaving: Vec::new(),
            asleep: Vec::new(),
            untold: VecDeque::new(),
            oversight: Oversight::new(Instant::now()),
        })
    }

    /// The last poll said that these are revoked; this one answers the group.
    fn let_go(&mut self) -> LogResult<()> {
        let leaving = std::mem::take(&mut self.leaving);
        if leaving.is_empty() { Ok(()) } else { self.unassign(&leaving) }
    }

    fn unassign(&mut self, partitions: &[TopicPartition]) -> LogResult<()> {
        self.cursors.remove(partitions);
        self.connection
            .consumer()
            .incremental_unassign(&to_list(partitions, KafkaOffset::Invalid))
            .map_err(|error| sorted("partitions could not be given up", &error))
    }

    /// Takes partitions, held back: fetching begins where `start` says. The offset given here is never
    /// fetched from.
    fn assign(&mut self, partitions: &[TopicPartition]) -> LogResult<()> {
        self.connection.hold_new(partitions)?;
        self.connection
            .consumer()
            .incremental_assign(&to_list(partitions, KafkaOffset::Offset(0)))
            .map_err(|error| sorted("partitions could not be taken", &error))?;
        partitions.iter().for_each(|of| self.cursors.add(of.clone(), None));
        Ok(())
    }

    /// Lets librdkafka call back, and looks at the errors that come this way.
    fn serve_events(&mut self) -> LogResult<()> {
        let stray = match self.connection.consumer().poll(Duration::ZERO) {
            None => return Ok(()),
            Some(Ok(message)) => TopicPartition::new(message.topic(), message.partition()),
            Some(Err(KafkaError::MessageConsumptionFatal(code))) => {
                return Err(LogError::Broken(self.fatal(code)));
            }
            Some(Err(error)) => {
                if error.rdkafka_error_code().is_some_and(is_denied) {
                    return Err(LogError::Setup(format!("the group {}: {error}", self.group)));
                }
                // Too long without a poll: the loss of the partitions follows as an event of its own.
                // Everything else librdkafka mends by itself.
                tracing::warn!(group = self.group, %error, "the Kafka consumer reports an error");
                return Ok(());
            }
        };
        // A record that does not come by the data queue would be lost: go back to it.
        tracing::warn!(partition = %stray, "a record came by the wrong queue");
        match self.cursors.get(&stray).and_then(|cursor| cursor.next) {
            Some(next) => self.connection.begin(&stray, KafkaOffset::Offset(next), false),
            None => Ok(()),
        }
    }

    /// Joins anew (by the error) where the group believes that this member has partitions of which it was never told.
    fn oversee(&mut self) -> LogResult<()> {
        let now = Instant::now();
        if !self.oversight.is_due(now) {
            return Ok(());
        }
        let found = self.log.inner.desk.glance_at_group(&self.group, GLANCE);
        let (Ok(found), Some(id)) = (found, self.connection.member_id()) else { return Ok(()) };
        let has = |of: &TopicPartition| self.cursors.get(of).is_some();
        match self.oversight.overdue(now, &found, &id, has) {
            None => Ok(()),
            Some(of) => Err(LogError::Broken(format!(
                "the group {} has given {of} to this member, whose client has not said so",
                self.group
            ))),
        }
    }

    fn fatal(&self, code: RDKafkaErrorCode) -> String {
        let detail = self.connection.consumer().client().fatal_error();
        let text = detail.map_or_else(|| code.to_string(), |(_, text)| text);
        format!("the group {}: {text}", self.group)
    }

    fn next_change(&mut self) -> LogResult<Option<Polled<KafkaBatch>>> {
        while let Some(change) = self.connection.consumer().context().next_change() {
            match change {
                Change::Assign(partitions) => {
                    self.assign(&partitions)?;
                    if !partitions.is_empty() {
                        return Ok(Some(Polled::Assigned(partitions)));
                    }
                }
                Change::Revoke { partitions, lost: true } => {
                    self.unassign(&partitions)?;
                    if !partitions.is_empty() {
                        return Ok(Some(Polled::Lost(partitions)));
                    }
                }
                Change::Revoke { partitions, lost: false } if partitions.is_empty() => self.unassign(&[])?,
                Change::Revoke { partitions, lost: false } => {
                    self.leaving.clone_from(&partitions);
                    return Ok(Some(Polled::Revoked(partitions)));
                }
            }
        }
        Ok(None)
    }

    /// A partition whose fetcher reported an error goes no further until it is started again.
    fn stop(&mut self, Failure { of, code, reason }: Failure) -> LogResult<()> {
        let Some(&Cursor { next: Some(next), first, .. }) = self.cursors.get(&of) else { return Ok(()) };
        let is_gap = code == RDKafkaErrorCode::AutoOffsetReset;
        self.pause(&of)?;
        let cursor = self.cursors.get_mut(&of).expect("it was just found");
        // Not where librdkafka says that it stands: the error has moved that one too far.
        (cursor.halted, cursor.stopped) = (true, Some(next));
        if is_gap && first == Some(next) {
            // Its first records were deleted after it was asked where it begins: the group has no position that they
            // would be missed by.
            tracing::warn!(partition = %of, next, "the log begins later by now");
            return self.start(&of, None);
        }
        let why = if is_gap { self.log.gap(&of, next, &reason) } else { reason };
        let sentence = format!("{of} cannot be read on: {why}");
        self.untold.push_back(Polled::Stopped(of, sentence));
        Ok(())
    }
}

/// Whoever had this slot before is dead, or has no right to it any more: the group need not wait for the end of its session.
fn bury_predecessor(log: &KafkaLog, group: &str, slot: &str) {
    let settings = &log.inner.settings;
    let Some(name) = settings.member_name(slot).filter(|_| settings.is_plain) else { return };
    let found = match log.describe_group(group) {
        Ok(found) if !found.coordinator.is_empty() => found,
        Ok(_) => return,
        Err(error) => {
            tracing::debug!(%error, "who had this slot before is not known");
            return;
        }
    };
    for member in found.members.iter().filter(|member| member.client == name) {
        match heir::say_left(&found.coordinator, group, &member.id) {
            Ok(0) => tracing::info!(slot, member = member.id, "the member before is taken out of the group"),
            Ok(code) => {
                tracing::debug!(slot, member = member.id, code, "the member before could not be taken out")
            }
            Err(error) => {
                tracing::debug!(slot, member = member.id, %error, "the member before could not be taken out")
            }
        }
    }
}

impl Member for KafkaMember {
    type Batch = KafkaBatch;

    fn poll(&mut self, timeout: Duration) -> LogResult<Polled<KafkaBatch>> {
        self.let_go()?;
        let asleep = std::mem::take(&mut self.asleep);
        if !asleep.is_empty() {
            self.connection.wake(&asleep);
        }
        let until = Instant::now() + timeout;
        loop {
            if let Some(told) = self.untold.pop_front() {
                return Ok(told);
            }
            self.serve_events()?;
            if let Some(told) = self.next_change()? {
                return Ok(told);
            }
            self.oversee()?;
            let left = until.saturating_duration_since(Instant::now());
            let cursors = &mut self.cursors;
            let max = self.log.inner.settings.tuning.batch_records_max;
            let taken = self.connection.take(left.min(EVENTS_EVERY), max, |topic, partition, offset| {
                cursors.pass(topic, partition, offset)
            });
            for failure in taken.failures {
                self.stop(failure)?;
            }
            if !taken.batch.is_empty() {
                return Ok(Polled::Records(taken.batch));
            }
            if self.untold.is_empty() && Instant::now() >= until {
                return Ok(Polled::Nothing);
            }
        }
    }

    fn committed(&mut self, of: &[TopicPartition]) -> LogResult<Vec<Position>> {
        // Not through this member's consumer: as long as its place in the group changes, the broker would
        // refuse.
        self.log.committed(&self.group, of)
    }

    fn position(&self, of: &TopicPartition) -> Option<Offset> {
        let cursor = self.cursors.get(of)?;
        let Some(next) = cursor.next else { return cursor.stopped };
        Some(self.connection.delivered_up_to(of).map_or(next, |delivered| delivered.max(next)))
    }

    fn start(&mut self, of: &TopicPartition, next: Option<Offset>) -> LogResult<()> {
        // Left to look up where the log begins, the fetcher would do so half a second later.
        let from = match next {
            Some(next) => next,
            None => self.log.begins(std::slice::from_ref(of))?[0],
        };
        let cursor = self.cursors.get(of).unwrap_or_else(|| panic!("{of} does not belong to this member"));
        let held = cursor.next.is_none();
        if cursor.halted {
            let again = std::slice::from_ref(of);
            self.unassign(again)?;
            self.assign(again)?;
        }
        if !self.cursors.are_moving() || !self.asleep.is_empty() {
            self.asleep.push(of.clone());
        }
        self.connection.begin(of, KafkaOffset::Offset(from), held)?;
        self.cursors.add(of.clone(), Some(from));
        self.cursors.get_mut(of).expect("it was just added").first = next.is_none().then_some(from);
        Ok(())
    }

    fn pause(&mut self, of: &TopicPartition) -> LogResult<()> {
        let cursor =
            self.cursors.get_mut(of).unwrap_or_else(|| panic!("{of} does not belong to this member"));
        cursor.stopped = None;
        if cursor.next.take().is_some() {
            self.connection.hold(std::slice::from_ref(of))?;
        }
        Ok(())
    }

    fn send(&mut self, record: Outgoing<'_>) -> LogResult<()> {
        self.producer.send(record)
    }

    fn commit(&mut self, positions: &[Position]) -> LogResult<()> {
        let consumer = self.connection.consumer();
        self.producer.commit(positions, || consumer.group_metadata().expect("a member has a group"))?;
        self.cursors.are_committed(positions.iter().map(|position| &position.of));
        Ok(())
    }

    fn abort(&mut self) -> LogResult<()> {
        self.producer.abort()
    }

    fn recover(&mut self) -> LogResult<()> {
        self.producer.recover()
    }

    fn leave(mut self) -> LogResult<()> {
        // librdkafka may ask to end a transaction that the broker has never heard of, and is refused
        // (confluentinc/librdkafka#4849). A new producer ends whatever there is, before others have to wait for it.
        self.abort().or_else(|error| {
            tracing::debug!(%error, "the last transaction is ended by a new producer");
            self.recover()
        })
        // Dropping the consumer says goodbye to the group.
    }
}

impl Drop for KafkaMember {
    fn drop(&mut self) {
        if let Err(error) = self.let_go() {
            tracing::debug!(%error, "revoked partitions were not given up before leaving");
        }
    }
}

//! Questions to the cluster and the creation of topics, through clients that never fetch: on a fetching
//! client every answer would wait behind the fetch. It changes nothing but by `create_topics`.

use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

use rdkafka::TopicPartitionList;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication, TopicResult};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::types::{RDKafkaErrorCode, RDKafkaRespErr};
use rdkafka::{Offset as KafkaOffset, error::KafkaError};

use super::client::{Asking, Trouble, sorted, to_list};
use super::groups::{self, GroupInfo};
use super::settings::Settings;
use crate::log::{LogError, LogResult, Offset, Position, TopicInfo, TopicPartition, TopicPlan};

type Asker = BaseConsumer<Asking>;

/// How long one refusal may wait for another broker's answer.
const GREETING_WAIT: Duration = Duration::from_secs(2);
/// How long the first try of a question may take; each further one may take twice as long as the one before.
const FIRST_TRY: Duration = Duration::from_secs(4);
/// Between two tries.
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(50);

/// What an open transaction is to who asks for the positions that it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Open {
    IsWaitedFor,
    IsPassedOver,
}

pub(super) struct Desk {
    offsets: Asker,
    /// Sees the ends of open transactions, too.
    tails: Asker,
    admin: AdminClient<Asking>,
    /// One for each group that was asked for, and each way to ask: a client asks for its own group only.
    positions: Mutex<HashMap<(String, Open), Arc<Asker>>>,
    answer_timeout: Duration,
}

impl Desk {
    pub fn open(settings: &Settings) -> LogResult<Self> {
        let refused = |error| sorted("a Kafka client could not be made", &error);
        Ok(Self {
            offsets: settings.lookup().create_with_context(Asking::default()).map_err(refused)?,
            tails: settings.uncommitted().create_with_context(Asking::default()).map_err(refused)?,
            admin: settings.admin().create_with_context(Asking::default()).map_err(refused)?,
            positions: Mutex::default(),
            answer_timeout: settings.tuning.answer_timeout,
        })
    }

    /// Asks for anything at all, so that a wrong address is found at once. The question only ever times out,
    /// so the reason is looked for between short waits; a refusal ends them, unless another broker answers.
    pub fn greet(&self, timeout: Duration) -> LogResult<()> {
        let until = Instant::now() + timeout;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let answer =
                self.offsets.fetch_metadata(Some("chat-goals.is-anybody-there"), left.min(GREETING_WAIT));
            serve(&self.offsets);
            let Err(error) = answer else { return Ok(()) };
            match self.offsets.context().trouble() {
                Some(Trouble::Credentials(reason)) => {
                    return Err(LogError::Setup(format!("Kafka refused the authentication: {reason}")));
                }
                Some(Trouble::Tls(reason)) => {
                    return Err(LogError::Setup(format!("no TLS connection to Kafka came about: {reason}")));
                }
                trouble if left <= GREETING_WAIT => {
                    let doing = "no Kafka broker answered";
                    return Err(match trouble {
                        Some(Trouble::Other(reason)) => {
                            LogError::Broken(format!("{doing}: {reason}{}", hint(&reason)))
                        }
                        _ => sorted(doing, &error),
                    });
                }
                _ => {}
            }
        }
    }

    /// One request for all partitions: `-2` and `-1` are the earliest and the latest timestamp to the broker.
    pub fn offsets(&self, of: &[TopicPartition], at: KafkaOffset) -> LogResult<Vec<Offset>> {
        self.look_up(&self.offsets, of, at)
    }

    /// The ends with what is not committed yet.
    pub fn tails(&self, of: &[TopicPartition]) -> LogResult<Vec<Offset>> {
        self.look_up(&self.tails, of, KafkaOffset::End)
    }

    fn look_up(&self, asker: &Asker, of: &[TopicPartition], at: KafkaOffset) -> LogResult<Vec<Offset>> {
        if of.is_empty() {
            return Ok(Vec::new());
        }
        self.ask(|timeout| {
            let found = look_up_once(asker, of, at, timeout);
            if found.as_ref().is_err_and(|failed| failed.may_pass) {
                refresh_leaders(asker, of, timeout);
            }
            found
        })
    }

    pub fn committed(
        &self,
        settings: &Settings,
        group: &str,
        of: &[TopicPartition],
        open: Open,
    ) -> LogResult<Vec<Position>> {
        if of.is_empty() {
            return Ok(Vec::new());
        }
        let asker = self.asker_of(settings, group, open)?;
        self.ask(|timeout| committed_once(&asker, group, of, timeout))
    }

    pub fn describe_group(&self, group: &str) -> LogResult<GroupInfo> {
        self.ask(|timeout| {
            groups::describe(self.admin.inner().native_ptr(), group, timeout).map_err(Failed::from)
        })
    }

    /// As [`Self::describe_group`], in one try.
    pub fn glance_at_group(&self, group: &str, timeout: Duration) -> LogResult<GroupInfo> {
        groups::describe(self.admin.inner().native_ptr(), group, timeout)
    }

    /// Tries until the time for an answer is over. A try is lost with the broker that it waits for, and what a client
    /// remembers of the cluster may be old: the next try may go to another broker.
    fn ask<T>(&self, mut once: impl FnMut(Duration) -> Result<T, Failed>) -> LogResult<T> {
        let until = Instant::now() + self.answer_timeout;
        let mut patience = FIRST_TRY;
        loop {
            match once(patience.min(until.saturating_duration_since(Instant::now()))) {
                Ok(answer) => return Ok(answer),
                Err(Failed { error, may_pass }) if may_pass && Instant::now() + TRY_AGAIN_AFTER < until => {
                    tracing::debug!(%error, "asking again");
                }
                Err(Failed { error, .. }) => return Err(error),
            }
            std::thread::sleep(TRY_AGAIN_AFTER);
            patience *= 2;
        }
    }

    fn asker_of(&self, settings: &Settings, group: &str, open: Open) -> LogResult<Arc<Asker>> {
        let mut askers = self.positions.lock().unwrap_or_else(PoisonError::into_inner);
        let name = (group.to_owned(), open);
        if let Some(asker) = askers.get(&name) {
            return Ok(asker.clone());
        }
        let config = match open {
            Open::IsWaitedFor => settings.lookup(),
            Open::IsPassedOver => settings.uncommitted(),
        };
        let made = Settings::positions(config, group).create_with_context(Asking::default());
        let asker: Arc<Asker> =
            Arc::new(made.map_err(|error| sorted("a Kafka client could not be made", &error))?);
        askers.insert(name, asker.clone());
        Ok(asker)
    }

    pub fn topics(&self, names: &[&str], settings: &[&str]) -> LogResult<Vec<TopicInfo>> {
        let mut topics = Vec::new();
        for name in names {
            if let Some(partitions) = self.partition_count(name)? {
                topics.push(TopicInfo { name: (*name).to_owned(), partitions, settings: Vec::new() });
            }
        }
        if !settings.is_empty() && !topics.is_empty() {
            self.fill_settings(&mut topics, settings)?;
        }
        Ok(topics)
    }

    fn partition_count(&self, topic: &str) -> LogResult<Option<i32>> {
        use RDKafkaRespErr::{RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART};
        let doing = format!("the topic {topic} could not be looked up");
        let answer = self.ask(|timeout| {
            let answer = self.offsets.fetch_metadata(Some(topic), timeout);
            serve(&self.offsets);
            answer.map_err(|error| Failed::of(&doing, &error))
        })?;
        match answer.topics().iter().find(|found| found.name() == topic) {
            None => Ok(None),
            Some(found) => match found.error() {
                None => Ok(Some(found.partitions().len() as i32)),
                Some(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART | RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC) => Ok(None),
                Some(code) => Err(sorted(&doing, &KafkaError::MetadataFetch(code.into()))),
            },
        }
    }

    fn fill_settings(&self, topics: &mut [TopicInfo], wanted: &[&str]) -> LogResult<()> {
        let doing = "the settings of topics could not be looked up";
        let of: Vec<_> = topics.iter().map(|topic| ResourceSpecifier::Topic(&topic.name)).collect();
        let answer = wait_for(self.admin.describe_configs(&of, &self.options()));
        // The answers come in the order of the questions.
        for (topic, described) in topics.iter_mut().zip(answer.map_err(|error| sorted(doing, &error))?) {
            let described = described.map_err(|code| sorted(doing, &KafkaError::AdminOp(code)))?;
            topic.settings = wanted
                .iter()
                .filter_map(|name| Some(((*name).to_owned(), described.get(name)?.value.clone()?)))
                .collect();
        }
        Ok(())
    }

    pub fn create_topics(&self, plans: &[TopicPlan]) -> LogResult<()> {
        if plans.is_empty() {
            return Ok(());
        }
        let doing = "topics could not be created";
        let topics: Vec<NewTopic<'_>> = plans
            .iter()
            .map(|plan| {
                let topic =
                    NewTopic::new(&plan.name, plan.partitions, TopicReplication::Fixed(plan.replication));
                plan.settings.iter().fold(topic, |topic, (name, value)| topic.set(name, value))
            })
            .collect();
        let answer = wait_for(self.admin.create_topics(&topics, &self.options()));
        let refused: Vec<String> = answer
            .map_err(|error| sorted(doing, &error))?
            .into_iter()
            .filter_map(Result::err)
            .map(|(topic, code)| format!("{topic} ({code})"))
            .collect();
        if !refused.is_empty() {
            return Err(LogError::Setup(format!("{doing}: {}", refused.join(", "))));
        }
        self.await_topics(plans)
    }

    pub fn delete_topics(&self, names: &[String]) -> LogResult<()> {
        if names.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let answer = wait_for(self.admin.delete_topics(&names, &self.options()));
        refused_but_for("topics could not be deleted", answer, RDKafkaErrorCode::UnknownTopicOrPartition)
    }

    pub fn delete_group(&self, group: &str) -> LogResult<()> {
        let answer = wait_for(self.admin.delete_groups(&[group], &self.options()));
        refused_but_for("the group could not be deleted", answer, RDKafkaErrorCode::GroupIdNotFound)
    }

    /// The controller has made the topics, but the brokers that are asked about them learn it a little later.
    fn await_topics(&self, plans: &[TopicPlan]) -> LogResult<()> {
        let until = Instant::now() + self.answer_timeout;
        for plan in plans {
            while self.partition_count(&plan.name)? != Some(plan.partitions) {
                if Instant::now() > until {
                    return Err(LogError::Broken(format!("no broker knows the new topic {} yet", plan.name)));
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        Ok(())
    }

    fn options(&self) -> AdminOptions {
        AdminOptions::new()
            .operation_timeout(Some(self.answer_timeout))
            .request_timeout(Some(self.answer_timeout))
    }
}

/// What was refused, but for what was not there anyway.
fn refused_but_for(
    doing: &str,
    answer: Result<Vec<TopicResult>, KafkaError>,
    fine: RDKafkaErrorCode,
) -> LogResult<()> {
    let answer = answer.map_err(|error| sorted(doing, &error))?;
    let refused: Vec<String> = answer
        .into_iter()
        .filter_map(Result::err)
        .filter(|(_, code)| *code != fine)
        .map(|(name, code)| format!("{name} ({code})"))
        .collect();
    if refused.is_empty() { Ok(()) } else { Err(LogError::Setup(format!("{doing}: {}", refused.join(", ")))) }
}

/// A try that failed.
struct Failed {
    error: LogError,
    /// Another one may succeed.
    may_pass: bool,
}

impl Failed {
    fn of(doing: &str, error: &KafkaError) -> Self {
        use RDKafkaErrorCode::{UnknownPartition, UnknownTopic, UnknownTopicOrPartition};
        let code = error.rdkafka_error_code();
        // A broker that has just started knows no topic for a moment. What is still unknown in the end is not there.
        let is_unknown = matches!(code, Some(UnknownPartition | UnknownTopic | UnknownTopicOrPartition));
        let error = sorted(doing, error);
        Self { may_pass: is_unknown || matches!(error, LogError::Broken(_)), error }
    }
}

impl From<LogError> for Failed {
    fn from(error: LogError) -> Self {
        Self { may_pass: matches!(error, LogError::Broken(_)), error }
    }
}

fn look_up_once(
    asker: &Asker,
    of: &[TopicPartition],
    at: KafkaOffset,
    timeout: Duration,
) -> Result<Vec<Offset>, Failed> {
    let doing = "the offsets of partitions could not be looked up";
    let answer = asker.offsets_for_times(to_list(of, at), timeout);
    serve(asker);
    let list = answer.map_err(|error| Failed::of(doing, &error))?;
    let one = |of: &TopicPartition| {
        let found = list.find_partition(&of.topic, of.partition).expect("the answer has what was asked for");
        found.error().map_err(|error| Failed::of(&format!("{doing}: {of}"), &error))?;
        match found.offset() {
            KafkaOffset::Offset(offset) => Ok(offset),
            other => {
                let error = LogError::Broken(format!("{doing}: {of} is at {other:?}"));
                Err(Failed { error, may_pass: true })
            }
        }
    };
    of.iter().map(one).collect()
}

/// A client that never fetches remembers who leads a partition for a quarter of an hour, also that nobody did in the
/// moment when a leader was lost; only a question about the topic itself makes it look again.
fn refresh_leaders(asker: &Asker, of: &[TopicPartition], timeout: Duration) {
    let topics: BTreeSet<&str> = of.iter().map(|partition| &*partition.topic).collect();
    for topic in topics {
        if let Err(error) = asker.fetch_metadata(Some(topic), timeout) {
            tracing::debug!(%error, topic, "who leads its partitions is not known");
            return;
        }
    }
}

fn committed_once(
    asker: &Asker,
    group: &str,
    of: &[TopicPartition],
    timeout: Duration,
) -> Result<Vec<Position>, Failed> {
    let doing = format!("the positions of the group {group} could not be looked up");
    let answer = asker.committed_offsets(to_list(of, KafkaOffset::Invalid), timeout);
    serve(asker);
    let list: TopicPartitionList = answer.map_err(|error| Failed::of(&doing, &error))?;
    let one = |of: &TopicPartition| {
        let found = list.find_partition(&of.topic, of.partition).expect("the answer has what was asked for");
        found.error().map_err(|error| Failed::of(&format!("{doing}: {of}"), &error))?;
        let next = match found.offset() {
            KafkaOffset::Offset(next) => Some(next),
            _ => None,
        };
        Ok(Position { of: of.clone(), next, note: found.metadata().to_owned() })
    };
    of.iter().map(one).collect()
}

/// A broker hangs up on a client that speaks another protocol than its port does.
fn hint(reason: &str) -> &'static str {
    if reason.contains("Disconnected") {
        "; hint: is `security.protocol` what this port of the broker speaks?"
    } else {
        ""
    }
}

/// Lets a client that nobody polls say what it has to log.
fn serve(asker: &Asker) {
    for _ in 0..8 {
        let _ = asker.poll(Duration::ZERO);
    }
}

/// Waits for the answer of the admin client, whose own thread brings it: no runtime has to be there, and none
/// minds.
fn wait_for<T>(answer: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut answer = pin!(answer);
    loop {
        match answer.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}

//! Which topic feeds which stage, how many partitions there are, and what is wrong with the topics that exist.

use crate::config::{Config, WireForm};
use crate::log::{Log, LogResult, TopicInfo, TopicPartition, TopicPlan};
use crate::pipeline::Partitions;
use crate::state::store::Family;
use std::sync::Arc;

/// The stages, in the order of the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    Chats,
    Customers,
    Managers,
}

impl Stage {
    pub const ALL: [Stage; 3] = [Stage::Chats, Stage::Customers, Stage::Managers];

    /// Whose rows are kept there.
    pub fn of(family: Family) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.family() == family)
    }

    /// Where its rows are kept.
    pub fn family(self) -> Family {
        match self {
            Stage::Chats => Family::Chats,
            Stage::Customers => Family::Customers,
            Stage::Managers => Family::Managers,
        }
    }
}

/// What a record of a topic is to the pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    ChatEvents,
    ChatsInbox,
    CustomerEvents,
    CustomersInbox,
    ManagersInbox,
}

impl Source {
    pub fn stage(self) -> Stage {
        match self {
            Source::ChatEvents | Source::ChatsInbox => Stage::Chats,
            Source::CustomerEvents | Source::CustomersInbox => Stage::Customers,
            Source::ManagersInbox => Stage::Managers,
        }
    }
}

impl Source {
    /// Its place among the inputs of its stage, as [`Topology::inputs`] has them.
    pub fn place(self) -> usize {
        match self {
            Source::ChatEvents | Source::CustomerEvents | Source::ManagersInbox => 0,
            Source::ChatsInbox | Source::CustomersInbox => 1,
        }
    }
}

/// A topic that is written with a key's partition.
#[derive(Clone, Debug)]
pub struct Output {
    pub topic: Arc<str>,
    pub partitions: i32,
    pub form: WireForm,
}

/// The names, forms and sizes of all topics.
#[derive(Clone, Debug)]
pub struct Topology {
    pub group: String,
    pub chat_events: Arc<str>,
    pub chat_events_form: WireForm,
    pub customer_events: Arc<str>,
    pub customer_events_form: WireForm,
    pub goal_changes: Arc<str>,
    pub goal_changes_form: WireForm,
    pub goal_partitions: i32,
    pub chats_inbox: Arc<str>,
    pub customers_inbox: Arc<str>,
    pub managers_inbox: Arc<str>,
    pub chats_changelog: Arc<str>,
    pub customers_changelog: Arc<str>,
    pub managers_changelog: Arc<str>,
    pub status_changed: Output,
    pub counters: Output,
    pub dead_letters: Output,
    /// The largest record that the dead letters take, in bytes.
    pub dead_letter_bytes_max: usize,
    pub partitions: Partitions,
}

impl Topology {
    /// Looks at the topics that exist. `Err` of the inner result: what is wrong, each with a hint.
    pub fn load(log: &impl Log, config: &Config) -> LogResult<Result<Self, Vec<String>>> {
        let plans = plans(config);
        let names: Vec<&str> = plans.iter().map(|plan| plan.name.as_str()).collect();
        let found = log.topics(&names, &SETTINGS)?;
        let problems = problems(&plans, &found);
        if !problems.is_empty() {
            return Ok(Err(problems));
        }
        let count =
            |name: &str| found.iter().find(|topic| topic.name == name).map_or(1, |topic| topic.partitions);
        let output =
            |topic: &str, form: WireForm| Output { topic: topic.into(), partitions: count(topic), form };
        let (topics, wire) = (&config.topics, &config.wire);
        Ok(Ok(Self {
            group: config.consumer_group(),
            chat_events: topics.chat_events.as_str().into(),
            chat_events_form: wire.chat_events,
            customer_events: topics.customer_events.as_str().into(),
            customer_events_form: wire.customer_events,
            goal_changes: topics.goal_changes.as_str().into(),
            goal_changes_form: wire.goal_changes,
            goal_partitions: count(&topics.goal_changes),
            chats_inbox: config.chats_inbox().into(),
            customers_inbox: config.customers_inbox().into(),
            managers_inbox: config.managers_inbox().into(),
            chats_changelog: config.chats_changelog().into(),
            customers_changelog: config.customers_changelog().into(),
            managers_changelog: config.managers_changelog().into(),
            status_changed: output(&topics.goal_status_changed, wire.goal_status_changed),
            counters: output(&topics.manager_goal_counters, wire.manager_goal_counters),
            dead_letters: output(&topics.dead_letters, WireForm::Json),
            dead_letter_bytes_max: bytes_max(&found, &topics.dead_letters),
            partitions: Partitions {
                chats: count(&topics.chat_events),
                customers: count(&topics.customer_events),
                managers: count(&config.managers_inbox()),
            },
        }))
    }

    /// Everything that the group reads.
    pub fn subscribed(&self) -> Vec<Arc<str>> {
        vec![
            self.chat_events.clone(),
            self.chats_inbox.clone(),
            self.customer_events.clone(),
            self.customers_inbox.clone(),
            self.managers_inbox.clone(),
        ]
    }

    pub fn source(&self, topic: &str) -> Option<Source> {
        Some(match topic {
            t if *t == *self.chat_events => Source::ChatEvents,
            t if *t == *self.chats_inbox => Source::ChatsInbox,
            t if *t == *self.customer_events => Source::CustomerEvents,
            t if *t == *self.customers_inbox => Source::CustomersInbox,
            t if *t == *self.managers_inbox => Source::ManagersInbox,
            _ => return None,
        })
    }

    /// The partitions that one partition of a stage reads; the inbox, whose position bears the note, comes last.
    pub fn inputs(&self, stage: Stage, partition: i32) -> Vec<TopicPartition> {
        let topics: &[&Arc<str>] = match stage {
            Stage::Chats => &[&self.chat_events, &self.chats_inbox],
            Stage::Customers => &[&self.customer_events, &self.customers_inbox],
            Stage::Managers => &[&self.managers_inbox],
        };
        topics.iter().map(|topic| TopicPartition::new((*topic).clone(), partition)).collect()
    }

    /// The changelog of a stage.
    pub fn changelog_topic(&self, stage: Stage) -> &Arc<str> {
        match stage {
            Stage::Chats => &self.chats_changelog,
            Stage::Customers => &self.customers_changelog,
            Stage::Managers => &self.managers_changelog,
        }
    }

    pub fn changelog(&self, stage: Stage, partition: i32) -> TopicPartition {
        TopicPartition::new(self.changelog_topic(stage).clone(), partition)
    }

    /// Every partition of a topic.
    pub fn all(topic: &Arc<str>, partitions: i32) -> Vec<TopicPartition> {
        (0..partitions).map(|partition| TopicPartition::new(topic.clone(), partition)).collect()
    }
}

/// The topics that belong to one generation alone.
pub fn internal_topics(config: &Config) -> Vec<String> {
    vec![
        config.chats_inbox(),
        config.customers_inbox(),
        config.managers_inbox(),
        config.chats_changelog(),
        config.customers_changelog(),
        config.managers_changelog(),
    ]
}

/// The largest record that a topic takes; Kafka's default if it does not say.
fn bytes_max(found: &[TopicInfo], name: &str) -> usize {
    let topic = found.iter().find(|topic| topic.name == name);
    let setting = topic.and_then(|t| t.settings.iter().find(|(name, _)| name == "max.message.bytes"));
    setting.and_then(|(_, value)| value.parse().ok()).unwrap_or(1_048_588)
}

/// What is looked at in an existing topic.
pub const SETTINGS: [&str; 5] =
    ["cleanup.policy", "retention.ms", "retention.bytes", "max.message.bytes", "message.timestamp.type"];

/// The largest record that is taken over into the dead letters, with room for its headers.
const DEAD_LETTER_BYTES_MAX: &str = "8388608";

/// All topics as they should be, inputs first.
pub fn plans(config: &Config) -> Vec<TopicPlan> {
    let plan = |name: &str, partitions: i32, settings: &[(&str, &str)]| TopicPlan {
        name: name.to_owned(),
        partitions,
        replication: config.create.replication,
        settings: settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
    };
    let count = config.create.partitions;
    // Records are needed until nothing can be late any more, and for as far back as a rebuild shall reach.
    let inputs = [("cleanup.policy", "delete"), ("retention.ms", "-1"), ("retention.bytes", "-1")];
    // Read once, within seconds; a week leaves time to notice a stop.
    let inbox = [
        ("cleanup.policy", "delete"),
        ("retention.ms", "604800000"),
        ("max.message.bytes", DEAD_LETTER_BYTES_MAX),
    ];
    let compacted = [("cleanup.policy", "compact"), ("max.message.bytes", DEAD_LETTER_BYTES_MAX)];
    let dead = [
        ("cleanup.policy", "delete"),
        ("retention.ms", "-1"),
        ("retention.bytes", "-1"),
        ("max.message.bytes", DEAD_LETTER_BYTES_MAX),
    ];
    let topics = &config.topics;
    vec![
        plan(&topics.chat_events, count, &inputs),
        plan(&topics.customer_events, count, &inputs),
        // One partition: the changes of all channels are few, and read whole by every instance.
        plan(&topics.goal_changes, 1, &inputs),
        plan(&config.chats_inbox(), count, &inbox),
        plan(&config.customers_inbox(), count, &inbox),
        plan(&config.managers_inbox(), count, &inbox),
        plan(&config.chats_changelog(), count, &compacted),
        plan(&config.customers_changelog(), count, &compacted),
        plan(&config.managers_changelog(), count, &compacted),
        plan(&topics.goal_status_changed, count, &compacted[..1]),
        plan(&topics.manager_goal_counters, count, &compacted[..1]),
        plan(&topics.dead_letters, 1, &dead),
    ]
}

/// Which plans have no topic yet, with the partitions of the topics that they must agree with.
pub fn missing(config: &Config, log: &impl Log) -> LogResult<Vec<TopicPlan>> {
    let mut plans = plans(config);
    let names: Vec<&str> = plans.iter().map(|plan| plan.name.as_str()).collect();
    let found = log.topics(&names, &SETTINGS)?;
    let count = |name: &str| found.iter().find(|topic| topic.name == name).map(|topic| topic.partitions);
    for (topic, leader) in followers(config) {
        if let (Some(partitions), Some(plan)) = (count(&leader), plans.iter_mut().find(|p| p.name == topic)) {
            plan.partitions = partitions;
        }
    }
    plans.retain(|plan| count(&plan.name).is_none());
    Ok(plans)
}

/// Topics and those whose count of partitions they must share.
fn followers(config: &Config) -> Vec<(String, String)> {
    vec![
        (config.chats_inbox(), config.topics.chat_events.clone()),
        (config.chats_changelog(), config.topics.chat_events.clone()),
        (config.customers_inbox(), config.topics.customer_events.clone()),
        (config.customers_changelog(), config.topics.customer_events.clone()),
        (config.managers_changelog(), config.managers_inbox()),
    ]
}

/// Everything that is wrong with the topics of a configuration, each in a sentence with a hint.
pub fn check(config: &Config, log: &impl Log) -> LogResult<Vec<String>> {
    let plans = plans(config);
    let names: Vec<&str> = plans.iter().map(|plan| plan.name.as_str()).collect();
    let found = log.topics(&names, &SETTINGS)?;
    let mut problems = problems(&plans, &found);
    let count = |name: &str| found.iter().find(|topic| topic.name == name).map(|topic| topic.partitions);
    for (topic, leader) in followers(config) {
        if let (Some(has), Some(needs)) = (count(&topic), count(&leader))
            && has != needs
        {
            problems.push(format!(
                "{topic} has {has} partitions and {leader} has {needs}, but they must agree; \
                 hint: start a new generation (group.generation) rather than adding partitions in place"
            ));
        }
    }
    Ok(problems)
}

fn problems(plans: &[TopicPlan], found: &[TopicInfo]) -> Vec<String> {
    let mut problems = Vec::new();
    for plan in plans {
        let Some(topic) = found.iter().find(|topic| topic.name == plan.name) else {
            problems.push(format!("the topic {} does not exist; hint: chat-goals topics create", plan.name));
            continue;
        };
        let has =
            |name: &str| topic.settings.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
        let wants =
            |name: &str| plan.settings.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
        let mut wrong = |setting: &str, has: &str, why: &str, needs: &str| {
            problems.push(format!(
                "the topic {} has {setting}={has}: {why}; hint: kafka-configs.sh --alter --entity-type topics \
                 --entity-name {} --add-config {setting}={needs}",
                plan.name, plan.name
            ));
        };
        let public = plan.settings.len() == 1;
        let kept_for_ever =
            ["retention.ms", "retention.bytes"].iter().all(|setting| has(setting) == Some("-1"));
        if let (Some(has), Some("compact")) = (has("cleanup.policy"), wants("cleanup.policy"))
            && has != "compact"
            // Readers of a public table lose nothing if it is never cleaned at all.
            && !(public && kept_for_ever)
        {
            wrong("cleanup.policy", has, "rows older than its retention would be lost", "compact");
        }
        if let (Some(has), Some("delete")) = (has("cleanup.policy"), wants("cleanup.policy"))
            && has.contains("compact")
        {
            wrong("cleanup.policy", has, "compaction would lose records that the rules need", "delete");
        }
        for setting in ["retention.ms", "retention.bytes"] {
            let limit = has(setting).and_then(|value| value.parse::<i64>().ok());
            if wants(setting) == Some("-1")
                && let Some(limit) = limit.filter(|limit| *limit >= 0)
                && !keeps_long_enough(setting, limit, &plan.name, plans)
            {
                wrong(
                    setting,
                    &limit.to_string(),
                    "records would be lost before the rules are done with them",
                    "-1",
                );
            }
        }
        let bytes = |value: Option<&str>| value.and_then(|value| value.parse::<u64>().ok());
        // The dead letters take what fits, and say what was cut.
        let dead = wants("retention.ms") == Some("-1");
        if let (Some(has), Some(needs)) = (bytes(has("max.message.bytes")), bytes(wants("max.message.bytes")))
            && has < needs
            && !dead
        {
            wrong("max.message.bytes", &has.to_string(), "a large record would not fit", &needs.to_string());
        }
    }
    problems
}

/// The input topics (the first two plans) may forget what nothing can reach any more: 62 days and a reserve (H3).
fn keeps_long_enough(setting: &str, limit: i64, name: &str, plans: &[TopicPlan]) -> bool {
    const DAYS_NEEDED: i64 = 70;
    let events = plans[..2].iter().any(|plan| plan.name == name);
    events && setting == "retention.ms" && limit >= DAYS_NEEDED * crate::domain::time::DAY
}

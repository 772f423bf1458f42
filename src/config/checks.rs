//! What only shows when settings are seen together, and what Kafka demands of names.
//! It never looks at where a setting came from.

use super::Config;
use std::collections::BTreeMap;

/// A rule that does not hold.
pub struct Broken {
    /// The settings that it is about.
    pub keys: Vec<&'static str>,
    pub sentence: String,
    pub hint: String,
}

/// Kafka's limit for the name of a topic, which becomes the name of a directory.
const TOPIC_LENGTH_MAX: usize = 249;

pub fn broken(config: &Config) -> Vec<Broken> {
    let mut broken = topics(config);
    if config.commit.interval_behind_ms < config.commit.interval_ms {
        broken.push(Broken {
            keys: vec!["commit.interval_ms", "commit.interval_behind_ms"],
            sentence: format!(
                "`commit.interval_behind_ms` ({}) must not be less than `commit.interval_ms` ({})",
                config.commit.interval_behind_ms, config.commit.interval_ms
            ),
            hint: "a backlog is read faster in longer transactions".to_owned(),
        });
    }
    if !config.telemetry.is_sound() {
        broken.push(Broken {
            keys: vec!["telemetry.listen"],
            sentence: format!(
                "`telemetry.listen` must be an address with a port, or \"off\", not {:?}",
                config.telemetry.listen
            ),
            hint: "\"127.0.0.1:9464\" for this machine alone, \"0.0.0.0:9464\" for all".to_owned(),
        });
    }
    if config.create.replication == 0 {
        broken.push(Broken {
            keys: vec!["create.replication"],
            sentence: "`create.replication` cannot be 0".to_owned(),
            hint: "-1 leaves it to the brokers".to_owned(),
        });
    }
    broken
}

fn topics(config: &Config) -> Vec<Broken> {
    let mut broken = Vec::new();
    let mut seen: BTreeMap<String, &'static str> = BTreeMap::new();
    for (key, topic) in named(config) {
        if let Some(reason) = unfit(&topic) {
            let hint = "Kafka takes letters, digits, `.`, `_` and `-`".to_owned();
            broken.push(Broken {
                keys: vec![key],
                sentence: format!("`{key}` makes the topic name {topic:?}, which {reason}"),
                hint,
            });
            if key == "group.id" {
                break;
            }
        }
        // Kafka refuses two topics that differ by `.` and `_` only, as their metrics would have one name.
        if let Some(other) = seen.insert(topic.replace('.', "_"), key) {
            broken.push(Broken {
                keys: vec![other, key],
                sentence: format!("`{other}` and `{key}` name the same topic {topic:?}"),
                hint: "each needs one of its own (to Kafka `.` and `_` are alike here)".to_owned(),
            });
        }
    }
    broken
}

/// Each topic with the key that names it.
fn named(config: &Config) -> [(&'static str, String); 12] {
    let topics = &config.topics;
    [
        ("topics.chat_events", topics.chat_events.clone()),
        ("topics.customer_events", topics.customer_events.clone()),
        ("topics.goal_changes", topics.goal_changes.clone()),
        ("topics.goal_status_changed", topics.goal_status_changed.clone()),
        ("topics.manager_goal_counters", topics.manager_goal_counters.clone()),
        ("topics.dead_letters", topics.dead_letters.clone()),
        ("group.id", config.chats_inbox()),
        ("group.id", config.customers_inbox()),
        ("group.id", config.managers_inbox()),
        ("group.id", config.chats_changelog()),
        ("group.id", config.customers_changelog()),
        ("group.id", config.managers_changelog()),
    ]
}

fn unfit(topic: &str) -> Option<&'static str> {
    let legal = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    if !topic.chars().all(legal) {
        Some("has a letter that Kafka does not take")
    } else if topic.len() > TOPIC_LENGTH_MAX {
        Some("is longer than 249 letters")
    } else if topic == "." || topic == ".." {
        Some("stands for a directory")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentences(change: impl FnOnce(&mut Config)) -> Vec<String> {
        let mut config = Config::default();
        change(&mut config);
        broken(&config).into_iter().map(|broken| broken.sentence).collect()
    }

    #[test]
    fn the_defaults_break_no_rule() {
        assert!(sentences(|_| ()).is_empty());
    }

    #[test]
    fn a_topic_has_a_name_that_kafka_takes() {
        assert_eq!(
            sentences(|config| config.topics.chat_events = "chat events".to_owned()),
            [
                "`topics.chat_events` makes the topic name \"chat events\", which has a letter that Kafka does not take"
            ]
        );
        assert_eq!(sentences(|config| config.topics.dead_letters = "..".to_owned()).len(), 1);
        assert_eq!(sentences(|config| config.topics.dead_letters = "a".repeat(250)).len(), 1);
        assert_eq!(sentences(|config| config.topics.dead_letters = "a".repeat(249)).len(), 0);
    }

    #[test]
    fn a_group_id_that_makes_a_bad_topic_name_is_said_once() {
        assert_eq!(sentences(|config| config.group.id = "my/goals".to_owned()).len(), 1);
    }

    #[test]
    fn no_two_keys_name_one_topic() {
        assert_eq!(
            sentences(|config| config.topics.dead_letters = "chat_events".to_owned()),
            ["`topics.chat_events` and `topics.dead_letters` name the same topic \"chat_events\""]
        );
        assert_eq!(
            sentences(|config| config.topics.dead_letters = "chat-goals-1.chats.inbox".to_owned()).len(),
            1
        );
    }

    #[test]
    fn a_transaction_is_not_shorter_when_behind() {
        let change = |config: &mut Config| {
            config.commit.interval_ms = 100;
            config.commit.interval_behind_ms = 90;
        };
        assert_eq!(
            sentences(change),
            ["`commit.interval_behind_ms` (90) must not be less than `commit.interval_ms` (100)"]
        );
    }

    #[test]
    fn telemetry_is_told_at_an_address_or_nowhere() {
        for listen in ["off", "0.0.0.0:0", "[::1]:9464"] {
            assert!(sentences(|config| config.telemetry.listen = listen.to_owned()).is_empty(), "{listen}");
        }
        for listen in ["9464", "localhost", "OFF"] {
            let found = sentences(|config| config.telemetry.listen = listen.to_owned());
            assert_eq!(
                found,
                [format!("`telemetry.listen` must be an address with a port, or \"off\", not {listen:?}")]
            );
        }
    }

    #[test]
    fn a_topic_is_kept_at_least_once() {
        assert_eq!(sentences(|config| config.create.replication = 0), ["`create.replication` cannot be 0"]);
    }
}

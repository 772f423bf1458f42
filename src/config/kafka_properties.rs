//! The properties that are passed on to librdkafka: which are refused, which have two names, which are
//! secret, and which come from a file. It never checks that librdkafka knows a property: creating a client
//! does.

use super::error::{Place, Problem};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// Properties for every consumer and producer, by name. Its `Debug` shows no secrets.
#[derive(Clone, Default, PartialEq)]
pub struct KafkaProperties {
    by_name: BTreeMap<String, Property>,
}

#[derive(Clone, PartialEq)]
struct Property {
    value: String,
    secret: bool,
}

impl KafkaProperties {
    /// All names and values, secrets too. Of a property with two names it is the one that Java clients use.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.by_name.iter().map(|(name, property)| (name.as_str(), property.value.as_str()))
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.by_name.get(one_name(name)).map(|property| property.value.as_str())
    }
}

impl fmt::Debug for KafkaProperties {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.by_name.iter().map(|(name, property)| {
            (name, if property.secret { "(secret)" } else { property.value.as_str() })
        });
        out.debug_map().entries(shown).finish()
    }
}

/// What was written for a property.
pub enum Content {
    Value(String),
    /// The value is in this file.
    File(PathBuf),
}

/// The properties of all sources, of which the latest wins.
#[derive(Default)]
pub struct Properties {
    by_name: BTreeMap<String, Written>,
}

struct Written {
    /// As its source calls it.
    name: String,
    content: Content,
    place: Place,
}

impl Properties {
    /// Takes a property; one of an earlier source gives way to it. `name` may end in `_file`; `written` is
    /// what its source calls it.
    pub fn write(&mut self, written: &str, name: &str, value: String, place: Place) -> Result<(), Problem> {
        let (property, content) = match name.strip_suffix("_file") {
            Some(property) => (property, Content::File(value.into())),
            None => (name, Content::Value(value)),
        };
        let problem = |sentence: String, hint: String| Problem { place: place.clone(), sentence, hint };
        if property.is_empty() {
            let sentence = "a property in [kafka.properties] has no name".to_owned();
            return Err(problem(sentence, "take it out".to_owned()));
        }
        if let Some(refused) = refused(property) {
            return Err(problem(
                format!("`{written}` cannot be set in [kafka.properties], because {}", refused.reason),
                refused.instead.map_or("take it out".to_owned(), |key| format!("set {key} instead")),
            ));
        }
        let latest = Written { name: written.to_owned(), content, place: place.clone() };
        let earlier = self.by_name.insert(one_name(property).to_owned(), latest);
        match earlier {
            Some(earlier) if disagree(&earlier, written, &place) => Err(problem(
                format!("`{}` and `{written}` in [kafka.properties] set the same property", earlier.name),
                "keep one of them".to_owned(),
            )),
            _ => Ok(()),
        }
    }

    /// Reads the files that were named.
    pub fn read(self) -> (KafkaProperties, Vec<Problem>) {
        let mut properties = KafkaProperties::default();
        let mut problems = Vec::new();
        for (property, written) in self.by_name {
            let read = match written.content {
                Content::Value(value) => Ok(Property { secret: is_secret(&property), value }),
                Content::File(path) => read_secret(&path).map(|value| Property { secret: true, value }),
            };
            match read {
                Ok(value) => {
                    properties.by_name.insert(property, value);
                }
                Err(reason) => problems.push(Problem {
                    place: written.place,
                    // The path is not repeated: somebody may have written the secret itself.
                    sentence: format!("the file that `{}` names {reason}", written.name),
                    hint: format!("it must hold the value of `{property}`"),
                }),
            }
        }
        (properties, problems)
    }
}

/// The same property twice in one source. Only on the command line may a word be repeated: the last one
/// counts.
fn disagree(earlier: &Written, written: &str, place: &Place) -> bool {
    match (&earlier.place, place) {
        (Place::File { .. }, Place::File { .. }) => true,
        (Place::Environment(_), Place::Environment(_)) => true,
        (Place::CommandLine(_), Place::CommandLine(_)) => earlier.name != written,
        _ => false,
    }
}

fn read_secret(path: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("cannot be read ({error})"))?;
    let text = text.strip_suffix('\n').map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text));
    if text.is_empty() { Err("is empty".to_owned()) } else { Ok(text.to_owned()) }
}

/// A property by the rest of its environment variable: `SASL_PASSWORD_FILE` is `sasl.password_file`.
pub fn name_in_environment(rest: &str) -> String {
    let dotted = rest.to_lowercase().replace('_', ".");
    // Two properties of librdkafka itself end in `.file`.
    if dotted.ends_with(".assertion.file") || dotted.ends_with(".private.key.file") {
        return dotted;
    }
    match dotted.strip_suffix(".file") {
        Some(property) => format!("{property}_file"),
        None => dotted,
    }
}

/// librdkafka has two names for some properties and the last one set wins, so that the one must not come
/// beside the other; here they are one.
fn one_name(name: &str) -> &str {
    match name {
        "sasl.mechanisms" => "sasl.mechanism",
        "sasl.oauthbearer.client.credentials.client.id" => "sasl.oauthbearer.client.id",
        "sasl.oauthbearer.client.credentials.client.secret" => "sasl.oauthbearer.client.secret",
        "compression.codec" => "compression.type",
        "queue.buffering.max.ms" => "linger.ms",
        "max.partition.fetch.bytes" => "fetch.message.max.bytes",
        other => other,
    }
}

/// Too much is called a secret rather than too little: all that is lost is a value in a log.
fn is_secret(name: &str) -> bool {
    const WORDS: [&str; 5] = ["password", "passphrase", "secret", "credential", "jaas"];
    const NAMES: [&str; 4] = [
        "ssl.key.pem",
        "sasl.oauthbearer.assertion.private.key.pem",
        "sasl.oauthbearer.config",
        "sasl.kerberos.kinit.cmd",
    ];
    let name = name.to_lowercase();
    WORDS.iter().any(|word| name.contains(word)) || NAMES.contains(&name.as_str())
}

struct Refused {
    names: &'static [&'static str],
    /// After "because".
    reason: &'static str,
    /// The setting that does what was meant.
    instead: Option<&'static str>,
}

fn refused(property: &str) -> Option<&'static Refused> {
    let dotted = property.to_lowercase().replace('_', ".");
    REFUSED.iter().find(|refused| refused.names.contains(&dotted.as_str()))
}

/// Names with dots only.
static REFUSED: &[Refused] = &[
    Refused {
        names: &["bootstrap.servers", "metadata.broker.list"],
        reason: "the brokers have a setting of their own",
        instead: Some("`bootstrap` in [kafka]"),
    },
    Refused {
        names: &["group.id"],
        reason: "the consumer group is named by its deployment and generation",
        instead: Some("`id` in [group]"),
    },
    Refused {
        names: &["log.level"],
        reason: "librdkafka writes into the program's own log",
        instead: Some("`level` in [log]"),
    },
    Refused {
        names: &["enable.auto.commit", "auto.commit.enable", "enable.auto.offset.store"],
        reason: "offsets are committed in the transaction that holds what was made of the records, and nowhere else",
        instead: None,
    },
    Refused {
        names: &["offset.store.method", "offset.store.path"],
        reason: "offsets are committed in transactions, which only the brokers keep",
        instead: None,
    },
    Refused {
        names: &["isolation.level"],
        reason: "records of aborted transactions must never be read",
        instead: None,
    },
    Refused {
        names: &["auto.offset.reset"],
        reason: "a new group reads from the beginning, and a lost position must stop its partition, not move it",
        instead: None,
    },
    Refused {
        names: &["enable.partition.eof"],
        reason: "the end of a partition is how the program knows that it has caught up",
        instead: None,
    },
    Refused {
        names: &[
            "group.protocol",
            "group.protocol.type",
            "group.remote.assignor",
            "partition.assignment.strategy",
        ],
        reason: "partitions of the same number must come to the same worker from every topic, which other ways of \
                 sharing them out do not keep",
        instead: None,
    },
    Refused {
        names: &["group.instance.id"],
        reason: "workers of one process would claim the same membership and shut each other out",
        instead: None,
    },
    Refused {
        names: &["session.timeout.ms", "heartbeat.interval.ms"],
        reason: "the brokers decide it for this group protocol \
                 (group.consumer.session.timeout.ms, group.consumer.heartbeat.interval.ms)",
        instead: None,
    },
    Refused {
        names: &["max.poll.interval.ms"],
        reason: "a worker must keep its partitions for longer than a transaction may last",
        instead: None,
    },
    Refused {
        names: &["topic.blacklist"],
        reason: "a topic that is hidden would be taken for one without records",
        instead: None,
    },
    Refused {
        names: &["allow.auto.create.topics"],
        reason: "a topic made by a broker has the broker's number of partitions",
        instead: Some("`partitions` in [create]"),
    },
    Refused {
        names: &["transactional.id", "transaction.timeout.ms"],
        reason: "they decide which producer shuts out which, and when",
        instead: None,
    },
    Refused {
        names: &["enable.idempotence", "enable.gapless.guarantee"],
        reason: "without idempotence a retry writes a record twice",
        instead: None,
    },
    Refused {
        names: &["acks", "request.required.acks"],
        reason: "a record counts as written only when all in-sync replicas have it",
        instead: None,
    },
    Refused {
        names: &["max.in.flight", "max.in.flight.requests.per.connection"],
        reason: "idempotence keeps the order of at most five requests on their way",
        instead: None,
    },
    Refused {
        names: &["message.send.max.retries", "retries", "message.timeout.ms", "delivery.timeout.ms"],
        reason: "a record may be given up only together with its transaction",
        instead: None,
    },
    Refused {
        names: &["partitioner"],
        reason: "the program says for each record which partition it belongs to",
        instead: None,
    },
    Refused {
        names: &["queuing.strategy"],
        reason: "records of a key must stay in their order",
        instead: None,
    },
    Refused {
        names: &["delivery.report.only.error", "enabled.events"],
        reason: "they decide which events reach the program, and it waits for those it has chosen",
        instead: None,
    },
];

#[cfg(test)]
mod tests;

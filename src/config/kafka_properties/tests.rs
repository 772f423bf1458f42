//! What [kafka.properties] takes, refuses and hides. No test needs a broker.

use super::*;
use crate::config::Config;
use std::io::Write;

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(text.as_bytes()).expect("a temporary file takes text");
    file
}

fn load(toml: &str, environment: &[(&str, &str)]) -> Result<KafkaProperties, String> {
    let file = file(toml);
    let environment = environment.iter().map(|(name, value)| (name.to_string(), value.to_string()));
    Config::load(Some(file.path()), environment, &[])
        .map(|config| config.kafka.properties)
        .map_err(|error| error.to_string().replace(&file.path().display().to_string(), "file"))
}

fn set_to(name: &str, toml_value: &str) -> Result<KafkaProperties, String> {
    load(&format!("[kafka.properties]\n\"{name}\" = {toml_value}\n"), &[])
}

#[test]
fn strings_numbers_and_booleans_are_passed_on_as_text() {
    let properties = load(
        "[kafka.properties]\n\"client.id\" = \"a\"\n\"fetch.max.bytes\" = 1_000\n\
         \"check.crcs\" = true\n\"socket.timeout.ms\" = 0x10\n",
        &[],
    )
    .unwrap();
    let all: Vec<_> = properties.iter().collect();
    assert_eq!(
        all,
        [
            ("check.crcs", "true"),
            ("client.id", "a"),
            ("fetch.max.bytes", "1000"),
            ("socket.timeout.ms", "16")
        ]
    );
}

#[test]
fn a_name_may_be_written_with_or_without_quotes() {
    let properties = load("[kafka.properties]\nsasl.username = \"anna\"\n", &[]).unwrap();
    assert_eq!(properties.get("sasl.username"), Some("anna"));
}

#[test]
fn another_kind_of_value_is_refused_without_showing_it() {
    let error = set_to("sasl.password", "[\"hunter2\"]").unwrap_err();
    assert_eq!(
        error,
        "file:2: `kafka.properties.sasl.password` must be a string, a number, true or false; write it as a string if librdkafka takes it as one"
    );
}

#[test]
fn what_correctness_depends_on_is_refused_with_the_reason() {
    let error = set_to("isolation.level", "\"read_uncommitted\"").unwrap_err();
    assert_eq!(
        error,
        "file:2: `isolation.level` cannot be set in [kafka.properties], because records of aborted transactions \
         must never be read; take it out"
    );
    let error = set_to("bootstrap.servers", "\"a:1\"").unwrap_err();
    assert!(
        error
            .ends_with("because the brokers have a setting of their own; set `bootstrap` in [kafka] instead")
    );
}

#[test]
fn every_refused_name_is_refused_in_the_file_and_in_the_environment() {
    for name in REFUSED.iter().flat_map(|refused| refused.names) {
        assert!(set_to(name, "1").is_err(), "{name}");
        assert!(set_to(&format!("{name}_file"), "\"/x\"").unwrap_err().contains("because"), "{name}");
        let variable = format!("CHAT_GOALS_KAFKA__PROPERTIES__{}", name.to_uppercase().replace('.', "_"));
        let error = load("", &[(&variable, "1")]).unwrap_err();
        assert!(error.starts_with(&format!("environment: `{variable}` cannot be set")), "{error}");
    }
}

#[test]
fn the_names_that_the_commit_depends_on_are_among_the_refused() {
    for name in [
        "enable.auto.commit",
        "enable.auto.offset.store",
        "isolation.level",
        "auto.offset.reset",
        "group.id",
        "group.protocol",
        "group.remote.assignor",
        "transactional.id",
        "enable.idempotence",
        "acks",
        "enable.partition.eof",
        "partition.assignment.strategy",
        "session.timeout.ms",
        "heartbeat.interval.ms",
        "bootstrap.servers",
        "metadata.broker.list",
        "max.in.flight",
        "max.in.flight.requests.per.connection",
        "message.timeout.ms",
    ] {
        assert!(refused(name).is_some(), "{name}");
    }
    assert!(refused("sasl.password").is_none());
}

#[test]
fn a_secret_comes_from_its_file_without_the_newline_at_its_end() {
    for (text, value) in
        [("hunter2\n", "hunter2"), ("hunter2\r\n", "hunter2"), ("hunter2", "hunter2"), ("a\n\n", "a\n")]
    {
        let secret = file(text);
        let properties = set_to("sasl.password_file", &format!("{:?}", secret.path())).unwrap();
        assert_eq!(properties.get("sasl.password"), Some(value));
        assert_eq!(properties.get("sasl.password_file"), None);
    }
}

#[test]
fn a_secret_file_that_is_missing_or_empty_is_a_problem_that_does_not_repeat_what_was_written() {
    let error = set_to("sasl.password_file", "\"hunter2\"").unwrap_err();
    assert!(
        error.starts_with("file:2: the file that `sasl.password_file` names cannot be read ("),
        "{error}"
    );
    assert!(error.ends_with("; it must hold the value of `sasl.password`"), "{error}");
    assert!(!error.contains("hunter2"));
    let empty = file("\n");
    let error = set_to("sasl.password_file", &format!("{:?}", empty.path())).unwrap_err();
    assert!(error.contains("names is empty"), "{error}");
}

#[test]
fn the_environment_names_properties_with_underscores() {
    let secret = file("hunter2\n");
    let path = secret.path().to_str().unwrap();
    let properties = load(
        "",
        &[
            ("CHAT_GOALS_KAFKA__PROPERTIES__SASL_PASSWORD_FILE", path),
            ("CHAT_GOALS_KAFKA__PROPERTIES__SASL_USERNAME", "anna"),
        ],
    )
    .unwrap();
    assert_eq!(properties.get("sasl.password"), Some("hunter2"));
    assert_eq!(properties.get("sasl.username"), Some("anna"));
}

#[test]
fn properties_of_librdkafka_that_end_in_file_are_themselves() {
    assert_eq!(name_in_environment("SSL_KEY_PASSWORD_FILE"), "ssl.key.password_file");
    assert_eq!(name_in_environment("SASL_OAUTHBEARER_ASSERTION_FILE"), "sasl.oauthbearer.assertion.file");
    assert_eq!(
        name_in_environment("SASL_OAUTHBEARER_ASSERTION_PRIVATE_KEY_FILE"),
        "sasl.oauthbearer.assertion.private.key.file"
    );
}

#[test]
fn a_later_source_wins_over_an_earlier_one_whether_it_names_a_file_or_not() {
    let toml = "[kafka.properties]\n\"sasl.password_file\" = \"/nowhere\"\n";
    let properties = load(toml, &[("CHAT_GOALS_KAFKA__PROPERTIES__SASL_PASSWORD", "hunter2")]).unwrap();
    assert_eq!(properties.get("sasl.password"), Some("hunter2"));
}

#[test]
fn two_names_of_one_property_are_one_property() {
    let toml = "[kafka.properties]\n\"sasl.mechanisms\" = \"PLAIN\"\n";
    let properties =
        load(toml, &[("CHAT_GOALS_KAFKA__PROPERTIES__SASL_MECHANISM", "SCRAM-SHA-512")]).unwrap();
    assert_eq!(properties.iter().collect::<Vec<_>>(), [("sasl.mechanism", "SCRAM-SHA-512")]);
    assert_eq!(properties.get("sasl.mechanisms"), Some("SCRAM-SHA-512"));
}

#[test]
fn the_same_property_twice_in_one_source_is_refused() {
    for lines in [
        "\"sasl.password\" = \"a\"\n\"sasl.password_file\" = \"/b\"\n",
        "\"sasl.mechanism\" = \"PLAIN\"\n\"sasl.mechanisms\" = \"PLAIN\"\n",
        "\"sasl.username\" = \"a\"\nsasl.username = \"a\"\n",
    ] {
        let error = load(&format!("[kafka.properties]\n{lines}"), &[]).unwrap_err();
        assert!(error.contains("set the same property; keep one of them"), "{error}");
    }
}

#[test]
fn debug_shows_no_secret() {
    let secret = file("from-a-file");
    let properties = load(
        &format!(
            "[kafka.properties]\n\"client.id\" = \"shown\"\n\"sasl.password\" = \"hidden-1\"\n\
             \"ssl.key.password\" = \"hidden-2\"\n\"sasl.oauthbearer.client.secret\" = \"hidden-3\"\n\
             \"sasl.oauthbearer.client.id_file\" = {:?}\n\"ssl.key.pem\" = \"hidden-4\"\n\
             \"ssl.keystore.password\" = \"hidden-5\"\n\
             \"sasl.oauthbearer.assertion.private.key.passphrase\" = \"hidden-6\"\n",
            secret.path()
        ),
        &[],
    )
    .unwrap();
    let mut config = Config::default();
    config.kafka.properties = properties;
    let shown = format!("{config:?}{config:#?}");
    assert!(shown.contains("shown") && shown.contains("\"sasl.password\": \"(secret)\""), "{shown}");
    assert!(!shown.contains("hidden") && !shown.contains("from-a-file"), "{shown}");
}

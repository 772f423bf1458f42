//! What a file, the environment and flags say, and what is said back when they are wrong.

use super::*;
use crate::config::{LogLevel, WireForm};
use std::io::Write;

/// Loads, and calls the file `file` in what is said.
fn load(toml: &str, environment: &[(&str, &str)], flags: &[(&str, &str)]) -> Result<Config, String> {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(toml.as_bytes()).expect("a temporary file takes text");
    let owned = |(name, value): &(&str, &str)| (name.to_string(), value.to_string());
    let flags: Vec<_> = flags.iter().map(owned).collect();
    Config::load(Some(file.path()), environment.iter().map(owned), &flags)
        .map_err(|error| error.to_string().replace(&file.path().display().to_string(), "file"))
}

fn file(toml: &str) -> Result<Config, String> {
    load(toml, &[], &[])
}

fn environment(name: &str, value: &str) -> Result<Config, String> {
    load("", &[(name, value)], &[])
}

fn flag(name: &str, value: &str) -> Result<Config, String> {
    load("", &[], &[(name, value)])
}

#[test]
fn without_any_source_everything_is_the_default() {
    assert_eq!(Config::load(None, std::iter::empty(), &[]).unwrap(), Config::default());
    assert_eq!(file("").unwrap(), Config::default());
}

#[test]
fn the_defaults_are_these() {
    let config = Config::default();
    assert_eq!(config.kafka.bootstrap, "localhost:9092");
    assert_eq!(config.wire.chat_events, WireForm::Json);
    assert!(config.rules.requires_subscription);
    assert_eq!((config.clock.allowance_ms, config.clock.interval_ms), (10_000, 500));
    assert_eq!((config.commit.interval_ms, config.commit.interval_behind_ms), (50, 1_000));
    assert_eq!(config.commit.records_max, 50_000);
    assert_eq!(config.workers.count, 1);
    assert_eq!(config.state.dir, Path::new("/var/lib/chat-goals"));
    assert_eq!((config.state.memory_bytes_max, config.state.rows_cache_bytes_max), (64 << 20, 32 << 20));
    assert_eq!((config.create.partitions, config.create.replication), (8, -1));
    assert_eq!(config.log.level, LogLevel::Info);
}

#[test]
fn a_file_sets_values_of_every_type() {
    let config = file(
        "kafka.bootstrap = 'b:1'\n[wire]\nchat_events = \"protobuf\"\n[rules]\nrequires_subscription = false\n\
         [commit]\nrecords_max = 1_000\n[state]\ndir = \"/data\"\nmemory_bytes_max = 0x1000000\n\
         [create]\nreplication = 3\n[log]\nlevel = \"debug\"\n",
    )
    .unwrap();
    assert_eq!(config.kafka.bootstrap, "b:1");
    assert_eq!(config.wire.chat_events, WireForm::Protobuf);
    assert!(!config.rules.requires_subscription);
    assert_eq!(config.commit.records_max, 1_000);
    assert_eq!(config.state.dir, Path::new("/data"));
    assert_eq!(config.state.memory_bytes_max, 1 << 24);
    assert_eq!(config.create.replication, 3);
    assert_eq!(config.log.level, LogLevel::Debug);
}

#[test]
fn the_environment_goes_before_the_file_and_a_flag_before_both() {
    let toml = "[kafka]\nbootstrap = \"file:1\"\n[group]\nid = \"from-file\"\n[workers]\ncount = 2\n";
    let environment =
        [("CHAT_GOALS_KAFKA__BOOTSTRAP", "environment:1"), ("CHAT_GOALS_GROUP__ID", "from-environment")];
    let config = load(toml, &environment, &[("kafka.bootstrap", "flag:1")]).unwrap();
    assert_eq!(config.kafka.bootstrap, "flag:1");
    assert_eq!(config.group.id, "from-environment");
    assert_eq!(config.workers.count, 2);
}

#[test]
fn the_environment_and_flags_are_read_by_the_type_of_the_setting() {
    let environment = [
        ("CHAT_GOALS_RULES__REQUIRES_SUBSCRIPTION", "false"),
        ("CHAT_GOALS_STATE__MEMORY_BYTES_MAX", "268_435_456"),
        ("CHAT_GOALS_CREATE__REPLICATION", "-1"),
        ("CHAT_GOALS_LOG__FORMAT", "json"),
    ];
    let config =
        load("", &environment, &[("workers.count", "4"), ("wire.goal_changes", "protobuf")]).unwrap();
    assert!(!config.rules.requires_subscription);
    assert_eq!(config.state.memory_bytes_max, 256 << 20);
    assert_eq!(config.workers.count, 4);
    assert_eq!(config.wire.goal_changes, WireForm::Protobuf);
}

#[test]
fn every_setting_can_come_from_each_source() {
    for (table, key) in all_keys() {
        let default = (key.default)();
        let text = default.trim_matches('"');
        let variable = format!("{PREFIX}{}", variable_of(table, key));
        assert_eq!(
            file(&format!("[{}]\n{} = {default}\n", table.name, key.name)).unwrap(),
            Config::default()
        );
        assert_eq!(environment(&variable, text).unwrap(), Config::default());
        assert_eq!(flag(&path_of(table, key), text).unwrap(), Config::default());
    }
}

#[test]
fn an_unknown_key_is_refused_with_its_line_and_the_nearest_name() {
    assert_eq!(
        file("# first\n\n[kafka]\nbootsrap = \"b:1\"\n").unwrap_err(),
        "file:4: unknown key `kafka.bootsrap`; did you mean `kafka.bootstrap`?"
    );
    assert_eq!(
        file("bootstrap = \"b:1\"\n").unwrap_err(),
        "file:1: unknown key `bootstrap`; did you mean `kafka.bootstrap`?"
    );
    assert_eq!(
        file("[kafka.propertys]\n").unwrap_err(),
        "file:1: unknown key `kafka.propertys`; did you mean `kafka.properties`?"
    );
}

#[test]
fn an_unknown_key_that_is_near_to_none_is_refused_with_the_names_that_there_are() {
    assert_eq!(
        file("[log]\ncolour = true\n").unwrap_err(),
        "file:2: unknown key `log.colour`; [log] has `format`, `level`"
    );
    let error = file("x = 1\n").unwrap_err();
    assert!(error.starts_with("file:1: unknown key `x`; the tables are `kafka`, `topics`, "), "{error}");
}

#[test]
fn an_unknown_table_is_said_once_and_not_for_each_of_its_keys() {
    assert_eq!(
        file("\n[kafak]\nbootstrap = \"b:1\"\nx = 1\n").unwrap_err(),
        "file:2: unknown table `kafak`; did you mean `kafka`?"
    );
}

#[test]
fn everything_that_is_wrong_is_said_at_once_in_the_order_in_which_it_is_written() {
    let toml = "[workers]\ncont = 1\n\n[commit]\ninterval_ms = 5\n[clock]\nalowance_ms = 1\n";
    let error = load(toml, &[("CHAT_GOALS_GROUP__IDD", "x")], &[("log.levle", "info")]).unwrap_err();
    let lines: Vec<&str> = error.lines().collect();
    assert_eq!(
        lines,
        [
            "file:2: unknown key `workers.cont`; did you mean `workers.count`?",
            "file:5: `commit.interval_ms` must be a whole number from 20 to 100, not 5; its default is 50",
            "file:7: unknown key `clock.alowance_ms`; did you mean `clock.allowance_ms`?",
            "environment: unknown variable `CHAT_GOALS_GROUP__IDD`; did you mean `CHAT_GOALS_GROUP__ID`?",
            "command line: unknown key `log.levle`; did you mean `log.level`?",
        ]
    );
}

#[test]
fn a_value_of_another_type_is_refused_with_what_was_wanted() {
    for (toml, said) in [
        (
            "[workers]\ncount = \"two\"",
            "`workers.count` must be a whole number from 1 to 256, not \"two\"; its default is 1",
        ),
        (
            "[workers]\ncount = 1.5",
            "`workers.count` must be a whole number from 1 to 256, not 1.5; its default is 1",
        ),
        (
            "[workers]\ncount = -1",
            "`workers.count` must be a whole number from 1 to 256, not -1; its default is 1",
        ),
        (
            "[rules]\nrequires_subscription = 1",
            "`rules.requires_subscription` must be true or false, not 1; its default is true",
        ),
        (
            "[group]\nid = 7",
            "`group.id` must be a string that is not empty, not 7; its default is \"chat-goals\"",
        ),
        (
            "[group]\nid = \" \"",
            "`group.id` must be a string that is not empty, not \" \"; its default is \"chat-goals\"",
        ),
        (
            "[wire]\nchat_events = \"JSON\"",
            "`wire.chat_events` must be one of \"json\", \"protobuf\", not \"JSON\"; its default is \"json\"",
        ),
        (
            "[state]\ndir = []",
            "`state.dir` must be a path, as a string, not an array; its default is \"/var/lib/chat-goals\"",
        ),
        (
            "\n[log.level]",
            "`log.level` must be one of \"error\", \"warn\", \"info\", \"debug\", \"trace\", not a table; its default is \"info\"",
        ),
    ] {
        assert_eq!(file(toml).unwrap_err(), format!("file:2: {said}"));
    }
}

#[test]
fn a_number_too_large_for_its_type_is_refused() {
    let error = file("[group]\ngeneration = 99999999999999999999\n").unwrap_err();
    assert!(error.contains("must be a whole number from 1 to 1000000, not 99999999999999999999"), "{error}");
}

#[test]
fn a_wrong_value_in_the_environment_or_a_flag_is_refused_by_its_name_there() {
    assert_eq!(
        environment("CHAT_GOALS_COMMIT__INTERVAL_MS", "abc").unwrap_err(),
        "environment: `CHAT_GOALS_COMMIT__INTERVAL_MS` must be a whole number from 20 to 100, not `abc`; its default is 50"
    );
    assert_eq!(
        flag("rules.requires_subscription", "yes").unwrap_err(),
        "command line: `rules.requires_subscription` must be true or false, not `yes`; its default is true"
    );
}

#[test]
fn a_wrong_value_is_refused_even_if_a_later_source_would_replace_it() {
    assert!(load("[workers]\ncount = 0\n", &[], &[("workers.count", "1")]).is_err());
}

#[test]
fn a_table_written_as_a_value_is_refused_with_how_to_write_it() {
    assert_eq!(
        file("kafka = \"b:1\"\n").unwrap_err(),
        "file:1: `kafka` must be a table, not \"b:1\"; write `[kafka]`, and its keys below"
    );
    assert_eq!(
        file("[kafka]\nproperties = 1\n").unwrap_err(),
        "file:2: `kafka.properties` must be a table, not 1; write `[kafka.properties]`, and the properties below"
    );
}

#[test]
fn what_is_not_toml_is_refused_with_its_line() {
    let error = file("[kafka]\nbootstrap = \n").unwrap_err();
    assert!(error.starts_with("file:2: this is not TOML: "), "{error}");
    let error = file("[log]\nlevel = \"info\"\nlevel = \"warn\"\n").unwrap_err();
    assert!(error.starts_with("file:3: this is not TOML: duplicate key"), "{error}");
}

#[test]
fn a_file_that_cannot_be_read_is_named_with_the_cause() {
    let error = Config::load(Some(Path::new("/nowhere/x.toml")), std::iter::empty(), &[]).unwrap_err();
    assert_eq!(error.to_string(), "cannot read the configuration file /nowhere/x.toml");
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn an_unknown_variable_is_refused_with_the_nearest_name() {
    assert_eq!(
        environment("CHAT_GOALS_KAFKA_BOOTSTRAP", "b:1").unwrap_err(),
        "environment: unknown variable `CHAT_GOALS_KAFKA_BOOTSTRAP`; did you mean `CHAT_GOALS_KAFKA__BOOTSTRAP`?"
    );
    assert_eq!(
        environment("CHAT_GOALS_kafka__bootstrap", "b:1").unwrap_err(),
        "environment: unknown variable `CHAT_GOALS_kafka__bootstrap`; did you mean `CHAT_GOALS_KAFKA__BOOTSTRAP`?"
    );
    assert_eq!(
        environment("CHAT_GOALS_CONFG", "x").unwrap_err(),
        "environment: unknown variable `CHAT_GOALS_CONFG`; did you mean `CHAT_GOALS_CONFIG`?"
    );
    let error = environment("CHAT_GOALS_COLOUR", "x").unwrap_err();
    assert!(error.contains("; a setting is written as `CHAT_GOALS_KAFKA__BOOTSTRAP`"), "{error}");
}

#[test]
fn variables_that_are_no_settings_are_left_alone() {
    let environment = [
        ("CHAT_GOALS_LOG", "chat_goals=debug"),
        ("CHAT_GOALS_CONFIG", "/etc/chat-goals.toml"),
        ("CHAT_GOALSX", "x"),
        ("KAFKA__BOOTSTRAP", "x"),
        ("PATH", "/bin"),
    ];
    assert_eq!(load("", &environment, &[]).unwrap(), Config::default());
}

#[test]
fn variables_that_kubernetes_makes_of_a_service_are_left_alone() {
    for name in [
        "CHAT_GOALS_SERVICE_HOST",
        "CHAT_GOALS_SERVICE_PORT",
        "CHAT_GOALS_SERVICE_PORT_HTTP",
        "CHAT_GOALS_PORT",
        "CHAT_GOALS_PORT_8080_TCP",
        "CHAT_GOALS_PORT_8080_TCP_ADDR",
        "CHAT_GOALS_SERVE_SERVICE_HOST",
        "CHAT_GOALS_SERVE_PORT_9090_UDP_PROTO",
    ] {
        assert_eq!(environment(name, "tcp://10.0.0.1:8080").unwrap(), Config::default(), "{name}");
    }
    assert!(environment("CHAT_GOALS_KAFKA__PORT", "x").is_err());
    assert!(environment("CHAT_GOALS_PORT_NUMBER", "x").is_err());
}

#[test]
fn a_flag_can_set_a_property_and_the_last_one_counts() {
    let flags = [("kafka.properties.client.id", "a"), ("kafka.properties.client.id", "b")];
    assert_eq!(load("", &[], &flags).unwrap().kafka.properties.get("client.id"), Some("b"));
    assert_eq!(load("", &[], &[("workers.count", "1"), ("workers.count", "2")]).unwrap().workers.count, 2);
}

#[test]
fn a_rule_that_two_settings_break_is_told_where_the_later_one_was_written() {
    let error =
        load("[commit]\ninterval_ms = 100\n", &[("CHAT_GOALS_COMMIT__INTERVAL_BEHIND_MS", "30")], &[]);
    let said = "`commit.interval_behind_ms` (30) must not be less than `commit.interval_ms` (100); \
                a backlog is read faster in longer transactions";
    assert_eq!(error.unwrap_err(), format!("environment: {said}"));
    assert_eq!(
        file("\n[commit]\ninterval_behind_ms = 30\n").unwrap_err(),
        format!("file:3: {}", said.replace("(100)", "(50)"))
    );
}

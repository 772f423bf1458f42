//! The commands that ask a running deployment, on a real broker: `dev/kafka run -- cargo test --release --test
//! explain_on_kafka`.
//!
//! What they answer is compared with what `fold` makes of the same records and with what was published. Their JSON is a
//! contract ([`shape`]), and so is that standard output holds nothing else.

#[path = "../on_kafka/broker.rs"]
#[allow(dead_code, reason = "each test target uses its part")]
mod broker;
#[path = "../on_kafka/expectation.rs"]
#[allow(dead_code, reason = "each test target uses its part")]
mod expectation;
#[path = "../on_kafka/outputs.rs"]
#[allow(dead_code, reason = "each test target uses its part")]
mod outputs;
#[path = "../on_kafka/process.rs"]
#[allow(dead_code, reason = "each test target uses its part")]
mod process;
#[path = "../on_kafka/workload.rs"]
mod workload;

mod answers;
mod letters;
mod shape;

use process::Deployment;
use serde_json::Value;

/// The broker of all tests.
fn bootstrap() -> String {
    std::env::var("KAFKA_BOOTSTRAP").unwrap_or_else(|_| {
        panic!("these tests need a Kafka broker: run them as `dev/kafka run -- cargo test --release`")
    })
}

/// Asks, and takes the whole of standard output for one JSON document.
fn ask(deployment: &Deployment, words: &[&str]) -> Value {
    let words: Vec<&str> = words.iter().copied().chain(["-o", "json"]).collect();
    let output = deployment.say(&words);
    assert_eq!(output.status.code(), Some(0), "{words:?}: {output:?}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{words:?}: {error}: {output:?}"))
}

/// Asks, and takes each line of standard output for a JSON document.
fn ask_lines(deployment: &Deployment, words: &[&str]) -> Vec<Value> {
    let words: Vec<&str> = words.iter().copied().chain(["-o", "jsonl"]).collect();
    let output = deployment.say(&words);
    assert_eq!(output.status.code(), Some(0), "{words:?}: {output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

/// Asks for what is not there: exit code 3, nothing on standard output that would be data, a sentence on the other.
fn assert_not_found(deployment: &Deployment, words: &[&str]) {
    let output = deployment.say(words);
    assert_eq!(output.status.code(), Some(3), "{words:?}: {output:?}");
    assert!(!output.stderr.is_empty(), "{words:?}");
}

//! `chat-goals ingest` in real processes against a real Kafka broker: webhooks and tracked events over HTTP, what is in the
//! topics then, and what `run` makes of it. `dev/kafka run -- cargo test --release --test ingest_on_kafka`.
//!
//! [`platform`] is a chat platform that sends; the tests say what it sends and look into the topics.

#[path = "../on_kafka/broker.rs"]
#[allow(dead_code, reason = "each test target uses its part")]
mod broker;
#[path = "../chaos_on_kafka/node.rs"]
#[allow(dead_code, reason = "each test target uses its part")]
mod node;
#[path = "../on_kafka/process.rs"]
#[allow(dead_code, reason = "each test target uses its part")]
mod process;
#[path = "../on_kafka/workload.rs"]
#[allow(dead_code, reason = "each test target uses its part")]
mod workload;

mod answers;
mod outage;
mod platform;
mod refusals;
mod statuses;
mod stored;

/// The broker of all tests.
fn bootstrap() -> String {
    std::env::var("KAFKA_BOOTSTRAP").unwrap_or_else(|_| {
        panic!("these tests need a Kafka broker: run them as `dev/kafka run -- cargo test --release`")
    })
}

//! `chat-goals state` and `chat-goals audit` beside real processes on a real broker:
//! `dev/kafka run -- cargo test --release --test tools_on_kafka`.
//!
//! First everything is as it should be, while the processor works; then one thing is altered by hand, and named. What
//! platforms write and how processes are started is in `tests/on_kafka`.

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
#[allow(dead_code, reason = "each test target uses its part")]
mod workload;

mod damage;
mod live;
mod said;

/// The broker of all tests.
fn bootstrap() -> String {
    std::env::var("KAFKA_BOOTSTRAP").unwrap_or_else(|_| {
        panic!("these tests need a Kafka broker: run them as `dev/kafka run -- cargo test --release`")
    })
}

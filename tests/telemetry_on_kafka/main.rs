//! What real processes on a real broker answer over HTTP: `dev/kafka run -- cargo test --release --test telemetry_on_kafka`.
//! Prometheus' promtool has a look at it, too (`need_promtool` in dev/env fetches it).

#[path = "../on_kafka/broker.rs"]
#[allow(dead_code, reason = "each test target uses its part")]
mod broker;
#[path = "../on_kafka/process.rs"]
#[allow(dead_code, reason = "each test target uses its part")]
mod process;
#[path = "../promql/mod.rs"]
mod promql;
#[path = "../on_kafka/workload.rs"]
#[allow(dead_code, reason = "each test target uses its part")]
mod workload;

mod leaving;
mod scrape;
mod service_manager;

use serde_json::Value;

/// The broker of all tests.
fn bootstrap() -> String {
    std::env::var("KAFKA_BOOTSTRAP").unwrap_or_else(|_| {
        panic!("these tests need a Kafka broker: run them as `dev/kafka run -- cargo test --release`")
    })
}

/// Status and body of what is there.
fn get(url: &str, accept: &str) -> (u16, String) {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut response = agent.get(url).header("accept", accept).call().unwrap();
    (response.status().as_u16(), response.body_mut().read_to_string().unwrap())
}

/// Whether the process says yes, and what it says.
fn health(url: &str, path: &str) -> (bool, Value) {
    let (status, body) = get(&format!("{url}{path}"), "*/*");
    let answer: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(answer["ok"], status == 200, "{answer}");
    assert!([200, 503].contains(&status), "{status}");
    (status == 200, answer)
}

/// Waits until this holds.
fn until(process: &mut process::Process, what: &str, mut holds: impl FnMut() -> bool) {
    let limit = std::time::Instant::now() + broker::LIMIT;
    while !holds() {
        assert!(std::time::Instant::now() < limit, "it does not come to this: {what}\n{}", process.stderr());
        process.assert_running();
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

//! `chat-goals run` against a real Kafka broker, in real processes:
//! `dev/kafka run -- cargo test --release --test run_on_kafka`.
//!
//! What the processes publish is compared, record by record, with what `fold` makes of the same records. Every test has
//! topics, a group and state of its own. Waiting is polling, up to a limit that means failure.
//!
//! Reading order: [`workload`] (what platforms write), [`expectation`] (what must come of it), [`process`] and [`broker`]
//! (what is done to the processor), [`outputs`] (what it published), then the tests. The first five are in
//! `tests/on_kafka`, which other tests on Kafka share.

#[path = "../on_kafka/broker.rs"]
#[allow(dead_code, reason = "each test target uses its part")]
mod broker;
#[path = "../on_kafka/expectation.rs"]
#[allow(dead_code, reason = "each test target uses its part")]
mod expectation;
#[path = "../on_kafka/outputs.rs"]
mod outputs;
#[path = "../on_kafka/process.rs"]
#[allow(dead_code, reason = "each test target uses its part")]
mod process;
#[path = "../on_kafka/workload.rs"]
mod workload;

mod deadlines;
mod faults;
mod poison;
mod refusals;
mod served;
mod settled;
mod takeover;
mod truncation;

use std::sync::{Condvar, Mutex};

/// The broker of all tests.
fn bootstrap() -> String {
    std::env::var("KAFKA_BOOTSTRAP").unwrap_or_else(|_| {
        panic!("these tests need a Kafka broker: run them as `dev/kafka run -- cargo test --release`")
    })
}

/// Holds a place among the tests that run at once: each keeps a broker and its processes busy.
fn turn() -> Turn {
    let mut running = RUNNING.lock().unwrap();
    while *running == AT_ONCE {
        running = ENDED.wait(running).unwrap();
    }
    *running += 1;
    Turn
}

const AT_ONCE: usize = 2;
static RUNNING: Mutex<usize> = Mutex::new(0);
static ENDED: Condvar = Condvar::new();

struct Turn;

impl Drop for Turn {
    fn drop(&mut self) {
        *RUNNING.lock().unwrap() -= 1;
        ENDED.notify_one();
    }
}

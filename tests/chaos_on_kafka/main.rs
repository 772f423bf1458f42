//! Faults on real Kafka, one at a time and then at random: `dev/kafka run -- cargo test --release --test chaos_on_kafka`.
//! Three processes of the real binary, records that come all the while (some late, doubled, bad, or on a foreign
//! partition), and in the end every chat and every counter is what `fold` makes of the same records.
//!
//! The three brokers are these tests' own, since some kill them; for the same reason one test runs at a time. `dev/chaos` runs
//! [`random`] for as long as it is asked to. Waiting is polling, up to a limit that means failure.
//!
//! Reading order: [`scene`] (what goes on while faults happen), [`server`] with its [`node`]s, [`proxy`] with [`frame`], and [`disk`] (where
//! faults are made), [`tally`] (what is counted), then the tests. What is in `tests/on_kafka` other tests share.

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

mod disk;
mod frame;
mod node;
mod proxy;
mod scene;
mod server;
mod tally;

mod brokers;
mod disks;
mod network;
mod processes;
mod random;

use server::bootstrap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One test at a time: each has three processes and three brokers, and some take brokers away.
fn turn() -> MutexGuard<'static, ()> {
    static RUNNING: Mutex<()> = Mutex::new(());
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

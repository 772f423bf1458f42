//! The plain consumer: a process of its own that polls every record of the inputs and only counts them.

use crate::proc::{self, Tree};
use crate::throughput::{Sample, others};
use crate::world::{CONSUMED, World};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The argument by which this program becomes the plain consumer.
pub const ARGUMENT: &str = "--plain-consumer";

/// Ends the process with the value.
struct Counting(Child);

impl Drop for Counting {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// From the start of the process to the last record.
pub fn measure(world: &World, records: u64) -> anyhow::Result<Sample> {
    let (broker, machine) = (world.broker_cpu(), proc::machine());
    let start = Instant::now();
    let child = Command::new(std::env::current_exe()?)
        .args([ARGUMENT, &world.bootstrap, &world.partitions.to_string(), &records.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut counting = Counting(child);
    let mut said = String::new();
    BufReader::new(counting.0.stdout.take().expect("it is piped")).read_line(&mut said)?;
    let seconds = start.elapsed().as_secs_f64();
    anyhow::ensure!(said.trim() == "done", "the plain consumer failed");
    let mut tree = Tree::default();
    let cpu = tree.sample(counting.0.id());
    let broker_cpu = world.broker_cpu() - broker;
    let others = others(machine, &[cpu, broker_cpu]);
    Ok(Sample { seconds, cpu, broker_cpu, peak_mib: tree.peak_mib(), others })
}

/// What the process does: reads so many records, says so, and waits to be ended.
pub fn run(args: &[String]) -> anyhow::Result<()> {
    let [bootstrap, partitions, records] = args else {
        anyhow::bail!("{ARGUMENT} BOOTSTRAP PARTITIONS RECORDS")
    };
    let partitions: i32 = partitions.parse()?;
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", "compare-plain")
        .set("isolation.level", "read_committed")
        .set("enable.auto.commit", "false")
        // By default a full queue makes the fetcher rest for a second, and it is soon full.
        .set("fetch.queue.backoff.ms", "10")
        .set("queued.min.messages", "1000000")
        .create()?;
    let mut list = TopicPartitionList::new();
    for topic in CONSUMED {
        for partition in 0..partitions {
            list.add_partition_offset(topic, partition, Offset::Beginning)?;
        }
    }
    consumer.assign(&list)?;
    let (wanted, mut seen): (u64, u64) = (records.parse()?, 0);
    while seen < wanted {
        if let Some(message) = consumer.poll(Duration::from_secs(1)) {
            std::hint::black_box(message?);
            seen += 1;
        }
    }
    println!("done");
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

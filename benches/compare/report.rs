//! The results as a Markdown page: what was measured on what machine, and tables.

use crate::figures::{Figure, number};
use crate::latency::{self, Latency, Seen};
use crate::proc;
use crate::restart::Restart;
use crate::rich::Load;
use crate::subject::Program;
use crate::throughput::{Sample, Throughput};
use std::fmt::Write as _;
use std::process::Command;

/// All that was measured; what was left out is empty.
pub struct Results {
    pub load: Load,
    /// Of each topic.
    pub partitions: i32,
    pub records: u64,
    pub throughput: Option<Throughput>,
    pub latencies: Vec<(Program, Latency)>,
    pub restarts: Vec<(Program, Restart)>,
}

impl Results {
    pub fn new(load: Load, partitions: i32) -> Self {
        Self { load, partitions, records: 0, throughput: None, latencies: Vec::new(), restarts: Vec::new() }
    }
}

pub fn markdown(results: &Results) -> String {
    let mut text =
        String::from("# Results of `dev/compare`\n\nWritten by the program, which overwrites it.\n\n");
    text += &circumstances(results);
    if let Some(found) = &results.throughput {
        text += &throughput(found);
    }
    if !results.latencies.is_empty() {
        text += &latencies(&results.latencies);
    }
    if !results.restarts.is_empty() {
        text += &restarts(&results.restarts);
    }
    text
}

fn circumstances(results: &Results) -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let date = chrono::Utc::now().format("%Y-%m-%d %H:%M UTC");
    let commit = said("git", &["describe", "--always", "--dirty"]);
    let java = said("java", &["-version"]);
    let mut text = String::new();
    let mut line = |name: &str, value: String| writeln!(text, "- {name}: {value}").expect("it is a string");
    line("date", date.to_string());
    line("machine", format!("{cores} cores, {}, {:.1} GiB", proc::cpu_model(), proc::memory_gib()));
    line(
        "`chat-goals`",
        format!("{} ({commit}), release build, default settings", env!("CARGO_PKG_VERSION")),
    );
    line("Kafka Streams and the one broker", format!("4.3.1 on {java}, all on the same machine"));
    line("librdkafka", rdkafka::util::get_rdkafka_version().1);
    if results.records > 0 {
        line(
            "load",
            format!(
                "{} records of {} chats in {} channels, {} partitions",
                number(results.records as f64),
                number(results.load.chats.into()),
                results.load.channels,
                results.partitions
            ),
        );
    }
    text.push('\n');
    text
}

/// The first line of what a program says; Java says it on the other stream.
fn said(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).current_dir(env!("CARGO_MANIFEST_DIR")).output();
    let all = output.map(|output| [output.stdout, output.stderr].concat()).unwrap_or_default();
    let text = String::from_utf8_lossy(&all);
    text.lines().next().unwrap_or("unknown").trim().replace('"', "")
}

fn throughput(found: &Throughput) -> String {
    let mut text = format!(
        "## Throughput\n\nFull topics, from the start of the process until the outputs have settled (the plain consumer: until the last record). \
         Runs of each, in turn: {}. Medians of the values, and of the ratios within each pair.\n\n",
        found.ours.len()
    );
    text += "| | chat-goals | Kafka Streams | plain consumer | chat-goals : Kafka Streams | chat-goals : plain |\n|---|--:|--:|--:|--:|--:|\n";
    let cell = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), number);
    let figures = [
        ("records/s", Figure::RecordsPerSecond),
        ("CPU seconds per million records", Figure::CpuPerMillion),
        ("the broker's, per million records", Figure::BrokerCpuPerMillion),
        ("peak memory, MiB", Figure::PeakMib),
    ];
    for (name, figure) in figures {
        let values = [&found.ours, &found.peer, &found.plain].map(|runs| cell(found.median(runs, figure)));
        let ratios = [&found.peer, &found.plain].map(|others| cell(found.ratio(others, figure)));
        writeln!(text, "| {name} | {} | {} |", values.join(" | "), ratios.join(" | "))
            .expect("it is a string");
    }
    let each = |runs: &[Sample]| {
        let each = runs.iter().map(|run| number(Figure::RecordsPerSecond.of(run, found.records)));
        each.collect::<Vec<_>>().join(", ")
    };
    let (chats, counters) = found.compared;
    write!(
        text,
        "\nRecords/s of each run: chat-goals {}; Kafka Streams {}; plain consumer {}. Other work used at most {:.0} % of the machine.\n\n\
         chat-goals: after each run all {} chats and {} counters were those that `chat-goals fold` prints for the same records. ",
        each(&found.ours),
        if found.peer.is_empty() { "not run".to_owned() } else { each(&found.peer) },
        each(&found.plain),
        100.0 * found.others_max(),
        number(chats as f64),
        number(counters as f64),
    )
    .expect("it is a string");
    if let Some(worst) = found.peer_differs.iter().max() {
        write!(text, "Kafka Streams: the status of {worst} chats was another one.").expect("it is a string");
    }
    text + "\n\n"
}

fn latencies(found: &[(Program, Latency)]) -> String {
    let mut text = format!(
        "## Latency\n\n{} chats/s for {} s, after {} s that do not count: from just before a record is handed to the producer until a `read_committed` \
         consumer holds the status that follows.\n\n| | reply to status, ms: p50 | p99 | event to achieved, ms: p50 | p99 | CPU, s | broker's CPU, s |\n|---|--:|--:|--:|--:|--:|--:|\n",
        latency::RATE,
        latency::MEASURED,
        latency::WARM_UP
    );
    for (program, latency) in found {
        let both = |seen: &Seen| format!("{} | {}", number(seen.quantile(0.5)), number(seen.quantile(0.99)));
        writeln!(
            text,
            "| {} | {} | {} | {} | {} |",
            program.name(),
            both(&latency.replies),
            both(&latency.events),
            number(latency.cpu),
            number(latency.broker_cpu)
        )
        .expect("it is a string");
    }
    let missing: usize = found.iter().map(|(_, of)| of.replies.missing + of.events.missing).sum();
    if missing > 0 {
        writeln!(text, "\n{missing} statuses did not come within three seconds of the end of the load.")
            .expect("it is a string");
    }
    text + "\n"
}

fn restarts(found: &[(Program, Restart)]) -> String {
    let mut text = String::from(
        "## Restart\n\nEverything folded, kill -9, started again at once: seconds until the status of a chat that is written then. \
         The session of the killed member is 6 s for both; `chat-goals` takes its predecessor out of the group if it has its \
         disk, the others wait for the end of it.\n\n| | on its disk | on an empty disk |\n|---|--:|--:|\n",
    );
    for (program, restart) in found {
        let empty = restart.on_an_empty_disk.map_or_else(|| "not measured".to_owned(), number);
        writeln!(text, "| {} | {} | {empty} |", program.name(), number(restart.on_its_disk))
            .expect("it is a string");
    }
    text
}

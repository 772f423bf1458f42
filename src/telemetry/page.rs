//! Every metric, on one page: name, type, unit, labels, what it says. Names follow Prometheus: base units, `_total` for what
//! only grows, the unit at the end. What a label can be is bounded by stages, partitions, topics, workers and routes: never
//! a chat, a manager or a channel. `docs/metrics.md` is this page ([`markdown`]).

/// One metric.
#[derive(Debug)]
pub struct Metric {
    /// As it is asked for; of a histogram without `_bucket`, `_sum` and `_count`.
    pub name: &'static str,
    pub kind: Kind,
    pub unit: Unit,
    pub labels: &'static [&'static str],
    /// One sentence or more, without the full stop at the end.
    pub help: &'static str,
    pub by: By,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Counter,
    Gauge,
    Histogram,
    /// Always 1; what it says is in its labels.
    Info,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Times are in seconds, moments in seconds since the epoch.
    Seconds,
    Bytes,
    /// Things, in this word.
    Of(&'static str),
    /// 0 or 1.
    Truth,
}

/// Who has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// `run` and `rebuild`.
    Processor,
    /// `serve`.
    ReadSide,
    /// `ingest`.
    Ingest,
    All,
}

impl Metric {
    /// Its name in OpenMetrics, where the unit and `_total` are added to it.
    pub fn stem(&self) -> &'static str {
        let mut stem = self.name;
        for end in ["_total", "_info", self.unit.suffix()] {
            stem = stem.strip_suffix(end).unwrap_or(stem);
        }
        stem
    }

    /// The names of its samples.
    pub fn samples(&self) -> Vec<String> {
        match self.kind {
            Kind::Histogram => ["bucket", "sum", "count"].map(|end| format!("{}_{end}", self.name)).to_vec(),
            _ => vec![self.name.to_owned()],
        }
    }
}

impl Unit {
    /// What a name ends with for it.
    pub fn suffix(self) -> &'static str {
        match self {
            Unit::Seconds => "_seconds",
            Unit::Bytes => "_bytes",
            Unit::Of(_) | Unit::Truth => "",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Unit::Seconds => "seconds",
            Unit::Bytes => "bytes",
            Unit::Of(what) => what,
            Unit::Truth => "0 or 1",
        }
    }
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
            Kind::Info => "info",
        }
    }
}

macro_rules! metrics {
    ($($id:ident = $name:literal $kind:ident $unit:expr, [$($label:literal),*], $by:ident: $help:literal;)*) => {
        $(pub static $id: Metric = Metric {
            name: $name,
            kind: Kind::$kind,
            unit: $unit,
            labels: &[$($label),*],
            help: $help,
            by: By::$by,
        };)*

        /// All of them, in the order of the page.
        pub static ALL: &[&Metric] = &[$(&$id),*];
    };
}

use Unit::{Bytes, Of, Seconds, Truth};

metrics! {
    BUILD = "chat_goals_build_info" Info Truth, ["version"], All: "The version of the program";
    LIVE = "chat_goals_live" Gauge Truth, [], All: "Whether /health/live says yes";
    READY = "chat_goals_ready" Gauge Truth, [], All: "Whether /health/ready says yes";
    START = "process_start_time_seconds" Gauge Seconds, [], All: "When the process was started, since the epoch";
    CPU = "process_cpu_seconds_total" Counter Seconds, [], All: "CPU time of the process, its own and the system's for it";
    RESIDENT = "process_resident_memory_bytes" Gauge Bytes, [], All: "Memory of the process that is in RAM";
    FILES = "process_open_fds" Gauge Of("files"), [], All: "Files, sockets and pipes that the process has open";

    FOLDED = "chat_goals_records_folded_total" Counter Of("records"), ["stage"], Processor:
        "Records folded and committed; what goes to a partition of another worker is read from an inbox there and counts again";
    WRITTEN = "chat_goals_records_written_total" Counter Of("records"), [], Processor:
        "Records written and committed, to outputs, inboxes, changelogs and dead letters";
    COMMITS = "chat_goals_commits_total" Counter Of("commits"), ["outcome"], Processor:
        "Commits by outcome: committed, refused (nothing of it took effect), unclear (it was not known whether), failed (the worker had to join anew or end)";
    COMMIT_DURATION = "chat_goals_commit_duration_seconds" Histogram Seconds, [], Processor:
        "How long commits took that succeeded, from encoding the rows to writing them to disk";
    COMMIT_RECORDS = "chat_goals_commit_records" Histogram Of("records"), [], Processor:
        "Records folded in each commit that succeeded";
    ROLLBACKS = "chat_goals_rollbacks_total" Counter Of("rollbacks"), [], Processor:
        "How often a worker went back to its last commit, after a commit that did not succeed or when partitions were lost";
    REJOINS = "chat_goals_rejoins_total" Counter Of("rejoins"), [], Processor:
        "How often a worker had to join the group anew";

    LAG_RECORDS = "chat_goals_lag_records" Gauge Of("offsets"), ["stage", "topic", "partition"], Processor:
        "Offsets of an input partition that are not committed, as last surveyed; some hold no record but the end of a transaction. Only of partitions that this process has";
    LAG_SECONDS = "chat_goals_lag_seconds" Gauge Seconds, ["stage", "topic", "partition"], Processor:
        "How long the first record that is not committed has been in the log, at most: since the record before it by its log timestamp, or since everything was committed. Of a partition from which nothing was read yet, since this process was given it";
    SURVEY_AGE = "chat_goals_survey_age_seconds" Gauge Seconds, [], Processor:
        "How old the lag and the overdue deadlines are that are told here (telemetry.survey_interval_ms); it grows while the brokers do not answer";
    CLOCK_LAG = "chat_goals_clock_lag_seconds" Gauge Seconds, ["partition"], Processor:
        "How far the clock of a chats partition is behind the wall clock; clock.allowance_ms and a little more when all is well";
    CLOCK_ALLOWANCE = "chat_goals_clock_allowance_seconds" Gauge Seconds, [], Processor:
        "How far the clock stays behind what has been read, for slow producers (clock.allowance_ms)";
    OVERDUE = "chat_goals_deadlines_overdue" Gauge Of("deadlines"), ["partition"], Processor:
        "Deadlines that the wall clock less the allowance has passed and the partition's clock has not, as last surveyed; at most 100000 are counted";
    OVERDUE_SECONDS = "chat_goals_deadline_overdue_seconds" Gauge Seconds, ["partition"], Processor:
        "For how long the first overdue deadline of a chats partition has been overdue; 0 if none is";
    NEXT_DEADLINE = "chat_goals_next_deadline_timestamp_seconds" Gauge Seconds, ["partition"], Processor:
        "No deadline of this chats partition passes before this moment, since the epoch; absent where none is known";

    TASKS = "chat_goals_tasks" Gauge Of("tasks"), ["stage", "state"], Processor:
        "Partitions of a stage that this process has: running, restoring, waiting (for goal changes or an input), stopped (they cannot go on, the log says why)";
    STOPPED = "chat_goals_partition_stopped" Gauge Truth, ["stage", "partition"], Processor:
        "Whether a partition that this process has is stopped";
    RESTORE_LEFT = "chat_goals_restore_left_records" Gauge Of("offsets"), ["stage", "partition"], Processor:
        "Offsets of its changelog that a partition has yet to read before it runs; compaction has emptied some of them";
    STEP_AGE = "chat_goals_worker_step_age_seconds" Gauge Seconds, ["worker"], Processor:
        "How long ago a worker made a step or began to wait for the brokers";

    DEAD_LETTERS = "chat_goals_dead_letters_total" Counter Of("records"), [], Processor:
        "Records written to the dead letters and committed";
    BAD_RECORDS = "chat_goals_bad_records_total" Counter Of("records"), ["topic"], Processor:
        "Records of an input that could not be understood or came too late or too early, each now a dead letter";
    GOAL_CHANGES = "chat_goals_goal_changes_known" Gauge Of("records"), [], Processor:
        "Changes of goals, subscriptions and time zones in memory, repetitions left out";

    CACHE_ROWS = "chat_goals_cache_rows" Gauge Of("rows"), ["stage"], Processor:
        "Rows kept decoded in memory, empty places among them";
    CACHE_HITS = "chat_goals_cache_hits_total" Counter Of("lookups"), ["stage"], Processor:
        "Rows looked for that were in memory";
    CACHE_MISSES = "chat_goals_cache_misses_total" Counter Of("lookups"), ["stage"], Processor:
        "Rows looked for on disk, those of new keys among them";
    MEMTABLES = "chat_goals_rocksdb_memtables_bytes" Gauge Bytes, [], Processor:
        "What RocksDB has yet to write into files; charged to the block cache";
    BLOCK_CACHE = "chat_goals_rocksdb_block_cache_bytes" Gauge Bytes, [], Processor:
        "What RocksDB's block cache holds, memtables, filters and indexes included";
    PINNED = "chat_goals_rocksdb_pinned_bytes" Gauge Bytes, [], Processor:
        "The part of the block cache that cannot be given up now";
    TABLE_READERS = "chat_goals_rocksdb_table_readers_bytes" Gauge Bytes, [], Processor:
        "What RocksDB keeps of open files outside of the block cache, as it estimates";
    MEMORY_MAX = "chat_goals_rocksdb_memory_max_bytes" Gauge Bytes, [], Processor:
        "What the block cache may hold (state.memory_bytes_max)";
    DISK = "chat_goals_rocksdb_disk_bytes" Gauge Bytes, [], Processor:
        "The files of the state folder's database";

    REQUESTS = "chat_goals_http_requests_total" Counter Of("requests"), ["route", "method", "status"], All:
        "Requests answered, by the template of their route (`unmatched` where there is none), method and status";
    REQUEST_DURATION = "chat_goals_http_request_duration_seconds" Histogram Seconds, ["route", "method"], All:
        "How long it took until an answer began; streams go on after that";

    MODEL_LAG_RECORDS = "chat_goals_model_lag_records" Gauge Of("offsets"), [], ReadSide:
        "Offsets of the followed topics that the read model has yet to take up; some hold no record but the end of a transaction";
    MODEL_LAG_SECONDS = "chat_goals_model_lag_seconds" Gauge Seconds, [], ReadSide:
        "How long ago the read model had taken up everything; 0 when it has";
    MODEL_ROWS = "chat_goals_model_rows" Gauge Of("rows"), ["kind"], ReadSide:
        "Rows of the read model, roughly, by what they are of";
    MODEL_BYTES = "chat_goals_model_bytes" Gauge Bytes, [], ReadSide:
        "What the read model takes on disk";
    SSE_CLIENTS = "chat_goals_sse_clients" Gauge Of("clients"), [], ReadSide:
        "Clients that follow changes as server-sent events now";

    INGESTED = "chat_goals_ingested_total" Counter Of("records"), ["outcome"], Ingest:
        "What came in over HTTP, by what became of it: written (in the input topics), ignored (understood, and of no concern to any rule), dead_lettered (not understood). What Kafka did not take is not counted, but answered with 503";
}

/// The page as `docs/metrics.md` has it.
pub fn markdown() -> String {
    let mut text = String::from(HEAD);
    for (title, by) in [
        ("Of every process", By::All),
        ("Of the processor (`run`, `rebuild`)", By::Processor),
        ("Of the read side (`serve`)", By::ReadSide),
        ("Of the ingest bridge (`ingest`)", By::Ingest),
    ] {
        text += &format!(
            "\n## {title}\n\n| name | type | unit | labels | what it says |\n|---|---|---|---|---|\n"
        );
        for metric in ALL.iter().filter(|metric| metric.by == by) {
            let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
            let (kind, unit) = (metric.kind.word(), metric.unit.word());
            text += &format!(
                "| `{}` | {kind} | {unit} | {} | {}. |\n",
                metric.name,
                labels.join(", "),
                metric.help
            );
        }
    }
    text
}

const HEAD: &str = "# Metrics

<!-- Generated: chat-goals generate metrics > docs/metrics.md -->

`run`, `rebuild`, `serve` and `ingest` answer `GET /metrics`: in OpenMetrics, or in Prometheus' older text format where the request
accepts only that one. `run` and `rebuild` listen at `telemetry.listen`, by default 127.0.0.1:9464, the others at their own address:

```yaml
scrape_configs:
  - job_name: chat-goals
    static_configs:
      - targets: [\"127.0.0.1:9464\", \"127.0.0.1:8080\"] # a processor, a read side
```

Counts of records are those of committed transactions, so rollbacks count nothing twice. What a commit brought whose outcome was
unclear is not counted, even if it took effect; so the counts are exact as long as there is none (`chat_goals_commits_total{outcome=\"unclear\"}`)
and the process lives. A process tells of the partitions that it has, so sums over all processes are those of the deployment. A scrape
asks no broker and holds up no worker: workers leave their figures at each commit, and what they have at hand every half second.

`chat-goals generate grafana` and `chat-goals generate alerts` print dashboards and rules over these metrics; what to do when an
alert fires is in [alerts.md](alerts.md), what the health endpoints say in [health.md](health.md).
";

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_as_prometheus_wants_them() {
        let names: BTreeSet<&str> = ALL.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), ALL.len(), "a name stands twice");
        for metric in ALL {
            let name = metric.name;
            assert!(name.starts_with("chat_goals_") || name.starts_with("process_"), "{name}");
            assert_eq!(metric.kind == Kind::Counter, name.ends_with("_total"), "{name}");
            assert_eq!(metric.kind == Kind::Info, name.ends_with("_info"), "{name}");
            let without = name.strip_suffix("_total").unwrap_or(name);
            assert!(without.ends_with(metric.unit.suffix()), "{name} does not end with its unit");
            assert!(!metric.help.ends_with('.') && !metric.help.contains('\n'), "{name}");
        }
    }

    #[test]
    fn labels_are_bounded() {
        let bounded =
            ["stage", "partition", "topic", "worker", "state", "outcome", "version", "route", "method"];
        let more = ["status", "kind"];
        for metric in ALL {
            for label in metric.labels {
                assert!(bounded.contains(label) || more.contains(label), "{}: {label}", metric.name);
            }
        }
    }
}

//! The dashboard of the processor: whether it keeps up, whether it commits, and what it takes.

use super::dashboard::{Kind, Panel, Row};
use serde_json::Value;

pub fn dashboard() -> Value {
    super::dashboard::dashboard(
        "chat-goals-processor",
        "chat-goals: processor",
        "Whether the processor keeps up with its topics, commits, and fires deadlines in time",
        "chat_goals_tasks",
        &ROWS,
    )
}

const ROWS: [Row; 5] = [
    Row { title: "At a glance", panels: &GLANCE },
    Row { title: "Keeping up", panels: &KEEPING_UP },
    Row { title: "Time", panels: &TIME },
    Row { title: "Commits", panels: &COMMITS },
    Row { title: "Rows, memory and disk", panels: &MEMORY },
];

const GLANCE: [Panel; 6] = [
    Panel {
        kind: Kind::Number,
        title: "Ready processes",
        description: "Processors whose partitions all run and whose last commit was good",
        unit: "short",
        width: 4,
        queries: &[(
            "sum(chat_goals_ready{HERE} and on (job, instance) chat_goals_clock_allowance_seconds)",
            "ready",
        )],
    },
    Panel {
        kind: Kind::Number,
        title: "Stopped partitions",
        description: "Partitions that cannot go on; the log of their process says why",
        unit: "short",
        width: 4,
        queries: &[("sum(chat_goals_partition_stopped{HERE})", "stopped")],
    },
    Panel {
        kind: Kind::Number,
        title: "Lag",
        description: "Offsets of all inputs that are not committed",
        unit: "short",
        width: 4,
        queries: &[("sum(chat_goals_lag_records{HERE})", "offsets")],
    },
    Panel {
        kind: Kind::Number,
        title: "Oldest lag",
        description: "How long the oldest record that is not committed has been in its topic, at most",
        unit: "s",
        width: 4,
        queries: &[("max(chat_goals_lag_seconds{HERE})", "oldest")],
    },
    Panel {
        kind: Kind::Number,
        title: "Overdue deadlines",
        description: "Deadlines that have passed by the wall clock less the allowance and have not been settled",
        unit: "short",
        width: 4,
        queries: &[("sum(chat_goals_deadlines_overdue{HERE})", "deadlines")],
    },
    Panel {
        kind: Kind::Number,
        title: "Dead letters",
        description: "Bad records of the time shown",
        unit: "short",
        width: 4,
        queries: &[("sum(increase(chat_goals_dead_letters_total{HERE}[$__range]))", "records")],
    },
];

const KEEPING_UP: [Panel; 4] = [
    Panel {
        kind: Kind::Lines,
        title: "Records folded",
        description: "Records folded a second, by stage; what goes to a partition of another worker counts again there",
        unit: "ops",
        width: 12,
        queries: &[(
            "sum by (stage) (rate(chat_goals_records_folded_total{HERE}[$__rate_interval]))",
            "{{stage}}",
        )],
    },
    Panel {
        kind: Kind::Lines,
        title: "Records written",
        description: "Records written a second, to outputs, inboxes, changelogs and dead letters; and those that were bad",
        unit: "ops",
        width: 12,
        queries: &[
            ("sum(rate(chat_goals_records_written_total{HERE}[$__rate_interval]))", "written"),
            (
                "sum by (topic) (rate(chat_goals_bad_records_total{HERE}[$__rate_interval]))",
                "bad, from {{topic}}",
            ),
        ],
    },
    Panel {
        kind: Kind::Lines,
        title: "Lag in offsets, by topic",
        description: "Offsets that are not committed; some hold no record but the end of a transaction",
        unit: "short",
        width: 12,
        queries: &[("sum by (topic) (chat_goals_lag_records{HERE})", "{{topic}}")],
    },
    Panel {
        kind: Kind::Lines,
        title: "Lag in time, by topic",
        description: "How long the first record that is not committed has been in its partition, at most; the worst partition",
        unit: "s",
        width: 12,
        queries: &[("max by (topic) (chat_goals_lag_seconds{HERE})", "{{topic}}")],
    },
];

const TIME: [Panel; 4] = [
    Panel {
        kind: Kind::Lines,
        title: "Clock behind the wall",
        description: "How far the clock of each chats partition is behind the wall clock: the allowance and a little more when all is well",
        unit: "s",
        width: 12,
        queries: &[
            ("max by (partition) (chat_goals_clock_lag_seconds{HERE})", "{{partition}}"),
            ("max(chat_goals_clock_allowance_seconds{HERE})", "allowance"),
        ],
    },
    Panel {
        kind: Kind::Lines,
        title: "Deadlines overdue for",
        description: "For how long the first overdue deadline of each chats partition has been overdue",
        unit: "s",
        width: 6,
        queries: &[("max by (partition) (chat_goals_deadline_overdue_seconds{HERE})", "{{partition}}")],
    },
    Panel {
        kind: Kind::Lines,
        title: "Next deadline in",
        description: "How long it is until the next deadline of any chat passes",
        unit: "s",
        width: 6,
        queries: &[("min(chat_goals_next_deadline_timestamp_seconds{HERE}) - time()", "next")],
    },
    Panel {
        kind: Kind::Lines,
        title: "Goal changes known",
        description: "Changes of goals, subscriptions and time zones in each process; the same everywhere",
        unit: "short",
        width: 24,
        queries: &[("max by (instance) (chat_goals_goal_changes_known{HERE})", "{{instance}}")],
    },
];

const COMMITS: [Panel; 7] = [
    Panel {
        kind: Kind::Lines,
        title: "Commits",
        description: "Commits a second by outcome: refused ones took no effect, of unclear ones that was not known",
        unit: "ops",
        width: 12,
        queries: &[(
            "sum by (outcome) (rate(chat_goals_commits_total{HERE}[$__rate_interval]))",
            "{{outcome}}",
        )],
    },
    Panel {
        kind: Kind::Lines,
        title: "Commit latency",
        description: "How long commits took, from encoding the rows to writing them to disk",
        unit: "s",
        width: 12,
        queries: &[
            (
                "histogram_quantile(0.5, sum by (le) (rate(chat_goals_commit_duration_seconds_bucket{HERE}[$__rate_interval])))",
                "p50",
            ),
            (
                "histogram_quantile(0.99, sum by (le) (rate(chat_goals_commit_duration_seconds_bucket{HERE}[$__rate_interval])))",
                "p99",
            ),
        ],
    },
    Panel {
        kind: Kind::Lines,
        title: "Records a commit",
        description: "Records folded in a commit, on average: it grows when there is a backlog",
        unit: "short",
        width: 12,
        queries: &[(
            "sum(rate(chat_goals_commit_records_sum{HERE}[$__rate_interval])) / sum(rate(chat_goals_commit_records_count{HERE}[$__rate_interval]))",
            "records",
        )],
    },
    Panel {
        kind: Kind::Lines,
        title: "Rollbacks and rejoins",
        description: "How often workers went back to their last commit, or had to join the group anew, in five minutes",
        unit: "short",
        width: 12,
        queries: &[
            ("sum(increase(chat_goals_rollbacks_total{HERE}[5m]))", "rollbacks"),
            ("sum(increase(chat_goals_rejoins_total{HERE}[5m]))", "rejoins"),
        ],
    },
    Panel {
        kind: Kind::Lines,
        title: "Partitions by state",
        description: "Partitions of all stages: running, being restored, waiting for something, or stopped",
        unit: "short",
        width: 8,
        queries: &[("sum by (state) (chat_goals_tasks{HERE})", "{{state}}")],
    },
    Panel {
        kind: Kind::Lines,
        title: "Left to restore",
        description: "Offsets of changelogs that partitions have yet to read before they run",
        unit: "short",
        width: 8,
        queries: &[("sum by (instance) (chat_goals_restore_left_records{HERE})", "{{instance}}")],
    },
    Panel {
        kind: Kind::Lines,
        title: "Last step of a worker",
        description: "How long ago each worker made a step or began to wait for the brokers, and how old the lag is that is shown here",
        unit: "s",
        width: 8,
        queries: &[
            ("chat_goals_worker_step_age_seconds{HERE}", "{{instance}} worker {{worker}}"),
            ("chat_goals_survey_age_seconds{HERE}", "{{instance}} survey"),
        ],
    },
];

const MEMORY: [Panel; 6] = [
    Panel {
        kind: Kind::Lines,
        title: "RocksDB memory",
        description: "The block cache with everything charged to it, the part that cannot be given up, memtables, and what is kept of open files; beside what the cache may hold",
        unit: "bytes",
        width: 12,
        queries: &[
            ("sum(chat_goals_rocksdb_block_cache_bytes{HERE})", "block cache"),
            ("sum(chat_goals_rocksdb_pinned_bytes{HERE})", "pinned"),
            ("sum(chat_goals_rocksdb_memtables_bytes{HERE})", "memtables"),
            ("sum(chat_goals_rocksdb_table_readers_bytes{HERE})", "table readers"),
            ("sum(chat_goals_rocksdb_memory_max_bytes{HERE})", "limit"),
        ],
    },
    Panel {
        kind: Kind::Lines,
        title: "Rows in memory",
        description: "Rows kept decoded, by stage",
        unit: "short",
        width: 6,
        queries: &[("sum by (stage) (chat_goals_cache_rows{HERE})", "{{stage}}")],
    },
    Panel {
        kind: Kind::Lines,
        title: "Rows found in memory",
        description: "The share of the rows looked for that were in memory; the others were looked for on disk, new keys among them",
        unit: "percentunit",
        width: 6,
        queries: &[(
            "sum by (stage) (rate(chat_goals_cache_hits_total{HERE}[$__rate_interval])) / (sum by (stage) (rate(chat_goals_cache_hits_total{HERE}[$__rate_interval])) + sum by (stage) (rate(chat_goals_cache_misses_total{HERE}[$__rate_interval])))",
            "{{stage}}",
        )],
    },
    Panel {
        kind: Kind::Lines,
        title: "Memory of the process",
        description: "Memory in RAM, all in all",
        unit: "bytes",
        width: 8,
        queries: &[(
            "process_resident_memory_bytes{HERE} and on (job, instance) chat_goals_build_info",
            "{{instance}}",
        )],
    },
    Panel {
        kind: Kind::Lines,
        title: "CPU",
        description: "Cores that each process keeps busy",
        unit: "short",
        width: 8,
        queries: &[(
            "rate(process_cpu_seconds_total{HERE}[$__rate_interval]) and on (job, instance) chat_goals_build_info",
            "{{instance}}",
        )],
    },
    Panel {
        kind: Kind::Lines,
        title: "Disk",
        description: "The files of the state folder's database",
        unit: "bytes",
        width: 8,
        queries: &[("sum by (instance) (chat_goals_rocksdb_disk_bytes{HERE})", "{{instance}}")],
    },
];

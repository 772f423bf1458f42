//! Every setting of the program, declared once: the structs below, their defaults, the limits that are
//! checked and the commented `config/chat-goals.toml` all come from here. It never reads anything.

use super::kafka_properties::KafkaProperties;
use std::path::PathBuf;

words! {
    /// How the records of a topic are written.
    pub enum WireForm {
        /// The proto3 JSON mapping.
        Json = "json",
        Protobuf = "protobuf",
    }
}

words! {
    /// How a line of the log looks.
    pub enum LogFormat {
        /// For people.
        Text = "text",
        /// One JSON object a line, for whatever collects logs.
        Json = "json",
    }
}

words! {
    /// The least serious level that is logged.
    pub enum LogLevel {
        Error = "error",
        Warn = "warn",
        Info = "info",
        Debug = "debug",
        Trace = "trace",
    }
}

settings! {
    /// Where Kafka is.
    table kafka: Kafka {
        /// The brokers to ask first, as `host:port`, several set apart by commas. They name all the others.
        bootstrap: String = "localhost:9092";
    }
    with {
        /// Passed on to librdkafka, by the names in its CONFIGURATION.md: security, timeouts, buffers. What
        /// exactly-once depends on is set by the program and refused here, with the reason.
        ///
        /// A secret stays out of this file: a name that ends in `_file` takes the property's value from the
        /// file that it names (without the newline at its end). Values of secret properties are never
        /// printed.
        ///
        ///   "security.protocol" = "SASL_SSL"
        ///   "sasl.mechanism" = "SCRAM-SHA-512"
        ///   "sasl.username" = "chat-goals"
        ///   "sasl.password_file" = "/run/secrets/kafka-password"
        ///
        /// In the environment `_` stands for `.`, apart from a `_FILE` at the end:
        /// CHAT_GOALS_KAFKA__PROPERTIES__SASL_PASSWORD_FILE=/run/secrets/kafka-password
        properties: KafkaProperties;
    }

    /// The names of the topics. The inboxes and changelogs are named by `[group]`.
    table topics: Topics {
        /// Input: what happens in chats, key `chatId`.
        chat_events: String = "chat.events";
        /// Input: what customers do, key `customerId`.
        customer_events: String = "customer.events";
        /// Input: goals, subscriptions and time zones of channels, key `channelId`. Every instance reads it
        /// whole, from its beginning, so it must be kept for ever and not be compacted.
        goal_changes: String = "goal.changes";
        /// Output: each record is the whole new view of a chat, key `chatId`; compacted.
        goal_status_changed: String = "goal.status-changed";
        /// Output: absolute counts by manager and day, compacted.
        manager_goal_counters: String = "manager.goal-counters";
        /// Output: input records that cannot be understood, as they came, with the reason in their headers.
        dead_letters: String = "dead-letters";
    }

    /// The wire form of each topic: "json" (the proto3 JSON mapping) or "protobuf" (smaller, and cheaper to
    /// read and write). A topic has one form: change it together with whoever is at its other end.
    table wire: Wire {
        /// Of `topics.chat_events`.
        chat_events: WireForm = WireForm::Json;
        /// Of `topics.customer_events`.
        customer_events: WireForm = WireForm::Json;
        /// Of `topics.goal_changes`.
        goal_changes: WireForm = WireForm::Json;
        /// Of `topics.goal_status_changed`.
        goal_status_changed: WireForm = WireForm::Json;
        /// Of `topics.manager_goal_counters`.
        manager_goal_counters: WireForm = WireForm::Json;
    }

    /// Which deployment this is. All processes with the same `id` and `generation` share the work.
    table group: Group {
        /// The deployment's name. With the generation it names the consumer group `{id}-{generation}` and the
        /// topics between and behind the stages: `{id}-{generation}.chats.inbox`, `.customers.inbox`,
        /// `.managers.inbox`, `.chats.changelog`, `.customers.changelog`, `.managers.changelog`. Another id
        /// starts from nothing.
        id: String = "chat-goals";
        /// Counts the rebuilds of this deployment. A rebuild fills the next generation beside the running
        /// one; once it is promoted, this number follows it.
        generation: u32 [1..=1_000_000] = 1;
    }

    /// What the rules leave to the deployment.
    table rules: Rules {
        /// Whether goals of a channel are tracked only while it is subscribed (`subscriptionSet`). Set it to
        /// false where the platform sells no such add-on: then every channel counts as subscribed always.
        requires_subscription: bool = true;
    }

    /// When a deadline counts as passed.
    table clock: Clock {
        /// How long after its `at` a record may come into its topic and still be in time. The clock stays
        /// this far behind what has been read, so that no goal is reported as missed that a slow producer is
        /// about to report as achieved. More makes every deadline fire later by as much; less makes more
        /// corrections.
        allowance_ms: u64 [0..=86_400_000] = 10_000;
        /// How often the clock is asked to move. Lower makes deadlines fire sooner after they pass, for a few
        /// small requests to the brokers each time.
        interval_ms: u64 [50..=60_000] = 500;
    }

    /// How much goes into one transaction. It ends when its time or its records are reached, whichever is
    /// first.
    table commit: Commit {
        /// How long a transaction lasts at most when nothing waits to be read: most of the time that a change
        /// takes to become visible. With brokers that commit quickly it ends sooner: after twice as long
        /// as the last commit took, but not before 10 ms.
        interval_ms: u64 [20..=100] = 50;
        /// How long it lasts while there is a backlog. Longer means less work for each record, as a row that
        /// changes several times is written once, and more to do again after a crash.
        interval_behind_ms: u64 [20..=2_000] = 1_000;
        /// How many records are folded in one transaction at most. It bounds the memory that uncommitted rows
        /// take.
        records_max: usize [1..=10_000_000] = 50_000;
    }

    /// The threads that fold.
    table workers: Workers {
        /// How many there are in this process: each is one thread with its own consumer and its own producer,
        /// and takes its share of the partitions. One for each core that this process may use; more than
        /// `create.partitions`, over all processes, stand idle.
        count: usize [1..=256] = 1;
    }

    /// What this process keeps on its disk. Kafka holds everything; this is what makes starting and reading
    /// fast.
    table state: State {
        /// The directory, made if it is missing; each process needs one of its own. It should survive a
        /// restart and be on a local disk: what is not found here is restored from the changelogs, which
        /// takes time. Not in the working directory by default, as that is often the first thing a deployment
        /// replaces.
        dir: PathBuf = "/var/lib/chat-goals";
        /// Bytes that RocksDB may use for cached blocks and for what it has yet to write, both in one budget
        /// (64 MiB).
        memory_bytes_max: usize [8_388_608..=1_099_511_627_776] = 67_108_864;
        /// Bytes of rows that are kept decoded, so that a busy chat is neither read nor decoded again (32
        /// MiB). The rows of an open transaction come on top.
        rows_cache_bytes_max: usize [1_048_576..=1_099_511_627_776] = 33_554_432;
    }

    /// The read side (`chat-goals serve`): an HTTP API and a dashboard over a read model of what was published.
    table serve: Serve {
        /// Where it listens, as `address:port`; port 0 takes any free one. On this machine only by default: who may
        /// reach another address needs the token, or `allow_anonymous`.
        listen: String = "127.0.0.1:8080";
        /// A file that holds the token (without the newline at its end) which requests have to bear:
        /// `Authorization: Bearer TOKEN`. The dashboard asks for it once, and gives the browser a cookie for it.
        /// Empty: neither needs one.
        token_file: Option<PathBuf> = None;
        /// Listen on an address that other machines reach, though there is no token: whoever reaches it reads
        /// everything.
        allow_anonymous: bool = false;
        /// The directory of the read model, made if it is missing; each process needs one of its own, and not that
        /// of the processor. What is not found here is read from the topics again, from their beginning.
        state_dir: PathBuf = "/var/lib/chat-goals-serve";
        /// Bytes that its RocksDB may use for cached blocks and for what it has yet to write (128 MiB).
        memory_bytes_max: usize [8_388_608..=1_099_511_627_776] = 134_217_728;
        /// How many of the latest changes are kept in memory for readers of `/events` that come back: about a
        /// kilobyte each.
        events_kept: usize [16..=1_000_000] = 4_096;
        /// How many readers of `/events` there may be at once; one more is refused.
        event_readers_max: usize [1..=100_000] = 256;
    }

    /// How topics are made that do not exist yet. It changes nothing about those that do.
    table create: Create {
        /// Partitions of the inputs, inboxes and changelogs, all the same: the most threads that can ever
        /// share the work. It cannot be changed later, as the partition of a key depends on it.
        partitions: i32 [1..=4_096] = 8;
        /// On how many brokers each partition is kept; -1 leaves it to the brokers
        /// (`default.replication.factor`). Three, with `min.insync.replicas=2`, is what survives the loss of
        /// a broker.
        replication: i32 [-1..=127] = -1;
    }

    /// `chat-goals ingest`: a chat platform's webhooks and tracked events come in over HTTP and go into the
    /// input topics.
    table ingest: Ingest {
        /// The address and port to listen at; port 0 is any free one. By default only this machine can send.
        listen: String = "127.0.0.1:8081";
        /// A file that holds the token (without the newline at its end) which requests have to bear, as
        /// `Authorization: Bearer TOKEN` or in the query as `token`. Empty: requests need none.
        token_file: Option<PathBuf> = None;
        /// Listen on an address that other machines reach, though there is no token: whoever reaches it may send.
        allow_anonymous: bool = false;
        /// Bytes that the body of a request may have (1 MiB); a larger one is refused with 413.
        body_bytes_max: usize [1_024..=8_388_608] = 1_048_576;
        /// How long the brokers may take for a record. After that the answer is 503, and whoever sent it should
        /// send it again: less than the sender's own patience.
        delivery_timeout_ms: u64 [100..=600_000] = 5_000;
    }

    /// What is told over HTTP besides: `/metrics` for Prometheus, `/health/live` and `/health/ready` for whoever
    /// starts and stops processes. `serve` answers these at its own address, without a token.
    table telemetry: Telemetry {
        /// Where a processor (`run`, `rebuild`) listens, as `address:port`, or "off". Each process needs one of its
        /// own. By default only this machine can ask; "0.0.0.0:9464" lets everybody who can reach it, and there is
        /// nothing secret in the answers but the names of topics.
        listen: String = "127.0.0.1:9464";
        /// For how long a thread may make no step before `/health/live` says that the process should be started
        /// anew. Waiting for the brokers counts ten times less: they come back, and a new process would wait, too.
        stuck_after_ms: u64 [1_000..=3_600_000] = 60_000;
        /// How long `/health/ready` says no, after SIGTERM or SIGINT, before the process begins to leave. Nobody
        /// sends a processor requests, so it need not wait; a load balancer in front of `serve` needs it to notice.
        unready_ms: u64 [0..=600_000] = 0;
        /// How often it is looked at how far the inputs are behind, with one small question to the brokers.
        survey_interval_ms: u64 [100..=60_000] = 5_000;
    }

    /// What the program says about itself, on standard error.
    table log: Log {
        /// "text" for people, "json" for whatever collects logs.
        format: LogFormat = LogFormat::Text;
        /// "error", "warn", "info", "debug" (each commit) or "trace" (each record). The variable
        /// CHAT_GOALS_LOG takes finer filters, module by module, and goes before this.
        level: LogLevel = LogLevel::Info;
    }
}

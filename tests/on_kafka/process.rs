//! One deployment of the processor (topics, group, settings) and its processes: the real binary, started, killed and
//! stopped. It looks at nothing but exit codes and standard error.

use crate::bootstrap;
use crate::broker::{Feed, LIMIT, Partitioner};
use chat_goals::config::WireForm;
use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub const PARTITIONS: i32 = 4;

pub struct Deployment {
    pub name: String,
    pub form: WireForm,
    /// Where its processes look for the broker.
    pub bootstrap: String,
    generation: u32,
    settings: Vec<(String, String)>,
    dir: TempDir,
    started: AtomicU32,
}

impl Deployment {
    /// With names that no other test has. Its topics are not there yet.
    pub fn new(test: &str, form: WireForm) -> Self {
        let name = format!("{test}-{}-{}", std::process::id(), crate::workload::wall());
        let mut settings: Vec<(String, String)> = [
            ("group.id", name.clone()),
            ("create.partitions", PARTITIONS.to_string()),
            ("state.memory_bytes_max", (32 << 20).to_string()),
            ("state.rows_cache_bytes_max", (32 << 20).to_string()),
            // Each process takes a port of its own, and says which.
            ("telemetry.listen", "127.0.0.1:0".to_owned()),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
        for (key, topic) in [
            ("chat_events", "chat.events"),
            ("customer_events", "customer.events"),
            ("goal_changes", "goal.changes"),
            ("goal_status_changed", "goal.status-changed"),
            ("manager_goal_counters", "manager.goal-counters"),
            ("dead_letters", "dead-letters"),
        ] {
            settings.push((format!("topics.{key}"), format!("{name}.{topic}")));
            if key != "dead_letters" {
                settings.push((format!("wire.{key}"), form.as_str().to_owned()));
            }
        }
        let (bootstrap, dir) = (bootstrap(), TempDir::new().unwrap());
        Self { name, form, bootstrap, generation: 1, settings, dir, started: AtomicU32::new(0) }
    }

    /// As [`Self::new`], with its topics.
    pub fn created(test: &str, form: WireForm) -> Self {
        let deployment = Self::new(test, form);
        deployment.create_topics();
        deployment
    }

    pub fn set(&mut self, key: &str, value: &str) {
        self.settings.retain(|(set, _)| set != key);
        self.settings.push((key.to_owned(), value.to_owned()));
    }

    /// From now on everything that is started or said is of this generation.
    pub fn turn_to(&mut self, generation: u32) {
        self.generation = generation;
        self.set("group.generation", &generation.to_string());
    }

    pub fn group(&self) -> String {
        format!("{}-{}", self.name, self.generation)
    }

    /// One of the deployment's own topics: `chat.events` and so on.
    pub fn topic(&self, name: &str) -> String {
        format!("{}.{name}", self.name)
    }

    /// One of its internal topics: `chats.inbox` and so on.
    pub fn internal(&self, name: &str) -> String {
        format!("{}.{name}", self.group())
    }

    pub fn feed(&self, partitioner: Partitioner) -> Feed {
        let topics = ["goal.changes", "chat.events", "customer.events"].map(|name| self.topic(name));
        Feed::new(topics, self.form, partitioner)
    }

    pub fn create_topics(&self) {
        let output = self.say(&["topics", "create"]);
        assert!(output.status.success(), "{output:?}");
    }

    /// Runs a command to its end.
    pub fn say(&self, words: &[&str]) -> Output {
        self.command(words, "none").output().unwrap()
    }

    /// Starts a command that goes on until it is killed; what it prints can be read meanwhile.
    pub fn saying(&self, words: &[&str]) -> Child {
        self.command(words, "none").stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap()
    }

    /// Runs a command about the state of this name to its end.
    pub fn say_about(&self, words: &[&str], state: &str) -> Output {
        self.command(words, state).output().unwrap()
    }

    /// Starts a processor that keeps its state under this name.
    pub fn start(&self, state: &str) -> Process {
        self.start_as(&["run"], state)
    }

    /// Starts any command that goes on until it is stopped.
    pub fn start_as(&self, words: &[&str], state: &str) -> Process {
        self.spawn(self.command(words, state), state)
    }

    /// As [`Self::start`], by a service manager that hears at this socket, and waits so long for progress.
    pub fn start_under(&self, socket: &Path, watchdog: Duration, state: &str) -> Process {
        let mut command = self.command(&["run"], state);
        command.env("NOTIFY_SOCKET", socket).env("WATCHDOG_USEC", watchdog.as_micros().to_string());
        self.spawn(command, state)
    }

    /// As [`Self::start`], but no file of the processor grows beyond so many bytes.
    pub fn start_with_small_files(&self, state: &str, bytes_max: u64) -> Process {
        let mut command = self.command(&["run"], state);
        // SAFETY: between fork and exec only these two calls are made, and both may be made there.
        unsafe {
            command.pre_exec(move || {
                let limit = libc::rlimit { rlim_cur: bytes_max, rlim_max: bytes_max };
                // The signal would end the process; without it the write fails.
                libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
                match libc::setrlimit(libc::RLIMIT_FSIZE, &limit) {
                    0 => Ok(()),
                    _ => Err(std::io::Error::last_os_error()),
                }
            });
        }
        self.spawn(command, state)
    }

    fn spawn(&self, mut command: Command, state: &str) -> Process {
        let number = self.started.fetch_add(1, Ordering::Relaxed);
        let stderr = self.dir.path().join(format!("stderr-{number}-{state}"));
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&stderr).unwrap())
            .spawn()
            .unwrap();
        Process { child, stderr, ended: None }
    }

    /// Where processors of this name keep their state.
    pub fn state_dir(&self, state: &str) -> PathBuf {
        self.dir.path().join(state)
    }

    /// Throws the state away that processors of this name kept.
    pub fn lose_state(&self, state: &str) {
        std::fs::remove_dir_all(self.state_dir(state)).unwrap();
    }

    fn command(&self, words: &[&str], state: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chat-goals"));
        command.args(words).args(["--bootstrap", &self.bootstrap]);
        command.arg("--state-dir").arg(self.state_dir(state));
        for (key, value) in &self.settings {
            command.arg("--set").arg(format!("{key}={value}"));
        }
        command
    }
}

impl Drop for Deployment {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.dir.disable_cleanup(true);
            eprintln!("-- what the processes said and their state are kept in {}", self.dir.path().display());
        }
    }
}

/// A running processor. It does not outlive its test.
pub struct Process {
    child: Child,
    stderr: PathBuf,
    ended: Option<ExitStatus>,
}

impl Process {
    pub fn stderr(&self) -> String {
        std::fs::read_to_string(&self.stderr).unwrap()
    }

    /// Waits until it has said this.
    pub fn until_it_says(&mut self, words: &str) {
        let limit = Instant::now() + LIMIT;
        while !self.stderr().contains(words) {
            assert!(Instant::now() < limit, "it does not say {words:?}\n{}", self.stderr());
            self.assert_running();
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Where it answers over HTTP, once it does.
    pub fn url(&mut self) -> String {
        format!("http://{}", self.word_after("metrics and health are answered over HTTP address="))
    }

    /// The word that follows these, once it has said them.
    pub fn word_after(&mut self, words: &str) -> String {
        self.until_it_says(words);
        let stderr = self.stderr();
        let (_, rest) = stderr.split_once(words).expect("it has said so");
        rest.split_whitespace().next().expect("a word").to_owned()
    }

    pub fn assert_running(&mut self) {
        if let Some(status) = self.poll() {
            panic!("the process ended by itself: {status}\n{}", self.stderr());
        }
    }

    /// As `kill -9` or a lost machine.
    pub fn kill(mut self) {
        self.assert_running();
        self.child.kill().unwrap();
        self.ended = Some(self.child.wait().unwrap());
    }

    /// As an orchestrator stops it: it commits, leaves the group and ends well.
    pub fn stop(mut self) {
        self.assert_running();
        self.signal(libc::SIGTERM);
        let status = self.wait();
        assert!(status.success(), "it did not end well: {status}\n{}", self.stderr());
    }

    /// Stops it where it is, as a machine that hangs. It may go on later ([`Self::resume`]).
    pub fn pause(&mut self) {
        self.assert_running();
        self.signal(libc::SIGSTOP);
    }

    pub fn resume(&mut self) {
        self.signal(libc::SIGCONT);
    }

    /// As an orchestrator does before it loses patience.
    pub fn told_to_stop(self) -> Self {
        self.signal(libc::SIGTERM);
        self
    }

    /// Waits for its end, however it ends; if it does not come, it is killed.
    pub fn ends_within(mut self, span: Duration) -> bool {
        let limit = Instant::now() + span;
        while self.poll().is_none() {
            if Instant::now() > limit {
                return false;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        true
    }

    /// Waits for it to end by itself.
    pub fn wait(&mut self) -> ExitStatus {
        let limit = Instant::now() + LIMIT;
        loop {
            if let Some(status) = self.poll() {
                return status;
            }
            assert!(Instant::now() < limit, "it does not end\n{}", self.stderr());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn poll(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().unwrap();
        }
        self.ended
    }

    fn signal(&self, signal: i32) {
        let pid = i32::try_from(self.child.id()).expect("a process id");
        // SAFETY: the child has not been waited for, so its number is still its own.
        assert_eq!(unsafe { libc::kill(pid, signal) }, 0);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.poll().is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        if std::thread::panicking() {
            let stderr = self.stderr();
            let lines: Vec<&str> = stderr.lines().collect();
            let last = lines.len().saturating_sub(60);
            eprintln!("-- {}\n{}", self.stderr.display(), lines[last..].join("\n"));
        }
    }
}

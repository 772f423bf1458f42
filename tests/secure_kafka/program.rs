//! The real binary with its settings, in a file or in the environment. It looks at nothing but exit codes and what is
//! printed.

use crate::broker::{Broker, PASSWORD, USER};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Longer than a command takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// Where the settings of Kafka are written.
#[derive(Clone, Copy)]
pub enum Source {
    File,
    Environment,
}

pub struct Program {
    name: String,
    source: Source,
    bootstrap: String,
    properties: BTreeMap<String, String>,
    dir: TempDir,
    started: AtomicU32,
}

impl Program {
    /// With everything that the broker asks for, and with names that no other test has.
    pub fn new(broker: &Broker, mechanism: &str, source: Source) -> Self {
        static PROGRAMS: AtomicU32 = AtomicU32::new(0);
        let dir = TempDir::new().unwrap();
        let mut program = Self {
            name: format!("secure-{}", PROGRAMS.fetch_add(1, Ordering::Relaxed)),
            source,
            bootstrap: broker.bootstrap.clone(),
            properties: BTreeMap::new(),
            dir,
            started: AtomicU32::new(0),
        };
        program.set("security.protocol", "sasl_ssl");
        program.set("sasl.mechanism", mechanism);
        program.set("sasl.username", USER);
        program.set("ssl.ca.location", &broker.certificate().display().to_string());
        program.write_password(PASSWORD);
        program
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn set(&mut self, property: &str, value: &str) {
        self.properties.insert(property.to_owned(), value.to_owned());
    }

    pub fn unset(&mut self, property: &str) {
        self.properties.remove(property);
    }

    pub fn set_bootstrap(&mut self, bootstrap: &str) {
        bootstrap.clone_into(&mut self.bootstrap);
    }

    pub fn write_password(&mut self, password: &str) {
        let file = self.dir.path().join("password");
        fs::write(&file, format!("{password}\n")).unwrap();
        self.set("sasl.password_file", &file.display().to_string());
    }

    /// What it prints on standard output.
    pub fn succeeds(&self, words: &[&str]) -> String {
        let mut running = self.start(words);
        assert_eq!(running.code_within(LIMIT), 0, "{}", running.said());
        fs::read_to_string(&running.stdout).unwrap()
    }

    /// Everything that it says.
    pub fn fails(&self, words: &[&str], within: Duration) -> String {
        let mut running = self.start(words);
        assert_eq!(running.code_within(within), 1, "{}", running.said());
        running.said()
    }

    pub fn start(&self, words: &[&str]) -> Running {
        let number = self.started.fetch_add(1, Ordering::Relaxed);
        let [stdout, stderr] =
            ["stdout", "stderr"].map(|name| self.dir.path().join(format!("{name}-{number}")));
        let mut command = Command::new(env!("CARGO_BIN_EXE_chat-goals"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("CHAT_GOALS_") {
                command.env_remove(name);
            }
        }
        self.configure(command.args(words));
        let child = command
            .stdin(Stdio::null())
            .stdout(File::create(&stdout).unwrap())
            .stderr(File::create(&stderr).unwrap())
            .spawn()
            .unwrap();
        Running { child, ended: None, stdout, stderr }
    }

    fn configure(&self, command: &mut Command) {
        match self.source {
            Source::File => {
                let mut text = format!("[kafka]\nbootstrap = {:?}\n\n[kafka.properties]\n", self.bootstrap);
                for (property, value) in &self.properties {
                    writeln!(text, "{property:?} = {value:?}").unwrap();
                }
                let file = self.dir.path().join("chat-goals.toml");
                fs::write(&file, text).unwrap();
                command.arg("--config").arg(file);
            }
            Source::Environment => {
                command.env("CHAT_GOALS_KAFKA__BOOTSTRAP", &self.bootstrap);
                for (property, value) in &self.properties {
                    let variable = property.to_uppercase().replace('.', "_");
                    command.env(format!("CHAT_GOALS_KAFKA__PROPERTIES__{variable}"), value);
                }
            }
        }
        command.arg("--state-dir").arg(self.dir.path().join("state"));
        let (name, mut set) = (&self.name, |setting: String| {
            command.arg("--set").arg(setting);
        });
        set(format!("group.id={name}"));
        set("create.partitions=1".to_owned());
        set("telemetry.listen=127.0.0.1:0".to_owned());
        for (key, topic) in [
            ("chat_events", "chat.events"),
            ("customer_events", "customer.events"),
            ("goal_changes", "goal.changes"),
            ("goal_status_changed", "goal.status-changed"),
            ("manager_goal_counters", "manager.goal-counters"),
            ("dead_letters", "dead-letters"),
        ] {
            set(format!("topics.{key}={name}.{topic}"));
        }
    }
}

/// A started command. It does not outlive its test.
pub struct Running {
    child: Child,
    ended: Option<ExitStatus>,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Running {
    pub fn said(&self) -> String {
        [&self.stdout, &self.stderr].map(|file| fs::read_to_string(file).unwrap()).concat()
    }

    pub fn assert_running(&mut self) {
        if let Some(status) = self.poll() {
            panic!("it ended by itself: {status}\n{}", self.said());
        }
    }

    /// As an orchestrator stops it.
    pub fn terminate(&mut self) {
        self.assert_running();
        let pid = i32::try_from(self.child.id()).expect("a process id");
        // SAFETY: the child has not been waited for, so its number is still its own.
        assert_eq!(unsafe { libc::kill(pid, libc::SIGTERM) }, 0);
    }

    pub fn code_within(&mut self, limit: Duration) -> i32 {
        let end = Instant::now() + limit;
        loop {
            if let Some(status) = self.poll() {
                return status.code().unwrap_or_else(|| panic!("{status}\n{}", self.said()));
            }
            assert!(Instant::now() < end, "it does not end within {limit:?}\n{}", self.said());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn poll(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().unwrap();
        }
        self.ended
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.poll().is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

//! The two programs that are compared: each run has its own group, empty outputs and an empty state directory, and
//! ends with this process whatever happens.

use crate::proc::Tree;
use crate::world::World;
use anyhow::Context as _;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime};
use tempfile::TempDir;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Program {
    ChatGoals,
    KafkaStreams,
}

impl Program {
    pub fn name(self) -> &'static str {
        match self {
            Program::ChatGoals => "chat-goals",
            Program::KafkaStreams => "Kafka Streams",
        }
    }
}

/// A program with a group and a state directory of its own.
pub struct Subject<'a> {
    pub program: Program,
    pub world: &'a World,
    /// How long the broker waits for a member that is silent; the peer's own setting, as it is its consumer's.
    pub session_ms: u32,
    id: String,
    dir: TempDir,
}

/// What Kafka has by default, for the protocol that the peer uses.
const SESSION_MS: u32 = 45_000;

impl<'a> Subject<'a> {
    pub fn new(program: Program, world: &'a World) -> anyhow::Result<Self> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let id = format!("compare-{}-{number}", std::process::id());
        world.fresh_outputs(&world.config(&id)?, program == Program::ChatGoals)?;
        let dir = tempfile::tempdir()?;
        let subject = Self { program, world, session_ms: SESSION_MS, id, dir };
        std::fs::create_dir(subject.state())?;
        Ok(subject)
    }

    pub fn group(&self) -> String {
        match self.program {
            Program::ChatGoals => format!("{}-1", self.id),
            Program::KafkaStreams => self.id.clone(),
        }
    }

    /// The topics between its stages, whose positions it commits.
    pub fn between_stages(&self) -> Vec<String> {
        let names = match self.program {
            Program::ChatGoals => ["-1.chats.inbox", "-1.customers.inbox", "-1.managers.inbox"],
            Program::KafkaStreams => ["-tracked-by-chat", "-links", "-contributions"],
        };
        names.map(|name| format!("{}{name}", self.id)).to_vec()
    }

    pub fn start(&self) -> anyhow::Result<Running> {
        let mut command = match self.program {
            Program::ChatGoals => {
                let mut command = Command::new(env!("CARGO_BIN_EXE_chat-goals"));
                command
                    .arg("run")
                    .arg(format!("--bootstrap={}", self.world.bootstrap))
                    .arg(format!("--state-dir={}", self.state().display()))
                    .arg(format!("--set=group.id={}", self.id))
                    .arg(format!("--set=create.partitions={}", self.world.partitions))
                    .arg("--set=telemetry.listen=127.0.0.1:0");
                command
            }
            Program::KafkaStreams => {
                let mut command = Command::new(peer().join("run.sh"));
                command
                    .env("BOOTSTRAP", &self.world.bootstrap)
                    .env("APPLICATION_ID", &self.id)
                    .env("STATE_DIR", self.state())
                    .env("SESSION_TIMEOUT_MS", self.session_ms.to_string());
                command
            }
        };
        let said = self.dir.path().join("said");
        let file = File::options().create(true).append(true).open(&said)?;
        let child = command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).spawn()?;
        Ok(Running { child, said, tree: Tree::default() })
    }

    pub fn empty_state(&self) -> anyhow::Result<()> {
        std::fs::remove_dir_all(self.state())?;
        Ok(std::fs::create_dir(self.state())?)
    }

    /// Removes what it left on the broker; it must not run.
    pub fn forget(self) -> anyhow::Result<()> {
        self.world.forget(&self.id, &self.group())
    }

    fn state(&self) -> PathBuf {
        self.dir.path().join("state")
    }
}

/// A process that ends with this value.
pub struct Running {
    child: Child,
    said: PathBuf,
    tree: Tree,
}

impl Running {
    /// An error with its last words if it has ended.
    pub fn alive(&mut self) -> anyhow::Result<()> {
        let Some(status) = self.child.try_wait()? else { return Ok(()) };
        let said = std::fs::read_to_string(&self.said).unwrap_or_default();
        let last: Vec<&str> = said.lines().rev().take(20).collect();
        anyhow::bail!("it ended with {status}:\n{}", last.into_iter().rev().collect::<Vec<_>>().join("\n"))
    }

    /// The CPU seconds so far.
    pub fn cpu(&mut self) -> f64 {
        self.tree.sample(self.child.id())
    }

    pub fn peak_mib(&self) -> f64 {
        self.tree.peak_mib()
    }

    /// Asks it to stop and waits for it.
    pub fn stop(mut self) -> anyhow::Result<()> {
        // SAFETY: a number goes in and a number comes out; the child has not been waited for, so the id is its own.
        unsafe { libc::kill(self.child.id() as libc::pid_t, libc::SIGTERM) };
        let start = Instant::now();
        while self.child.try_wait()?.is_none() {
            anyhow::ensure!(start.elapsed() < Duration::from_secs(60), "it does not stop");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// kill -9.
    pub fn kill(self) {}
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail for one that has ended, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Compiles the peer unless it is newer than its sources.
pub fn build_peer() -> anyhow::Result<()> {
    let built = peer().join("target/kafka-streams-peer.jar").metadata().and_then(|jar| jar.modified());
    if built.is_ok_and(|built| changed(&peer().join("src")).is_ok_and(|changed| changed < built)) {
        return Ok(());
    }
    println!("building benches/kafka-streams");
    let status = Command::new("mvn")
        .args(["-B", "-q", "package"])
        .current_dir(peer())
        .status()
        .context("Maven is needed for the peer (or --no-peer)")?;
    anyhow::ensure!(status.success(), "mvn package failed in benches/kafka-streams");
    Ok(())
}

fn peer() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/kafka-streams")
}

/// When anything in the folder was changed last.
fn changed(folder: &Path) -> std::io::Result<SystemTime> {
    let mut latest = folder.metadata()?.modified()?;
    for entry in folder.read_dir()? {
        let path = entry?.path();
        latest = latest.max(if path.is_dir() { changed(&path)? } else { path.metadata()?.modified()? });
    }
    Ok(latest)
}

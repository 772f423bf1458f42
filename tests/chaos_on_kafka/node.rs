//! One Kafka broker in a process of its own: it is formatted, started, killed, and started again on the same data. It has
//! two listeners: one for the tests themselves and the other brokers, and one that is advertised at the address of the
//! proxy, so that a client that begins at the proxy never gets past it.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Longer than a start takes on a busy machine, also when every partition has to be recovered.
const START_LIMIT: Duration = Duration::from_secs(180);
/// What Kafka logs when it serves.
const STARTED: &str = "Kafka Server started";

/// Where a broker listens, and where its clients are told that it does.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    pub direct: u16,
    pub behind_the_proxy: u16,
    pub controller: u16,
    pub proxy: SocketAddr,
}

pub struct Node {
    dir: PathBuf,
    direct: u16,
    running: Option<Running>,
}

struct Running {
    /// Dropped to end it.
    stop: Sender<()>,
    /// Says how the start went.
    start: Receiver<Result<(), String>>,
    keeper: JoinHandle<()>,
}

impl Node {
    /// `number` from 0, of these. Nothing runs yet.
    pub fn format(dir: PathBuf, number: usize, all: &[Ports]) -> Self {
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join("server.properties"), settings(&dir, number, all)).unwrap();
        let mut command = java();
        command
            .args(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx256m"])
            .args(["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "kafka.tools.StorageTool"])
            .args(["format", "--cluster-id", "chat-goals-chaos-test", "--config"])
            .arg(dir.join("server.properties"));
        let output = command.output().unwrap_or_else(|error| panic!("java does not start: {error}"));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Self { dir, direct: all[number].direct, running: None }
    }

    /// Starts it on the data that it has, and returns at once.
    pub fn start(&mut self) {
        assert!(self.running.is_none(), "the broker runs already");
        let (stop, stopped) = mpsc::channel();
        let (started, start) = mpsc::channel();
        let (command, log, direct) = (broker_command(&self.dir), self.dir.join("broker.log"), self.direct);
        let keeper = std::thread::spawn(move || keep(command, &log, direct, &started, &stopped));
        self.running = Some(Running { stop, start, keeper });
    }

    /// Waits until it serves. To be called once after a start.
    pub fn until_started(&self) {
        let running = self.running.as_ref().expect("the broker was started");
        if let Err(log) = running.start.recv().expect("the keeper says how the start went") {
            panic!("Kafka did not start:\n{log}");
        }
    }

    /// As a lost machine whose disk is still there.
    pub fn kill(&mut self) {
        if let Some(Running { stop, keeper, .. }) = self.running.take() {
            drop(stop);
            let _ = keeper.join();
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The thread that the broker lives and dies with: the kernel ends the broker with the thread that started it, and
/// tests run on threads that come and go.
fn keep(
    mut command: Command,
    log: &Path,
    direct: u16,
    started: &Sender<Result<(), String>>,
    stopped: &Receiver<()>,
) {
    let mut broker = command.spawn().expect("setpriv starts java");
    let outcome = await_start(&mut broker, log, direct);
    let is_up = outcome.is_ok();
    let _ = started.send(outcome);
    if is_up {
        // The other end is never written to: it is dropped.
        let _ = stopped.recv();
    }
    let _ = broker.kill();
    let _ = broker.wait();
}

/// It has said so, and it takes connections. (The log is a new one for each start.)
fn await_start(broker: &mut Child, log: &Path, direct: u16) -> Result<(), String> {
    let limit = Instant::now() + START_LIMIT;
    let address = SocketAddr::from(([127, 0, 0, 1], direct));
    loop {
        let logged = fs::read_to_string(log).unwrap_or_default();
        if logged.contains(STARTED) && TcpStream::connect(address).is_ok() {
            return Ok(());
        }
        if Instant::now() > limit || broker.try_wait().unwrap().is_some() {
            return Err(logged);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn java() -> Command {
    let jars = std::env::var("KAFKA_CLASSPATH").unwrap_or_else(|_| {
        panic!("these tests need the jars of Kafka: run them as `dev/kafka run -- cargo test --release`")
    });
    let mut command = Command::new("java");
    command.args(["-XX:-UsePerfData", "-cp", &jars]);
    command
}

fn broker_command(dir: &Path) -> Command {
    let log = dir.join("broker.log");
    let _ = fs::rename(&log, dir.join("broker.log.before"));
    let log = File::create(log).unwrap();
    let java = java();
    let mut command = Command::new("setpriv");
    command
        .args(["--pdeathsig", "KILL"])
        .arg(java.get_program())
        .args(java.get_args())
        .args(["-Xms128m", "-Xmx768m"])
        .arg(format!("-Djava.io.tmpdir={}", dir.display()))
        .args(["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"])
        .args(["-Dorg.slf4j.simpleLogger.showDateTime=true"])
        .args(["-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info", "kafka.Kafka"])
        .arg(dir.join("server.properties"))
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log);
    command
}

/// As in `dev/kafka`, but for the listeners, and that everything is there three times: a broker that is killed takes
/// nothing with it that was acknowledged, and another one goes on with its transactions.
fn settings(dir: &Path, number: usize, all: &[Ports]) -> String {
    let Ports { direct, behind_the_proxy, controller, proxy } = all[number];
    let voters: Vec<String> = all
        .iter()
        .enumerate()
        .map(|(at, ports)| format!("{}@127.0.0.1:{}", at + 1, ports.controller))
        .collect();
    format!(
        "process.roles=broker,controller
node.id={id}
listeners=PLAINTEXT://127.0.0.1:{direct},PROXIED://127.0.0.1:{behind_the_proxy},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{direct},PROXIED://{proxy}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
controller.quorum.voters={voters}
log.dirs={data}
auto.create.topics.enable=false

default.replication.factor={count}
min.insync.replicas={in_sync}
offsets.topic.replication.factor={count}
offsets.topic.num.partitions=8
transaction.state.log.replication.factor={count}
transaction.state.log.min.isr={in_sync}
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor={count}
share.coordinator.state.topic.min.isr={in_sync}
# A killed broker is missed soon.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=300
replica.lag.time.max.ms=5000
group.consumer.min.heartbeat.interval.ms=100
group.consumer.heartbeat.interval.ms=500
group.consumer.min.session.timeout.ms=1000
group.consumer.session.timeout.ms=6000
group.initial.rebalance.delay.ms=0
transaction.abort.timed.out.transaction.cleanup.interval.ms=1000
",
        id = number + 1,
        voters = voters.join(","),
        data = dir.join("data").display(),
        count = all.len(),
        in_sync = all.len() / 2 + 1,
    )
}

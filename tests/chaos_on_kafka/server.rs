//! A Kafka broker of these tests' own, which can be killed and started again on the same data. It has two listeners:
//! one for the tests themselves, and one that is advertised at the address of the proxy, so that a client that begins at
//! the proxy never gets past it. It ends with the last test that uses it, whatever becomes of the test.

use crate::proxy::Proxy;
use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Longer than a start takes on a busy machine, also when every partition has to be recovered.
const START_LIMIT: Duration = Duration::from_secs(120);
/// What Kafka logs when it serves.
const STARTED: &str = "Kafka Server started";

pub struct Server {
    dir: TempDir,
    keep: AtomicBool,
    running: Mutex<Option<Running>>,
}

struct Running {
    /// Dropped to end it.
    stop: Sender<()>,
    keeper: JoinHandle<()>,
}

/// Where everything listens, the same as long as the tests run: their clients outlive a broker.
struct Addresses {
    direct: u16,
    behind_the_proxy: u16,
    controller: u16,
    proxy: Proxy,
}

fn addresses() -> &'static Addresses {
    static ADDRESSES: OnceLock<Addresses> = OnceLock::new();
    ADDRESSES.get_or_init(|| {
        let [direct, behind_the_proxy, controller] = free_ports();
        Addresses { direct, behind_the_proxy, controller, proxy: Proxy::before(behind_the_proxy) }
    })
}

/// Below the ports that outgoing connections are given: nobody takes one of these while its broker is down.
fn free_ports() -> [u16; 3] {
    let first = 12_000 + (std::process::id() % 2_000) as u16 * 4;
    let free: Vec<u16> =
        (first..32_000).filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).take(3).collect();
    free.try_into().expect("a machine has free ports")
}

/// The address that bypasses the proxy.
pub fn bootstrap() -> String {
    format!("127.0.0.1:{}", addresses().direct)
}

pub fn proxy() -> &'static Proxy {
    &addresses().proxy
}

/// The one broker of all tests that run or wait at this time.
pub fn server() -> Arc<Server> {
    static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    shared.upgrade().unwrap_or_else(|| {
        let server = Arc::new(Server::format());
        server.start();
        *shared = Arc::downgrade(&server);
        server
    })
}

impl Server {
    fn format() -> Self {
        let dir = TempDir::new().unwrap();
        write_settings(dir.path());
        let mut command = java();
        command
            .args(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx256m"])
            .args(["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "kafka.tools.StorageTool"])
            .args(["format", "--cluster-id", "chat-goals-chaos-test", "--config"])
            .arg(dir.path().join("server.properties"));
        let output = command.output().unwrap_or_else(|error| panic!("java does not start: {error}"));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Self { dir, keep: AtomicBool::new(false), running: Mutex::new(None) }
    }

    /// Keeps its data and its log when it ends, to be looked into.
    pub fn keep(&self) {
        self.keep.store(true, Ordering::Relaxed);
        eprintln!("-- the broker's log and data are kept in {}", self.dir.path().display());
    }

    /// Starts it on the data that it has, and returns once it serves.
    pub fn start(&self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(running.is_none(), "the broker runs already");
        let (stop, stopped) = mpsc::channel();
        let (started, start) = mpsc::channel();
        if self.dir.path().join("broker.log").exists() {
            look_late_for_old_transactions(self.dir.path());
        }
        let (command, log) = (broker_command(self.dir.path()), self.dir.path().join("broker.log"));
        let keeper = std::thread::spawn(move || keep(command, &log, &started, &stopped));
        let outcome = start.recv().expect("the keeper says how the start went");
        *running = Some(Running { stop, keeper });
        if let Err(log) = outcome {
            panic!("Kafka did not start:\n{log}");
        }
    }

    /// As a lost machine whose disk is still there.
    pub fn kill(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Running { stop, keeper }) = running {
            drop(stop);
            let _ = keeper.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        if self.keep.load(Ordering::Relaxed) {
            self.dir.disable_cleanup(true);
        }
    }
}

/// The thread that the broker lives and dies with: the kernel ends the broker with the thread that started it, and
/// tests run on threads that come and go.
fn keep(mut command: Command, log: &Path, started: &Sender<Result<(), String>>, stopped: &Receiver<()>) {
    let mut broker = command.spawn().expect("setpriv starts java");
    let outcome = await_start(&mut broker, log);
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
fn await_start(broker: &mut Child, log: &Path) -> Result<(), String> {
    let limit = Instant::now() + START_LIMIT;
    let address = SocketAddr::from(([127, 0, 0, 1], addresses().direct));
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
        .args(["-Xms256m", "-Xmx1g"])
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

/// A broker (4.3.1) that is alone and starts after a kill was seen to note a transaction as complete and to leave its
/// marker out of partitions, so that the next marker of the same producer decided about its records, too. It does so to
/// transactions that it aborts for their age before it serves, hence this: in these tests it looks for old ones every
/// second, after a restart only when it has long been up (by its own default after 10 s, too soon on a busy machine). A
/// transaction that was prepared when the broker was killed can still meet it.
fn look_late_for_old_transactions(dir: &Path) {
    let path = dir.join("server.properties");
    let settings = fs::read_to_string(&path).unwrap();
    fs::write(
        path,
        settings.replace(&format!("{LOOK_INTERVAL}=1000\n"), &format!("{LOOK_INTERVAL}=20000\n")),
    )
    .unwrap();
}

const LOOK_INTERVAL: &str = "transaction.abort.timed.out.transaction.cleanup.interval.ms";

/// As in `dev/kafka`, but for the listeners and where they are advertised.
fn write_settings(dir: &Path) {
    let Addresses { direct, behind_the_proxy, controller, proxy } = addresses();
    let (data, proxy) = (dir.join("data"), proxy.address());
    let settings = format!(
        "process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:{direct},PROXIED://127.0.0.1:{behind_the_proxy},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{direct},PROXIED://{proxy}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:{controller}
log.dirs={data}
auto.create.topics.enable=false

default.replication.factor=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.consumer.min.heartbeat.interval.ms=100
group.consumer.heartbeat.interval.ms=500
group.consumer.min.session.timeout.ms=1000
group.consumer.session.timeout.ms=6000
group.initial.rebalance.delay.ms=0
{LOOK_INTERVAL}=1000
",
        data = data.display(),
    );
    fs::write(dir.join("server.properties"), settings).unwrap();
}

//! A Kafka broker of these tests' own, which takes clients with TLS and a password only, and its certificates. It ends
//! with the last test that uses it, whatever becomes of the test. It configures no client.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub const USER: &str = "processor";
pub const PASSWORD: &str = "the-right-Passw0rd";

/// Of the key store, and between the broker and itself.
const BROKERS_OWN_PASSWORD: &str = "the-brokers-0wn";
/// Longer than a start takes on a busy machine.
const START_LIMIT: Duration = Duration::from_secs(120);
/// What Kafka logs when it serves.
const STARTED: &str = "Kafka Server started";

pub struct Broker {
    pub bootstrap: String,
    dir: TempDir,
    /// Dropped to end it.
    stop: Option<Sender<()>>,
    keeper: Option<JoinHandle<()>>,
}

/// The one broker of all tests that run at this time.
pub fn broker() -> Arc<Broker> {
    static SHARED: Mutex<Weak<Broker>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    shared.upgrade().unwrap_or_else(|| {
        let broker = Arc::new(Broker::start());
        *shared = Arc::downgrade(&broker);
        broker
    })
}

impl Broker {
    /// A port may be taken between the look and the bind, hence three tries.
    fn start() -> Self {
        let jars = std::env::var("KAFKA_CLASSPATH").unwrap_or_else(|_| {
            panic!("these tests need the jars of Kafka: run them as `dev/kafka run -- cargo test --release`")
        });
        let mut failure = String::new();
        for _ in 0..3 {
            match Self::try_start(&jars) {
                Ok(broker) => return broker,
                Err(log) => failure = log,
            }
        }
        panic!("Kafka did not start in three tries:\n{failure}");
    }

    fn try_start(jars: &str) -> Result<Self, String> {
        let dir = TempDir::new().unwrap();
        make_certificate(dir.path(), "broker", "ip:127.0.0.1");
        make_certificate(dir.path(), "somebody-else", "ip:127.0.0.1");
        let bootstrap = write_settings(dir.path());
        format_storage(jars, dir.path());

        let (stop, stopped) = mpsc::channel();
        let (started, start) = mpsc::channel();
        let (command, log) = (broker_command(jars, dir.path()), dir.path().join("broker.log"));
        let keeper = std::thread::spawn(move || keep(command, &log, &started, &stopped));
        let broker = Self { bootstrap, dir, stop: Some(stop), keeper: Some(keeper) };
        start.recv().expect("the keeper says how the start went").map(|()| broker)
    }

    /// For clients: the certificate is its own authority.
    pub fn certificate(&self) -> PathBuf {
        self.dir.path().join("broker.pem")
    }

    /// Of somebody who says to be at the same address.
    pub fn certificate_of_somebody_else(&self) -> PathBuf {
        self.dir.path().join("somebody-else.pem")
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(keeper) = self.keeper.take() {
            let _ = keeper.join();
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
    // Its data goes too, so nothing has to be ended in order.
    let _ = broker.kill();
    let _ = broker.wait();
}

fn await_start(broker: &mut Child, log: &Path) -> Result<(), String> {
    let limit = Instant::now() + START_LIMIT;
    loop {
        let logged = fs::read_to_string(log).unwrap_or_default();
        if logged.contains(STARTED) {
            return Ok(());
        }
        if Instant::now() > limit || broker.try_wait().unwrap().is_some() {
            return Err(logged);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn broker_command(jars: &str, dir: &Path) -> Command {
    let log = File::create(dir.join("broker.log")).unwrap();
    let mut command = Command::new("setpriv");
    command
        .args(["--pdeathsig", "KILL", "java", "-Xms256m", "-Xmx1g", "-XX:-UsePerfData"])
        .arg(format!("-Djava.io.tmpdir={}", dir.display()))
        .args(["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"])
        .args(["-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info"])
        .args(["-cp", jars, "kafka.Kafka"])
        .arg(dir.join("server.properties"))
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log);
    command
}

/// As in `dev/kafka`, but for the listener. The controller's is not for clients.
fn write_settings(dir: &Path) -> String {
    let [port, controller_port] = free_ports();
    let bootstrap = format!("127.0.0.1:{port}");
    let (dir_name, own) = (dir.display(), BROKERS_OWN_PASSWORD);
    let settings = format!(
        "process.roles=broker,controller
node.id=1
listeners=SASL_SSL://{bootstrap},CONTROLLER://127.0.0.1:{controller_port}
listener.security.protocol.map=SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:{controller_port}
log.dirs={dir_name}/data
auto.create.topics.enable=false

ssl.keystore.type=PKCS12
ssl.keystore.location={dir_name}/broker.p12
ssl.keystore.password={own}
ssl.truststore.type=PEM
ssl.truststore.location={dir_name}/broker.pem

inter.broker.listener.name=SASL_SSL
sasl.mechanism.inter.broker.protocol=PLAIN
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
username=\"broker\" password=\"{own}\" user_broker=\"{own}\" user_{USER}=\"{PASSWORD}\";
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;

default.replication.factor=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
group.consumer.min.heartbeat.interval.ms=100
group.consumer.heartbeat.interval.ms=500
group.initial.rebalance.delay.ms=0
"
    );
    fs::write(dir.join("server.properties"), settings).unwrap();
    bootstrap
}

/// Both are held until both are found, so that they differ.
fn free_ports() -> [u16; 2] {
    let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

/// Users of SCRAM are kept in the cluster's metadata; the first has to be there before it starts.
fn format_storage(jars: &str, dir: &Path) {
    let mut command = Command::new("java");
    command
        .args(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData", "-Xmx256m"])
        .args(["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", jars, "kafka.tools.StorageTool"])
        .args(["format", "--cluster-id", "chat-goals-secure-test", "--config"])
        .arg(dir.join("server.properties"))
        .args(["--add-scram", &format!("SCRAM-SHA-512=[name={USER},password={PASSWORD}]")]);
    must_succeed(&mut command);
}

/// A key with a certificate signed by itself in `{name}.p12`, and the certificate alone in `{name}.pem`.
fn make_certificate(dir: &Path, name: &str, host: &str) {
    let store = dir.join(format!("{name}.p12"));
    let keytool = |words: &[&str]| {
        let mut command = Command::new("keytool");
        command.args(words).args([
            "-alias",
            name,
            "-storetype",
            "PKCS12",
            "-storepass",
            BROKERS_OWN_PASSWORD,
        ]);
        must_succeed(command.arg("-keystore").arg(&store));
    };
    let (subject, address) = (format!("CN={name}"), format!("SAN={host}"));
    keytool(&["-genkeypair", "-keyalg", "RSA", "-validity", "2", "-dname", &subject, "-ext", &address]);
    let pem = dir.join(format!("{name}.pem")).display().to_string();
    keytool(&["-exportcert", "-rfc", "-file", &pem]);
}

fn must_succeed(command: &mut Command) {
    let program = command.get_program().to_owned();
    let output = command.output().unwrap_or_else(|error| panic!("{program:?} does not start: {error}"));
    let said = [&output.stdout, &output.stderr].map(|said| String::from_utf8_lossy(said).into_owned());
    assert!(output.status.success(), "{program:?} ended with {}: {}", output.status, said.concat());
}

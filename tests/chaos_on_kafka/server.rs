//! A Kafka cluster of these tests' own: three brokers, each of which can be killed and started again on the same data.
//! It ends with the last test that uses it, whatever becomes of the test.

use crate::broker::in_sync;
use crate::node::{Node, Ports};
use crate::proxy::Proxy;
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub const BROKERS: usize = 3;
/// Longer than three brokers take on a busy machine until all of them have everything.
const IN_SYNC_LIMIT: Duration = Duration::from_secs(240);

pub struct Server {
    nodes: Mutex<Vec<Node>>,
    keep: AtomicBool,
    /// Last, so that it outlives the brokers.
    dir: TempDir,
}

/// Where everything listens, the same as long as the tests run: their clients outlive a broker.
struct Addresses {
    ports: Vec<Ports>,
    proxy: Proxy,
}

fn addresses() -> &'static Addresses {
    static ADDRESSES: OnceLock<Addresses> = OnceLock::new();
    ADDRESSES.get_or_init(|| {
        let free = free_ports(3 * BROKERS);
        let (direct, rest) = free.split_at(BROKERS);
        let (behind_the_proxy, controller) = rest.split_at(BROKERS);
        let proxy = Proxy::before(behind_the_proxy);
        let ports = |at| Ports {
            direct: direct[at],
            behind_the_proxy: behind_the_proxy[at],
            controller: controller[at],
            proxy: proxy.address(at),
        };
        Addresses { ports: (0..BROKERS).map(ports).collect(), proxy }
    })
}

/// Below the ports that outgoing connections are given: nobody takes one of these while its broker is down.
fn free_ports(count: usize) -> Vec<u16> {
    let first = 12_000 + (std::process::id() % 1_000) as u16 * 12;
    let free: Vec<u16> =
        (first..32_000).filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).take(count).collect();
    assert_eq!(free.len(), count, "a machine has free ports");
    free
}

/// The addresses that bypass the proxy.
pub fn bootstrap() -> String {
    let all: Vec<String> =
        addresses().ports.iter().map(|ports| format!("127.0.0.1:{}", ports.direct)).collect();
    all.join(",")
}

pub fn proxy() -> &'static Proxy {
    &addresses().proxy
}

/// The one cluster of all tests that run or wait at this time.
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
        let node =
            |number| Node::format(dir.path().join(format!("broker-{number}")), number, &addresses().ports);
        Self { nodes: Mutex::new((0..BROKERS).map(node).collect()), keep: AtomicBool::new(false), dir }
    }

    /// Keeps its data and its logs when it ends, to be looked into.
    pub fn keep(&self) {
        self.keep.store(true, Ordering::Relaxed);
        eprintln!("-- the brokers' logs and data are kept in {}", self.dir.path().display());
    }

    /// Starts all brokers on the data that they have, and returns once all of them serve and have everything.
    pub fn start(&self) {
        let mut nodes = self.nodes();
        nodes.iter_mut().for_each(Node::start);
        nodes.iter().for_each(Node::until_started);
        drop(nodes);
        Self::until_in_sync();
    }

    /// As lost machines whose disks are still there.
    pub fn kill(&self) {
        self.nodes().iter_mut().for_each(Node::kill);
    }

    /// Kills one broker, from 0: the others go on with what it led.
    pub fn kill_one(&self, number: usize) {
        self.nodes()[number].kill();
    }

    /// Starts one broker on the data that it has, and returns once it has what it missed: until then no other one may be
    /// killed, since some records would then be with one broker only.
    pub fn start_one(&self, number: usize) {
        let mut nodes = self.nodes();
        nodes[number].start();
        nodes[number].until_started();
        drop(nodes);
        Self::until_in_sync();
    }

    fn until_in_sync() {
        let limit = Instant::now() + IN_SYNC_LIMIT;
        while !in_sync(BROKERS) {
            assert!(Instant::now() < limit, "the brokers do not get in sync");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn nodes(&self) -> MutexGuard<'_, Vec<Node>> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
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

//! A proxy on loopback before the brokers: it delays, cuts connections, and holds an `EndTxn` back to deliver it when its
//! sender has long gone on. It keeps a record of what it did and of what the broker answered. It changes no byte.

use crate::broker::LIMIT;
use crate::frame::{ADD_OFFSETS_TO_TXN, ADD_PARTITIONS_TO_TXN, END_TXN, Frame, Transactional};
use chat_goals::simulate::dice::Dice;
use std::io::Write as _;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub struct Proxy {
    /// One for each broker.
    addresses: Vec<SocketAddr>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    connections: u64,
    open: Vec<Connection>,
    delay_max: Duration,
    dice: Option<Dice>,
    hold: Option<Hold>,
    held: Option<Held>,
    /// The record: every request of a transactional producer, in the order in which they came.
    seen: Vec<Seen>,
    cuts: u64,
}

/// What becomes of the connection of the `EndTxn` that is held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// Its sender hears nothing any more, until it gives up.
    Silent,
    /// Its sender is cut off at once.
    Cut,
}

/// A request of a transactional producer.
#[derive(Clone, Debug)]
pub struct Seen {
    pub connection: u64,
    pub request: Transactional,
    /// Whether it went on to the broker when it came.
    pub passed: bool,
}

struct Connection {
    number: u64,
    client: TcpStream,
    broker: TcpStream,
}

struct Held {
    connection: u64,
    request: Transactional,
    broker: TcpStream,
    /// The `EndTxn`, and what its sender wrote after it.
    frames: Vec<Frame>,
    /// Its sender has closed the connection, or was cut off.
    given_up: bool,
    released: bool,
    /// The broker's answer, once it has been delivered.
    error: Option<i16>,
    /// The next transaction stops short of its positions.
    stall: Stall,
}

#[derive(Debug, PartialEq, Eq)]
enum Stall {
    No,
    /// For a transaction that writes to this topic.
    Armed(String),
    Stalled,
}

impl Proxy {
    /// Listens at a free port for each of these ports of brokers, which need not be there yet.
    pub fn before(ports: &[u16]) -> Self {
        let shared = Arc::<Shared>::default();
        let listen = |port: &u16| {
            let broker = SocketAddr::from(([127, 0, 0, 1], *port));
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            let listening = shared.clone();
            std::thread::spawn(move || {
                for client in listener.incoming().flatten() {
                    listening.connect(client, broker);
                }
            });
            address
        };
        Self { addresses: ports.iter().map(listen).collect(), shared }
    }

    /// Where a client begins.
    pub fn bootstrap(&self) -> String {
        let all: Vec<String> = self.addresses.iter().map(SocketAddr::to_string).collect();
        all.join(",")
    }

    /// What the broker with this number, from 0, tells its clients.
    pub fn address(&self, broker: usize) -> SocketAddr {
        self.addresses[broker]
    }

    /// Lets everything pass, as in the beginning. Whoever waits in here is cut off.
    pub fn reset(&self) {
        self.cut();
        let mut state = self.shared.lock();
        if let Some(held) = &state.held {
            let _ = held.broker.shutdown(Shutdown::Both);
        }
        let (connections, cuts) = (state.connections, state.cuts);
        *state = State { connections, cuts, ..State::default() };
        self.shared.changed.notify_all();
    }

    /// Every request and every response waits for up to so long.
    pub fn delay(&self, delay_max: Duration, seed: u64) {
        let mut state = self.shared.lock();
        (state.delay_max, state.dice) = (delay_max, Some(Dice(seed)));
    }

    /// Closes every connection of now in the middle of whatever is on its way; returns how many there were.
    pub fn cut(&self) -> usize {
        let mut state = self.shared.lock();
        let open = std::mem::take(&mut state.open);
        for Connection { client, broker, .. } in &open {
            let _ = client.shutdown(Shutdown::Both);
            let _ = broker.shutdown(Shutdown::Both);
        }
        state.cuts += open.len() as u64;
        self.shared.changed.notify_all();
        open.len()
    }

    /// Holds the next `EndTxn` that commits.
    pub fn hold_next_commit(&self, hold: Hold) {
        self.shared.lock().hold = Some(hold);
    }

    /// Waits until one is held; returns it.
    pub fn until_held(&self) -> Transactional {
        self.until("no EndTxn came", |state| state.held.as_ref().map(|held| held.request.clone()))
    }

    /// Waits until the sender of what is held has closed its connection, or was cut off.
    pub fn until_given_up(&self) {
        self.until("the sender does not give up", |state| state.held.as_ref()?.given_up.then_some(()));
    }

    /// What the sender of the held `EndTxn` has asked for since on other connections.
    pub fn since(&self) -> Vec<Seen> {
        let state = self.shared.lock();
        let held = state.held.as_ref().expect("something is held");
        let since = state.seen.iter().skip_while(|seen| {
            seen.connection != held.connection || seen.request.correlation != held.request.correlation
        });
        let of_sender = |seen: &&Seen| {
            seen.connection != held.connection
                && seen.request.transactional_id == held.request.transactional_id
        };
        since.filter(of_sender).cloned().collect()
    }

    /// Waits until the sender of the held `EndTxn` has sent this since.
    pub fn until_since(&self, what: &str, wanted: impl Fn(&[Seen]) -> bool) {
        let limit = Instant::now() + LIMIT;
        while !wanted(&self.since()) {
            assert!(Instant::now() < limit, "{what}: {:?}", self.since());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// The next transaction of the held `EndTxn`'s sender that writes to this topic gets no positions any more: its
    /// records are with the broker, and its sender waits.
    pub fn stall_its_next_transaction_with(&self, topic: &str) {
        self.shared.lock().held.as_mut().expect("something is held").stall = Stall::Armed(topic.to_owned());
    }

    /// Waits until it does.
    pub fn until_stalled(&self) {
        self.until("no further transaction came", |state| {
            (state.held.as_ref()?.stall == Stall::Stalled).then_some(())
        });
    }

    /// Delivers what is held on its old connection; returns the broker's error, 0 if it took it.
    pub fn release(&self) -> i16 {
        {
            let mut state = self.shared.lock();
            let held = state.held.as_mut().expect("something is held");
            held.released = true;
            for frame in std::mem::take(&mut held.frames) {
                held.broker.write_all(&frame.0).expect("the broker keeps the old connection");
            }
        }
        self.until("the broker does not answer", |state| state.held.as_ref()?.error)
    }

    fn until<T>(&self, what: &str, mut found: impl FnMut(&State) -> Option<T>) -> T {
        let limit = Instant::now() + LIMIT;
        let mut state = self.shared.lock();
        loop {
            if let Some(found) = found(&state) {
                return found;
            }
            let left = limit.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{what}");
            state = self.shared.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One thread for each direction. A broker that is not there is a connection that closes at once.
    fn connect(self: &Arc<Self>, client: TcpStream, broker: SocketAddr) {
        let Ok(broker) = TcpStream::connect(broker) else { return };
        let _ = (client.set_nodelay(true), broker.set_nodelay(true));
        let both = || Some((client.try_clone().ok()?, broker.try_clone().ok()?));
        let (Some(kept), Some(up), Some(down)) = (both(), both(), both()) else { return };
        let number = {
            let mut state = self.lock();
            state.connections += 1;
            let number = state.connections;
            state.open.push(Connection { number, client: kept.0, broker: kept.1 });
            number
        };
        let (requests, responses) = (self.clone(), self.clone());
        std::thread::spawn(move || requests.pass_requests(number, up.0, up.1));
        std::thread::spawn(move || responses.pass_responses(number, down.0, down.1));
    }

    fn pass_requests(&self, number: u64, mut client: TcpStream, mut broker: TcpStream) {
        while let Ok(Some(frame)) = Frame::read(&mut client) {
            std::thread::sleep(self.delay());
            let Some(frame) = self.look_at(number, frame, &client, &broker) else { continue };
            if broker.write_all(&frame.0).is_err() {
                break;
            }
        }
        let mut state = self.lock();
        if let Some(held) = state.held.as_mut().filter(|held| held.connection == number && !held.released) {
            // The broker must still see the old connection.
            held.given_up = true;
            self.changed.notify_all();
        } else {
            let _ = broker.shutdown(Shutdown::Both);
        }
        state.open.retain(|open| open.number != number);
    }

    /// Notes a request; returns it if it goes on.
    fn look_at(&self, number: u64, frame: Frame, client: &TcpStream, broker: &TcpStream) -> Option<Frame> {
        let request = frame.transactional();
        let mut state = self.lock();
        let state = &mut *state;
        let mut passes = true;
        if let Some(request) = &request {
            passes = self.lets_pass(state, number, request, client, broker);
            state.seen.push(Seen { connection: number, request: request.clone(), passed: passes });
            self.changed.notify_all();
        }
        match state.held.as_mut().filter(|held| held.connection == number && !held.released) {
            Some(held) => {
                held.frames.push(frame);
                None
            }
            None => passes.then_some(frame),
        }
    }

    fn lets_pass(
        &self,
        state: &mut State,
        number: u64,
        request: &Transactional,
        client: &TcpStream,
        broker: &TcpStream,
    ) -> bool {
        if let Some(hold) = state.hold.take_if(|_| request.api == END_TXN && request.commit) {
            state.held = Some(Held {
                connection: number,
                request: request.clone(),
                broker: broker.try_clone().expect("a socket can be had twice"),
                frames: Vec::new(),
                given_up: hold == Hold::Cut,
                released: false,
                error: None,
                stall: Stall::No,
            });
            // Nobody else may cut the old connection off from the broker.
            state.open.retain(|open| open.number != number);
            if hold == Hold::Cut {
                let _ = client.shutdown(Shutdown::Both);
            }
            return false;
        }
        let Some(held) = &mut state.held else { return true };
        if request.api != ADD_OFFSETS_TO_TXN || request.transactional_id != held.request.transactional_id {
            return true;
        }
        if matches!(&held.stall, Stall::Armed(topic) if writes_to(&state.seen, request, topic)) {
            held.stall = Stall::Stalled;
        }
        held.stall != Stall::Stalled
    }

    fn pass_responses(&self, number: u64, mut client: TcpStream, mut broker: TcpStream) {
        while let Ok(Some(frame)) = Frame::read(&mut broker) {
            std::thread::sleep(self.delay());
            {
                let mut state = self.lock();
                if let Some(held) = state.held.as_mut().filter(|held| held.connection == number)
                    && held.request.correlation == frame.correlation()
                {
                    held.error = Some(frame.end_txn_error());
                    self.changed.notify_all();
                    break;
                }
            }
            // What is held back still waits for its answer when its sender is gone.
            if client.write_all(&frame.0).is_err() && !self.holds(number) {
                break;
            }
        }
        let _ = (client.shutdown(Shutdown::Both), broker.shutdown(Shutdown::Both));
    }

    fn holds(&self, number: u64) -> bool {
        self.lock().held.as_ref().is_some_and(|held| held.connection == number)
    }

    fn delay(&self) -> Duration {
        let mut state = self.lock();
        let limit = state.delay_max.as_millis() as u64;
        match &mut state.dice {
            Some(dice) if limit > 0 => Duration::from_millis(dice.below(limit + 1)),
            _ => Duration::ZERO,
        }
    }
}

/// Whether the transaction that this request belongs to has written to this topic before.
fn writes_to(seen: &[Seen], request: &Transactional, topic: &str) -> bool {
    let of_sender = |seen: &&Seen| seen.request.transactional_id == request.transactional_id && seen.passed;
    let mut since_end = seen.iter().rev().filter(of_sender).take_while(|seen| seen.request.api != END_TXN);
    since_end.any(|seen| {
        seen.request.api == ADD_PARTITIONS_TO_TXN && seen.request.topics.iter().any(|added| added == topic)
    })
}

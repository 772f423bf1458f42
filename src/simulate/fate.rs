//! What befalls a process at each of its calls into the log and the disk: nothing, mostly. It decides by the seed alone
//! and knows nothing of what the calls are about.

use super::dice::Dice;
use super::fault::{Fault, Tally};
use super::scenario::Scenario;
use crate::log::{LogError, LogResult};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, Weak};

/// A call of a process, as far as what may befall it depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    Join,
    Poll,
    /// A producer writes; the worker holds what the process knows of goals.
    Send,
    /// The group takes the positions of a commit.
    Offer,
    /// The commit itself.
    End,
    /// The commit has taken effect, and the worker does not know yet.
    Ended,
    Abort,
    Recover,
    Leave,
    /// Anything that is only asked.
    Ask,
    ReadDisk,
    /// The process holds the right to write.
    WriteDisk,
    /// It is written, and the worker does not know yet.
    WroteDisk,
}

/// Ends the stack of a process that is no more.
pub struct Crashed;

/// Who lets the others have their turns while one stands still.
pub trait Others: Send + Sync {
    fn take_turns(&self, turns: u64);
    fn throw_out(&self, slot: &str);
}

pub struct Fate {
    state: Mutex<State>,
    others: OnceLock<Weak<dyn Others>>,
}

struct State {
    dice: Dice,
    scenario: Scenario,
    /// How many are still to come.
    faults: u32,
    /// One call in so many meets one.
    danger: u64,
    is_calm: bool,
    /// How many stand still, one inside of the other.
    standing: u32,
    tally: Tally,
    places: Vec<Place>,
}

#[derive(Clone, Copy, Default)]
struct Place {
    is_crashed: bool,
    disk_is_full: bool,
    /// How many stand still here with a lock that others need.
    locks: u32,
}

enum Decision {
    GoOn,
    Crash,
    Fail(LogError),
    CommitFails(crate::log::memory::Fault),
    Stand { turns: u64, is_thrown_out: bool },
    DiskFull,
}

/// What goes on where a commit is decided.
pub enum Commit {
    AsAsked,
    Fails(crate::log::memory::Fault),
}

impl Fate {
    pub fn new(scenario: &Scenario) -> Arc<Self> {
        let mut dice = Dice(scenario.seed ^ 0x000f_a7e0);
        let danger = dice.pick(&[100, 400, 1_500]);
        let state = State {
            dice,
            scenario: scenario.clone(),
            faults: scenario.faults,
            danger,
            is_calm: false,
            standing: 0,
            tally: Tally::default(),
            places: vec![Place::default(); scenario.processes],
        };
        Arc::new(Self { state: Mutex::new(state), others: OnceLock::new() })
    }

    pub fn meet(&self, others: Weak<dyn Others>) {
        assert!(self.others.set(others).is_ok(), "others are met once");
    }

    /// From now on nothing befalls anybody.
    pub fn calm(&self) {
        let mut state = self.lock();
        state.is_calm = true;
        state.places.iter_mut().for_each(|place| place.disk_is_full = false);
    }

    pub fn count(&self, fault: Fault) {
        self.lock().tally.count(fault);
    }

    pub fn tally(&self) -> Tally {
        self.lock().tally.clone()
    }

    /// Whether a fault of this kind is to happen now, between two steps: then it counts.
    pub fn strikes(&self, faults: &[Fault]) -> Option<Fault> {
        let mut state = self.lock();
        if state.is_calm || state.faults == 0 || !state.dice.one_in(15) {
            return None;
        }
        let possible: Vec<Fault> = faults.iter().copied().filter(|f| state.scenario.allows(*f)).collect();
        if possible.is_empty() {
            return None;
        }
        state.faults -= 1;
        Some(state.dice.pick(&possible))
    }

    /// How many stand still inside of a call.
    pub fn standing(&self) -> u32 {
        self.lock().standing
    }

    pub fn crash(&self, place: usize) {
        self.lock().places[place].is_crashed = true;
    }

    pub fn is_crashed(&self, place: usize) -> bool {
        self.lock().places[place].is_crashed
    }

    /// Whether a part of this process would wait for another that stands still.
    pub fn is_locked(&self, place: usize) -> bool {
        self.lock().places[place].locks > 0
    }

    pub fn is_disk_full(&self, place: usize) -> bool {
        self.lock().places[place].disk_is_full
    }

    /// A new process takes this place, on a disk that has room again.
    pub fn revive(&self, place: usize) {
        self.lock().places[place] = Place::default();
    }

    /// A call of a worker in a slot, or of another part of the process (no slot).
    pub fn at(&self, place: usize, slot: Option<&str>, call: Call) -> LogResult<()> {
        match self.decide(place, slot.is_some(), call) {
            Decision::Fail(error) => Err(error),
            other => {
                self.bear(place, slot, call, other);
                Ok(())
            }
        }
    }

    /// The moment at which a commit is decided.
    pub fn at_end(&self, place: usize, slot: &str) -> Commit {
        match self.decide(place, true, Call::End) {
            Decision::CommitFails(fault) => Commit::Fails(fault),
            other => {
                self.bear(place, Some(slot), Call::End, other);
                Commit::AsAsked
            }
        }
    }

    /// No answer comes to a commit, and others go on meanwhile.
    pub fn wait_in_vain(&self, place: usize, slot: &str) {
        let turns = self.with_dice(|dice| dice.pick(&[0, 10, 100, 400]));
        self.bear(place, Some(slot), Call::End, Decision::Stand { turns, is_thrown_out: false });
    }

    /// A call into the disk.
    pub fn at_disk(&self, place: usize, call: Call) -> anyhow::Result<()> {
        match self.decide(place, false, call) {
            Decision::DiskFull => Err(anyhow::anyhow!("no space is left on the disk")),
            Decision::Fail(error) => Err(error.into()),
            other => {
                self.bear(place, None, call, other);
                Ok(())
            }
        }
    }

    fn bear(&self, place: usize, slot: Option<&str>, call: Call, decision: Decision) {
        match decision {
            Decision::Crash => std::panic::resume_unwind(Box::new(Crashed)),
            Decision::Stand { turns, is_thrown_out } => {
                let others = self.others.get().and_then(Weak::upgrade).expect("the world is there");
                // Who holds a lock of the process keeps its other parts waiting.
                let holds_a_lock = matches!(call, Call::ReadDisk | Call::WriteDisk | Call::WroteDisk);
                {
                    let mut state = self.lock();
                    state.standing += 1;
                    state.places[place].locks += u32::from(holds_a_lock);
                }
                if let (Some(slot), true) = (slot, is_thrown_out) {
                    others.throw_out(slot);
                }
                others.take_turns(turns);
                {
                    let mut state = self.lock();
                    state.standing -= 1;
                    state.places[place].locks -= u32::from(holds_a_lock);
                }
                if self.is_crashed(place) {
                    std::panic::resume_unwind(Box::new(Crashed));
                }
            }
            Decision::GoOn | Decision::Fail(_) | Decision::CommitFails(_) | Decision::DiskFull => {}
        }
    }

    fn decide(&self, place: usize, is_worker: bool, call: Call) -> Decision {
        let state = &mut *self.lock();
        if state.places[place].is_crashed {
            return Decision::Crash;
        }
        if call == Call::WriteDisk && state.places[place].disk_is_full {
            return Decision::DiskFull;
        }
        // Commits are few beside everything else, and the most interesting.
        let danger = match call {
            Call::Poll | Call::Ask | Call::Send | Call::ReadDisk => state.danger,
            _ => state.danger / 20,
        };
        if state.is_calm || state.faults == 0 || !state.dice.one_in(danger) {
            return Decision::GoOn;
        }
        let mut possible = vec![Fault::Crash];
        if state.standing < 2 {
            possible.extend([Fault::Stall, Fault::Stall]);
            if is_worker && call != Call::Join {
                possible.extend([Fault::Zombie, Fault::Zombie]);
            }
        }
        match call {
            Call::Join | Call::Poll | Call::Ask | Call::Send | Call::Abort | Call::Recover => {
                possible.push(Fault::CallFailed);
            }
            Call::Offer => possible.extend([Fault::CommitRefused, Fault::CommitRefused]),
            Call::End => {
                let ways = [Fault::AnswerLost, Fault::RequestLost, Fault::RequestLate];
                possible.extend(ways.iter().chain(&ways));
            }
            Call::WriteDisk => possible.push(Fault::DiskFull),
            Call::Ended | Call::Leave | Call::ReadDisk | Call::WroteDisk => {}
        }
        possible.retain(|fault| state.scenario.allows(*fault));
        if possible.is_empty() {
            return Decision::GoOn;
        }
        let fault = state.dice.pick(&possible);
        state.faults -= 1;
        state.tally.count(fault);
        tracing::warn!(place, fault = fault.name(), ?call, "befalls");
        match fault {
            Fault::Stall => Decision::Stand { turns: state.dice.pick(&[1, 4, 20, 80]), is_thrown_out: false },
            Fault::Zombie => {
                Decision::Stand { turns: state.dice.pick(&[20, 100, 400, 1_500]), is_thrown_out: true }
            }
            Fault::CallFailed => {
                let why = "the connection was cut".to_owned();
                Decision::Fail(match call {
                    Call::Send if state.dice.one_in(2) => LogError::Refused(why),
                    _ => LogError::Broken(why),
                })
            }
            Fault::CommitRefused => Decision::Fail(LogError::Refused("the group is rebalancing".to_owned())),
            Fault::AnswerLost => Decision::CommitFails(crate::log::memory::Fault::AnswerLost),
            Fault::RequestLost => Decision::CommitFails(crate::log::memory::Fault::RequestLost),
            Fault::RequestLate => Decision::CommitFails(crate::log::memory::Fault::RequestLate),
            Fault::DiskFull => {
                state.places[place].disk_is_full = true;
                Decision::DiskFull
            }
            _ => {
                state.places[place].is_crashed = true;
                Decision::Crash
            }
        }
    }

    /// Chance for those who take turns.
    pub fn with_dice<T>(&self, roll: impl FnOnce(&mut Dice) -> T) -> T {
        roll(&mut self.lock().dice)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics in here")
    }
}

//! What goes wrong inside of a process, at moments that no test thread could hit: workers ask for the wall clock while
//! they fold, while time passes and as they begin to commit, and may find then that their next commit fails, or that
//! the group has thrown one of them out.

use chat_goals::log::memory::{Fault, MemoryLog};
use chat_goals::simulate::dice::Dice;
use std::path::Path;
use std::sync::Mutex;

#[derive(Default)]
pub struct Mischief {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    dice: Option<Dice>,
    /// How many are still to come.
    faults: u32,
    expulsions: u32,
    /// A worker is to meet a fault in the program.
    panic: bool,
}

impl Mischief {
    /// Lets this many commits fail and this many workers be thrown out, soon.
    pub fn plan(&self, seed: u64, faults: u32, expulsions: u32) {
        let mut state = self.state.lock().unwrap();
        state.dice.get_or_insert(Dice(seed));
        state.faults += faults;
        state.expulsions += expulsions;
    }

    /// Lets a worker panic, soon.
    pub fn plan_a_panic(&self) {
        self.state.lock().unwrap().panic = true;
    }

    /// Whether everything that was planned has happened.
    pub fn is_managed(&self) -> bool {
        let state = self.state.lock().unwrap();
        state.faults == 0 && state.expulsions == 0
    }

    /// A thread of the process whose state is in `dir` looks at the clock.
    pub fn strike(&self, log: &MemoryLog, group: &str, dir: &Path) {
        let current = std::thread::current();
        let Some(worker) = current.name().and_then(|name| name.strip_prefix("worker-")) else { return };
        let mut state = self.state.lock().unwrap();
        if std::mem::take(&mut state.panic) {
            drop(state);
            panic!("planned by the test");
        }
        let State { dice: Some(dice), faults, expulsions, .. } = &mut *state else { return };
        if !dice.one_in(6) {
            return;
        }
        let Ok(slot) = std::fs::read_to_string(dir.join("slot")) else { return };
        if *faults > 0 && dice.one_in(2) {
            *faults -= 1;
            let fault =
                dice.pick(&[Fault::AnswerLost, Fault::RequestLost, Fault::RequestLate, Fault::Refused]);
            log.fail_next_commit(group, &format!("{slot}-{worker}"), fault);
        } else if *expulsions > 0 {
            *expulsions -= 1;
            let other = if dice.one_in(3) { "0" } else { worker };
            log.expel(group, &format!("{slot}-{other}"));
        } else {
            // A commit that was late arrives, or comes to nothing if its worker has recovered by now.
            log.deliver_late_commit(group, &format!("{slot}-{}", dice.below(2)));
        }
    }
}

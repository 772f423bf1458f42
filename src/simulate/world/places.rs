//! The places of processes: one starts there, goes on by steps of its parts, and ends in order or by a crash.

use super::*;

/// Where a process runs, or does not.
pub(super) struct Place {
    pub(super) name: String,
    /// How far its wall clock is off, in milliseconds.
    pub(super) skew: Arc<AtomicI64>,
    pub(super) lives: AtomicU64,
    pub(super) running: Mutex<Option<Arc<Running>>>,
}

pub(super) struct Running {
    pub(super) process: Process<SimLog>,
    pub(super) slot: String,
    pub(super) parts: Vec<Mutex<Part>>,
}

pub(super) enum Part {
    Goals(GoalsReader<SimLog>),
    Clock(Granter<SimLog>),
    Seat(Seat<SimLog>),
}

impl World {
    pub(super) fn step_somebody(&self) {
        let number = self.fate.with_dice(|dice| dice.below(self.places.len() as u64)) as usize;
        if self.fate.is_locked(number) || self.fate.is_crashed(number) {
            return;
        }
        let Some(running) = lock(&self.places[number].running).clone() else { return };
        let part = self.fate.with_dice(|dice| dice.below(running.parts.len() as u64)) as usize;
        // Who stands still inside of a call has no other turn meanwhile.
        let Ok(mut part) = running.parts[part].try_lock() else { return };
        let step = || match &mut *part {
            // When these two fail they try again: what they are for stands still meanwhile.
            Part::Goals(goals) => goals.step().or_else(not_for_good),
            Part::Clock(clock) => clock.step().map(|_| ()).or_else(not_for_good),
            Part::Seat(seat) => seat.step(),
        };
        let outcome = catch_unwind(AssertUnwindSafe(step));
        match outcome {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                // As the threads of a process do: one worker that cannot go on ends it.
                running.process.shared.stop.store(true, Ordering::Relaxed);
                if !self.fate.is_disk_full(number) {
                    self.fail(format!("{} cannot go on: {error:#}", self.places[number].name));
                }
            }
            Err(panic) if panic.is::<Crashed>() => {}
            Err(panic) => {
                let what = panic.downcast_ref::<String>().map(String::as_str);
                let what = what.or(panic.downcast_ref::<&str>().copied()).unwrap_or("something");
                self.fail(format!("{} panicked: {what}", self.places[number].name));
            }
        }
    }

    pub(super) fn fail(&self, why: String) {
        lock(&self.failure).get_or_insert(why);
    }

    pub(super) fn is_running(&self, number: usize) -> bool {
        lock(&self.places[number].running).is_some()
    }

    pub(super) fn slots(&self, number: usize) -> Vec<String> {
        match &*lock(&self.places[number].running) {
            Some(running) => {
                (0..self.scenario.workers).map(|worker| format!("{}-{worker}", running.slot)).collect()
            }
            None => Vec::new(),
        }
    }

    pub(super) fn start(&self, number: usize) -> anyhow::Result<()> {
        let place = &self.places[number];
        self.fate.revive(number);
        let dir = self.disks.of(&place.name);
        std::fs::create_dir_all(&dir)?;
        // A lost disk has lost the name of the process, too.
        let slot = match std::fs::read_to_string(dir.join("slot")) {
            Ok(slot) => slot,
            Err(_) => {
                let slot = format!("{}-{}", place.name, place.lives.load(Ordering::Relaxed));
                std::fs::write(dir.join("slot"), &slot)?;
                slot
            }
        };
        place.lives.fetch_add(1, Ordering::Relaxed);
        let mut store = Store::open(&dir.join("rows"), self.config.state.memory_bytes_max)?;
        let fate = self.fate.clone();
        store.watch(move |access| {
            let call = match access {
                Access::Read => Call::ReadDisk,
                Access::Write => Call::WriteDisk,
                Access::Written => Call::WroteDisk,
            };
            fate.at_disk(number, call)
        });
        let (wall, skew, steady) = (self.wall.clone(), place.skew.clone(), self.steady.clone());
        let clocks = Clocks::moved(
            Arc::new(move || wall.load(Ordering::Relaxed) + skew.load(Ordering::Relaxed)),
            Arc::new(move || Duration::from_millis(steady.load(Ordering::Relaxed))),
        );
        let log = SimLog { log: self.log.clone(), fate: self.fate.clone(), place: number };
        let mut pace = Pace::of(&self.config);
        pace.chats_a_pass = self.fate.with_dice(|dice| dice.pick(&[1, 3, 20]));
        pace.batches_a_pass = self.fate.with_dice(|dice| dice.pick(&[1, 2, 16]));
        let topology = self.topology.clone();
        let process = Process::new(log, &self.config, pace, topology, clocks, store, slot.clone());
        let mut parts =
            vec![Mutex::new(Part::Goals(process.goals())), Mutex::new(Part::Clock(process.clock()))];
        parts.extend((0..process.workers()).map(|worker| Mutex::new(Part::Seat(process.seat(worker)))));
        *lock(&place.running) = Some(Arc::new(Running { process, slot, parts }));
        Ok(())
    }

    /// Clears away the processes that have ended. Nobody stands still inside of a call.
    pub(super) fn bury_all(&self) {
        for number in 0..self.places.len() {
            let has_ended = match &*lock(&self.places[number].running) {
                None => false,
                Some(running) => self.fate.is_crashed(number) || running.parts.iter().all(has_left),
            };
            if has_ended {
                self.bury(number);
            }
        }
    }

    pub(super) fn bury(&self, number: usize) {
        let slots = self.slots(number);
        let Some(running) = lock(&self.places[number].running).take() else { return };
        if self.fate.is_crashed(number) {
            lock(&self.ghosts).extend(slots);
        }
        assert_eq!(Arc::strong_count(&running), 1, "nobody is inside of a process that has ended");
    }
}

fn not_for_good(error: LogError) -> anyhow::Result<()> {
    match error {
        LogError::Setup(_) => Err(error.into()),
        LogError::Refused(_) | LogError::Unclear(_) | LogError::Broken(_) => Ok(()),
    }
}

/// Seats that have left; the readers have nothing to leave.
fn has_left(part: &Mutex<Part>) -> bool {
    match &*part.lock().unwrap_or_else(std::sync::PoisonError::into_inner) {
        Part::Goals(_) | Part::Clock(_) => true,
        Part::Seat(seat) => seat.has_left(),
    }
}

//! What happens to processes from outside, between two of their steps: records come, sessions end, what was late arrives,
//! machines end, clocks jump.

use super::*;

impl World {
    pub(super) fn write(&self) {
        if !*lock(&self.writes) {
            return;
        }
        let written = lock(&self.platform).write_some(&self.log, &self.config);
        if let Some(logged) = written {
            self.wall_reaches(logged);
        }
    }

    /// What keeps clocks right has its turn in the end.
    pub(super) fn set_a_clock_right(&self) {
        let number = self.fate.with_dice(|dice| dice.below(8 * self.places.len() as u64)) as usize;
        if let Some(place) = self.places.get(number) {
            place.skew.store(0, Ordering::Relaxed);
        }
    }

    pub(super) fn end_a_session(&self) {
        let mut ghosts = lock(&self.ghosts);
        if !ghosts.is_empty() {
            let index = self.fate.with_dice(|dice| dice.below(ghosts.len() as u64)) as usize;
            let slot = ghosts.swap_remove(index);
            drop(ghosts);
            self.session_ends(&slot);
        }
    }

    /// The group and the transactions find out that a worker is gone.
    pub(super) fn session_ends(&self, slot: &str) {
        self.log.expel(&self.topology.group, slot);
        let has_heir = self.places.iter().enumerate().any(|(n, _)| self.slots(n).iter().any(|s| s == slot));
        if !has_heir {
            self.log.time_out_transaction(&self.topology.group, slot);
        }
    }

    pub(super) fn deliver_a_late_commit(&self) {
        for number in 0..self.places.len() {
            for slot in self.slots(number) {
                if self.fate.with_dice(|dice| dice.one_in(2))
                    && self.log.deliver_late_commit(&self.topology.group, &slot)
                {
                    self.fate.count(Fault::LateCommit);
                }
            }
        }
    }

    pub(super) fn deliver_markers(&self) {
        let fate = &self.fate;
        let delivered = self.log.deliver_markers(|_| fate.with_dice(|dice| dice.one_in(2)));
        if delivered > 0 {
            fate.count(Fault::LateMarker);
        }
    }

    pub(super) fn start_somebody(&self) {
        if self.fate.standing() > 0 || !*lock(&self.starts) {
            return;
        }
        let number = self.fate.with_dice(|dice| dice.below(self.places.len() as u64)) as usize;
        if self.is_running(number) {
            return;
        }
        if self.places[number].lives.load(Ordering::Relaxed) == 0 {
            self.fate.count(Fault::Join);
        }
        if let Err(error) = self.start(number) {
            self.fail(format!("{} cannot start: {error:#}", self.places[number].name));
        }
    }

    /// Something happens to a process between two of its steps.
    pub(super) fn strike(&self) {
        let kinds = [
            Fault::Kill,
            Fault::Stop,
            Fault::Expulsion,
            Fault::TransactionTimeout,
            Fault::TailLost,
            Fault::TornWrite,
            Fault::DiskLost,
            Fault::WallAhead,
            Fault::WallBack,
        ];
        let Some(fault) = self.fate.strikes(&kinds) else { return };
        let number = self.fate.with_dice(|dice| dice.below(self.places.len() as u64)) as usize;
        let Some(running) = lock(&self.places[number].running).clone() else { return };
        let slots = self.slots(number);
        let slot = self.fate.with_dice(|dice| slots[dice.below(slots.len() as u64) as usize].clone());
        match fault {
            Fault::Kill => self.fate.crash(number),
            Fault::Stop => running.process.shared.stop.store(true, Ordering::Relaxed),
            Fault::Expulsion => self.log.expel(&self.topology.group, &slot),
            Fault::TransactionTimeout => self.log.time_out_transaction(&self.topology.group, &slot),
            Fault::TailLost | Fault::TornWrite | Fault::DiskLost => {
                if self.fate.standing() > 0 {
                    return;
                }
                self.fate.crash(number);
                drop(running);
                self.bury(number);
                if !self.damage(number, fault) {
                    return;
                }
            }
            Fault::WallAhead => {
                if self.scenario.paced {
                    return;
                }
                let ahead = self.fate.with_dice(|dice| dice.pick(&[60_000, 3_600_000, 3 * 86_400_000]));
                self.places[number].skew.store(ahead, Ordering::Relaxed);
            }
            Fault::WallBack => {
                let back = self.fate.with_dice(|dice| dice.pick(&[1_000, 3_600_000, 40 * 86_400_000]));
                self.places[number].skew.store(-back, Ordering::Relaxed);
            }
            _ => unreachable!("only these are asked for"),
        }
        tracing::warn!(place = self.places[number].name, fault = fault.name(), "strikes");
        self.fate.count(fault);
    }

    pub(super) fn damage(&self, number: usize, fault: Fault) -> bool {
        let name = &self.places[number].name;
        let rows = format!("{name}/rows");
        let done = match fault {
            Fault::DiskLost => self.disks.lose(name).map(|()| true),
            _ => self.fate.with_dice(|dice| self.disks.lose_tail(&rows, fault == Fault::TornWrite, dice)),
        };
        done.unwrap_or_else(|error| {
            self.fail(format!("the disk cannot be damaged: {error:#}"));
            false
        })
    }
}

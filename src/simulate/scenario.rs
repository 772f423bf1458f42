//! What one run is like: everything that follows from its seed before it begins. A scenario can be made smaller, which
//! is how a failing one is made readable. It runs nothing.

use super::dice::Dice;
use super::fault::Fault;
use std::collections::BTreeSet;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    pub seed: u64,
    /// How many records the platform writes.
    pub records: usize,
    pub partitions: i32,
    pub processes: usize,
    /// In each process.
    pub workers: usize,
    /// Faults that are to happen at most, besides those of the workload.
    pub faults: u32,
    /// What may happen.
    pub allowed: BTreeSet<Fault>,
    /// Each record comes when everything before it has been folded and the clock stands at its time. Then not only the
    /// last views but all changes are determined.
    pub paced: bool,
}

impl Scenario {
    /// The scenario of a seed.
    pub fn of(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let paced = dice.one_in(3);
        let processes = dice.between(1, 3) as usize;
        // Some runs see everything, some only a few kinds, so that one does not hide the other.
        let allowed = match dice.below(3) {
            0 => Fault::ALL.iter().copied().filter(|_| dice.one_in(3)).collect(),
            _ => Fault::ALL.iter().copied().filter(|fault| *fault != Fault::Truncation).collect(),
        };
        Self {
            seed,
            records: if paced { dice.between(20, 120) } else { dice.between(40, 400) } as usize,
            partitions: dice.between(1, 4) as i32,
            processes,
            workers: dice.between(1, 2) as usize,
            faults: dice.pick(&[0, 5, 20, 50, 100]),
            allowed,
            paced,
        }
    }

    pub fn allows(&self, fault: Fault) -> bool {
        self.allowed.contains(&fault)
    }

    /// Input is deleted before it is read. Nothing but the damage itself is checked then.
    pub fn truncates(&self) -> bool {
        self.allows(Fault::Truncation) && !self.paced && self.faults > 0
    }

    /// Smaller ones, the most promising first.
    pub fn smaller(&self) -> Vec<Scenario> {
        let mut smaller = Vec::new();
        let mut propose = |change: &dyn Fn(&mut Scenario)| {
            let mut other = self.clone();
            change(&mut other);
            if other != *self {
                smaller.push(other);
            }
        };
        propose(&|s| s.records = (s.records / 2).max(1));
        propose(&|s| s.records = (s.records * 3 / 4).max(1));
        propose(&|s| s.faults /= 2);
        propose(&|s| s.faults = s.faults.saturating_sub(1));
        propose(&|s| s.processes = (s.processes - 1).max(1));
        propose(&|s| s.workers = 1);
        propose(&|s| s.partitions = (s.partitions - 1).max(1));
        for fault in &self.allowed {
            propose(&|s| {
                s.allowed.remove(fault);
            });
        }
        propose(&|s| s.records = s.records.saturating_sub(1).max(1));
        smaller
    }

    /// What repeats this run.
    pub fn arguments(&self) -> String {
        let Scenario { seed, records, partitions, processes, workers, faults, .. } = self;
        let mut arguments = format!("--seed {seed}");
        let usual = Self::of(*seed);
        for (name, value, usual) in [
            ("records", *records, usual.records),
            ("partitions", *partitions as usize, usual.partitions as usize),
            ("processes", *processes, usual.processes),
            ("workers", *workers, usual.workers),
            ("faults", *faults as usize, usual.faults as usize),
        ] {
            if value != usual {
                arguments += &format!(" --{name} {value}");
            }
        }
        let without: Vec<&str> = usual.allowed.difference(&self.allowed).map(|fault| fault.name()).collect();
        if !without.is_empty() {
            arguments += &format!(" --without {}", without.join(","));
        }
        arguments
    }
}

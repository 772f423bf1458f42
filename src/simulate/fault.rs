//! What can go wrong, each with a name for the command line and for the report. A fault is counted when it has
//! happened, not when it was planned.

use std::collections::BTreeMap;

macro_rules! faults {
    ($($(#[doc = $doc:literal])* $name:ident = $text:literal,)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Fault { $($(#[doc = $doc])* $name,)* }

        impl Fault {
            pub const ALL: &[Fault] = &[$(Fault::$name,)*];

            /// As it is written on the command line.
            pub fn name(self) -> &'static str {
                match self { $(Fault::$name => $text,)* }
            }
        }
    };
}

faults! {
    /// A process ends inside of a call into the log or the disk.
    Crash = "crash",
    /// A process is killed between two steps.
    Kill = "kill",
    /// A process is told to stop, and does so in order.
    Stop = "stop",
    /// A process comes that was not there before.
    Join = "join",
    /// A worker stands still inside of a call while others go on.
    Stall = "stall",
    /// A worker stands still until the group has thrown it out, and then goes on.
    Zombie = "zombie",
    /// The group throws out a worker that is well.
    Expulsion = "expulsion",
    /// The group does not take the positions.
    CommitRefused = "commit-refused",
    /// The commit takes effect, but the answer is lost.
    AnswerLost = "answer-lost",
    /// The commit is lost on its way.
    RequestLost = "request-lost",
    /// The commit comes to the log after its worker has given it up.
    RequestLate = "request-late",
    /// A commit that was late took effect.
    LateCommit = "late-commit",
    /// A transaction is aborted because it was open for too long.
    TransactionTimeout = "transaction-timeout",
    /// The end of a transaction reaches its partitions after others have gone on.
    LateMarker = "late-marker",
    /// A call into the log fails.
    CallFailed = "call-failed",
    /// A machine ends, and with it what the disk had not written yet.
    TailLost = "tail-lost",
    /// The same, in the middle of a write.
    TornWrite = "torn-write",
    /// The state directory of a process is lost.
    DiskLost = "disk-lost",
    /// The disk of a process takes nothing more.
    DiskFull = "disk-full",
    /// The wall clock of a process jumps ahead.
    WallAhead = "wall-ahead",
    /// The wall clock of a process jumps back.
    WallBack = "wall-back",
    /// A topic falls behind the others.
    Delay = "delay",
    /// A record comes again.
    Redelivery = "redelivery",
    /// A record is no record.
    Garbage = "garbage",
    /// A record comes to a partition that is not its key's.
    ForeignPartition = "foreign-partition",
    /// Input was deleted before it was read.
    Truncation = "truncation",
}

impl Fault {
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|fault| fault.name() == name)
    }
}

/// How often what has happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally(BTreeMap<Fault, u64>);

impl Tally {
    pub fn count(&mut self, fault: Fault) {
        *self.0.entry(fault).or_default() += 1;
    }

    pub fn add(&mut self, other: &Tally) {
        for (fault, count) in &other.0 {
            *self.0.entry(*fault).or_default() += count;
        }
    }

    /// What has happened at all.
    pub fn kinds(&self) -> impl Iterator<Item = Fault> {
        self.0.keys().copied()
    }

    pub fn of(&self, fault: Fault) -> u64 {
        self.0.get(&fault).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_a_name_of_its_own() {
        for fault in Fault::ALL {
            assert_eq!(Fault::named(fault.name()), Some(*fault));
        }
    }
}

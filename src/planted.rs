//! Bugs on purpose. A build with the feature `planted` has one of them when `CHAT_GOALS_PLANTED` names it, and the tests
//! show that the simulator or the examples find every one; in any other build there are none, at no cost.

macro_rules! bugs {
    ($($(#[doc = $doc:literal])* $name:ident = $text:literal,)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Bug { $($(#[doc = $doc])* $name,)* }

        impl Bug {
            pub const ALL: &[Bug] = &[$(Bug::$name,)*];

            pub fn name(self) -> &'static str {
                match self { $(Bug::$name => $text,)* }
            }
        }
    };
}

bugs! {
    // The protocol.
    /// Rows reach the disk before their transaction has committed.
    DiskBeforeCommit = "disk-before-commit",
    /// What changed while a commit was under way is forgotten, and dropped with the rows that it stored.
    ChangedRowsDropped = "changed-rows-dropped",
    /// After an unclear commit the producer goes on.
    ProducerGoesOn = "producer-goes-on",
    /// Partitions are given up with what was folded for them still in the open transaction.
    RevokedWithoutCommit = "revoked-without-commit",
    /// What was folded for lost partitions stays in the open transaction.
    LostWithoutGoingBack = "lost-without-going-back",
    /// A record is folded where it came, at home there or not.
    FoldedAbroad = "folded-abroad",
    // The barriers.
    /// Records do not wait for the goal changes before them.
    GoalsNotAwaited = "goals-not-awaited",
    /// The clock does not wait for the inboxes.
    ClockSkipsInboxes = "clock-skips-inboxes",
    /// The clock waits for one turn of messages between customers only.
    ClockTakesOneTurn = "clock-takes-one-turn",
    /// The clock does not wait for anything.
    ClockIsWall = "clock-is-wall",
    // Restoring.
    /// A restore ends where the changelog is known to be committed.
    RestoredToEnd = "restored-to-end",
    /// What an earlier owner left half done is not cleared away.
    RestoredOverOldRows = "restored-over-old-rows",
    /// Restored rows have no lookups.
    RestoredWithoutLookups = "restored-without-lookups",
    /// A task goes on without showing what its last owner had not shown to all chats.
    SweepForgotten = "sweep-forgotten",
    /// Goal changes are noted as shown before they are.
    SweepNotedTooSoon = "sweep-noted-too-soon",
    /// The clock of a task begins anew with every owner.
    ClockForgotten = "clock-forgotten",
    /// The digest of a task begins anew with every owner.
    DigestForgotten = "digest-forgotten",
    // The rules.
    /// C5: an event at the deadline does not count.
    DeadlineExcluded = "deadline-excluded",
    /// C4: a reply in a running round supersedes nothing.
    NothingSuperseded = "nothing-superseded",
    /// B5: a reply before the question answers it, whatever it is dated.
    EarlyReplyCounts = "early-reply-counts",
    /// E1: the assignee is not credited.
    AssigneeIgnored = "assignee-ignored",
}

/// Whether this build has this bug.
#[cfg(feature = "planted")]
pub fn planted(bug: Bug) -> bool {
    static NAMED: std::sync::LazyLock<Option<Bug>> = std::sync::LazyLock::new(|| {
        let name = std::env::var("CHAT_GOALS_PLANTED").ok()?;
        let named = Bug::ALL.iter().find(|bug| bug.name() == name);
        Some(*named.unwrap_or_else(|| panic!("there is no bug {name}")))
    });
    *NAMED == Some(bug)
}

/// Whether this build has this bug: it has none.
#[cfg(not(feature = "planted"))]
#[inline(always)]
pub fn planted(_: Bug) -> bool {
    false
}

//! Rows at rest, looked at from outside: what lies on a disk, whether it is whole, and whether notes, changelogs, disks
//! and published topics agree. It changes nothing, and a running process does not notice it.
//!
//! Reading order: [`disk`] (a state folder, beside the process that has it), [`info`], [`verify`] and [`dump`] (what is
//! said of one), [`rows`] (the names of rows), [`audit`] (everything held against each other).

pub mod audit;
pub mod disk;
pub mod dump;
pub mod info;
pub mod rows;
pub mod verify;

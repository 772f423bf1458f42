//! A state folder, read beside the process that may be running on it. It is as old as the last [`Disk::catch_up`]: between
//! two of them nothing in it moves.

use crate::config::Config;
use crate::runtime::topology::Stage;
use crate::state::store::{Family, Store};
use crate::state::table::parse_row_key;
use anyhow::Context as _;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

pub struct Disk {
    pub dir: PathBuf,
    pub store: Store,
    /// What the reader itself writes: its log.
    _own: TempDir,
}

impl Disk {
    /// The folder in which `run` keeps the rows of this configuration.
    pub fn dir_of(config: &Config) -> PathBuf {
        config.state.dir.join(config.consumer_group()).join("rows")
    }

    pub fn open(dir: &Path) -> anyhow::Result<Self> {
        // A busy process may do away with a file between two steps of opening.
        const TRIES: usize = 5;
        if !dir.join("CURRENT").exists() {
            let parent = dir.parent().unwrap_or(dir).display();
            anyhow::bail!(
                "there is no state in {}; hint: the folder is STATE_DIR/GROUP-GENERATION/rows, \
                           and {parent} is named by state.dir, group.id and group.generation",
                dir.display()
            );
        }
        let own = tempfile::tempdir().context("the reader needs a place for its own files")?;
        let mut tries = 0;
        let store = loop {
            match Store::open_beside(dir, own.path()) {
                Ok(store) => break store,
                Err(_) if tries < TRIES => tries += 1,
                Err(error) => return Err(error),
            }
        };
        Ok(Self { dir: dir.to_owned(), store, _own: own })
    }

    /// Takes up what the process has written meanwhile.
    pub fn catch_up(&self) -> anyhow::Result<()> {
        self.store.catch_up()
    }
}

/// What the key of a stored row is: its partition and its own key, or why it is none.
pub fn place(key: &[u8]) -> Result<(i32, &[u8]), String> {
    let (partition, own) = parse_row_key(key).ok_or("it is too short for a partition")?;
    match partition {
        0.. => Ok((partition, own)),
        _ => Err(format!("its partition is {partition}")),
    }
}

/// The rows and pages of one stage, in the order of their keys, until `visit` says false.
pub fn walk(
    store: &Store,
    family: Family,
    partition: Option<i32>,
    mut visit: impl FnMut(&[u8], &[u8]) -> bool,
) -> anyhow::Result<()> {
    let prefix = partition.map(|partition| partition.to_be_bytes().to_vec()).unwrap_or_default();
    store.scan(family, &prefix, |key, value| key.starts_with(&prefix) && visit(key, value))
}

/// What a stage is called.
pub fn name_of(stage: Stage) -> &'static str {
    stage.family().name()
}

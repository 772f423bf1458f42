//! The state directories of a simulation, and what a machine that ends does to them. It knows RocksDB's write-ahead
//! log by its file name only.

use super::dice::Dice;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

pub struct Disks {
    home: TempDir,
}

impl Disks {
    /// In memory, where the machine has such a place: nothing here has to outlive anything.
    pub fn new() -> anyhow::Result<Self> {
        let shared_memory = Path::new("/dev/shm");
        let home =
            if shared_memory.is_dir() { tempfile::tempdir_in(shared_memory) } else { tempfile::tempdir() };
        Ok(Self { home: home? })
    }

    pub fn of(&self, place: &str) -> PathBuf {
        self.home.path().join(place)
    }

    /// Everything is gone.
    pub fn lose(&self, place: &str) -> anyhow::Result<()> {
        let dir = self.of(place);
        if dir.exists() {
            std::fs::remove_dir_all(dir)?;
        }
        Ok(())
    }

    /// What was written last is not on the disk: the newest log ends somewhere before. `torn`: in its place is
    /// something else. False: there was nothing to lose.
    pub fn lose_tail(&self, place: &str, torn: bool, dice: &mut Dice) -> anyhow::Result<bool> {
        let dir = self.of(place);
        if !dir.exists() {
            return Ok(false);
        }
        let files = std::fs::read_dir(&dir)?.map(|entry| Ok(entry?.path()));
        let files: Vec<PathBuf> = files.collect::<std::io::Result<_>>()?;
        let logs = files.into_iter().filter(|path| path.extension().is_some_and(|e| e == "log"));
        let Some(newest) = logs.max() else { return Ok(false) };
        let length = std::fs::metadata(&newest)?.len();
        if length == 0 {
            return Ok(false);
        }
        // Mostly a little, sometimes everything.
        let lost = if dice.one_in(4) { length } else { 1 + dice.below(length.min(4_000)) };
        let mut file = std::fs::OpenOptions::new().write(true).open(&newest)?;
        file.set_len(length - lost)?;
        if torn {
            std::io::Seek::seek(&mut file, std::io::SeekFrom::End(0))?;
            let garbage: Vec<u8> = (0..lost.min(200)).map(|_| dice.below(256) as u8).collect();
            file.write_all(&garbage)?;
        }
        Ok(true)
    }
}

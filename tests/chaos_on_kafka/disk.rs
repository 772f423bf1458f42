//! A disk that is soon full: a small file system of its own where this user may mount one, else a limit on the size of
//! files, which makes the same writes fail.

use std::ffi::CString;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

pub struct SmallDisk {
    at: PathBuf,
}

/// Enough for the database of a process in these tests, several times over.
const BYTES: usize = 128 << 20;
const BALLAST: &str = "ballast";

impl SmallDisk {
    /// Mounts one at this folder, which is made; `None`: this user may not.
    pub fn mount(at: &Path) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let path = CString::new(at.as_os_str().as_bytes()).expect("a path has no zero byte");
        let (kind, size) = (c"tmpfs", CString::new(format!("size={BYTES}")).expect("no zero byte"));
        // SAFETY: all strings end in zero and outlive the call.
        let mounted =
            unsafe { libc::mount(kind.as_ptr(), path.as_ptr(), kind.as_ptr(), 0, size.as_ptr().cast()) };
        (mounted == 0).then(|| Self { at: at.to_owned() })
    }

    /// Leaves no byte free, but for a little at the end of a log.
    pub fn fill(&self) {
        take_back_what_is_set_aside(&self.at);
        let ballast = self.at.join(BALLAST);
        let mut ballast = File::options().create(true).append(true).open(ballast).unwrap();
        let piece = vec![0; 64 << 10];
        while ballast.write_all(&piece).is_ok() {}
    }

    /// Gives the space back.
    pub fn free(&self) {
        fs::remove_file(self.at.join(BALLAST)).unwrap();
    }
}

/// RocksDB reserves 20 MB for a log before it writes the first byte: with those the disk would be full a long time later.
fn take_back_what_is_set_aside(folder: &Path) {
    /// What may be appended between the look and the call.
    const MARGIN: u64 = 64 << 10;
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            take_back_what_is_set_aside(&path);
        } else if path.extension().is_some_and(|extension| extension == "log") {
            let log = File::options().write(true).open(&path).unwrap();
            let from = log.metadata().unwrap().len() + MARGIN;
            let (from, length) = (from as libc::off_t, (BYTES as libc::off_t));
            let mode = libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_KEEP_SIZE;
            // SAFETY: the file is open for as long as the call lasts.
            assert_eq!(unsafe { libc::fallocate(log.as_raw_fd(), mode, from, length) }, 0);
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let path = CString::new(self.at.as_os_str().as_bytes()).expect("a path has no zero byte");
        // SAFETY: the string ends in zero and outlives the call. Detached: a process that still ends may have files open.
        unsafe { libc::umount2(path.as_ptr(), libc::MNT_DETACH) };
    }
}

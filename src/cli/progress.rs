//! A progress bar on standard error, if that is a terminal; otherwise nothing but the lines printed through it.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::cell::Cell;
use std::path::{Path, PathBuf};

pub struct Progress {
    bar: ProgressBar,
    /// Told to the bar only now and then: it is asked once a line.
    pending: Cell<usize>,
}

impl Progress {
    /// Counts bytes; with a length if every file has one.
    pub fn of_files(files: &[PathBuf]) -> Self {
        let length = |path: &Path| std::fs::metadata(path).ok().filter(|m| m.is_file()).map(|m| m.len());
        let total: Option<u64> = files.iter().map(|path| length(path)).sum();
        let bar = match total {
            Some(total) => ProgressBar::new(total).with_style(style(
                "{bar:40} {percent:>3}%  {bytes} of {total_bytes}  {bytes_per_sec}  {eta} left",
            )),
            None => ProgressBar::no_length().with_style(style("{spinner} {bytes}  {bytes_per_sec}")),
        };
        // Hidden by itself where standard error is no terminal.
        bar.set_draw_target(ProgressDrawTarget::stderr());
        Self { bar, pending: Cell::new(0) }
    }

    pub fn add(&self, bytes: usize) {
        const STEP: usize = 1 << 18;
        let pending = self.pending.get() + bytes;
        self.pending.set(if pending < STEP {
            pending
        } else {
            self.bar.inc(pending as u64);
            0
        });
    }

    /// Prints a line to standard error, above the bar.
    pub fn print(&self, line: &str) {
        self.bar.suspend(|| eprintln!("{line}"));
    }

    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is a constant")
}

//! `chat-goals demo`: the runtime on the log in memory, fed by a simulated chat platform, with a live view. It needs no
//! broker and leaves nothing behind.

use super::settings::start_logging;
use crate::config::{Config, LogLevel};
use crate::demo;
use std::io::{IsTerminal as _, stderr, stdout};
use std::process::ExitCode;

pub type Args = demo::Options;

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    // A line of a log would spoil the picture.
    if !(stdout().is_terminal() && stderr().is_terminal()) {
        let mut log = Config::default().log;
        log.level = LogLevel::Warn;
        start_logging(&log);
    }
    demo::run(args)?;
    Ok(ExitCode::SUCCESS)
}

//! The commands that ask a running deployment, through Kafka only: [`chat`], [`managers`], [`goals`], [`status`],
//! [`dead_letters`]. Data goes to standard output and nothing else does; whatever else there is to say goes to
//! standard error. They join no group, and only `dead-letters resend` writes.

pub mod chat;
mod chat_page;
pub mod dead_letters;
pub mod goals;
pub mod managers;
mod resend;
pub mod status;
mod status_page;
mod table;

use super::run::connect;
use super::settings::{ConfigArgs, start_logging};
use crate::config::{Config, LogLevel};
use crate::inspect::scan::Watch;
use crate::log::kafka::KafkaLog;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use std::io::{self, Write};
use std::process::ExitCode;

/// Part of each command's help: others rely on it.
pub const EXIT_CODES: &str = "Exit codes: 0 found, 1 failed, 2 wrong usage, 3 not found (no such chat, channel, counter or dead letter).\n\
     Data goes to standard output, everything else to standard error.";

/// What was asked for is not there.
const NOT_FOUND: u8 = 3;

#[derive(clap::Args)]
pub struct AskArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// How to print the answer: a table for people, one JSON document, or one JSON object a line
    #[arg(long, short, default_value = "table", value_name = "FORM")]
    output: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    Table,
    Json,
    Jsonl,
}

impl AskArgs {
    /// The configuration and the cluster that it names.
    fn connect(&self) -> anyhow::Result<(Config, KafkaLog)> {
        let config = self.config.load()?;
        let mut log = config.log.clone();
        // Who asks wants the answer, not how the connection came about: if it does not, the error says why.
        log.level = LogLevel::Error;
        start_logging(&log);
        let kafka = connect(&config)?;
        Ok((config, kafka))
    }
}

/// Prints one JSON document: over several lines for `json`, in one for `jsonl`.
fn print_json(form: Form, document: &impl Serialize) -> anyhow::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    match form {
        Form::Jsonl => serde_json::to_writer(&mut out, document).map_err(io::Error::from)?,
        Form::Json | Form::Table => {
            serde_json::to_writer_pretty(&mut out, document).map_err(io::Error::from)?
        }
    }
    out.write_all(b"\n")?;
    Ok(out.flush()?)
}

fn print_text(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// Says on standard error that it is not there.
fn not_found(what: &str) -> ExitCode {
    eprintln!("chat-goals: {what}");
    ExitCode::from(NOT_FOUND)
}

/// Shows on standard error how much is being read, if that is a terminal.
struct Reading(ProgressBar);

impl Reading {
    fn new() -> Self {
        let style =
            ProgressStyle::with_template("reading {msg}  {bar:30}  {human_pos} of {human_len} offsets");
        let bar = ProgressBar::hidden().with_style(style.expect("the template is a constant"));
        Self(bar)
    }
}

impl Watch for Reading {
    fn begins(&self, what: &str, offsets: u64) {
        self.0.reset();
        self.0.set_length(offsets);
        self.0.set_message(what.to_owned());
        // Hidden by itself where standard error is no terminal.
        self.0.set_draw_target(ProgressDrawTarget::stderr());
    }

    fn read(&self, offsets: u64) {
        self.0.inc(offsets);
    }

    fn ends(&self) {
        self.0.finish_and_clear();
    }
}

//! `chat-goals dead-letters list|show|resend`: records that could not be understood.

use super::resend;
use super::table::{NOTHING, table};
use super::{AskArgs, Form, Reading, not_found, print_json, print_text};
use crate::answers::letters::{LetterAnswer, WholeLetterAnswer, hex};
use crate::domain::time::Timestamp;
use crate::inspect::Deployment;
use crate::inspect::dead_letters::{DeadLetter, Place, Wanted};
use serde::Serialize;
use std::fmt::Write as _;
use std::process::ExitCode;

#[derive(clap::Subcommand)]
pub enum Command {
    /// List them: where each was, and why it is bad
    #[command(after_help = super::EXIT_CODES)]
    List(ListArgs),
    /// Show one with its headers and its value
    #[command(after_help = super::EXIT_CODES)]
    Show(ShowArgs),
    #[command(after_help = super::EXIT_CODES)]
    Resend(resend::Args),
}

#[derive(clap::Args)]
pub struct ListArgs {
    #[command(flatten)]
    pub filter: FilterArgs,
    #[command(flatten)]
    pub ask: AskArgs,
}

#[derive(clap::Args)]
pub struct ShowArgs {
    /// Which one: PARTITION:OFFSET, as `list` prints it
    place: Place,
    #[command(flatten)]
    ask: AskArgs,
}

/// Those for which all of it holds.
#[derive(clap::Args)]
pub struct FilterArgs {
    /// Only those that came from this topic
    #[arg(long, value_name = "NAME")]
    topic: Option<String>,
    /// Only those whose reason has this text in it, whatever the case
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Only those that became dead letters at this time or later (RFC 3339 or epoch ms)
    #[arg(long, value_name = "TIME", value_parser = crate::cli::time)]
    from: Option<Timestamp>,
    /// Only those that became dead letters at this time or before
    #[arg(long, value_name = "TIME", value_parser = crate::cli::time)]
    to: Option<Timestamp>,
    /// Only those with this key
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

impl FilterArgs {
    pub fn wanted(&self, places: &[Place]) -> Wanted {
        Wanted {
            places: places.to_vec(),
            topic: self.topic.clone(),
            reason: self.reason.clone(),
            from: self.from,
            to: self.to,
            key: self.key.clone(),
        }
    }
}

pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::List(args) => list(args),
        Command::Show(args) => show(args),
        Command::Resend(args) => resend::run(args),
    }
}

fn list(args: &ListArgs) -> anyhow::Result<ExitCode> {
    let (config, log) = args.ask.connect()?;
    let watch = Reading::new();
    let letters = Deployment::find(&log, &config, &watch)?.dead_letters(&args.filter.wanted(&[]))?;
    let all: Vec<LetterAnswer> = letters.iter().map(LetterAnswer::from).collect();
    match args.ask.output {
        Form::Table => print_text(&page(&letters))?,
        form @ Form::Json => print_json(form, &Document { dead_letters: &all })?,
        form @ Form::Jsonl => all.iter().try_for_each(|letter| print_json(form, letter))?,
    }
    if letters.is_empty() {
        return Ok(not_found("there are no such dead letters"));
    }
    Ok(ExitCode::SUCCESS)
}

fn show(args: &ShowArgs) -> anyhow::Result<ExitCode> {
    let (config, log) = args.ask.connect()?;
    let watch = Reading::new();
    let Some(letter) = Deployment::find(&log, &config, &watch)?.dead_letter(args.place)? else {
        return Ok(not_found(&format!("there is no dead letter at {}", args.place)));
    };
    match args.ask.output {
        Form::Table => print_text(&whole_page(&letter))?,
        form @ (Form::Json | Form::Jsonl) => print_json(form, &WholeLetterAnswer::from(&letter))?,
    }
    Ok(ExitCode::SUCCESS)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    dead_letters: &'a [LetterAnswer],
}

/// For people: control characters must not play with their terminal.
fn printable(bytes: Option<&[u8]>) -> String {
    let Some(bytes) = bytes else { return "(null)".to_owned() };
    match std::str::from_utf8(bytes) {
        Ok(text) => text.chars().map(|char| if char.is_control() { '\u{fffd}' } else { char }).collect(),
        Err(_) => format!("(hex) {}", hex(bytes)),
    }
}

fn page(letters: &[DeadLetter]) -> String {
    let row = |of: &DeadLetter| {
        let number =
            |number: Option<i64>| number.map_or_else(|| NOTHING.to_owned(), |number| number.to_string());
        let was = format!("{}[{}]:{}", of.topic, number(of.partition.map(i64::from)), number(of.offset));
        let cut = of.truncated.map_or_else(String::new, |whole| format!(", cut from {whole}"));
        vec![
            of.place.to_string(),
            super::table::time(of.at),
            was,
            printable(of.key.as_deref()),
            format!(
                "{}{cut}",
                of.value.as_ref().map_or_else(|| "null".to_owned(), |value| value.len().to_string())
            ),
            of.attempt.to_string(),
            printable(Some(of.reason.as_bytes())),
        ]
    };
    let rows: Vec<Vec<String>> = letters.iter().map(row).collect();
    table(&["place", "at", "was", "key", "bytes", "attempt", "reason"], &rows)
}

fn whole_page(letter: &DeadLetter) -> String {
    let mut page = page(std::slice::from_ref(letter));
    let headers: Vec<Vec<String>> = letter
        .headers
        .iter()
        .map(|header| vec![printable(Some(header.name.as_bytes())), printable(header.value.as_deref())])
        .collect();
    let _ = write!(page, "\nheaders\n{}", super::table::indented(&headers));
    let _ = write!(page, "\nvalue\n  {}\n", printable(letter.value.as_deref()));
    page
}

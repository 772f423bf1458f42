//! `chat-goals dead-letters resend`: writes dead letters to the topics that they came from. It takes none away: whoever
//! sends them twice has them there twice.

use super::dead_letters::FilterArgs;
use super::table::{NOTHING, table};
use super::{AskArgs, Form, Reading, not_found, print_json, print_text};
use crate::inspect::Deployment;
use crate::inspect::dead_letters::{DeadLetter, Place};
use crate::inspect::resend::{Again, again};
use anyhow::Context as _;
use serde::Serialize;
use std::io::{IsTerminal as _, stderr, stdin};
use std::process::ExitCode;

/// Write dead letters to the topics that they came from once more
///
/// Each goes to the partition where its key is at home, or without a key to the one where it was. It is as it came, with
/// a header `dead-letter.attempt` that counts up, and with the time of the re-sending as its log timestamp. The dead
/// letters themselves stay. Those that were cut cannot be sent; the exit code is 1 if none can.
#[derive(clap::Args)]
pub struct Args {
    /// Only these: PARTITION:OFFSET, as `list` prints it
    places: Vec<Place>,
    #[command(flatten)]
    filter: FilterArgs,
    /// Only say what would be sent
    #[arg(long)]
    dry_run: bool,
    /// Do not ask before sending
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    ask: AskArgs,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let (config, log) = args.ask.connect()?;
    let watch = Reading::new();
    let deployment = Deployment::find(&log, &config, &watch)?;
    let letters = deployment.dead_letters(&args.filter.wanted(&args.places))?;
    if letters.is_empty() {
        return Ok(not_found("there are no such dead letters"));
    }
    let made: Vec<(&DeadLetter, Result<Again, String>)> = letters
        .iter()
        .map(|letter| (letter, again(letter, deployment.input_partitions(&letter.topic))))
        .collect();
    let ready: Vec<&Again> = made.iter().filter_map(|(_, again)| again.as_ref().ok()).collect();
    for (letter, again) in &made {
        if let Err(reason) = again {
            eprintln!("chat-goals: {} is not sent: {reason}", letter.place);
        }
    }
    let sends = !args.dry_run && !ready.is_empty();
    if sends && !confirmed(args, ready.len())? {
        anyhow::bail!("nothing was sent");
    }
    if sends {
        let records: Vec<_> = ready.iter().map(|again| again.outgoing()).collect();
        log.write(&records).context("some of them may have been sent")?;
    }
    report(args, &made, sends)?;
    Ok(if ready.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Only a person may be asked; everybody else has to say `--yes`.
fn confirmed(args: &Args, count: usize) -> anyhow::Result<bool> {
    if args.yes {
        return Ok(true);
    }
    anyhow::ensure!(
        stdin().is_terminal() && stderr().is_terminal(),
        "nobody can be asked here, so nothing was sent; hint: --dry-run shows what would be, --yes sends it"
    );
    eprint!("send {count} records? [y/N] ");
    let mut answer = String::new();
    stdin().read_line(&mut answer)?;
    Ok(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SentJson<'a> {
    /// The dead letter.
    place: String,
    topic: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    partition: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<u32>,
    sent: bool,
    /// Why it cannot be sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    dry_run: bool,
    resent: &'a [SentJson<'a>],
}

fn report(args: &Args, made: &[(&DeadLetter, Result<Again, String>)], sent: bool) -> anyhow::Result<()> {
    let line = |(letter, again): &'_ (&DeadLetter, Result<Again, String>)| {
        let ready = again.as_ref().ok();
        (letter.place, ready.map(|again| (again.partition, again.attempt)))
    };
    let all: Vec<SentJson<'_>> = made
        .iter()
        .map(|made| {
            let (place, ready) = line(made);
            SentJson {
                place: place.to_string(),
                topic: &made.0.topic,
                partition: ready.map(|(partition, _)| partition),
                attempt: ready.map(|(_, attempt)| attempt),
                sent: sent && ready.is_some(),
                refused: made.1.as_ref().err().map(String::as_str),
            }
        })
        .collect();
    match args.ask.output {
        Form::Table => print_text(&page(&all, args.dry_run)),
        form @ Form::Json => print_json(form, &Document { dry_run: args.dry_run, resent: &all }),
        form @ Form::Jsonl => all.iter().try_for_each(|sent| print_json(form, sent)),
    }
}

fn page(all: &[SentJson<'_>], dry_run: bool) -> String {
    let row = |of: &SentJson<'_>| {
        let number =
            |number: Option<i64>| number.map_or_else(|| NOTHING.to_owned(), |number| number.to_string());
        let what = match (of.refused, dry_run) {
            (Some(reason), _) => reason.to_owned(),
            (None, true) => "would be sent".to_owned(),
            (None, false) => "sent".to_owned(),
        };
        let to = format!("{}[{}]", of.topic, number(of.partition.map(i64::from)));
        vec![of.place.clone(), to, number(of.attempt.map(i64::from)), what]
    };
    table(&["place", "to", "attempt", ""], &all.iter().map(row).collect::<Vec<_>>())
}

//! `chat-goals status [--watch]`: how far the deployment has got, its clocks, its members, its dead letters.

use super::status_document::{StatusDocument, page};
use super::{AskArgs, Form, print_json, print_text};
use crate::domain::time::Timestamp;
use crate::inspect::Deployment;
use crate::inspect::scan::Unwatched;
use crate::log::kafka::KafkaLog;
use std::io::{IsTerminal as _, stdout};
use std::process::ExitCode;
use std::time::Duration;

/// How far the deployment has got: lag, clocks, members, dead letters
///
/// A lag in records counts offsets, some of which hold no record but the end of a transaction; a lag in seconds is how
/// long the first record that is not committed has been in the log, by its log timestamp. A clock is told as it was noted
/// with the last commit of its partition: where nothing happens it moves on without a note. Dead letters are counted by
/// their offsets, and each transaction that wrote some takes one more.
#[derive(clap::Args)]
pub struct Args {
    /// Again every second, until it is stopped: in place on a terminal, otherwise one answer after the other
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    ask: AskArgs,
}

impl Args {
    /// Whether each answer is written over the one before.
    fn in_place(&self) -> bool {
        self.watch && self.ask.output == Form::Table && stdout().is_terminal()
    }
}

const EVERY: Duration = Duration::from_secs(1);

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let (config, log) = args.ask.connect()?;
    let deployment = Deployment::find(&log, &config, &Unwatched)?;
    let generation = config.group.generation;
    if args.in_place() {
        const CLEAR: &str = "\x1b[2J";
        print_text(CLEAR)?;
    }
    print(args, &look(&deployment, generation)?)?;
    if !args.watch {
        return Ok(ExitCode::SUCCESS);
    }
    loop {
        std::thread::sleep(EVERY);
        match look(&deployment, generation) {
            Ok(document) => print(args, &document)?,
            // What is watched may be just what is wrong.
            Err(error) => eprintln!("chat-goals: {error:#}"),
        }
    }
}

fn look(deployment: &Deployment<'_, KafkaLog>, generation: u32) -> anyhow::Result<StatusDocument> {
    let progress = deployment.progress()?;
    let group = match deployment.log.describe_group(&deployment.topology.group) {
        Ok(group) => Some(group),
        Err(error) => {
            eprintln!("chat-goals: {error}");
            None
        }
    };
    let now = Timestamp(chrono::Utc::now().timestamp_millis());
    Ok(StatusDocument::of(&deployment.topology.group, generation, now, &progress, group.as_ref()))
}

fn print(args: &Args, document: &StatusDocument) -> anyhow::Result<()> {
    match args.ask.output {
        Form::Table if args.in_place() => {
            /// Home, and each line cleared as it is written, and what is below: nothing flickers.
            const HOME: &str = "\x1b[H";
            const CLEAR_LINE: &str = "\x1b[K\n";
            const CLEAR_BELOW: &str = "\x1b[J";
            print_text(&format!("{HOME}{}{CLEAR_BELOW}", page(document).replace('\n', CLEAR_LINE)))
        }
        Form::Table => print_text(&page(document)),
        // Watched, one document follows the other: a line each is what can be read.
        Form::Json if args.watch => print_json(Form::Jsonl, document),
        form @ (Form::Json | Form::Jsonl) => print_json(form, document),
    }
}

//! `chat-goals status [--watch]`: how far the deployment has got, its clocks, its members, its dead letters.

use super::status_page::page;
use super::{AskArgs, Form, print_json, print_text};
use crate::answers::progress::StatusDocument;
use crate::at_rest::disk::Disk;
use crate::domain::time::Timestamp;
use crate::inspect::Deployment;
use crate::inspect::scan::Unwatched;
use crate::log::kafka::KafkaLog;
use crate::runtime::restore::{UnderWay, under_way};
use crate::runtime::topology::{Stage, Topology};
use std::io::{IsTerminal as _, stdout};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// How far the deployment has got: lag, clocks, members, dead letters
///
/// A lag in records counts offsets, some of which hold no record but the end of a transaction; a lag in seconds is how
/// long the first record that is not committed has been in the log, by its log timestamp. A clock is told as it was noted
/// with the last commit of its partition: where nothing happens it moves on without a note. Dead letters are counted by
/// their offsets, and each transaction that wrote some takes one more. What is being restored is told of the process
/// whose state folder (`--state-dir`) is on this machine.
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
    let disk = Disk::dir_of(&config);
    let generation = config.group.generation;
    if args.in_place() {
        const CLEAR: &str = "\x1b[2J";
        print_text(CLEAR)?;
    }
    print(args, &look(&deployment, generation, &disk)?)?;
    if !args.watch {
        return Ok(ExitCode::SUCCESS);
    }
    loop {
        std::thread::sleep(EVERY);
        match look(&deployment, generation, &disk) {
            Ok(document) => print(args, &document)?,
            // What is watched may be just what is wrong.
            Err(error) => eprintln!("chat-goals: {error:#}"),
        }
    }
}

fn look(
    deployment: &Deployment<'_, KafkaLog>,
    generation: u32,
    disk: &Path,
) -> anyhow::Result<StatusDocument> {
    let progress = deployment.progress()?;
    let group = match deployment.log.describe_group(&deployment.topology.group) {
        Ok(group) => Some(group),
        Err(error) => {
            eprintln!("chat-goals: {error}");
            None
        }
    };
    let now = Timestamp(chrono::Utc::now().timestamp_millis());
    let restoring = restoring(disk, &deployment.topology);
    let (group_id, restoring) = (&deployment.topology.group, restoring.as_deref());
    Ok(StatusDocument::of(group_id, generation, now, &progress, group.as_ref(), restoring))
}

/// What is being restored on this machine; `None`: there is no state folder, or it cannot be read now.
fn restoring(disk: &Path, topology: &Topology) -> Option<Vec<((Stage, i32), UnderWay)>> {
    let disk = Disk::open(disk).ok()?;
    let counts = topology.partitions;
    let all = [
        (Stage::Chats, counts.chats),
        (Stage::Customers, counts.customers),
        (Stage::Managers, counts.managers),
    ];
    let tasks =
        all.into_iter().flat_map(|(stage, count)| (0..count).map(move |partition| (stage, partition)));
    Some(tasks.filter_map(|task| Some((task, under_way(&disk.store, task).ok()??))).collect())
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

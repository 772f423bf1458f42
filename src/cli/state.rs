//! `chat-goals state info|verify|dump`: a state folder, with no broker. The process that runs on it may go on.

use super::listing::{Form, Listing};
use super::settings::ConfigArgs;
use crate::at_rest::disk::Disk;
use crate::at_rest::dump::{Which, dump};
use crate::at_rest::info::info;
use crate::at_rest::verify::verify;
use crate::runtime::topology::Stage;
use crate::runtime::versions::Span;
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::ExitCode;

/// Something in the folder is wrong.
const DAMAGED: u8 = 5;

#[derive(clap::Subcommand)]
pub enum Command {
    /// How many rows lie there, made by which versions, and how far they reach
    Info(Args),
    /// Check every row, key, page and lookup; exit code 5 if anything is wrong
    Verify(Args),
    /// Print rows with everything that is in them
    Dump(DumpArgs),
}

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: ConfigArgs,
    #[arg(long, short, value_enum, default_value_t = Form::Table)]
    output: Form,
}

#[derive(clap::Args)]
pub struct DumpArgs {
    #[command(flatten)]
    config: ConfigArgs,
    #[arg(long, short, value_enum, default_value_t = Form::Jsonl)]
    output: Form,
    /// Only rows of this stage
    #[arg(long, value_enum)]
    stage: Option<StageName>,
    /// Only rows of this partition
    #[arg(long)]
    partition: Option<i32>,
    /// Only this row: a chat's id, CHANNEL/CUSTOMER or a customer's id, a counter's key
    #[arg(long)]
    key: Option<String>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum StageName {
    Chats,
    Customers,
    Managers,
}

pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Info(args) => show_info(&open(&args.config)?, args.output),
        Command::Verify(args) => show_problems(&open(&args.config)?, args.output),
        Command::Dump(args) => show_rows(&open(&args.config)?, args),
    }
}

fn open(config: &ConfigArgs) -> anyhow::Result<Disk> {
    Disk::open(&Disk::dir_of(&config.load()?))
}

fn show_info(disk: &Disk, form: Form) -> anyhow::Result<ExitCode> {
    let info = info(disk)?;
    let versions = |span: Span| match span.oldest == span.newest {
        true => span.newest.to_string(),
        false => format!("{} to {}", span.oldest, span.newest),
    };
    let tasks = info.tasks.iter().map(|task| {
        json!({
            "kind": "task", "stage": task.stage, "partition": task.partition, "rows": task.rows, "pages": task.pages,
            "bytes": task.bytes, "reached": task.reached, "madeBy": task.found.map(versions),
            "noted": versions(task.noted),
        })
    });
    let families = info.families.iter().map(|family| {
        json!({
            "kind": "family", "family": family.family, "entries": family.entries, "bytes": family.bytes,
            "fileBytes": family.file_bytes, "memtableBytes": family.memtable_bytes, "cacheBytes": family.cache_bytes,
        })
    });
    let (tasks, families): (Vec<Value>, Vec<Value>) = (tasks.collect(), families.collect());
    let of_tasks = &["stage", "partition", "rows", "pages", "bytes", "reached", "madeBy", "noted"];
    let of_families = &["family", "entries", "bytes", "fileBytes", "memtableBytes", "cacheBytes"];
    if form == Form::Table {
        list(form, of_tasks, &tasks)?;
        writeln!(std::io::stdout())?;
        list(form, of_families, &families)?;
    } else {
        list(form, of_tasks, &[tasks, families].concat())?;
    }
    eprintln!("{}", disk.dir.display());
    Ok(ExitCode::SUCCESS)
}

fn list(form: Form, columns: &'static [&'static str], objects: &[Value]) -> anyhow::Result<()> {
    let mut listing = Listing::new(std::io::stdout().lock(), form, columns);
    objects.iter().try_for_each(|object| listing.add(object))?;
    listing.end()
}

fn show_problems(disk: &Disk, form: Form) -> anyhow::Result<ExitCode> {
    let report = verify(&disk.store)?;
    let problems: Vec<Value> = report
        .first
        .iter()
        .map(|problem| {
            json!({
                "family": problem.family, "partition": problem.partition, "key": problem.key, "problem": problem.what,
            })
        })
        .collect();
    if form != Form::Table || !problems.is_empty() {
        list(form, &["family", "partition", "key", "problem"], &problems)?;
    }
    let (rows, pages, lookups) = (report.rows, report.pages, report.lookups);
    let outcome = match report.problems {
        0 => "nothing is wrong".to_owned(),
        1 => "1 problem".to_owned(),
        many => format!("{many} problems, {} of them named", report.first.len()),
    };
    eprintln!("{}: {rows} rows, {pages} pages, {lookups} lookups: {outcome}", disk.dir.display());
    Ok(if report.problems == 0 { ExitCode::SUCCESS } else { ExitCode::from(DAMAGED) })
}

fn show_rows(disk: &Disk, args: &DumpArgs) -> anyhow::Result<ExitCode> {
    let which = Which {
        stage: args.stage.map(|stage| match stage {
            StageName::Chats => Stage::Chats,
            StageName::Customers => Stage::Customers,
            StageName::Managers => Stage::Managers,
        }),
        partition: args.partition,
        key: args.key.clone(),
    };
    let out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut listing = Listing::new(out, args.output, &["stage", "partition", "key", "row"]);
    let mut rows = 0;
    dump(&disk.store, &which, |dumped| {
        rows += 1;
        listing.add(&dumped.json())
    })?;
    listing.end()?;
    eprintln!("{rows} rows of {}", disk.dir.display());
    Ok(ExitCode::SUCCESS)
}

//! `chat-goals diff`: what `promote` would change, without changing anything. Exit code 0: nothing; 4: something.

use super::generations::{after, topology};
use super::run::connect;
use super::settings::{ConfigArgs, start_logging};
use crate::runtime::handover::diff::{Found, diff};
use std::io::Write as _;
use std::process::ExitCode;

/// There are differences.
const DIFFERENT: u8 = 4;

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: ConfigArgs,
    /// How differences are printed
    #[arg(short, long, value_enum, default_value_t = Form::Table)]
    output: Form,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    Table,
    Json,
    Jsonl,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let config = args.config.load()?;
    start_logging(&config.log);
    let log = connect(&config)?;
    let (old, new) = (topology(&log, &config)?, topology(&log, &after(&config))?);
    let dir = tempfile::Builder::new().prefix("chat-goals-diff-").tempdir()?;
    let requires = config.rules.requires_subscription;
    let found = diff(&log, &old, &new, requires, dir.path(), |doing| tracing::info!("{doing}"))?;
    print(&found, args.output)?;
    if found.moving > 0 {
        eprintln!("chat-goals: {} more were on the move all the while and are not judged", found.moving);
    }
    Ok(if found.differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(DIFFERENT) })
}

fn print(found: &Found, form: Form) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match form {
        Form::Json => {
            let all: Vec<_> = found.differences.iter().map(|difference| difference.json()).collect();
            serde_json::to_writer_pretty(&mut out, &all)?;
            writeln!(out)?;
        }
        Form::Jsonl => {
            for difference in &found.differences {
                writeln!(out, "{}", difference.json())?;
            }
        }
        Form::Table => {
            for difference in &found.differences {
                let json = difference.json();
                let kind = json["kind"].as_str().unwrap_or_default();
                writeln!(out, "{kind} {}", difference.key)?;
                writeln!(out, "  published  {}", difference.has.as_deref().unwrap_or("nothing"))?;
                writeln!(out, "  rebuilt    {}", difference.should.as_deref().unwrap_or("nothing"))?;
            }
            writeln!(out, "{} of {} chats and counters differ", found.differences.len(), found.compared)?;
        }
    }
    Ok(())
}

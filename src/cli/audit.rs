//! `chat-goals audit`: whether notes, changelogs, a disk and the published topics agree. The deployment may go on.

use super::generations;
use super::listing::{Form, Listing};
use super::run::connect;
use super::settings::{ConfigArgs, start_logging};
use crate::at_rest::audit::{Audit, Compared, TaskAudit};
use crate::at_rest::disk::Disk;
use crate::config::Config;
use crate::log::kafka::KafkaLog;
use crate::runtime::handover::diff::{Found, diff};
use crate::runtime::topology::Topology;
use serde_json::{Value, json};
use std::process::ExitCode;
use std::sync::Arc;

/// Something differs.
const DIFFERENCES: u8 = 4;

/// With --state-dir the rows in that folder are compared, too; with --rebuild what `chat-goals rebuild` has come to
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: ConfigArgs,
    #[arg(long, short, value_enum, default_value_t = Form::Table)]
    output: Form,
    /// Also compare what is published with the generation after this one, which `rebuild` runs
    #[arg(long)]
    rebuild: bool,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let config = args.config.load()?;
    start_logging(&config.log);
    let log = connect(&config)?;
    let topology = Topology::load(&log, &config)?.map_err(|problems| anyhow::anyhow!(problems.join("\n")))?;
    let disk = args.config.names_state_dir().then(|| Disk::open(&Disk::dir_of(&config))).transpose()?;
    let rebuilt = args.rebuild.then(|| rebuilt(&log, &config, &topology)).transpose()?;
    let wall = Arc::new(|| chrono::Utc::now().timestamp_millis());
    let mut audit = Audit::new(log, &config, topology, wall, disk.as_ref());
    let columns = &["stage", "partition", "rows", "note", "disk", "published", "first", "how"];
    let mut listing = Listing::new(std::io::stdout().lock(), args.output, columns);
    let (mut tasks, mut differ) = (0, 0);
    audit.run(|audited| {
        tasks += 1;
        differ += usize::from(audited.differs());
        listing.add(&shown(&audited))
    })?;
    if let Some(found) = &rebuilt {
        tasks += 1;
        differ += usize::from(!found.differences.is_empty());
        listing.add(&shown_rebuilt(found))?;
    }
    listing.end()?;
    eprintln!("{tasks} partitions of stages were compared, {differ} differ");
    Ok(if differ == 0 { ExitCode::SUCCESS } else { ExitCode::from(DIFFERENCES) })
}

fn rebuilt(log: &KafkaLog, config: &Config, topology: &Topology) -> anyhow::Result<Found> {
    let new = generations::topology(log, &generations::after(config))?;
    let dir = tempfile::Builder::new().prefix("chat-goals-audit-").tempdir()?;
    diff(log, topology, &new, config.rules.requires_subscription, dir.path(), |doing| {
        tracing::info!("{doing}")
    })
}

fn shown_rebuilt(found: &Found) -> Value {
    let first = found.differences.first();
    let differ = match found.differences.len() {
        0 => "same".to_owned(),
        count => format!("differs ({count} keys)"),
    };
    json!({
        "stage": "rebuild", "partition": "all", "rows": found.compared, "note": "-", "disk": "-", "published": differ,
        "differs": first.is_some(), "first": first.map(|first| &first.key),
        "how": first.map(|first| first.json()["rebuilt"].to_string()),
    })
}

fn shown(audited: &TaskAudit) -> Value {
    let first = audited.first();
    json!({
        "stage": audited.stage, "partition": audited.partition, "rows": audited.rows,
        "digest": audited.digest.to_string(), "noted": audited.noted.map(|digest| digest.to_string()),
        "note": word(&audited.note), "disk": word(&audited.disk), "published": word(&audited.published),
        "diskReaches": audited.disk_reaches, "differs": audited.differs(),
        "first": first.map(|first| &first.key), "how": first.map(|first| &first.how),
    })
}

fn word(compared: &Compared) -> String {
    match compared {
        Compared::Not(why) => format!("- ({why})"),
        Compared::Same => "same".to_owned(),
        Compared::Differs { keys: 0, .. } => "differs".to_owned(),
        Compared::Differs { keys: 1, .. } => "differs (1 key)".to_owned(),
        Compared::Differs { keys, .. } => format!("differs ({keys} keys)"),
    }
}

//! `chat-goals audit`: whether notes, changelogs, a disk and the published topics agree. The deployment may go on.

use super::listing::{Form, Listing};
use super::run::connect;
use super::settings::{ConfigArgs, start_logging};
use crate::at_rest::audit::{Audit, Compared, TaskAudit};
use crate::at_rest::disk::Disk;
use crate::runtime::topology::Topology;
use serde_json::{Value, json};
use std::process::ExitCode;
use std::sync::Arc;

/// Something differs.
const DIFFERENCES: u8 = 4;

/// With --state-dir the rows in that folder are compared, too
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: ConfigArgs,
    #[arg(long, short, value_enum, default_value_t = Form::Table)]
    output: Form,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let config = args.config.load()?;
    start_logging(&config.log);
    let log = connect(&config)?;
    let topology = Topology::load(&log, &config)?.map_err(|problems| anyhow::anyhow!(problems.join("\n")))?;
    let disk = args.config.names_state_dir().then(|| Disk::open(&Disk::dir_of(&config))).transpose()?;
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
    listing.end()?;
    eprintln!("{tasks} partitions of stages were compared, {differ} differ");
    Ok(if differ == 0 { ExitCode::SUCCESS } else { ExitCode::from(DIFFERENCES) })
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

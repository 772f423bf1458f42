//! `chat-goals generate grafana|alerts|metrics`: what is shipped to look at a deployment with. It asks nobody.

use crate::telemetry::{page, shipped};
use anyhow::Context as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(clap::Subcommand)]
pub enum Command {
    /// Print the Grafana dashboards, one JSON document after the other
    Grafana(To),
    /// Print the Prometheus alert rules
    Alerts(AlertsArgs),
    /// Print what each metric means, as docs/metrics.md has it
    Metrics(To),
}

#[derive(clap::Args)]
pub struct AlertsArgs {
    #[command(flatten)]
    to: To,
    /// Where the docs folder is found: links to runbooks begin with it
    #[arg(long, value_name = "URL", default_value = "docs")]
    docs: String,
}

#[derive(clap::Args)]
pub struct To {
    /// Write files into this directory, made if it is missing, and print their names
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    let (to, files) = match command {
        Command::Grafana(to) => (to, shipped::dashboards()),
        Command::Alerts(args) => (&args.to, vec![("chat-goals-alerts.yaml", shipped::alerts(&args.docs))]),
        Command::Metrics(to) => (to, vec![("metrics.md", page::markdown())]),
    };
    let mut out = std::io::stdout().lock();
    for (name, text) in files {
        match &to.out {
            None => write!(out, "{text}")?,
            Some(dir) => writeln!(out, "{}", write(dir, name, &text)?.display())?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn write(dir: &Path, name: &str, text: &str) -> anyhow::Result<PathBuf> {
    std::fs::create_dir_all(dir).with_context(|| format!("{} cannot be made", dir.display()))?;
    let path = dir.join(name);
    std::fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(path)
}

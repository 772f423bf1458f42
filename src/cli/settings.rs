//! What several commands share: where the configuration comes from, and logging.

use crate::config::{Config, Log, LogFormat};
use std::path::PathBuf;
use tracing_subscriber::EnvFilter;

#[derive(clap::Args)]
pub struct ConfigArgs {
    /// The configuration file
    #[arg(long, short, value_name = "FILE")]
    config: Option<PathBuf>,
    /// One setting, over file and environment
    #[arg(long = "set", value_name = "TABLE.KEY=VALUE", value_parser = key_value)]
    set: Vec<(String, String)>,
    /// Short for --set kafka.bootstrap=…
    #[arg(long, value_name = "HOST:PORT,…")]
    bootstrap: Option<String>,
    /// Short for --set state.dir=…
    #[arg(long, value_name = "DIR")]
    state_dir: Option<String>,
}

impl ConfigArgs {
    /// File, then environment, then flags. The file may also be named by `CHAT_GOALS_CONFIG`.
    pub fn load(&self) -> anyhow::Result<Config> {
        let file = self.config.clone().or_else(|| std::env::var_os("CHAT_GOALS_CONFIG").map(PathBuf::from));
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        let mut overrides = self.set.clone();
        let short = |key: &str, value: &Option<String>| Some((key.to_owned(), value.clone()?));
        overrides.extend(short("kafka.bootstrap", &self.bootstrap));
        overrides.extend(short("state.dir", &self.state_dir));
        Ok(Config::load(file.as_deref(), environment, &overrides)?)
    }

    /// Whether the state folder was named here.
    pub fn names_state_dir(&self) -> bool {
        self.state_dir.is_some()
    }
}

fn key_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("it should read TABLE.KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// Logs go to standard error. `CHAT_GOALS_LOG` refines the level by module, as in `info,chat_goals::runtime=debug`.
pub fn start_logging(log: &Log) {
    let filter = std::env::var("CHAT_GOALS_LOG").unwrap_or_else(|_| log.level.as_str().to_owned());
    let logger = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()));
    match log.format {
        LogFormat::Text => logger.init(),
        LogFormat::Json => logger.json().init(),
    }
}

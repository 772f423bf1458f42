//! `chat-goals health`: asks a process on this machine whether it is well, for images without a shell. It changes nothing.

use super::settings::ConfigArgs;
use crate::config::Config;
use crate::http::ask;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::process::ExitCode;
use std::time::Duration;

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: ConfigArgs,
    /// Ask whether it is ready, not only whether it makes progress
    #[arg(long, conflicts_with = "url")]
    ready: bool,
    /// Ask this instead of the processor's `telemetry.listen`
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// How long to wait for the answer, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 3_000)]
    patience_ms: u64,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let url = match &args.url {
        Some(url) => url.clone(),
        None => processor(&args.config.load()?, args.ready)?,
    };
    let answer = ask::get(&url, Duration::from_millis(args.patience_ms))?;
    writeln!(std::io::stdout(), "{}", answer.body)?;
    Ok(if answer.status == 200 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Where the processor of this configuration answers on this machine.
fn processor(config: &Config, ready: bool) -> anyhow::Result<String> {
    let Some(mut address) = config.telemetry.address() else {
        anyhow::bail!("`telemetry.listen` is {:?}, so nobody answers", config.telemetry.listen)
    };
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        IpAddr::V4(_) | IpAddr::V6(_) => {}
    }
    let path = if ready { "/health/ready" } else { "/health/live" };
    Ok(format!("http://{address}{path}"))
}

//! What is shipped to look at a deployment with: Grafana dashboards, made here panel by panel, and Prometheus alert rules.

pub mod dashboard;
mod processor;
mod read_side;

/// The alert rules, as Prometheus reads them.
pub const ALERTS: &str = include_str!("alerts.yaml");

/// Each dashboard with the name of its file.
pub fn dashboards() -> Vec<(&'static str, String)> {
    [
        ("chat-goals-processor.json", processor::dashboard()),
        ("chat-goals-read-side.json", read_side::dashboard()),
    ]
    .map(|(name, dashboard)| (name, format!("{dashboard:#}\n")))
    .to_vec()
}

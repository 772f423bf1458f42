//! What is shipped to look at a deployment with: Grafana dashboards, made here panel by panel, and Prometheus alert rules.

pub mod dashboard;
mod processor;
mod read_side;

/// The alert rules, as Prometheus reads them.
const ALERTS: &str = include_str!("alerts.yaml");

/// The alert rules, with links to runbooks in the docs folder that is found there.
pub fn alerts(docs: &str) -> String {
    ALERTS.replace("runbook_url: docs/", &format!("runbook_url: {}/", docs.trim_end_matches('/')))
}

/// Each dashboard with the name of its file.
pub fn dashboards() -> Vec<(&'static str, String)> {
    [
        ("chat-goals-processor.json", processor::dashboard()),
        ("chat-goals-read-side.json", read_side::dashboard()),
    ]
    .map(|(name, dashboard)| (name, format!("{dashboard:#}\n")))
    .to_vec()
}

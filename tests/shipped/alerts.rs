//! The alert rules: promtool understands them, each fires when it should and not when it should not (`alerts.test.yaml`), each
//! is about metrics that there are and says what to do.

use crate::{assert_declared, promtool, say, succeeds};
use std::collections::BTreeSet;
use std::path::Path;

const TESTS: &str = include_str!("alerts.test.yaml");

/// Name and expression of each rule, and the other lines of it.
fn rules(text: &str) -> Vec<(String, String, String)> {
    text.split("- alert: ")
        .skip(1)
        .map(|rule| {
            let name = rule.lines().next().unwrap().trim().to_owned();
            let (_, expr) = rule.split_once("expr:").unwrap();
            let end = expr.find("\n        for:").or_else(|| expr.find("\n        labels:")).unwrap();
            let expr = expr[..end].trim().trim_start_matches('|').trim().to_owned();
            (name, expr, rule.to_owned())
        })
        .collect()
}

#[test]
fn promtool_understands_the_rules_and_they_fire_as_they_should() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("chat-goals-alerts.yaml"), say(&["generate", "alerts"])).unwrap();
    std::fs::write(dir.path().join("alerts.test.yaml"), TESTS).unwrap();
    succeeds(&promtool(&["check", "rules", "--lint-fatal", "chat-goals-alerts.yaml"], dir.path()));
    succeeds(&promtool(&["test", "rules", "alerts.test.yaml"], dir.path()));
}

#[test]
fn every_rule_is_about_metrics_and_labels_that_there_are() {
    let rules = rules(&say(&["generate", "alerts"]));
    assert!(rules.len() >= 16, "{rules:?}");
    rules.iter().for_each(|(_, expression, _)| assert_declared(expression));
}

#[test]
fn every_rule_is_tested_both_ways_and_has_a_summary_a_description_and_a_runbook() {
    let book = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/alerts.md")).unwrap();
    let headings: BTreeSet<&str> = book.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    for (name, _, rule) in rules(&say(&["generate", "alerts"])) {
        for field in ["severity:", "summary:", "description:"] {
            assert!(rule.contains(field), "{name} has no {field}");
        }
        let link = format!("runbook_url: docs/alerts.md#{}", name.to_lowercase());
        assert!(rule.contains(&link), "{name} has not the link {link}");
        assert!(headings.contains(name.as_str()), "docs/alerts.md has no heading {name}");
        let cases: Vec<&str> =
            TESTS.split("alertname: ").skip(1).filter(|case| case.lines().next() == Some(&name)).collect();
        let (quiet, loud): (Vec<&str>, Vec<&str>) =
            cases.into_iter().partition(|case| case.contains("exp_alerts: []"));
        assert!(!quiet.is_empty() && !loud.is_empty(), "{name} is not tested both ways");
    }
}

#[test]
fn the_links_lead_where_the_docs_are() {
    let text = say(&["generate", "alerts", "--docs", "https://example.org/docs/"]);
    assert!(text.contains("runbook_url: https://example.org/docs/alerts.md#chatgoalsstuck"), "{text}");
    assert!(!text.contains("runbook_url: docs/"), "{text}");
}

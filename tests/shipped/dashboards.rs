//! The dashboards: as Grafana wants them, and about metrics that there are.

use crate::{assert_declared, promtool, say, succeeds};
use serde_json::{Deserializer, Value};
use std::collections::BTreeSet;
use std::fmt::Write as _;

fn dashboards() -> Vec<Value> {
    let text = say(&["generate", "grafana"]);
    Deserializer::from_str(&text).into_iter().collect::<Result<_, _>>().unwrap()
}

fn panels(dashboard: &Value) -> impl Iterator<Item = &Value> {
    dashboard["panels"].as_array().unwrap().iter().filter(|panel| panel["type"] != "row")
}

fn queries(dashboard: &Value) -> Vec<&str> {
    panels(dashboard)
        .flat_map(|panel| panel["targets"].as_array().unwrap())
        .map(|target| target["expr"].as_str().unwrap())
        .collect()
}

#[test]
fn every_panel_says_what_it_shows_in_which_unit_and_from_where() {
    let dashboards = dashboards();
    let uids: Vec<_> = dashboards.iter().map(|dashboard| dashboard["uid"].as_str().unwrap()).collect();
    assert_eq!(uids, ["chat-goals-processor", "chat-goals-read-side"]);
    for dashboard in &dashboards {
        assert!(dashboard["schemaVersion"].as_u64().unwrap() >= 39);
        let variables = dashboard["templating"]["list"].as_array().unwrap();
        assert_eq!(
            (&variables[0]["name"], &variables[0]["type"]),
            (&"datasource".into(), &"datasource".into())
        );
        let (mut ids, mut titles) = (BTreeSet::new(), BTreeSet::new());
        for panel in panels(dashboard) {
            let title = panel["title"].as_str().unwrap();
            assert!(titles.insert(title), "{title} is there twice");
            assert!(ids.insert(panel["id"].as_u64().unwrap()), "{title}");
            assert!(panel["description"].as_str().is_some_and(|text| text.len() > 10), "{title}");
            assert!(panel["fieldConfig"]["defaults"]["unit"].is_string(), "{title}");
            for target in panel["targets"].as_array().unwrap() {
                assert_eq!(target["datasource"]["uid"], "${datasource}", "{title}");
                assert!(target["expr"].as_str().unwrap().contains("job=~\"$job\""), "{title}");
            }
        }
    }
}

#[test]
fn no_panel_lies_over_another_one() {
    for dashboard in dashboards() {
        let mut taken = BTreeSet::new();
        for panel in dashboard["panels"].as_array().unwrap() {
            let place = |name: &str| panel["gridPos"][name].as_u64().unwrap();
            assert!(place("x") + place("w") <= 24, "{}", panel["title"]);
            for x in place("x")..place("x") + place("w") {
                for y in place("y")..place("y") + place("h") {
                    assert!(taken.insert((x, y)), "{} lies over another panel", panel["title"]);
                }
            }
        }
    }
}

#[test]
fn every_query_is_about_metrics_and_labels_that_there_are() {
    for dashboard in &dashboards() {
        queries(dashboard).into_iter().for_each(assert_declared);
        for variable in dashboard["templating"]["list"].as_array().unwrap() {
            if let Some(query) = variable["definition"].as_str() {
                let metric = query.split(['(', ',', '{']).nth(1).unwrap();
                assert_declared(metric);
            }
        }
    }
}

/// As rules that record what a panel shows.
#[test]
fn every_query_is_promql() {
    let mut rules = String::from("groups:\n  - name: panels\n    rules:\n");
    for (number, query) in dashboards().iter().flat_map(queries).enumerate() {
        let query = query
            .replace("$__rate_interval", "5m")
            .replace("$__range", "1h")
            .replace("$job", ".*")
            .replace("$instance", ".*");
        let query = serde_json::to_string(&query).unwrap();
        writeln!(rules, "      - record: panel:{number}\n        expr: {query}").unwrap();
    }
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("panels.yaml"), rules).unwrap();
    succeeds(&promtool(&["check", "rules", "--lint-fatal", "panels.yaml"], dir.path()));
}

#[test]
fn they_are_written_where_they_are_wanted() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("made/for/it");
    let said = say(&["generate", "grafana", "--out", out.to_str().unwrap()]);
    let files: Vec<&str> = said.lines().collect();
    assert_eq!(files.len(), 2);
    for file in files {
        let _: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    }
}

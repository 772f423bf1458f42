//! How processes come and go: they say that they leave before they do, and they do not begin on a port that another one has.

use crate::process::Deployment;
use crate::{get, health, until};
use chat_goals::config::WireForm;

#[test]
fn a_process_is_not_ready_before_it_begins_to_leave() {
    let mut deployment = Deployment::created("leaving", WireForm::Json);
    // For as long as anybody waits here; a second signal ends it.
    deployment.set("telemetry.unready_ms", "600000");
    let mut process = deployment.start("state");
    let url = process.url();
    until(&mut process, "it is ready", || health(&url, "/health/ready").0);
    let mut process = process.told_to_stop();
    until(&mut process, "it is not ready any more", || !health(&url, "/health/ready").0);
    let (_, answer) = health(&url, "/health/ready");
    let wrong: Vec<_> =
        answer["checks"].as_array().unwrap().iter().filter(|check| check["ok"] == false).collect();
    assert_eq!(wrong.len(), 1, "all else is as it was: {answer}");
    assert_eq!(wrong[0]["why"], "it was told to stop, and leaves");
    assert!(health(&url, "/health/live").0);
    let said = process.stderr();
    assert!(said.contains("not ready any more") && !said.contains("stopping"), "{said}");
    process.stop();
}

#[test]
fn a_port_that_is_taken_ends_it_before_it_joins() {
    let mut deployment = Deployment::created("port", WireForm::Json);
    let mut first = deployment.start("first");
    let url = first.url();
    let address = url.strip_prefix("http://").unwrap().to_owned();
    deployment.set("telemetry.listen", &address);
    let mut second = deployment.start("second");
    let status = second.wait();
    let said = second.stderr();
    assert_eq!(status.code(), Some(1), "{said}");
    for words in [address.as_str(), "telemetry.listen", "hint:", "\"off\"", "Address already in use"] {
        assert!(said.contains(words), "{words:?} is not in {said}");
    }
    assert!(!deployment.state_dir("second").exists(), "it began with something");

    deployment.set("telemetry.listen", "off");
    let mut third = deployment.start("third");
    third.until_it_says("running group=");
    assert!(!third.stderr().contains("over HTTP"), "{}", third.stderr());
    third.stop();
    until(&mut first, "it lives", || health(&url, "/health/live").0);
    first.stop();
}

#[test]
fn a_rebuild_answers_too() {
    let deployment = Deployment::created("rebuilt", WireForm::Json);
    let feed = deployment.feed(crate::broker::Partitioner::Java);
    feed.produce(&crate::workload::workload(3, 20, crate::workload::wall()));
    let mut old = deployment.start("old");
    let url = old.url();
    until(&mut old, "it is ready", || health(&url, "/health/ready").0);
    let committed = || get(&format!("{url}/metrics"), "text/plain").1.contains("outcome=\"committed\"} 0\n");
    until(&mut old, "it has committed something", || !committed());
    let mut new = deployment.start_as(&["rebuild"], "new");
    let new_url = new.url();
    until(&mut new, "the rebuild is ready", || health(&new_url, "/health/ready").0);
    new.stop();
    old.stop();
}

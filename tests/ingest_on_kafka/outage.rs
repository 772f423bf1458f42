//! The broker goes away while a platform sends, and comes back: nothing that was answered is lost, and what was not answered
//! is sent again. The broker is this test's own.

use crate::node::{Node, Ports};
use crate::platform::{Bridge, webhook};
use crate::process::Deployment;
use crate::stored::stored;
use chat_goals::config::WireForm;
use chat_goals::log::kafka::{KafkaLog, KafkaTuning};
use std::net::TcpListener;

#[test]
fn a_broker_that_goes_and_comes_back_loses_nothing() {
    const WEBHOOKS: u32 = 120;
    let dir = tempfile::tempdir().unwrap();
    let ports = free_ports();
    let mut node = Node::format(dir.path().join("broker"), 0, &[ports]);
    node.start();
    node.until_started();
    let mut deployment = Deployment::new("outage", WireForm::Json);
    deployment.bootstrap = format!("127.0.0.1:{}", ports.direct);
    deployment.set("ingest.delivery_timeout_ms", "1000");
    deployment.set("telemetry.survey_interval_ms", "200");
    deployment.create_topics();
    let bridge = Bridge::start(&mut deployment);

    let mut refused = 0;
    for number in 0..WEBHOOKS {
        let chat = format!("chat-{}", number % 3);
        let webhook = webhook("customer-message", &chat, number);
        match number {
            40 => {
                node.kill();
                let answer = bridge.post(crate::platform::WEBHOOKS, &webhook);
                assert_eq!((answer.status, answer.retry_after.as_deref()), (503, Some("5")), "{answer:?}");
                bridge.until("/health/ready", 503);
                node.start();
                bridge.until("/health/ready", 200);
            }
            // While it is busy, so that records are on their way.
            80 => {
                node.until_started();
                node.kill();
                node.start();
            }
            _ => {}
        }
        refused += u32::from(bridge.post_until_taken(&webhook));
    }
    assert!(refused > 0, "the broker was never missed");
    bridge.process.stop();

    let log = KafkaLog::connect(&deployment.bootstrap, &[], KafkaTuning::default()).unwrap();
    let all = stored(&log, &deployment.topic("chat.events"));
    for chat in 0..3 {
        let key = format!("chat-{chat}");
        let mut firsts: Vec<u32> = Vec::new();
        for record in all.iter().filter(|record| record.key.as_deref() == Some(&key)) {
            let id = record.json()["id"].as_str().unwrap().to_owned();
            let number = id.split("-m").nth(1).unwrap().split(':').next().unwrap().parse().unwrap();
            if !firsts.contains(&number) {
                firsts.push(number);
            }
        }
        let wanted: Vec<u32> = (0..WEBHOOKS).filter(|number| number % 3 == chat).collect();
        assert_eq!(firsts, wanted, "{key}");
    }
    assert!(stored(&log, &deployment.topic("dead-letters")).is_empty());
}

/// All are held until all are found, so that they differ. There is no proxy.
fn free_ports() -> Ports {
    let listeners = [(); 4].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let [direct, behind_the_proxy, controller, proxy] =
        listeners.map(|listener| listener.local_addr().unwrap());
    let [direct, behind_the_proxy, controller] =
        [direct, behind_the_proxy, controller].map(|address| address.port());
    Ports { direct, behind_the_proxy, controller, proxy }
}

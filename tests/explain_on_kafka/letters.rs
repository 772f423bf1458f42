//! Dead letters: found, shown, and sent once more.

use crate::broker::{Feed, Partitioner, Parts, ends, log, topic};
use crate::outputs::Outputs;
use crate::process::{Deployment, PARTITIONS};
use crate::shape::{LETTERS, LETTERS_OTHERS, assert_shape};
use crate::workload::wall;
use crate::{ask, ask_lines, assert_not_found};
use chat_goals::config::WireForm;
use chat_goals::log::partitioner::partition_of;
use chat_goals::log::{Batch as _, Header, Log as _, Offset, Reader as _, TopicPartition};
use serde_json::{Value, json};
use std::time::Duration;

#[test]
fn dead_letters_are_listed_shown_and_sent_once_more() {
    let deployment = Deployment::new("letters", WireForm::Json);
    let dead = deployment.topic("dead-letters");
    // Small enough that a large record is cut.
    let settings = [("retention.ms", "-1"), ("retention.bytes", "-1"), ("max.message.bytes", "20000")];
    log().create_topics(&[topic(&dead, 1, &settings)]).unwrap();
    deployment.create_topics();
    assert_not_found(&deployment, &["dead-letters", "list", "-o", "json"]);

    let chat_events = deployment.topic("chat.events");
    let feed = deployment.feed(Partitioner::Java);
    let long = vec![b'x'; 50_000];
    // Away from the home of its key.
    let home = partition_of(b"c1", PARTITIONS);
    bad(&feed, &chat_events, (home + 1) % PARTITIONS, Some(b"c1"), b"{\"chatId\":");
    bad(&feed, &chat_events, 2, None, b"[]");
    bad(&feed, &chat_events, 1, Some(b"c2"), &long);
    bad(&feed, &deployment.topic("customer.events"), 0, Some(b"u1"), b"\xff\xfe");
    let mut process = deployment.start("state");
    let mut outputs = Outputs::of(&deployment);
    let count = |wanted: usize| {
        move |outputs: &Outputs| {
            let found = outputs.dead_letters.len();
            (found != wanted).then(|| format!("{found} of {wanted} dead letters"))
        }
    };
    outputs.until(&mut [&mut process], count(4));

    let all = ask(&deployment, &["dead-letters", "list"]);
    assert_shape("dead letters", &all, &LETTERS, &LETTERS_OTHERS);
    let letters = all["deadLetters"].as_array().unwrap();
    assert_eq!(letters.len(), 4, "{all}");
    assert_eq!(ask(&deployment, &["status"])["deadLetters"].as_u64().map(|n| n >= 4), Some(true));
    for filter in [
        vec!["--topic", &deployment.topic("customer.events")],
        vec!["--key", "c1"],
        vec!["--reason", "NOT UTF-8"],
    ] {
        let words: Vec<&str> = ["dead-letters", "list"].into_iter().chain(filter).collect();
        assert_eq!(ask_lines(&deployment, &words).len(), 1, "{words:?}");
    }
    assert_not_found(&deployment, &["dead-letters", "list", "--from", "2100-01-01T00:00:00Z"]);
    assert_eq!(
        ask_lines(&deployment, &["dead-letters", "list", "--from", "0", "--to", "2100-01-01T00:00:00Z"])
            .len(),
        4
    );

    let find = |key: &str| letters.iter().find(|letter| letter["key"] == key).expect("it is listed");
    let (c1, c2, u1) = (find("c1"), find("c2"), find("u1"));
    shown(&deployment, c1, u1);
    assert_eq!(
        (c2["truncated"].as_u64(), c2["bytes"].as_u64().map(|kept| kept < 20_000)),
        (Some(50_000), Some(true))
    );

    // Nothing is sent by looking, nor without anybody who could be asked.
    let before = ends(&chat_events);
    let dry = ask(&deployment, &["dead-letters", "resend", "--dry-run"]);
    let planned = dry["resent"].as_array().unwrap();
    assert!(dry["dryRun"] == true && planned.iter().all(|letter| letter["sent"] == false), "{dry}");
    assert_eq!(planned.iter().filter(|letter| letter.get("refused").is_some()).count(), 1, "{dry}");
    let unasked = deployment.say(&["dead-letters", "resend", "--key", "c1"]);
    assert_eq!((unasked.status.code(), unasked.stdout.len()), (Some(1), 0), "{unasked:?}");
    let cut = deployment.say(&["dead-letters", "resend", "--yes", c2["place"].as_str().unwrap()]);
    assert_eq!(cut.status.code(), Some(1), "{cut:?}");
    assert!(String::from_utf8_lossy(&cut.stderr).contains("it was cut"), "{cut:?}");
    assert_eq!(ends(&chat_events), before, "nothing was sent");

    let sent = ask(&deployment, &["dead-letters", "resend", "--key", "c1", "--yes"]);
    assert_eq!(
        sent["resent"],
        json!([{"place": c1["place"], "topic": chat_events, "partition": home, "attempt": 1, "sent": true}])
    );
    let (value, headers) = last(&TopicPartition::new(chat_events.as_str(), home), before[home as usize]);
    assert_eq!(value.as_deref(), Some(&b"{\"chatId\":"[..]));
    assert_eq!(headers, [header("trace", "7"), header("dead-letter.attempt", "1")]);

    // It is as bad as it was, and says how often it was tried.
    outputs.until(&mut [&mut process], count(5));
    let attempts: Vec<u64> = ask_lines(&deployment, &["dead-letters", "list", "--key", "c1"])
        .iter()
        .map(|letter| letter["attempt"].as_u64().unwrap())
        .collect();
    assert_eq!(attempts, [0, 1]);
    process.stop();
}

fn shown(deployment: &Deployment, c1: &Value, u1: &Value) {
    let whole = ask(deployment, &["dead-letters", "show", c1["place"].as_str().unwrap()]);
    assert_eq!((&whole["value"], &whole["reason"]), (&json!("{\"chatId\":"), &c1["reason"]));
    let headers: Vec<&str> =
        whole["headers"].as_array().unwrap().iter().map(|header| header["name"].as_str().unwrap()).collect();
    let ours = ["reason", "topic", "partition", "offset", "at"].map(|name| format!("dead-letter.{name}"));
    assert_eq!(headers, std::iter::once("trace").chain(ours.iter().map(String::as_str)).collect::<Vec<_>>());
    let whole = ask(deployment, &["dead-letters", "show", u1["place"].as_str().unwrap()]);
    assert_eq!((&whole["valueHex"], whole.get("value")), (&json!("fffe"), None));
    assert_not_found(deployment, &["dead-letters", "show", "0:100000"]);
    assert_not_found(deployment, &["dead-letters", "show", "7:0"]);
    assert_eq!(deployment.say(&["dead-letters", "show", "7"]).status.code(), Some(2));
}

fn bad(feed: &Feed, topic: &str, partition: i32, key: Option<&[u8]>, value: &[u8]) {
    let headers: [(&str, Option<&[u8]>); 1] = [("trace", Some(b"7"))];
    feed.produce_parts(&Parts {
        topic,
        partition,
        logged: wall(),
        key,
        value: Some(value),
        headers: &headers,
    });
}

fn header(name: &str, value: &str) -> Header {
    Header { name: name.to_owned(), value: Some(value.as_bytes().to_vec()) }
}

/// The value and the headers of the record at an offset.
fn last(of: &TopicPartition, offset: Offset) -> (Option<Vec<u8>>, Vec<Header>) {
    let mut reader = log().reader().unwrap();
    reader.assign(&[(of.clone(), offset)]).unwrap();
    let batch = reader.poll(Duration::from_secs(30)).unwrap().expect("it was sent");
    let record = batch.get(0);
    (record.value.map(<[u8]>::to_vec), record.headers.to_vec())
}

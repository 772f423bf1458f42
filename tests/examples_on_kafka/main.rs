//! The examples for others (`examples/`) against a real broker and the real processor: `dev/examples`, which fetches what
//! they need and says in `EXAMPLES_DIR` where they can be run. They use the topics' default names, so the broker
//! must be theirs alone.
//!
//! Every language's writer tells its own channel's story, and every language's reader must print the same table of all of
//! them: what `fold` makes of the same records.

mod languages;
mod topics;

#[path = "../on_kafka/broker.rs"]
#[allow(dead_code, reason = "each test target uses its part")]
mod broker;
#[path = "../on_kafka/process.rs"]
#[allow(dead_code, reason = "each test target uses its part")]
mod process;
#[path = "../on_kafka/workload.rs"]
#[allow(dead_code, reason = "each test target uses its part")]
mod workload;

use broker::LIMIT;
use chat_goals::config::WireForm;
use languages::Language;
use process::Deployment;
use std::time::Instant;

fn bootstrap() -> String {
    std::env::var("KAFKA_BOOTSTRAP").expect("this test needs a broker of its own: run dev/examples")
}

#[test]
fn all_languages_agree_with_the_fold() {
    let deployment = deployment();
    topics::compact_soon();
    let mut process = deployment.start("state");
    for language in Language::ALL {
        language.write(&language.channel());
    }
    topics::assert_keys_are_at_home();
    let folded = topics::folded();
    assert_eq!(folded.len(), 3 * Language::ALL.len(), "{folded:?}");
    let limit = Instant::now() + LIMIT;
    while topics::statuses() != folded {
        assert!(Instant::now() < limit, "{:?} is not {folded:?}", topics::statuses());
        process.assert_running();
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    process.stop();

    topics::until_compacted();
    let first = format!("{}-a", Language::Python.channel());
    topics::repeat_the_past_of(&first);
    topics::leave_a_gap("gap");
    topics::abort("aborted");

    let mut wanted = folded;
    wanted.insert("gap".to_owned(), "NONE -".to_owned());
    for language in Language::ALL {
        let (table, complaints) = language.read();
        assert_eq!(topics::without_revisions(&table), wanted, "{language:?}");
        assert_eq!(table, topics::table(), "{language:?}");
        assert_eq!(complaints, "gap: revisions 2 to 3 were missed\n", "{language:?}");
    }
}

/// With the topics' default names.
fn deployment() -> Deployment {
    let mut deployment = Deployment::new("examples", WireForm::Json);
    for (key, topic) in topics::NAMES {
        deployment.set(&format!("topics.{key}"), topic);
    }
    deployment.create_topics();
    deployment
}

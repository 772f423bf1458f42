//! TLS and SASL, held against a real Kafka broker that takes nothing else:
//! `dev/kafka run -- cargo test --release --test secure_kafka`. The broker is these tests' own, the program is the real
//! binary. Waiting is polling, up to a limit that means failure.

mod broker;
mod job;
mod program;

use broker::{PASSWORD, broker};
use job::Job;
use program::{Program, Source};
use std::time::Duration;

/// In this time a refusal must be told, on a busy machine too.
const REFUSAL_LIMIT: Duration = Duration::from_secs(10);
/// A broker that does not answer at all gets more time: it may only be starting.
const SILENCE_LIMIT: Duration = Duration::from_secs(20);

const WRONG_PASSWORD: &str = "not-the-Passw0rd";

#[test]
fn a_job_runs_with_tls_and_scram_set_in_the_file() {
    let broker = broker();
    let program = Program::new(&broker, "SCRAM-SHA-512", Source::File);
    does_its_job(&program, &broker);
}

#[test]
fn a_job_runs_with_tls_and_plain_set_in_the_environment() {
    let broker = broker();
    let program = Program::new(&broker, "PLAIN", Source::Environment);
    does_its_job(&program, &broker);
}

fn does_its_job(program: &Program, broker: &broker::Broker) {
    assert!(program.fails(&["topics", "check"], SILENCE_LIMIT).contains("hint: chat-goals topics create"));
    assert!(program.succeeds(&["topics", "create"]).contains("created "));
    assert_eq!(program.succeeds(&["topics", "check"]), "the topics are right\n");
    let job = Job::new(broker, program.name());
    job.put_a_goal_and_a_chat_that_reaches_it();
    let mut running = program.start(&["run"]);
    job.await_status("ACHIEVED", || running.assert_running());
    running.terminate();
    assert_eq!(running.code_within(SILENCE_LIMIT), 0, "{}", running.said());
    assert!(!running.said().contains(PASSWORD), "{}", running.said());
}

#[test]
fn a_wrong_password_is_told_at_once_and_never_shown() {
    let broker = broker();
    for (mechanism, source) in [("SCRAM-SHA-512", Source::File), ("PLAIN", Source::Environment)] {
        let mut program = Program::new(&broker, mechanism, source);
        program.write_password(WRONG_PASSWORD);
        for words in [&["topics", "check"][..], &["topics", "create"], &["run", "--set", "log.level=debug"]] {
            let told = program.fails(words, REFUSAL_LIMIT);
            assert!(told.contains("chat-goals: Kafka refused the authentication: "), "{told}");
            assert!(told.contains("Authentication failed"), "the broker's reason is missing: {told}");
            assert!(!told.contains(WRONG_PASSWORD), "{told}");
        }
    }
}

#[test]
fn a_password_in_a_variable_of_its_own_is_never_shown_either() {
    let mut program = Program::new(&broker(), "SCRAM-SHA-512", Source::Environment);
    program.unset("sasl.password_file");
    program.set("sasl.password", WRONG_PASSWORD);
    let told = program.fails(&["topics", "check"], REFUSAL_LIMIT);
    assert!(told.contains("chat-goals: Kafka refused the authentication: "), "{told}");
    assert!(!told.contains(WRONG_PASSWORD), "{told}");
}

#[test]
fn a_mechanism_that_the_broker_does_not_offer_is_told_at_once() {
    let program = Program::new(&broker(), "SCRAM-SHA-256", Source::File);
    let told = program.fails(&["topics", "check"], REFUSAL_LIMIT);
    assert!(told.contains("chat-goals: Kafka refused the authentication: "), "{told}");
    assert!(told.contains("mechanism"), "{told}");
}

#[test]
fn a_certificate_of_an_unknown_authority_is_told_at_once() {
    let broker = broker();
    let mut program = Program::new(&broker, "SCRAM-SHA-512", Source::File);
    program.set("ssl.ca.location", &broker.certificate_of_somebody_else().display().to_string());
    for words in [&["topics", "check"][..], &["run"]] {
        let told = program.fails(words, REFUSAL_LIMIT);
        assert!(told.contains("chat-goals: no TLS connection to Kafka came about: "), "{told}");
        assert!(told.contains("broker certificate could not be verified"), "{told}");
    }
}

#[test]
fn a_certificate_for_another_host_is_told_at_once() {
    let broker = broker();
    let mut program = Program::new(&broker, "SCRAM-SHA-512", Source::File);
    // The certificate names the address only.
    program.set_bootstrap(&broker.bootstrap.replace("127.0.0.1", "localhost"));
    program.set("broker.address.family", "v4");
    let told = program.fails(&["topics", "check"], REFUSAL_LIMIT);
    assert!(told.contains("chat-goals: no TLS connection to Kafka came about: "), "{told}");
    assert!(told.contains("certificate"), "{told}");
}

#[test]
fn a_client_without_tls_fails_and_is_told_what_to_look_at() {
    let broker = broker();
    for protocol in ["plaintext", "sasl_plaintext"] {
        let mut program = Program::new(&broker, "SCRAM-SHA-512", Source::File);
        program.set("security.protocol", protocol);
        let told = program.fails(&["topics", "check"], SILENCE_LIMIT);
        assert!(told.contains("no Kafka broker answered: "), "{told}");
        assert!(told.contains("security.protocol"), "{told}");
    }
}

//! The OpenAPI document describes the server. By itself this looks at the paths and at what they answer; with
//! `SCHEMATHESIS` naming the program (as `dev/api-test` does), schemathesis holds some hundreds of requests for
//! each operation against the document.

use crate::world::{Served, World};
use chat_goals::serve::api::document::document;
use chat_goals::simulate::workload::{HOUR, workload};
use serde_json::Value;
use std::process::Command;

/// A server with something of everything, which needs a token.
fn filled() -> (World, Served) {
    let world = World::new();
    let entries = workload(5, 1_500, HOUR);
    let running = world.run();
    world.append(&entries);
    world.until_folded(&entries, entries.last().unwrap().logged, &running);
    for offset in 0..12 {
        world.dead_letter(offset, "TOO_LATE: it is dated 40 days before its log timestamp", b"{}");
    }
    running.stop().unwrap();
    let file = world.dir("token");
    std::fs::write(&file, TOKEN).unwrap();
    let served = world.serve_with("model", |config| config.serve.token_file = Some(file));
    served.until_level(&world);
    (world, served)
}

const TOKEN: &str = "of-the-test";

#[test]
fn the_document_describes_every_path_and_each_answers_as_described() {
    let (_world, served) = filled();
    let client = crate::client::Client::new(served.client.address()).with_token(TOKEN);
    let described = document(true);
    assert_eq!(client.json("/api/v1/openapi.json"), described);
    assert_eq!(described["openapi"], "3.1.0");
    let paths: Vec<&String> = described["paths"].as_object().unwrap().keys().collect();
    assert_eq!(paths.len(), 8, "{paths:?}");
    for (path, item) in described["paths"].as_object().unwrap() {
        if path == "/events" {
            continue;
        }
        let path = path.replace("{id}", "chat-1").replace("{topic}/{partition}/{offset}", "chat.events/1/7");
        let answer = client.json(&path);
        let schema = &item["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        let whole = serde_json::json!({"$ref": schema["$ref"], "components": described["components"]});
        let validator = jsonschema::validator_for(&whole).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&answer)
            .map(|error| format!("{error} at {}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{path}: {errors:?}");
        parameters_are_read(&client, &path, item);
    }
    served.stop();
}

/// Each parameter that is described is known to the server.
fn parameters_are_read(client: &crate::client::Client, path: &str, item: &Value) {
    for parameter in item["get"]["parameters"].as_array().into_iter().flatten() {
        if parameter["in"] == "query" {
            let name = parameter["name"].as_str().unwrap();
            let answer = client.get(&format!("{path}?{name}=%00"));
            assert!(answer.status == 200 || !answer.body.contains("is no parameter"), "{path}: {answer:?}");
        }
    }
}

#[test]
fn schemathesis_finds_no_difference() {
    let Some(program) = std::env::var_os("SCHEMATHESIS") else {
        println!("left out: dev/api-test runs it");
        return;
    };
    let (world, served) = filled();
    let status = Command::new(program)
        // What it leaves behind goes with the test.
        .current_dir(world.dir("."))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("SCHEMATHESIS_HOOKS", concat!(env!("CARGO_MANIFEST_DIR"), "/dev/schemathesis_hooks.py"))
        .args(["--config-file", concat!(env!("CARGO_MANIFEST_DIR"), "/dev/schemathesis.toml")])
        .arg("run")
        .arg(format!("http://{}/api/v1/openapi.json", served.client.address()))
        .args(["-H", &format!("Authorization: Bearer {TOKEN}")])
        .status()
        .unwrap();
    served.stop();
    assert!(status.success(), "schemathesis says why");
}

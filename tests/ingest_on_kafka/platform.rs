//! A chat platform as the bridge sees it: it sends webhooks in the documented shape, and tracked events. It reads nothing.

use crate::broker::LIMIT;
use crate::process::{Deployment, Process};
use crate::workload::wall;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use ureq::Agent;

/// A running bridge and the way to it.
pub struct Bridge {
    pub process: Process,
    address: String,
    agent: Agent,
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub retry_after: Option<String>,
    pub content_type: String,
    pub body: Value,
}

pub const WEBHOOKS: &str = "/v1/webhooks/channel-talk";
pub const EVENTS: &str = "/v1/events";

impl Bridge {
    /// Starts it at a free port of this machine.
    pub fn start(deployment: &mut Deployment) -> Self {
        deployment.set("ingest.listen", "127.0.0.1:0");
        let mut process = deployment.start_as(&["ingest"], "none");
        process.until_it_says("listening");
        let said = process.stderr();
        let line = said.lines().find(|line| line.contains("listening")).unwrap();
        let address = line.split_once("address=\"").unwrap().1.split('"').next().unwrap().to_owned();
        let agent = Agent::config_builder().http_status_as_error(false).build().into();
        Self { process, address, agent }
    }

    pub fn send(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut request = self.agent.post(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = request.send(body).unwrap();
        let header =
            |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let (retry_after, content_type) = (header("retry-after"), header("content-type").unwrap_or_default());
        let text = response.body_mut().read_to_string().unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Answer { status: response.status().as_u16(), retry_after, content_type, body }
    }

    /// What is there at a path.
    pub fn get(&self, path: &str) -> (u16, String) {
        let mut response = self.agent.get(format!("http://{}{path}", self.address)).call().unwrap();
        (response.status().as_u16(), response.body_mut().read_to_string().unwrap())
    }

    /// Asks until it is answered so.
    pub fn until(&self, path: &str, status: u16) {
        let limit = Instant::now() + LIMIT;
        loop {
            let (found, body) = self.get(path);
            if found == status {
                return;
            }
            assert!(Instant::now() < limit, "{path}: {found} {body}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Sends JSON once.
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(path, &[("content-type", "application/json")], body.to_string().as_bytes())
    }

    /// Sends a webhook that must be taken at once; returns how many records it became.
    pub fn takes(&self, webhook: &Value) -> u64 {
        let answer = self.post(WEBHOOKS, webhook);
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body["written"].as_u64().unwrap()
    }

    /// Sends a webhook until it is taken, as a platform does; returns whether it was refused before.
    pub fn post_until_taken(&self, webhook: &Value) -> bool {
        let limit = Instant::now() + LIMIT;
        for refused in 0.. {
            let answer = self.post(WEBHOOKS, webhook);
            if answer.status == 200 {
                return refused > 0;
            }
            assert_eq!((answer.status, answer.retry_after.as_deref()), (503, Some("5")), "{answer:?}");
            assert_eq!(answer.content_type, "application/problem+json");
            assert!(Instant::now() < limit, "it is never taken");
        }
        unreachable!("it was taken or the time is over")
    }
}

/// A documented webhook, of this chat and now. An entity has an id of its own.
pub fn webhook(name: &str, chat: &str, number: u32) -> Value {
    let path = format!("{}/tests/webhooks/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let mut webhook: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let is_chat = webhook["type"] == "userChat";
    let entity = webhook["entity"].as_object_mut().unwrap();
    let now = Value::from(wall());
    for time in ["createdAt", "updatedAt", "openedAt", "closedAt"] {
        if let Some(place) = entity.get_mut(time) {
            *place = now.clone();
        }
    }
    if is_chat {
        entity.insert("id".into(), chat.into());
        entity.insert("userId".into(), customer(chat).into());
    } else {
        entity.insert("id".into(), format!("{chat}-m{number}").into());
        entity.insert("chatId".into(), chat.into());
        if entity["personType"] == "user" {
            entity.insert("personId".into(), customer(chat).into());
        }
    }
    if let Some(refers) = webhook["refers"].get_mut("userChat") {
        refers["id"] = chat.into();
        refers["userId"] = customer(chat).into();
    }
    webhook
}

pub fn customer(chat: &str) -> String {
    format!("customer-of-{chat}")
}

/// A purchase of a chat's customer, now.
pub fn purchase(chat: &str) -> Value {
    json!({"id": format!("order-of-{chat}"), "channelId": "6263", "customerId": customer(chat), "name": "Purchase",
        "at": wall(), "properties": {"amount": 50}})
}

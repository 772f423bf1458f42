//! The OpenAPI document: what the handlers say of themselves, and what holds for all of them. It is generated, and
//! `dev/api-test` holds the server against it.

use super::{chats, events, goals, letters, managers, schemas, status};
use crate::http::problem::Problem;
use serde_json::{Value, json};
use utoipa::OpenApi;

/// What is said once for all.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "chat-goals",
        description = "Whether an answered chat led to what the business wanted: chats, managers and goals, as they were published."
    ),
    paths(
        chats::list,
        chats::one,
        managers::managers,
        goals::goals,
        status::status,
        letters::list,
        letters::one,
        events::events,
    ),
    components(schemas(Problem)),
    tags(
        (name = "chats", description = "The status of chats, and why it is what it is"),
        (name = "managers", description = "How managers did"),
        (name = "goals", description = "The settings of channels"),
        (name = "status", description = "How far the work has got"),
        (name = "dead letters", description = "Records that could not be understood"),
        (name = "events", description = "Changes as they come"),
    ),
)]
struct Described;

/// The whole document. `needs_token`: requests have to bear one.
pub fn document(needs_token: bool) -> Value {
    let mut document = serde_json::to_value(Described::openapi()).expect("a description is JSON");
    document["components"]["securitySchemes"] = json!({"bearer": {"type": "http", "scheme": "bearer"}});
    document["security"] = match needs_token {
        true => json!([{"bearer": []}]),
        false => json!([{}]),
    };
    let moment = serde_json::to_value(schemas::moment()).expect("a schema is JSON");
    let paths = document["paths"].as_object_mut().expect("there are paths");
    for (path, item) in paths {
        let operation = &mut item["get"];
        for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
            if parameter["name"] == "as_of" {
                parameter["schema"] = moment.clone();
            }
            without_null(&mut parameter["schema"]);
        }
        let responses = operation["responses"].as_object_mut().expect("every operation has responses");
        if let Some(found) = responses.get_mut("200").filter(|_| path != "/events") {
            found["headers"] = headers();
            let unchanged = "It is what the client has (`If-None-Match`).";
            responses.insert("304".to_owned(), json!({"description": unchanged, "headers": headers()}));
        }
        let all = [
            ("400", "A parameter is not known, or its value is bad; the detail names it."),
            ("401", "The bearer token is missing or wrong."),
            ("500", "The server failed; its log says why."),
        ];
        for (status, description) in all.into_iter().filter(|(status, _)| needs_token || *status != "401") {
            responses.insert(status.to_owned(), problem(description));
        }
    }
    document
}

fn headers() -> Value {
    let header =
        |description| json!({"description": description, "schema": {"type": "string"}, "required": true});
    json!({
        "ETag": header("Strong: the same content has the same."),
        "Cache-Control": header("`no-cache`: a cache asks each time whether it is still so."),
    })
}

fn problem(description: &str) -> Value {
    let schema = json!({"$ref": "#/components/schemas/Problem"});
    json!({"description": description, "content": {"application/problem+json": {"schema": schema}}})
}

/// A parameter that need not be there is left out, never null.
fn without_null(schema: &mut Value) {
    if let Some(kinds) = schema.get_mut("type").and_then(Value::as_array_mut) {
        kinds.retain(|kind| kind != "null");
        if let [kind] = &kinds[..] {
            schema["type"] = kind.clone();
        }
    }
    if let Some(several) = schema.get_mut("oneOf").and_then(Value::as_array_mut) {
        several.retain(|of| of["type"] != "null");
        if let [only] = &several[..] {
            *schema = only.clone();
        }
    }
}

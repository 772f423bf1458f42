//! Tracked events: `{"channelId", "customerId", "name", "properties"?, "at"?, "id"?}`, one, or several in a list or as lines. Each
//! becomes a `tracked` record of its customer. It reads no clock: when the request came is told to it. No reason repeats a value.

use super::channel_talk::kept;
use super::outcome::{Outcome, Unknown, json_error};
use super::records::Record;
use crate::contract::json::input::parse;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use siphasher::sip128::{Hasher128 as _, SipHasher13};
use std::borrow::Cow;
use std::hash::Hasher as _;

/// What a request says beside its body.
pub struct Request<'a> {
    /// The header `Idempotency-Key`.
    pub key: Option<&'a str>,
    /// When it came, in milliseconds since the Unix epoch: the time of events that say none.
    pub came_at_ms: u64,
    /// Whether the body is lines.
    pub is_lines: bool,
}

/// Of one request. Each may be a record or a dead letter, so that a small body could become a great many of them.
pub const EVENTS_MAX: usize = 10_000;

/// There are more than [`EVENTS_MAX`].
#[derive(Debug, PartialEq, Eq)]
pub struct TooMany;

/// What each event of a body comes to, in its order.
pub fn outcomes(body: &[u8], request: &Request<'_>) -> Result<Vec<Outcome>, TooMany> {
    // A webhook that was sent here has the text of a message in it.
    let is_webhook = kept::is_webhook(body);
    let unknown = |reason: String, of: &[u8]| {
        let kept = if is_webhook { kept::of(of) } else { of.to_vec() };
        Outcome::Unknown(Unknown { reason, kept })
    };
    let all = match events(body, request.is_lines) {
        Ok(all) => all,
        Err(reason) => return Ok(vec![unknown(reason, body)]),
    };
    if all.is_empty() {
        return Ok(vec![Outcome::Irrelevant("no event")]);
    }
    if all.len() > EVENTS_MAX {
        return Err(TooMany);
    }
    let is_one = all.len() == 1;
    let id = |index: usize| {
        let key = request.key.map(Cow::Borrowed)?;
        Some(if is_one { key } else { Cow::Owned(format!("{key}:{index}")) })
    };
    let outcome = |(index, event): (usize, &[u8])| match record(event, id(index), request.came_at_ms) {
        Ok(record) => Outcome::Records(vec![record]),
        Err(reason) => unknown(reason, event),
    };
    Ok(all.into_iter().enumerate().map(outcome).collect())
}

/// The events of a body, each as it stands there.
fn events(body: &[u8], is_lines: bool) -> Result<Vec<&[u8]>, String> {
    if is_lines {
        let lines = body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        return Ok(lines.filter(|line| !line.is_empty()).collect());
    }
    if body.trim_ascii_start().first() == Some(&b'[') {
        let all: Vec<&RawValue> = serde_json::from_slice(body).map_err(|error| json_error(&error))?;
        return Ok(all.into_iter().map(|event| event.get().as_bytes()).collect());
    }
    Ok(vec![body])
}

/// What is sent. Whatever a value is, it is taken first, so that it can be named by its field when it is wrong.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sent<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    channel_id: Option<&'a RawValue>,
    #[serde(borrow)]
    customer_id: Option<&'a RawValue>,
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    #[serde(borrow)]
    at: Option<&'a RawValue>,
    #[serde(borrow)]
    properties: Option<&'a RawValue>,
}

/// What is written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    id: Cow<'a, str>,
    channel_id: Option<String>,
    customer_id: Option<String>,
    at: At<'a>,
    tracked: Tracked<'a>,
}

#[derive(Serialize)]
struct Tracked<'a> {
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<&'a RawValue>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum At<'a> {
    Said(&'a RawValue),
    Came(u64),
}

fn record(event: &[u8], key: Option<Cow<'_, str>>, came_at_ms: u64) -> Result<Record, String> {
    let sent: Sent<'_> = parse(event).map_err(|_| misshapen(event))?;
    let id = text("id", sent.id)?.filter(|id| !id.is_empty()).map(Cow::Owned);
    let written = Written {
        id: id.or(key).unwrap_or_else(|| digest(event).into()),
        channel_id: text("channelId", sent.channel_id)?,
        customer_id: text("customerId", sent.customer_id)?,
        at: sent.at.map_or(At::Came(came_at_ms), At::Said),
        tracked: Tracked { name: text("name", sent.name)?, properties: sent.properties },
    };
    Record::customer(&written).map_err(|reason| {
        // The only reason left that repeats what was sent.
        let is_time = reason.starts_with("at: ");
        if is_time { "at: expected RFC 3339, or whole epoch milliseconds".to_owned() } else { reason }
    })
}

fn text(field: &str, value: Option<&RawValue>) -> Result<Option<String>, String> {
    let read = value.map(|value| serde_json::from_str(value.get())).transpose();
    read.map_err(|_| format!("{field}: expected a string"))
}

/// Why an event is not even an object with these fields.
fn misshapen(event: &[u8]) -> String {
    match std::str::from_utf8(event).map(serde_json::from_str::<IgnoredAny>) {
        Err(error) => format!("not UTF-8: {error}"),
        Ok(Err(error)) => json_error(&error),
        Ok(Ok(_)) => "expected an object that has each field once".to_owned(),
    }
}

/// The id of an event that has none: what is sent again has the same. Its form is in the topics and never changes.
fn digest(event: &[u8]) -> String {
    let mut hasher = SipHasher13::new_with_keys(0, 0);
    hasher.write(event);
    format!("digest:{:032x}", hasher.finish128().as_u128())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    const CAME: u64 = 1_772_323_200_000;

    fn requested(body: &str, key: Option<&str>, is_lines: bool) -> Vec<Outcome> {
        outcomes(body.as_bytes(), &Request { key, came_at_ms: CAME, is_lines }).unwrap()
    }

    fn written(body: &str, key: Option<&str>) -> Vec<Value> {
        let record = |outcome: &Outcome| match outcome {
            Outcome::Records(records) => records[0].value(),
            other => panic!("{other:?}"),
        };
        requested(body, key, false).iter().map(record).collect()
    }

    const PURCHASE: &str =
        r#"{"channelId":"shop","customerId":"anna","name":"Purchase","properties":{"amount":50.0}}"#;

    #[test]
    fn an_event_becomes_a_record_of_its_customer() {
        let body = r#"{"id":"e1","channelId":"shop","customerId":"anna","name":"Purchase","at":"2026-03-01T00:00:00Z","more":1}"#;
        let wanted = json!({"id": "e1", "channelId": "shop", "customerId": "anna", "at": "2026-03-01T00:00:00Z",
            "tracked": {"name": "Purchase"}});
        assert_eq!(written(body, Some("k")), [wanted]);
    }

    #[test]
    fn what_is_sent_again_has_the_same_id() {
        let digest = "digest:ca862f281db0f4a12d26900a6f402a50";
        let wanted = json!({"id": digest, "channelId": "shop", "customerId": "anna", "at": CAME,
            "tracked": {"name": "Purchase", "properties": {"amount": 50.0}}});
        assert_eq!(written(PURCHASE, None), [wanted]);
        assert_eq!(written(PURCHASE, Some("k"))[0]["id"], "k");
    }

    #[test]
    fn events_of_one_request_have_an_id_each() {
        let both = written(&format!("[{PURCHASE}, {PURCHASE}]"), Some("k"));
        assert_eq!((both[0]["id"].as_str(), both[1]["id"].as_str()), (Some("k:0"), Some("k:1")));
        assert_eq!(requested(&format!("{PURCHASE}\n\n{PURCHASE}\r\n"), None, true).len(), 2);
        assert_eq!(requested("[]", None, false), [Outcome::Irrelevant("no event")]);
    }

    #[test]
    fn one_request_has_only_so_many_events() {
        let came = |body: String, is_lines| {
            outcomes(body.as_bytes(), &Request { key: None, came_at_ms: CAME, is_lines }).map(|all| all.len())
        };
        let list = |count: usize| format!("[{}]", vec!["0"; count].join(","));
        for (count, wanted) in [(EVENTS_MAX, Ok(EVENTS_MAX)), (EVENTS_MAX + 1, Err(TooMany))] {
            assert_eq!(came(list(count), false), wanted);
            assert_eq!(came("0\n".repeat(count), true), wanted);
        }
    }

    #[test]
    fn one_bad_event_does_not_take_the_others_with_it() {
        let outcomes = requested(&format!(r#"[{{"channelId":"shop"}}, 7, {PURCHASE}]"#), None, false);
        let reason = |outcome: &Outcome| match outcome {
            Outcome::Unknown(unknown) => Some((unknown.reason.clone(), unknown.kept.clone())),
            Outcome::Records(_) | Outcome::Irrelevant(_) => None,
        };
        let (first, kept) = reason(&outcomes[0]).unwrap();
        assert_eq!(
            (first.as_str(), kept.as_slice()),
            ("tracked.name: the name of the event is missing", &br#"{"channelId":"shop"}"#[..])
        );
        assert!(reason(&outcomes[1]).unwrap().0.contains("expected an object"), "{outcomes:?}");
        assert!(reason(&outcomes[2]).is_none());
    }

    #[test]
    fn no_reason_repeats_what_was_sent() {
        let events = [
            (r#""SECRET""#, "expected an object that has each field once"),
            (r#"["SECRET"]"#, "expected an object that has each field once"),
            (r#"{"name":"a","name":"SECRET"}"#, "expected an object that has each field once"),
            (r#"{"SECRET": SECRET}"#, "line 1 column 12: not JSON"),
            (r#"{"SECRET": "SECRET"#, "line 1 column 18: cut off"),
            (r#"{"name":["SECRET"]}"#, "name: expected a string"),
            (r#"{"channelId":{"SECRET":1}}"#, "channelId: expected a string"),
            (r#"{"id":42424242}"#, "id: expected a string"),
            (r#"{"channelId":"s","customerId":"u","name":"n","at":"SECRET"}"#, AT),
            (r#"{"channelId":"s","customerId":"u","name":"n","at":["SECRET"]}"#, AT),
            (r#"{"channelId":"s","customerId":"u","name":"n","at":42424242.5}"#, AT),
        ];
        const AT: &str = "at: expected RFC 3339, or whole epoch milliseconds";
        for (event, wanted) in events {
            let [outcome] = <[Outcome; 1]>::try_from(requested(event, None, true)).unwrap();
            assert_eq!(outcome.reason(), Some(wanted), "{event}");
        }
        let list = requested(r#"["SECRET", SECRET]"#, None, false);
        assert_eq!(list[0].reason(), Some("line 1 column 12: not JSON"));
    }

    #[test]
    fn a_webhook_that_was_sent_here_is_kept_without_its_text() {
        let webhook = include_str!("../../tests/webhooks/customer-message.json");
        assert!(webhook.contains("SECRET"));
        let cut = &webhook[..webhook.rfind("SECRET").unwrap() + 6];
        for body in [webhook.to_owned(), format!("[{webhook}]"), format!("\"{webhook}"), cut.to_owned()] {
            for is_lines in [false, true] {
                for outcome in requested(&body, None, is_lines) {
                    let Outcome::Unknown(unknown) = outcome else { panic!("{outcome:?}") };
                    let kept = String::from_utf8(unknown.kept).unwrap();
                    assert!(!kept.contains("SECRET") && !unknown.reason.contains("SECRET"), "{kept}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn no_body_is_lost(body in any::<Vec<u8>>(), is_lines in any::<bool>()) {
            for outcome in outcomes(&body, &Request { key: None, came_at_ms: CAME, is_lines }).unwrap() {
                match outcome {
                    Outcome::Records(records) => prop_assert!(!records.is_empty()),
                    Outcome::Irrelevant(why) => prop_assert_eq!(why, "no event"),
                    Outcome::Unknown(unknown) => prop_assert!(!unknown.reason.is_empty()),
                }
            }
        }
    }
}

//! What webhooks in the documented shape (`tests/webhooks`) come to, and what any other body does.

use super::*;
use proptest::prelude::*;
use serde_json::json;

macro_rules! webhook {
    ($name:literal) => {
        serde_json::from_str::<Value>(include_str!(concat!("../../../tests/webhooks/", $name, ".json")))
            .unwrap()
    };
}

fn outcome_of(webhook: &Value) -> Outcome {
    outcome(webhook.to_string().as_bytes())
}

/// The records that a webhook becomes, without what they all have.
fn records(webhook: &Value) -> Vec<Value> {
    let Outcome::Records(records) = outcome_of(webhook) else { panic!("{:?}", outcome_of(webhook)) };
    records
        .iter()
        .map(|record| {
            assert_eq!(record.key, CHAT);
            let mut value = record.value();
            let common = value.as_object_mut().unwrap();
            assert_eq!(common.remove("channelId"), Some("6263".into()));
            assert_eq!(common.remove("chatId"), Some(CHAT.into()));
            value
        })
        .collect()
}

fn unknown(webhook: &Value) -> (String, String) {
    match outcome_of(webhook) {
        Outcome::Unknown(unknown) => (unknown.reason, String::from_utf8(unknown.kept).unwrap()),
        other => panic!("{other:?}"),
    }
}

const CHAT: &str = "6606508eaa71575f1e8c";
const CUSTOMER: &str = "660640f04f4065f2161a";
/// 2026-03-02T09:00:00Z
const AT: u64 = 1_772_442_000_000;

#[test]
fn what_people_write_becomes_a_message_or_a_reply() {
    assert_eq!(
        records(&webhook!("customer-message")),
        [
            json!({"id": "channel-talk:message:m1:customerMessage", "at": AT, "customerMessage": {"customerId": CUSTOMER}})
        ]
    );
    assert_eq!(
        records(&webhook!("manager-reply")),
        [
            json!({"id": "channel-talk:message:m2:managerReply", "at": AT + 600_000, "managerReply": {"managerId": "9187"}})
        ]
    );
}

#[test]
fn an_odd_part_beside_it_does_not_hide_a_message() {
    let wanted = records(&webhook!("customer-message"));
    for odd in [json!(null), json!("u1"), json!(7), json!(-7), json!(0.5), json!(true), json!(["u1", {}])] {
        for refers in [odd.clone(), json!({"user": odd}), json!({"userChat": odd, "user": {"id": odd}})] {
            let mut webhook = webhook!("customer-message");
            webhook["refers"] = refers;
            assert_eq!(records(&webhook), wanted, "{webhook}");
        }
    }
    for odd in [json!("SECRET"), json!(7), json!(false), json!([]), json!({}), json!({"action": ["close"]})] {
        for mut webhook in [webhook!("customer-message"), webhook!("manager-reply")] {
            webhook["entity"]["log"] = odd.clone();
            assert_eq!(unknown(&webhook).0, "entity.log.action: nothing is not known");
        }
    }
    let mut webhook = webhook!("customer-message");
    webhook["entity"]["log"] = Value::Null;
    assert_eq!(records(&webhook), wanted);
}

#[test]
fn log_lines_become_what_they_tell() {
    let one = |webhook: &Value| {
        let [record] = <[Value; 1]>::try_from(records(webhook)).unwrap();
        let Value::Object(mut record) = record else { panic!("{record}") };
        record.remove("id");
        record.remove("at");
        Value::from(record)
    };
    for (webhook, wanted) in [
        (webhook!("log-create"), json!({"chatOpened": {"customerId": CUSTOMER, "openedBy": "CUSTOMER"}})),
        (webhook!("log-assign"), json!({"chatAssigned": {"managerId": "9187"}})),
        (webhook!("log-unassign"), json!({"chatAssigned": {}})),
        (webhook!("log-close"), json!({"chatClosed": {"managerId": "9187"}})),
        (webhook!("log-auto-close"), json!({"chatClosed": {"managerId": null}})),
        (webhook!("log-open"), json!({"chatReopened": {}})),
    ] {
        assert_eq!(one(&webhook), wanted);
    }
    let mut named_by_the_chat = webhook!("log-assign");
    named_by_the_chat["entity"]["log"] = json!({"action": "autoAssign"});
    assert_eq!(one(&named_by_the_chat), json!({"chatAssigned": {"managerId": "9187"}}));
}

#[test]
fn a_user_chat_becomes_what_its_times_tell() {
    let opened = json!({"id": "channel-talk:userChat:6606508eaa71575f1e8c:chatOpened", "at": AT - 1_000,
        "chatOpened": {"customerId": CUSTOMER}});
    let id = |at: u64| format!("channel-talk:userChat:{CHAT}:chatAssigned:{at}");
    let assigned = |at: u64| json!({"id": id(at), "at": at, "chatAssigned": {"managerId": "9187"}});
    assert_eq!(records(&webhook!("user-chat-opened")), [opened.clone(), assigned(AT + 5_000)]);
    let closed = json!({"id": format!("channel-talk:userChat:{CHAT}:chatClosed:{}", AT + 900_000), "at": AT + 900_000,
        "chatClosed": {}});
    assert_eq!(records(&webhook!("user-chat-closed")), [opened, assigned(AT + 900_000), closed]);
}

#[test]
fn h1_a_chat_opened_long_ago_is_not_opened_again() {
    let mut webhook = webhook!("user-chat-opened");
    webhook["entity"]["createdAt"] = (AT - 32 * 86_400_000).into();
    assert_eq!(records(&webhook).len(), 1);
    webhook["entity"]["assigneeId"] = Value::Null;
    assert_eq!(outcome_of(&webhook), Outcome::Irrelevant("a chat that was opened long ago"));
}

#[test]
fn nobody_replied_in_notes_campaigns_and_what_bots_write() {
    for (webhook, why) in [
        (webhook!("note"), "a note that the customer does not see"),
        (webhook!("bot"), "a bot's message"),
        (webhook!("campaign"), "a campaign's message"),
        (webhook!("group"), "a chat among managers"),
        (webhook!("log-add-tags"), "a log line that no rule asks for"),
        (webhook!("user"), "a customer's profile"),
    ] {
        assert_eq!(outcome_of(&webhook), Outcome::Irrelevant(why));
    }
}

#[test]
fn what_is_unknown_is_kept_with_the_reason() {
    let changed = |path: &str, value: Value| {
        let mut webhook = webhook!("customer-message");
        *webhook.pointer_mut(path).unwrap() = value;
        unknown(&webhook).0
    };
    assert_eq!(changed("/event", "delete".into()), "event: \"delete\" is not known");
    assert_eq!(changed("/type", "order".into()), "type: \"order\" is not known");
    assert_eq!(changed("/type", Value::Null), "type: nothing is not known");
    assert_eq!(changed("/entity/chatType", "email".into()), "entity.chatType: \"email\" is not known");
    assert_eq!(changed("/entity/personType", "veil".into()), "entity.personType: \"veil\" is not known");
    assert_eq!(changed("/entity/personType", "a b".into()), "entity.personType: what is there is not known");
    assert_eq!(changed("/entity/id", json!([])), "entity.id: it is missing");
    assert_eq!(changed("/entity/createdAt", "now".into()), "entity.createdAt: it is no time in milliseconds");
    assert_eq!(changed("/entity/chatId", Value::Null), "chatId: the id is missing");
    assert_eq!(changed("/entity", "SECRET".into()), "line 1 column 18: not in the documented shape");
    let mut webhook = webhook!("log-close");
    webhook["entity"]["log"]["action"] = "explode".into();
    assert_eq!(unknown(&webhook).0, "entity.log.action: \"explode\" is not known");
    let mut nobody = webhook!("log-assign");
    nobody["entity"]["log"] = json!({"action": "assign"});
    nobody["refers"] = json!({});
    assert_eq!(unknown(&nobody).0, "entity.log.values: nobody is named who was assigned");
    let mut never = webhook!("user-chat-closed");
    never["entity"]["closedAt"] = Value::Null;
    assert_eq!(unknown(&never).0, "entity.closedAt: a closed chat has no time of its close");
}

#[test]
fn nothing_that_a_person_wrote_is_kept() {
    let mut webhook = webhook!("manager-reply");
    webhook["event"] = "unheard".into();
    let (_, kept) = unknown(&webhook);
    let kept_json: Value = serde_json::from_str(&kept).unwrap();
    assert_eq!(kept_json["entity"]["id"], "m2");
    assert_eq!(kept_json["entity"]["createdAt"], AT + 600_000);
    assert_eq!(kept_json["entity"]["plainText"], Value::Null);
    assert_eq!(kept_json["refers"]["userChat"]["managerIds"], json!(["9187"]));
    assert!(!kept.contains("SECRET"), "{kept}");
    let whole = webhook.to_string();
    for cut in 0..whole.len() {
        let Outcome::Unknown(unknown) = outcome(&whole.as_bytes()[..cut]) else {
            panic!("{}", &whole[..cut])
        };
        let kept = String::from_utf8(unknown.kept).unwrap();
        assert!(!kept.contains("SECRET") && !unknown.reason.contains("SECRET"), "{kept}: {}", unknown.reason);
    }
}

/// Any JSON, with the names and words that are looked for among its own.
fn anything() -> impl Strategy<Value = Value> {
    const NAMES: &[&str] =
        &["event", "type", "entity", "refers", "id", "chatType", "personType", "log", "action", "createdAt"];
    const WORDS: &[&str] =
        &["push", "message", "userChat", "user", "manager", "close", "assign", "SECRET words"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(WORDS).prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        let name = prop_oneof![prop::sample::select(NAMES).prop_map(str::to_owned), "[a-zA-Z\"\\\\]{0,6}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// A documented webhook with something odd at any place of it.
fn nearly_right() -> impl Strategy<Value = Value> {
    let webhooks = vec![webhook!("customer-message"), webhook!("log-assign"), webhook!("user-chat-closed")];
    const PLACES: &[&str] = &[
        "/event",
        "/type",
        "/entity",
        "/entity/id",
        "/entity/chatId",
        "/entity/createdAt",
        "/entity/log",
        "/refers",
    ];
    (prop::sample::select(webhooks), prop::sample::select(PLACES), anything()).prop_map(
        |(mut webhook, place, odd)| {
            if let Some(there) = webhook.pointer_mut(place) {
                *there = odd;
            }
            webhook
        },
    )
}

fn is_not_lost(body: &[u8]) -> Result<(), TestCaseError> {
    match outcome(body) {
        Outcome::Records(records) => prop_assert!(!records.is_empty()),
        Outcome::Irrelevant(why) => prop_assert!(!why.is_empty()),
        Outcome::Unknown(unknown) => {
            prop_assert!(!unknown.reason.is_empty());
            prop_assert!(
                body.trim_ascii().is_empty()
                    || !unknown.kept.is_empty()
                    || !body.iter().any(u8::is_ascii_alphanumeric)
            );
            let kept = String::from_utf8(unknown.kept).expect("only ASCII is kept");
            prop_assert!(!kept.contains("SECRET"), "{}", kept);
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn no_json_is_lost(value in prop_oneof![anything(), nearly_right()]) {
        is_not_lost(value.to_string().as_bytes())?;
        // What is kept of JSON is JSON.
        let kept = super::kept::of(value.to_string().as_bytes());
        let kept: Value = serde_json::from_slice(&kept).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&kept)));
        prop_assert_eq!(kept.is_object(), value.is_object());
    }

    #[test]
    fn no_bytes_are_lost(body in any::<Vec<u8>>()) {
        is_not_lost(&body)?;
    }
}

//! What platforms send, read by us; and what we send in a platform's place, read by others.

use crate::{bytes_of, json_of};
use chat_goals::contract::protobuf::input::{
    ProtoChatEvent, ProtoCustomerEvent, decode_goal_change, encode_chat_event, encode_customer_event,
    encode_goal_change,
};
use chat_goals::domain::conversation::Said;
use chat_goals::domain::goal::{Operator, Property, Scalar};
use chat_goals::domain::settings::{Change, GoalChange};
use chat_goals::domain::time::Timestamp;
use chat_goals::stages::messages::{ChatBody, CustomerBody};
use serde_json::{Value, json};

/// A record of `message` with the fields that all of its kind have, and these.
fn record(message: &str, fields: Value) -> Value {
    let mut record = json!({"channelId": "6263", "at": "2026-03-29T03:24:30.123456Z"});
    match message {
        "ChatEvent" => record["chatId"] = "6606".into(),
        "CustomerEvent" => record["customerId"] = "u1".into(),
        _ => {}
    }
    for (name, value) in fields.as_object().expect("fields are an object") {
        record[name] = value.clone();
    }
    record
}

fn chat_event(fields: Value) -> Result<ProtoChatEvent, String> {
    ProtoChatEvent::decode(&bytes_of("ChatEvent", &record("ChatEvent", fields)))
}

fn customer_event(fields: Value) -> Result<ProtoCustomerEvent, String> {
    ProtoCustomerEvent::decode(&bytes_of("CustomerEvent", &record("CustomerEvent", fields)))
}

fn goal_change(fields: Value) -> Result<GoalChange, String> {
    decode_goal_change(&bytes_of("GoalChange", &record("GoalChange", fields)))
}

/// 2026-03-29T03:24:30.123Z: the time of every record here, cut to milliseconds.
const AT: Timestamp = Timestamp(1_774_754_670_123);

#[test]
fn what_is_said_in_a_chat_is_read() {
    let cases = [
        (json!({"chatOpened": {}}), Said::Opened { customer: None }),
        (
            json!({"chatOpened": {"customerId": "u1", "openedBy": "MANAGER"}}),
            Said::Opened { customer: Some("u1") },
        ),
        (json!({"customerMessage": {"customerId": "u1"}}), Said::CustomerMessage { customer: "u1" }),
        (json!({"managerReply": {"managerId": "9187"}}), Said::ManagerReply { manager: "9187" }),
        (json!({"chatClosed": {}}), Said::Closed { by: None }),
        (json!({"chatClosed": {"managerId": "9187"}}), Said::Closed { by: Some("9187") }),
        (json!({"chatReopened": {}}), Said::Reopened),
        (json!({"chatAssigned": {}}), Said::Assigned { manager: None }),
        (json!({"chatAssigned": {"managerId": "9187"}}), Said::Assigned { manager: Some("9187") }),
    ];
    for (fields, expected) in cases {
        let decoded = chat_event(fields.clone()).unwrap();
        let event = decoded.event();
        let ChatBody::Said(said) = event.body else { panic!("{fields} says nothing") };
        assert_eq!(said, expected, "{fields}");
        assert_eq!((event.id, event.channel, event.chat, event.at), (None, "6263", "6606", AT));

        // In the platform's place we send the same, but for who opened it, which nobody reads.
        let sent = ProtoChatEvent::decode(&encode_chat_event(&event)).unwrap();
        let ChatBody::Said(said) = sent.event().body else { panic!("{fields} says nothing when sent") };
        assert_eq!(said, expected, "{fields}");
    }
    let deleted = chat_event(json!({"id": "r1", "chatDeleted": {}})).unwrap();
    assert!(matches!(deleted.event().body, ChatBody::Deleted));
    assert_eq!(deleted.event().id, Some("r1"));
}

fn properties() -> Value {
    json!({"a": null, "b": true, "list": [1.5, "x", [], {}], "order": {"total": 9.5, "lines": {"of": "it"}}})
}

fn object(fields: &[(&str, Property)]) -> Property {
    Property::Object(fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
}

fn read_properties() -> Property {
    let list = vec![
        Property::Number(1.5),
        Property::Text("x".into()),
        Property::List(vec![]),
        Property::Object(vec![]),
    ];
    let lines = object(&[("of", Property::Text("it".into()))]);
    object(&[
        ("a", Property::Null),
        ("b", Property::Bool(true)),
        ("list", Property::List(list)),
        ("order", object(&[("lines", lines), ("total", Property::Number(9.5))])),
    ])
}

#[test]
fn an_event_of_a_chat_is_read_with_its_properties() {
    let fields = json!({"goalEvent": {"name": "Purchase", "properties": properties()}});
    let decoded = chat_event(fields.clone()).unwrap();
    let ChatBody::GoalEvent { name, properties } = decoded.event().body else { panic!("it is an event") };
    assert_eq!((name, properties.read()), ("Purchase", read_properties()));

    let mut expected = record("ChatEvent", fields);
    expected["at"] = "2026-03-29T03:24:30.123Z".into();
    assert_eq!(json_of("ChatEvent", &encode_chat_event(&decoded.event())), expected);
}

#[test]
fn what_a_customer_did_is_read_with_its_properties() {
    let fields = json!({"id": "e1", "tracked": {"name": "Purchase", "properties": properties()}});
    let decoded = customer_event(fields.clone()).unwrap();
    let event = decoded.event();
    assert_eq!((event.id, event.channel, event.customer, event.at), (Some("e1"), "6263", "u1", AT));
    let CustomerBody::Tracked { name, properties } = event.body else { panic!("it is an event") };
    assert_eq!((name, properties.read()), ("Purchase", read_properties()));

    let mut expected = record("CustomerEvent", fields);
    expected["at"] = "2026-03-29T03:24:30.123Z".into();
    assert_eq!(json_of("CustomerEvent", &encode_customer_event(&event)), expected);
}

#[test]
fn a_merge_is_read() {
    let decoded = customer_event(json!({"merged": {"intoCustomerId": "u2"}})).unwrap();
    assert!(matches!(decoded.event().body, CustomerBody::Merged { into: "u2" }));
    let sent = ProtoCustomerEvent::decode(&encode_customer_event(&decoded.event())).unwrap();
    assert!(matches!(sent.event().body, CustomerBody::Merged { into: "u2" }));
}

#[test]
fn goal_changes_are_read() {
    let condition = json!({"property": "order.total", "operator": "LESS_THAN", "values": [9.5, "x", false]});
    let goal = json!({"eventName": "Purchase", "days": 30, "filter": {"allOf": [{"anyOf": [condition]}]}});
    let Change::GoalSet(goal) = goal_change(json!({"goalSet": goal})).unwrap().change else {
        panic!("a goal was set")
    };
    assert_eq!((goal.event_name.as_str(), goal.days.get()), ("Purchase", 30));
    let condition = &goal.filter.all_of[0].any_of[0];
    assert_eq!((condition.property.as_str(), condition.operator), ("order.total", Operator::LessThan));
    assert_eq!(condition.values, [Scalar::Number(9.5), Scalar::Text("x".into()), Scalar::Bool(false)]);

    let cases = [
        (json!({"goalSet": {"eventName": "Purchase", "days": 1}}), None),
        (json!({"goalSet": {"eventName": "Purchase", "days": 1, "filter": {}}}), None),
        (json!({"goalRemoved": {}}), Some(Change::GoalRemoved)),
        (json!({"subscriptionSet": {"active": true}}), Some(Change::SubscriptionSet(true))),
        (json!({"subscriptionSet": {}}), Some(Change::SubscriptionSet(false))),
        (
            json!({"timeZoneSet": {"timeZone": "Europe/Berlin"}}),
            Some(Change::TimeZoneSet("Europe/Berlin".parse().unwrap())),
        ),
    ];
    let mut goals = Vec::new();
    for (fields, expected) in cases {
        let change = goal_change(fields.clone()).unwrap();
        assert_eq!((&*change.channel, change.at, &change.id), ("6263", AT, &None));
        match expected {
            Some(expected) => assert_eq!(change.change, expected, "{fields}"),
            None => goals.push(change.change.clone()),
        }
        let sent = decode_goal_change(&encode_goal_change(&change)).unwrap();
        assert_eq!(sent.change, change.change, "{fields}");
    }
    assert_eq!(goals[0], goals[1], "A3: no filter equals an empty one");
}

#[test]
fn every_operator_is_read() {
    let operators = chat_goals::contract::check::OPERATORS;
    for (number, (name, operator)) in (1..).zip(operators) {
        let condition = json!({"property": "p", "operator": number});
        let goal = json!({"eventName": "e", "days": 1, "filter": {"allOf": [{"anyOf": [condition]}]}});
        let change = goal_change(json!({"goalSet": goal})).unwrap();
        let Change::GoalSet(goal) = &change.change else { panic!("a goal was set") };
        assert_eq!(goal.filter.all_of[0].any_of[0].operator, operator, "{name}");
        let json = json_of("GoalChange", &encode_goal_change(&change));
        assert_eq!(json["goalSet"]["filter"]["allOf"][0]["anyOf"][0]["operator"], name);
    }
}

#[test]
fn a_bad_chat_event_says_why() {
    let long = "x".repeat(257);
    let reply = json!({"managerId": "9187"});
    let cases = [
        (json!({"managerReply": reply, "channelId": ""}), "channelId: the id is missing"),
        (json!({"managerReply": reply, "chatId": ""}), "chatId: the id is missing"),
        (json!({"managerReply": reply, "chatId": long}), "chatId: the id has 257 bytes, more than 256"),
        (json!({"managerReply": reply, "id": long}), "id: the id has 257 bytes, more than 256"),
        (json!({"managerReply": {}}), "managerReply.managerId: the id is missing"),
        (json!({"customerMessage": {}}), "customerMessage.customerId: the id is missing"),
        (
            json!({"chatAssigned": {"managerId": long}}),
            "chatAssigned.managerId: the id has 257 bytes, more than 256",
        ),
        (json!({"goalEvent": {}}), "goalEvent.name: the name of the event is missing"),
        (json!({"chatReopened": {}, "at": null}), "at: the time is missing"),
        (
            json!({}),
            "the record has none of chatOpened, customerMessage, managerReply, chatClosed, chatReopened, \
             chatAssigned, chatDeleted, goalEvent",
        ),
    ];
    for (fields, reason) in cases {
        assert_eq!(chat_event(fields).map(|_| ()), Err(reason.into()));
    }
    let reason = ProtoChatEvent::decode(b"{\"chatId\": \"6606\"}").map(|_| ()).unwrap_err();
    assert!(reason.starts_with("it is not valid protobuf: "), "{reason}");
    assert_eq!(chat_event(json!({"chatReopened": {}, "chatId": "x".repeat(256)})).map(|_| ()), Ok(()));
}

#[test]
fn a_bad_customer_event_says_why() {
    let cases = [
        (json!({"merged": {"intoCustomerId": "u2"}, "customerId": ""}), "customerId: the id is missing"),
        (json!({"merged": {}}), "merged.intoCustomerId: the id is missing"),
        (json!({"tracked": {}}), "tracked.name: the name of the event is missing"),
        (json!({}), "the record has none of tracked, merged"),
    ];
    for (fields, reason) in cases {
        assert_eq!(customer_event(fields).map(|_| ()), Err(reason.into()));
    }
}

#[test]
fn a_bad_goal_change_says_why() {
    let goal = |all_of: Value| json!({"goalSet": {"eventName": "e", "days": 1, "filter": {"allOf": all_of}}});
    let good = json!({"property": "p", "operator": "EXISTS"});
    let with = |condition: Value| goal(json!([{"anyOf": [good]}, {"anyOf": [good, condition]}]));
    let value = |value: Value| with(json!({"property": "p", "operator": "EQUALS", "values": ["x", value]}));
    let second = "goalSet.filter.allOf[1].anyOf[1]";
    let no_value = format!("{second}.values[1]: it is not a string, a number or a boolean");
    let cases = [
        (json!({"goalSet": {"days": 1}}), "goalSet.eventName: the name of the event is missing".into()),
        (
            json!({"goalSet": {"eventName": "e", "days": 2}}),
            "goalSet.days: 2 is not one of 1, 3, 7, 15, 30".into(),
        ),
        (goal(json!([{}])), "goalSet.filter.allOf[0].anyOf: it needs at least one condition".into()),
        (with(json!({"property": "p"})), format!("{second}.operator: it is missing or not known")),
        (
            with(json!({"property": "p", "operator": 99})),
            format!("{second}.operator: it is missing or not known"),
        ),
        (
            with(json!({"operator": "EXISTS"})),
            format!("{second}.property: the name of the property is missing"),
        ),
        (value(json!(null)), no_value.clone()),
        (value(json!([])), no_value.clone()),
        (value(json!({})), no_value),
        (
            json!({"timeZoneSet": {"timeZone": "Mars/Base"}}),
            "timeZoneSet.timeZone: \"Mars/Base\" is not the name of a time zone".into(),
        ),
        (json!({}), "the record has none of goalSet, goalRemoved, subscriptionSet, timeZoneSet".into()),
    ];
    for (fields, reason) in cases {
        assert_eq!(goal_change(fields).map(|_| ()), Err(reason));
    }
}

#[test]
fn times_are_cut_downwards_and_stay_within_the_calendar() {
    let at = |at: &str| chat_event(json!({"chatReopened": {}, "at": at})).map(|event| event.event().at);
    assert_eq!(at("1969-12-31T23:59:59.9999Z"), Ok(Timestamp(-1)));
    assert_eq!(at("0001-01-01T00:00:00Z"), Ok(Timestamp(-62_135_596_800_000)));
    assert_eq!(at("9998-12-31T23:59:59.999999999Z"), Ok(Timestamp(253_370_764_799_999)));

    // Other times have no JSON form: field 4 of the record, with seconds (1) and nanoseconds (2).
    let raw = |time: &[u8]| {
        let rest = bytes_of("ChatEvent", &record("ChatEvent", json!({"chatReopened": {}, "at": null})));
        let record = [&rest[..], &[4 << 3 | 2, time.len() as u8], time].concat();
        ProtoChatEvent::decode(&record).map(|event| event.event().at)
    };
    assert_eq!(raw(&[]), Ok(Timestamp(0)), "seconds and nanoseconds of 0 are not written");
    let year_9999 = [&[8][..], &varint(253_370_764_800)].concat();
    assert_eq!(raw(&year_9999), Err("at: the time is not in the years 1 to 9998".into()));
    let nanos = [&[16][..], &varint(1_000_000_000)].concat();
    assert_eq!(raw(&nanos), Err("at: 1000000000 nanoseconds are not within a second".into()));
}

fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// A goal event with these bytes as its properties.
fn with_raw_properties(properties: &[u8]) -> Property {
    let body =
        [&[1 << 3 | 2, 1, b'e', 2 << 3 | 2], &varint(properties.len() as u64)[..], properties].concat();
    let rest = bytes_of("ChatEvent", &record("ChatEvent", json!({})));
    let record = [&rest[..], &varint(17 << 3 | 2), &varint(body.len() as u64), &body].concat();
    let decoded = ProtoChatEvent::decode(&record).expect("properties are not looked into");
    let ChatBody::GoalEvent { properties, .. } = decoded.event().body else { panic!("it is an event") };
    properties.read()
}

#[test]
fn properties_that_are_broken_or_nest_without_end_count_as_empty() {
    assert_eq!(with_raw_properties(&[]), Property::Object(vec![]));
    assert_eq!(with_raw_properties(&[0xff]), Property::Object(vec![]));
    let depth = |of: Property| {
        let mut depth = 0;
        let mut here = &of;
        while let Property::Object(fields) = here
            && let Some((_, field)) = fields.first()
        {
            depth += 1;
            here = field;
        }
        depth
    };
    assert_eq!(depth(with_raw_properties(&nested(30))), 30);
    assert_eq!(depth(with_raw_properties(&nested(10_000))), 0);
}

/// An object in an object and so on: a field (1) whose value (2) is an object (5) has no name here.
fn nested(depth: usize) -> Vec<u8> {
    (0..depth).fold(Vec::new(), |inner, _| {
        let object = [&[5 << 3 | 2], &varint(inner.len() as u64)[..], &inner].concat();
        let value = [&[2 << 3 | 2], &varint(object.len() as u64)[..], &object].concat();
        [&[1 << 3 | 2], &varint(value.len() as u64)[..], &value].concat()
    })
}

#[test]
fn what_is_not_known_is_ignored() {
    let fields = json!({"chatOpened": {"customerId": "u1", "openedBy": 77}});
    let mut bytes = bytes_of("ChatEvent", &record("ChatEvent", fields));
    bytes.extend([&varint(99 << 3 | 2)[..], &[2], b"xx"].concat());
    let decoded = ProtoChatEvent::decode(&bytes).unwrap();
    assert!(matches!(decoded.event().body, ChatBody::Said(Said::Opened { customer: Some("u1") })));
}

#[test]
fn a_record_framed_by_a_schema_registry_is_unwrapped() {
    let frame = |message: Vec<u8>| [&[0, 0, 0, 1, 7, 0][..], &message].concat();
    let chat = bytes_of("ChatEvent", &record("ChatEvent", json!({"chatDeleted": {}})));
    assert!(ProtoChatEvent::decode(&frame(chat)).is_ok());
    let merged = json!({"merged": {"intoCustomerId": "u2"}});
    let customer = bytes_of("CustomerEvent", &record("CustomerEvent", merged));
    assert!(ProtoCustomerEvent::decode(&frame(customer)).is_ok());
    let goal = bytes_of("GoalChange", &record("GoalChange", json!({"goalRemoved": {}})));
    assert_eq!(decode_goal_change(&frame(goal)).unwrap().change, Change::GoalRemoved);

    let reason = ProtoChatEvent::decode(&[0, 0, 0]).map(|_| ()).unwrap_err();
    assert_eq!(reason, "framing: the record ends within its schema id");
}

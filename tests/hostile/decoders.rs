//! Records that no platform would send, in both forms: refused or read, with a short reason, in linear time and memory.

use crate::fuzz;
use crate::measure::{allocated, is_linear};
use chat_goals::contract::json::input::{CustomerEventJson, GoalChangeJson, parse};
use chat_goals::contract::protobuf::framing::unframe;
use chat_goals::contract::protobuf::input::{ProtoChatEvent, ProtoCustomerEvent, decode_goal_change};
use chat_goals::domain::goal::Property;
use chat_goals::stages::messages::{ChatBody, CustomerBody};
use prost::encoding::encode_varint;
use std::hint::black_box;

/// How many bytes may be held at once for each byte of a record: a value of two bytes becomes some 40, and lists grow by
/// doubling, old and new side by side.
const BYTES_PER_BYTE: usize = 100;

fn event(properties: &str) -> String {
    format!(
        r#"{{"channelId":"c","customerId":"u","at":0,"tracked":{{"name":"Purchase","properties":{properties}}}}}"#
    )
}

fn goal(filter: &str) -> String {
    format!(r#"{{"channelId":"c","at":0,"goalSet":{{"eventName":"Purchase","days":7,"filter":{filter}}}}}"#)
}

fn read_event(record: &[u8]) -> Result<Property, String> {
    let event: CustomerEventJson<'_> = parse(record)?;
    match event.event()?.body {
        CustomerBody::Tracked { properties, .. } => Ok(properties.read()),
        CustomerBody::Merged { .. } => panic!("it is no merge"),
    }
}

fn read_goal(record: &[u8]) -> Result<(), String> {
    parse::<GoalChangeJson<'_>>(record)?.change().map(|_| ())
}

fn refused(result: Result<(), String>, reason: &str) {
    let given = result.expect_err("the record is bad");
    assert!(given.contains(reason), "{given}");
    assert!(given.len() < 1_000, "a reason of {} bytes", given.len());
}

/// Reads a record of every kind out of each, of n and more bytes, and asserts that it is linear and bounded.
fn all_linear(what: &str, n: usize, record: impl Fn(usize) -> Vec<u8>) {
    is_linear(what, n, |n| {
        let record = record(n);
        move || {
            fuzz::json_input::run(&record);
            fuzz::protobuf_input::run(&record);
        }
    });
    let record = record(n);
    let json = allocated(|| (read_event(&record).is_ok(), read_goal(&record).is_ok()));
    let protobuf = allocated(|| {
        let chat = ProtoChatEvent::decode(&record).map(drop);
        (chat, ProtoCustomerEvent::decode(&record).map(drop), decode_goal_change(&record).map(drop))
    });
    for peak in [json.peak, protobuf.peak] {
        assert!(peak < record.len() * BYTES_PER_BYTE + 10_000, "{what}: {peak} bytes for {}", record.len());
    }
}

const NOTHING: Property = Property::Object(Vec::new());

#[test]
fn json_that_nests_deep_is_read_over_and_counts_as_no_properties() {
    let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    let objects = |n: usize| format!("{}1{}", r#"{"a":"#.repeat(n), "}".repeat(n));
    assert_eq!(read_event(event(&objects(100_000)).as_bytes()), Ok(NOTHING));
    assert_eq!(read_event(event(&format!(r#"{{"a":{}}}"#, deep(100_000))).as_bytes()), Ok(NOTHING));
    assert!(
        matches!(read_event(event(&objects(20)).as_bytes()), Ok(Property::Object(fields)) if fields.len() == 1)
    );
    let unknown = event("{}").replace("\"at\"", &format!(r#""unknown":{},"at""#, deep(100_000)));
    assert_eq!(read_event(unknown.as_bytes()), Ok(NOTHING));
    let values = goal(&format!(
        r#"{{"allOf":[{{"anyOf":[{{"property":"p","operator":"EQUALS","values":{}}}]}}]}}"#,
        deep(100_000)
    ));
    refused(read_goal(values.as_bytes()), "recursion limit");
    all_linear("nested objects", 4_000, |n| event(&objects(n)).into_bytes());
    all_linear("nested lists", 4_000, |n| event(&format!(r#"{{"a":{}}}"#, deep(n))).into_bytes());
    all_linear("lists that do not end", 4_000, |n| event(&"[".repeat(n)).into_bytes());
}

#[test]
fn numbers_that_are_too_large_are_refused_or_are_no_properties() {
    let digits = "9".repeat(400);
    for number in ["1e400", "-1e400", digits.as_str()] {
        assert_eq!(read_event(event(&format!(r#"{{"a":{number}}}"#)).as_bytes()), Ok(NOTHING), "{number}");
        let filter = format!(
            r#"{{"allOf":[{{"anyOf":[{{"property":"p","operator":"EQUALS","values":[{number}]}}]}}]}}"#
        );
        refused(read_goal(goal(&filter).as_bytes()), "number out of range");
        let days = goal("{}").replace("\"days\":7", &format!("\"days\":{number}"));
        assert!(read_goal(days.as_bytes()).is_err());
    }
    all_linear("a number of many digits", 40_000, |n| {
        event(&format!(r#"{{"a":{}}}"#, "9".repeat(n))).into_bytes()
    });
    all_linear("a fraction of many digits", 40_000, |n| {
        event(&format!(r#"{{"a":0.{}}}"#, "9".repeat(n))).into_bytes()
    });
    all_linear("an exponent of many digits", 40_000, |n| {
        event(&format!(r#"{{"a":1e{}}}"#, "0".repeat(n))).into_bytes()
    });
}

#[test]
fn what_is_read_of_a_number_is_the_nearest_float_in_either_form() {
    // Read in haste these end in another last bit.
    for number in
        [0.1, 9.95, 1.0715660391465826e-69, 5e-324, f64::MAX, 123_456_789.123_456_79, 2.638344616030823e-256]
    {
        let fields = vec![("a".to_owned(), Property::Number(number))];
        assert_eq!(
            read_event(event(&format!(r#"{{"a":{number:?}}}"#)).as_bytes()),
            Ok(Property::Object(fields))
        );
    }
}

#[test]
fn a_megabyte_of_properties_takes_linear_time_and_memory() {
    let fields = |n: usize| {
        let fields: Vec<String> = (0..n).map(|i| format!(r#""f{i}":{i}"#)).collect();
        event(&format!("{{{}}}", fields.join(","))).into_bytes()
    };
    assert!(fields(100_000).len() > 1_000_000);
    all_linear("fields", 4_000, fields);
    all_linear("items", 4_000, |n| event(&format!(r#"{{"a":[1{}]}}"#, ",1".repeat(n))).into_bytes());
    all_linear("a text", 40_000, |n| event(&format!(r#"{{"a":"{}"}}"#, "x".repeat(n))).into_bytes());
    all_linear("a text of escapes", 10_000, |n| {
        event(&format!(r#"{{"a":"{}"}}"#, r"\u00e9".repeat(n))).into_bytes()
    });
    all_linear("one name again and again", 4_000, |n| {
        event(&format!(r#"{{"a":1{}}}"#, r#","a":1"#.repeat(n))).into_bytes()
    });
}

#[test]
fn a_goal_of_ten_thousand_conditions_and_values_takes_linear_time_and_memory() {
    let condition = r#"{"property":"p","operator":"EQUALS","values":["x"]}"#;
    let conditions = |n: usize| {
        goal(&format!(r#"{{"allOf":[{{"anyOf":[{condition}{}]}}]}}"#, format!(",{condition}").repeat(n)))
    };
    let clauses = |n: usize| {
        let clause = format!(r#"{{"anyOf":[{condition}]}}"#);
        goal(&format!(r#"{{"allOf":[{clause}{}]}}"#, format!(",{clause}").repeat(n)))
    };
    let values = |n: usize| {
        goal(&format!(
            r#"{{"allOf":[{{"anyOf":[{{"property":"p","operator":"EQUALS","values":[1{}]}}]}}]}}"#,
            ",1".repeat(n)
        ))
    };
    for record in [conditions(10_000), clauses(10_000), values(10_000)] {
        assert_eq!(read_goal(record.as_bytes()), Ok(()));
    }
    all_linear("conditions", 1_000, |n| conditions(n).into_bytes());
    all_linear("clauses", 1_000, |n| clauses(n).into_bytes());
    all_linear("values", 2_000, |n| values(n).into_bytes());
}

#[test]
fn an_id_of_more_than_256_bytes_is_refused_with_a_short_reason() {
    for (bytes, good) in [(256, true), (257, false), (1_000_000, false)] {
        let record = event("{}").replace(r#""u""#, &format!("{:?}", "u".repeat(bytes)));
        assert_eq!(read_event(record.as_bytes()).is_ok(), good);
        if !good {
            refused(read_event(record.as_bytes()).map(|_| ()), "more than 256");
        }
    }
}

#[test]
fn a_reason_stays_short_whatever_the_record_holds() {
    let long = "\u{1}".repeat(1_000_000);
    let text = serde_json::to_string(&long).unwrap();
    let zone = format!(r#"{{"channelId":"c","at":0,"timeZoneSet":{{"timeZone":{text}}}}}"#);
    refused(read_goal(zone.as_bytes()), "is not the name of a time zone");
    let at = event("{}").replace("\"at\":0", &format!("\"at\":{text}"));
    refused(read_event(at.as_bytes()).map(|_| ()), "at: ");
    for (field, value) in [("\"at\":0", "at"), ("\"customerId\":\"u\"", "customerId")] {
        let key = event("{}").replace(field, &format!("\"{value}\":{{{text}:1}}"));
        refused(read_event(key.as_bytes()).map(|_| ()), "invalid type");
    }
    let tracked = format!(r#"{{"channelId":"c","customerId":"u","at":0,"tracked":{text}}}"#);
    refused(read_event(tracked.as_bytes()).map(|_| ()), "tracked");
    let unfinished = format!(r#"{{{text}:{{{text}:[1,"#);
    refused(read_event(unfinished.as_bytes()).map(|_| ()), "EOF");
    let lines = event("{}").replace("\"at\":0", "\"at\":0,\"a\\nb\\u001b\":{1}");
    let reason = read_event(lines.as_bytes()).expect_err("it is not JSON");
    assert!(!reason.contains(char::is_control), "{reason:?}");
    let field = |number: u8, bytes: &[u8]| {
        let mut field = vec![number << 3 | 2];
        encode_varint(bytes.len() as u64, &mut field);
        [field, bytes.to_vec()].concat()
    };
    let zone = field(13, &field(1, long.as_bytes()));
    let record = [field(2, b"c"), field(3, &[]), zone].concat();
    assert!(decode_goal_change(&record).expect_err("no time zone").len() < 1_000);
}

#[test]
fn what_is_not_utf_8_is_refused_and_a_lone_surrogate_is_no_text() {
    let mut bytes = event("{}").into_bytes();
    let place = bytes.iter().position(|byte| *byte == b'u').unwrap();
    bytes[place + 20] = 0xff;
    refused(read_event(&bytes).map(|_| ()), "not UTF-8");
    refused(read_event(event("{}").replace(r#""u""#, r#""\ud800""#).as_bytes()).map(|_| ()), "customerId");
    assert_eq!(
        read_event(event(r#"{"a":"\ud800"}"#).as_bytes()),
        Ok(NOTHING),
        "properties that cannot be read"
    );
    let text = [0x0a, 1, 0xff];
    refused(ProtoChatEvent::decode(&text).map(|_| ()), "not valid protobuf");
}

#[test]
fn a_field_given_twice_is_refused_in_json() {
    for twice in [r#""at":0,"at":0"#, r#""at":0,"customerId":"v""#, r#""at":0,"customer_id":"v""#] {
        refused(read_event(event("{}").replace("\"at\":0", twice).as_bytes()).map(|_| ()), "duplicate field");
    }
    let unknown = event("{}").replace("\"at\":0", r#""at":0,"x":1,"x":2"#);
    assert_eq!(read_event(unknown.as_bytes()), Ok(NOTHING), "what is unknown is not looked into");
}

/// A field that holds bytes (wire type 2).
fn field(number: u32, bytes: &[u8]) -> Vec<u8> {
    let mut field = Vec::new();
    encode_varint(u64::from(number << 3 | 2), &mut field);
    encode_varint(bytes.len() as u64, &mut field);
    field.extend(bytes);
    field
}

/// A `ChatEvent` with these fields besides those that every record has.
fn chat_record(more: &[u8]) -> Vec<u8> {
    [field(2, b"c"), field(3, b"k"), field(4, &[]), more.to_vec()].concat()
}

#[test]
fn a_protobuf_length_that_claims_four_gigabytes_allocates_nothing() {
    for length in [u64::from(u32::MAX), u64::MAX, 1 << 40] {
        for number in 1..20u32 {
            let mut record = chat_record(&[]);
            encode_varint(u64::from(number << 3 | 2), &mut record);
            encode_varint(length, &mut record);
            let allocated = allocated(|| {
                assert!(ProtoChatEvent::decode(&record).is_err());
                assert!(ProtoCustomerEvent::decode(&record).is_err());
                assert!(decode_goal_change(&record).is_err());
            });
            assert!(allocated.all < 50_000, "{allocated:?}");
        }
    }
    let frame = [&[0, 0, 0, 0, 1][..], &[0xfe, 0xff, 0xff, 0xff, 0x1f]].concat();
    assert!(unframe(&frame).is_err(), "as many message indexes");
}

#[test]
fn groups_and_unknown_fields_are_skipped_in_linear_time() {
    let group = |n: usize| chat_record(&[[0xf3, 1].repeat(n), [0xf4, 1].repeat(n)].concat());
    refused(ProtoChatEvent::decode(&group(100_000)).map(|_| ()), "recursion limit");
    all_linear("nested groups", 4_000, group);
    let unknown = |n: usize| chat_record(&field(100, b"x").repeat(n));
    all_linear("unknown fields", 4_000, unknown);
    all_linear("one variant again and again", 4_000, |n| chat_record(&field(13, &field(1, b"m")).repeat(n)));
    all_linear("message indexes", 4_000, |n| {
        let mut frame = vec![0, 0, 0, 0, 1];
        encode_varint(2 * n as u64, &mut frame);
        frame.resize(frame.len() + n, 2);
        frame
    });
}

#[test]
fn a_struct_that_nests_ten_thousand_deep_counts_as_no_properties() {
    // Struct.fields (1): a name (1) and a Value (2), whose struct_value (5) is the next.
    let nested = |n: usize| {
        let mut object = Vec::new();
        for _ in 0..n {
            object = field(1, &[field(1, b"a"), field(2, &field(5, &object))].concat());
        }
        object
    };
    let numbers =
        |n: usize| field(1, &[field(1, b"a"), field(2, &field(6, &field(1, &[]).repeat(n)))].concat());
    let read = |properties: &[u8]| {
        let record = chat_record(&field(17, &[field(1, b"Purchase"), field(2, properties)].concat()));
        let event = ProtoChatEvent::decode(&record).unwrap();
        match event.event().body {
            ChatBody::GoalEvent { properties, .. } => properties.read(),
            _ => panic!("it is an event"),
        }
    };
    assert_eq!(read(&nested(10_000)), NOTHING);
    assert_ne!(read(&nested(10)), NOTHING);
    let items = numbers(100_000);
    let peak = allocated(|| read(&items)).peak;
    assert!(peak < items.len() * BYTES_PER_BYTE, "{peak} bytes for {}", items.len());
    is_linear("empty values", 4_000, |n| {
        let items = numbers(n);
        move || drop(black_box(read(&items)))
    });
}

#[test]
fn a_protobuf_goal_of_ten_thousand_empty_conditions_is_refused_in_linear_time() {
    let goal = |n: usize| {
        let clause = field(1, &field(1, &[]).repeat(n));
        let goal = [field(1, b"Purchase"), field(2, &clause), vec![0x18, 7]].concat();
        [field(2, b"c"), field(3, &[]), field(10, &goal)].concat()
    };
    assert!(decode_goal_change(&goal(10_000)).is_err());
    all_linear("empty conditions", 4_000, goal);
}

//! Impossible times are bad records, and possible ones lead to nothing that cannot be said.

use chat_goals::contract::json::input::{ChatEventJson, GoalChangeJson, parse};
use chat_goals::domain::time::{DAY, Timestamp};
use std::io::Write as _;
use std::process::{Command, Stdio};

fn read_at(at: &str) -> Result<Timestamp, String> {
    let record = format!(r#"{{"channelId":"c","chatId":"k","at":{at},"chatReopened":{{}}}}"#);
    parse::<ChatEventJson<'_>>(record.as_bytes())?.event().map(|event| event.at)
}

#[test]
fn times_that_no_calendar_has_are_bad_records() {
    for at in [
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615",
        "-9223372036854775808",
        "-1",
        "1e400",
        "1e15",
        "1.5",
        "99999999999999999999999999",
        "253370764800000",
        r#""9999-01-01T00:00:00Z""#,
        r#""10000-01-01T00:00:00Z""#,
        r#""+262143-12-31T23:59:59Z""#,
        r#""-0001-01-01T00:00:00Z""#,
        r#""0000-12-31T23:59:59Z""#,
        r#""0001-01-01T00:00:00+00:01""#,
        r#""9998-12-31T23:59:59-00:01""#,
        r#""2026-02-30T00:00:00Z""#,
        r#""2026-01-01T24:00:00Z""#,
        r#""2026-01-01T00:00:60Z""#,
        r#""2026-01-01T00:00:00""#,
        r#""2026-01-01T00:00:00+99:99""#,
        r#""""#,
        "[]",
        "true",
    ] {
        let reason = read_at(at).expect_err(at);
        assert!(reason.starts_with("at: "), "{at}: {reason}");
    }
    assert_eq!(read_at("253370764799999"), Ok(Timestamp(253_370_764_799_999)));
    assert_eq!(read_at(r#""0001-01-01T00:00:00Z""#), Ok(Timestamp(-62_135_596_800_000)));
}

#[test]
fn time_zones_with_odd_names_are_bad_records() {
    for zone in
        ["", "utc", "Europe/berlin", "../../etc/passwd", "Europe/Berlin\u{0}", "+02:00", "é", "Europe"]
    {
        let zone = serde_json::to_string(zone).unwrap();
        let record = format!(r#"{{"channelId":"c","at":0,"timeZoneSet":{{"timeZone":{zone}}}}}"#);
        let change = parse::<GoalChangeJson<'_>>(record.as_bytes()).unwrap();
        assert!(change.change().is_err(), "{zone}");
    }
}

/// The program itself, with a chat that begins at either end of what an input may name and ends beyond it.
#[test]
fn a_chat_at_either_end_of_the_calendar_has_a_deadline_and_dates_that_can_be_said() {
    for zone in ["Pacific/Kiritimati", "Etc/GMT+12"] {
        for at in [-62_135_596_800_000, 253_370_764_799_997] {
            let time = |after: i64| {
                serde_json::to_string(
                    &chrono::DateTime::from_timestamp_millis(at + after)
                        .unwrap()
                        .format("%Y-%m-%dT%H:%M:%S%.3fZ")
                        .to_string(),
                )
                .unwrap()
            };
            let lines = [
                format!(
                    r#"{{"goalChange":{{"channelId":"c","at":{},"timeZoneSet":{{"timeZone":"{zone}"}}}}}}"#,
                    time(0)
                ),
                format!(
                    r#"{{"goalChange":{{"channelId":"c","at":{},"goalSet":{{"eventName":"P","days":30}}}}}}"#,
                    time(0)
                ),
                format!(
                    r#"{{"chatEvent":{{"channelId":"c","chatId":"k","at":{},"customerMessage":{{"customerId":"u"}}}}}}"#,
                    time(0)
                ),
                format!(
                    r#"{{"chatEvent":{{"channelId":"c","chatId":"k","at":{},"managerReply":{{"managerId":"m"}}}}}}"#,
                    time(1)
                ),
                format!(
                    r#"{{"chatEvent":{{"channelId":"c","chatId":"k","at":{},"chatClosed":{{}}}}}}"#,
                    time(2)
                ),
            ];
            let mut child = Command::new(env!("CARGO_BIN_EXE_chat-goals"))
                .args(["fold", "--no-subscription", "--emit", "changes,statuses,counters"])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            child.stdin.take().unwrap().write_all(lines.join("\n").as_bytes()).unwrap();
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success());
            let printed = String::from_utf8(output.stdout).unwrap();
            let deadline = chrono::DateTime::from_timestamp_millis(at + 1 + 30 * DAY).unwrap();
            assert!(printed.contains(&deadline.format(r#""deadline":"%Y-%m-%dT"#).to_string()), "{printed}");
            assert!(!printed.contains(r#""+"#), "a year of five digits: {printed}");
            assert!(printed.contains(r#""measured":1"#), "{printed}");
        }
    }
}

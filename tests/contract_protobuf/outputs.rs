//! What we publish, read by others and by ourselves.

use crate::json_of;
use chat_goals::contract::protobuf::output::{decode_counter, decode_status, encode_counter, encode_status};
use chat_goals::contract::records::{CounterRecord, RoundRecord, ShownRecord, StatusName, StatusRecord};
use chat_goals::domain::credit::{Bucket, Counts};
use chat_goals::domain::goal::{Clause, Condition, Days, Filter, Goal, Operator, Scalar};
use chat_goals::domain::settings::{Change, Channel, GoalChange, GoalId, Settings};
use chat_goals::domain::status::{LastRound, OutcomeKind, ShownRound, Status, View};
use chat_goals::domain::time::{DAY, Timestamp};
use chat_goals::stages::chats::StatusChange;
use chat_goals::stages::managers::Counter;
use chat_goals::stages::messages::{Cause, CauseKind};
use serde_json::json;

/// 2026-03-29T03:24:30Z.
const REPLIED: Timestamp = Timestamp(1_774_754_670_000);

fn booking() -> Goal {
    Goal { event_name: "Booking".into(), filter: Filter::default(), days: Days::new(1).unwrap() }
}

fn purchase() -> Goal {
    let condition = |operator, values| Condition { property: "order.total".into(), operator, values };
    let any_of = vec![
        condition(Operator::GreaterOrEqual, vec![Scalar::Number(9.5)]),
        condition(Operator::Equals, vec![Scalar::Text("much".into()), Scalar::Bool(true)]),
    ];
    let all_of = vec![Clause { any_of }, Clause { any_of: vec![condition(Operator::Exists, vec![])] }];
    Goal { event_name: "Purchase".into(), filter: Filter { all_of }, days: Days::new(7).unwrap() }
}

/// Settings of channel 6263 with two goals, numbered 0 and 1.
fn settings() -> Settings {
    let mut settings = Settings::new(true);
    for (at, goal) in [booking(), purchase()].into_iter().enumerate() {
        let (channel, change) = ("6263".into(), Change::GoalSet(goal));
        settings.add(GoalChange { id: None, channel, at: Timestamp(at as i64), change }, None);
    }
    settings
}

fn encode(change: &StatusChange) -> Vec<u8> {
    let settings = settings();
    let channel: &Channel = settings.channel("6263");
    encode_status(change, channel)
}

fn change(view: View, cause: CauseKind) -> StatusChange {
    StatusChange {
        channel: "6263".into(),
        chat: "6606".into(),
        revision: 3,
        view,
        previous: Some(Status::Measuring),
        cause: Cause { kind: cause, at: REPLIED.plus(1_500) },
        correction: false,
    }
}

fn achieved() -> StatusChange {
    let view = View {
        customer: Some("u1".into()),
        status: Status::Achieved,
        shown: Some(ShownRound {
            goal: GoalId(1),
            start: REPLIED,
            deadline: REPLIED.plus(7 * DAY),
            achieved_at: Some(REPLIED.plus(1_500)),
            achieved_by: Some("e1".into()),
            manager: "9187".into(),
            first_reply_manager: "9188".into(),
        }),
        round: Some(LastRound {
            number: 2,
            goal: GoalId(0),
            start: REPLIED.plus(DAY),
            deadline: REPLIED.plus(2 * DAY),
            outcome: OutcomeKind::Open,
        }),
    };
    StatusChange { correction: true, ..change(view, CauseKind::GoalEvent) }
}

#[test]
fn an_achieved_chat_is_the_record_of_the_contract() {
    let expected = json!({
        "channelId": "6263", "chatId": "6606", "customerId": "u1", "revision": 3,
        "status": "ACHIEVED", "previousStatus": "IN_PROCESS", "at": "2026-03-29T03:24:31.500Z",
        "goal": {"eventName": "Purchase", "days": 7, "filter": {"allOf": [
            {"anyOf": [
                {"property": "order.total", "operator": "GREATER_OR_EQUAL", "values": [9.5]},
                {"property": "order.total", "operator": "EQUALS", "values": ["much", true]},
            ]},
            {"anyOf": [{"property": "order.total", "operator": "EXISTS"}]},
        ]}},
        "startedAt": "2026-03-29T03:24:30Z", "deadline": "2026-04-05T03:24:30Z",
        "achievedAt": "2026-03-29T03:24:31.500Z", "achievedBy": "e1",
        "managerId": "9187", "firstReplyManagerId": "9188",
        "round": {
            "number": 2, "outcome": "OPEN", "goal": {"eventName": "Booking", "days": 1},
            "startedAt": "2026-03-30T03:24:30Z", "deadline": "2026-03-31T03:24:30Z",
        },
        "cause": "GOAL_EVENT", "correction": true,
    });
    assert_eq!(json_of("GoalStatusChanged", &encode(&achieved())), expected);
}

#[test]
fn an_achieved_chat_comes_back() {
    let expected = StatusRecord {
        channel: "6263".into(),
        chat: "6606".into(),
        customer: Some("u1".into()),
        revision: 3,
        status: Status::Achieved,
        previous: Some(StatusName::InProcess),
        shown: Some(ShownRecord {
            goal: purchase(),
            started_at: REPLIED,
            deadline: REPLIED.plus(7 * DAY),
            achieved_at: Some(REPLIED.plus(1_500)),
            achieved_by: Some("e1".into()),
            manager: "9187".into(),
            first_reply_manager: "9188".into(),
        }),
        round: Some(RoundRecord {
            number: 2,
            outcome: OutcomeKind::Open,
            goal: booking(),
            started_at: REPLIED.plus(DAY),
            deadline: REPLIED.plus(2 * DAY),
        }),
        cause: Cause { kind: CauseKind::GoalEvent, at: REPLIED.plus(1_500) },
        correction: true,
    };
    assert_eq!(decode_status(&encode(&achieved())), Ok(expected));
}

#[test]
fn the_first_view_of_a_chat_has_no_previous_status() {
    let first =
        StatusChange { previous: None, revision: 1, ..change(View::default(), CauseKind::ChatOpened) };
    let expected = json!({
        "channelId": "6263", "chatId": "6606", "revision": 1, "status": "NONE",
        "at": "2026-03-29T03:24:31.500Z", "cause": "CHAT_OPENED",
    });
    assert_eq!(json_of("GoalStatusChanged", &encode(&first)), expected);
    let record = decode_status(&encode(&first)).unwrap();
    assert_eq!((record.previous, record.customer, record.shown, record.round), (None, None, None, None));
}

#[test]
fn every_status_has_its_name_and_only_one_in_process_has_a_phase() {
    let cases = [
        (Status::None, "NONE", None),
        (Status::AwaitingReply, "IN_PROCESS", Some("AWAITING_REPLY")),
        (Status::Measuring, "IN_PROCESS", Some("MEASURING")),
        (Status::Missed, "MISSED", None),
        (Status::Achieved, "ACHIEVED", None),
    ];
    for (status, name, phase) in cases {
        let view = View { status, ..View::default() };
        let change = StatusChange { previous: Some(status), ..change(view, CauseKind::Rebuild) };
        let json = json_of("GoalStatusChanged", &encode(&change));
        assert_eq!((json["status"].as_str(), json["phase"].as_str()), (Some(name), phase));
        assert_eq!(json["previousStatus"].as_str(), Some(name));
        let record = decode_status(&encode(&change)).unwrap();
        assert_eq!((record.status, record.previous), (status, Some(status.into())));
    }
}

#[test]
fn every_cause_and_outcome_has_its_name() {
    let causes = [
        (CauseKind::ChatOpened, "CHAT_OPENED"),
        (CauseKind::CustomerMessage, "CUSTOMER_MESSAGE"),
        (CauseKind::ManagerReply, "MANAGER_REPLY"),
        (CauseKind::ChatClosed, "CHAT_CLOSED"),
        (CauseKind::ChatReopened, "CHAT_REOPENED"),
        (CauseKind::ChatAssigned, "CHAT_ASSIGNED"),
        (CauseKind::GoalEvent, "GOAL_EVENT"),
        (CauseKind::CustomerMerged, "CUSTOMER_MERGED"),
        (CauseKind::GoalChanged, "GOAL_CHANGED"),
        (CauseKind::Deadline, "DEADLINE"),
        (CauseKind::Rebuild, "REBUILD"),
    ];
    for (cause, name) in causes {
        let encoded = encode(&change(View::default(), cause));
        assert_eq!(json_of("GoalStatusChanged", &encoded)["cause"], name);
        assert_eq!(decode_status(&encoded).unwrap().cause.kind, cause);
    }
    let outcomes = [
        (OutcomeKind::Open, "OPEN"),
        (OutcomeKind::Superseded, "SUPERSEDED"),
        (OutcomeKind::Missed, "MISSED"),
        (OutcomeKind::Achieved, "ACHIEVED"),
    ];
    for (outcome, name) in outcomes {
        let round = Some(LastRound {
            number: 1,
            goal: GoalId(0),
            start: REPLIED,
            deadline: REPLIED.plus(DAY),
            outcome,
        });
        let encoded = encode(&change(View { round, ..View::default() }, CauseKind::Deadline));
        assert_eq!(json_of("GoalStatusChanged", &encoded)["round"]["outcome"], name);
        assert_eq!(decode_status(&encoded).unwrap().round.unwrap().outcome, outcome);
    }
}

fn counter(manager: Option<&str>, date: Option<&str>, counts: Counts) -> Counter {
    Counter {
        channel: "6263".into(),
        bucket: Bucket { manager: manager.map(Into::into), date: date.map(|date| date.parse().unwrap()) },
        counts,
        revision: 4,
        updated_at: REPLIED,
    }
}

const COUNTS: Counts =
    Counts { measured: 6, achieved: 5, missed: 1, ended: 4, closes: 7, achieved_of_ended: 3 };

#[test]
fn e4_a_counter_has_two_rates() {
    let counter = counter(Some("9187"), Some("2026-03-29"), COUNTS);
    let encoded = encode_counter(&counter);
    let expected = json!({
        "channelId": "6263", "scope": "MANAGER", "managerId": "9187", "date": "2026-03-29",
        "measured": 6, "achieved": 5, "missed": 1, "ended": 4, "closes": 7, "achievedOfEnded": 3,
        "achievementRate": 1.25, "endedAchievementRate": 0.75,
        "revision": 4, "updatedAt": "2026-03-29T03:24:30Z",
    });
    assert_eq!(json_of("ManagerGoalCounters", &encoded), expected);
    let expected = CounterRecord {
        channel: "6263".into(),
        bucket: counter.bucket,
        measured: 6,
        achieved: 5,
        missed: 1,
        ended: 4,
        closes: 7,
        achieved_of_ended: 3,
        achievement_rate: Some(1.25),
        ended_achievement_rate: Some(0.75),
        revision: 4,
        updated_at: REPLIED,
    };
    assert_eq!(decode_counter(&encoded), Ok(expected));
}

#[test]
fn e4_a_rate_of_zero_is_printed_and_one_of_nothing_is_absent() {
    let none_achieved = Counts { ended: 2, closes: 2, ..Counts::default() };
    let encoded = encode_counter(&counter(None, None, none_achieved));
    let expected = json!({
        "channelId": "6263", "scope": "CHANNEL", "ended": 2, "closes": 2,
        "achievementRate": 0.0, "endedAchievementRate": 0.0,
        "revision": 4, "updatedAt": "2026-03-29T03:24:30Z",
    });
    assert_eq!(json_of("ManagerGoalCounters", &encoded), expected);

    let none_ended = Counts { achieved: 2, ..Counts::default() };
    let encoded = encode_counter(&counter(None, None, none_ended));
    let record = decode_counter(&encoded).unwrap();
    assert_eq!((record.achievement_rate, record.ended_achievement_rate), (None, None));
    assert!(json_of("ManagerGoalCounters", &encoded).get("achievementRate").is_none());
}

#[test]
fn a_count_below_zero_is_published_as_zero() {
    let below = Counts { achieved: -1, ended: 2, closes: -3, ..COUNTS };
    let record = decode_counter(&encode_counter(&counter(Some("9187"), None, below))).unwrap();
    assert_eq!((record.achieved, record.ended, record.closes), (0, 2, 0));
    assert_eq!(record.achievement_rate, Some(0.0));
}

#[test]
fn e1_nobody_and_the_whole_channel_are_told_apart_by_scope() {
    for manager in [Some(""), None] {
        let counter = counter(manager, None, COUNTS);
        let record = decode_counter(&encode_counter(&counter)).unwrap();
        assert_eq!(record.bucket, counter.bucket);
    }
    let nobody = json_of("ManagerGoalCounters", &encode_counter(&counter(Some(""), None, COUNTS)));
    assert_eq!((nobody["scope"].as_str(), nobody.get("managerId")), (Some("MANAGER"), None));
}

#[test]
fn a_record_that_is_none_of_ours_is_refused() {
    assert_eq!(decode_status(&[]), Err("status: it is missing or not known".into()));
    assert_eq!(decode_counter(&[]), Err("scope: it is missing or not known".into()));
    assert!(decode_status(&[0xff]).is_err());
}

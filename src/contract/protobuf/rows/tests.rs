//! Rows come back as they were, and their bytes stay what they are.

use super::*;
use crate::contract::arbitrary::{any_bucket, any_counts, any_date, any_events, any_goal_id, any_time, id};
use crate::contract::protobuf::generated as pb;
use crate::domain::conversation::JudgedEvent;
use crate::domain::conversation::{Assignment, Close, Conversation, Cycle, Named, Reply};
use crate::domain::credit::{Bucket, Contribution, Counts};
use crate::domain::rounds::{Outcome, Round};
use crate::domain::seal::{Seal, SealedRound};
use crate::domain::settings::GoalId;
use crate::domain::status::{KnownRound, LastRound, OutcomeKind, ShownRound, Status, View};
use crate::domain::time::DAY;
use crate::domain::time::Timestamp;
use crate::stages::chats::{ChatRow, LiveChat, Published};
use crate::stages::customers::{Ask, CustomerRow, Link, Neighbour};
use crate::stages::managers::CounterRow;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use prost::Message;

fn any_reply() -> impl Strategy<Value = Reply> {
    (any_time(), id()).prop_map(|(at, manager)| Reply { at, manager })
}

fn any_named() -> impl Strategy<Value = Named> {
    (id(), any_time()).prop_map(|(customer, at)| Named { customer, at })
}

fn any_cycle() -> BoxedStrategy<Cycle> {
    let time = || option::of(any_time());
    (time(), time(), option::of(any_reply()), any::<bool>(), time(), time())
        .prop_map(|(opened, asked, early, replied, closed, last)| Cycle {
            opened,
            asked,
            early,
            replied,
            closed,
            last,
        })
        .boxed()
}

fn any_conversation() -> BoxedStrategy<Conversation> {
    let close = (any_time(), option::of(id())).prop_map(|(at, by)| Close { at, by });
    let assignment = (any_time(), option::of(id())).prop_map(|(at, manager)| Assignment { at, manager });
    let lists = (
        vec(any_reply(), 0..3),
        vec(close, 0..3),
        vec(assignment, 0..3),
        vec(any_named(), 0..3),
        any_events(),
    );
    (any_cycle(), lists, option::of(any_named()), any::<bool>())
        .prop_map(
            |(cycle, (replies, closes, assignments, customers, events), latest_customer, replied_before)| {
                Conversation {
                    cycle,
                    replies,
                    closes,
                    assignments,
                    customers,
                    latest_customer,
                    events: events.into_iter().collect(),
                    replied_before,
                }
            },
        )
        .boxed()
}

fn any_contributions() -> BoxedStrategy<Vec<Contribution>> {
    let contribution = (id(), any_date(), any::<[bool; 4]>(), any::<u32>()).prop_map(
        |(manager, date, [measured, achieved, missed, ended], closes)| Contribution {
            manager,
            date,
            measured,
            achieved,
            missed,
            ended,
            closes,
        },
    );
    vec(contribution, 0..3).boxed()
}

/// Start and deadline: mostly whole days apart, as they are.
fn any_period() -> impl Strategy<Value = (Timestamp, Timestamp)> {
    prop_oneof![
        (any_time(), 0..31_i64).prop_map(|(start, days)| (start, start.plus(days * DAY))),
        (any_time(), any_time()),
    ]
}

fn any_sealed() -> BoxedStrategy<SealedRound> {
    let outcome = prop_oneof![
        Just(Outcome::Open),
        Just(Outcome::Superseded),
        Just(Outcome::Missed),
        (any_time(), option::of(id())).prop_map(|(at, by)| Outcome::Achieved { at, by }),
    ];
    (any::<u32>(), any_goal_id(), any_period(), id(), outcome, id())
        .prop_map(|(number, goal, (start, deadline), manager, outcome, credited)| SealedRound {
            round: Round { number, goal, start, deadline, manager, outcome },
            credited,
        })
        .boxed()
}

fn any_seal() -> BoxedStrategy<Seal> {
    (
        any::<u32>(),
        option::of(any_sealed().prop_map(Box::new)),
        option::of(any_sealed().prop_map(Box::new)),
        option::of(any_reply()),
        any_contributions(),
    )
        .prop_map(|(count, achieved, last, reply, contributions)| Seal {
            count,
            achieved,
            last,
            reply,
            contributions,
        })
        .boxed()
}

fn any_outcome_kind() -> impl Strategy<Value = OutcomeKind> {
    prop::sample::select(vec![
        OutcomeKind::Open,
        OutcomeKind::Superseded,
        OutcomeKind::Missed,
        OutcomeKind::Achieved,
    ])
}

fn any_view() -> BoxedStrategy<View> {
    let status = prop::sample::select(vec![
        Status::None,
        Status::AwaitingReply,
        Status::Measuring,
        Status::Missed,
        Status::Achieved,
    ]);
    let achieved = (option::of(any_time()), option::of(id()));
    let shown =
        (any_goal_id(), any_period(), achieved, id(), id()).prop_map(
            |(goal, (start, deadline), (achieved_at, achieved_by), manager, first_reply_manager)| {
                ShownRound { goal, start, deadline, achieved_at, achieved_by, manager, first_reply_manager }
            },
        );
    let round = (any::<u32>(), any_goal_id(), any_period(), any_outcome_kind()).prop_map(
        |(number, goal, (start, deadline), outcome)| LastRound { number, goal, start, deadline, outcome },
    );
    (option::of(id()), status, option::of(shown), option::of(round))
        .prop_map(|(customer, status, shown, round)| View { customer, status, shown, round })
        .boxed()
}

fn any_published() -> BoxedStrategy<Published> {
    let known = (any_period(), any_outcome_kind(), option::of(any_time())).prop_map(
        |((start, deadline), outcome, achieved_at)| KnownRound { start, deadline, outcome, achieved_at },
    );
    (any_view(), vec(known, 0..3), any_contributions(), option::of(any_time()))
        .prop_map(|(view, rounds, contributions, due)| Published { view, rounds, contributions, due })
        .boxed()
}

fn any_chat_row() -> BoxedStrategy<ChatRow> {
    let live = (any_conversation(), any_seal(), option::of(any_published())).prop_map(
        |(conversation, seal, published)| {
            Box::new(LiveChat { conversation, seal, published, ..LiveChat::default() })
        },
    );
    (id(), id(), option::of(any_time()), any::<u32>(), option::weighted(0.9, live))
        .prop_map(|(channel, chat, deleted, revision, live)| ChatRow {
            channel,
            chat,
            deleted,
            revision,
            live,
        })
        .boxed()
}

fn any_customer_row() -> impl Strategy<Value = CustomerRow> {
    let neighbour = (id(), any_time()).prop_map(|(customer, merged_at)| Neighbour { customer, merged_at });
    let link = (id(), any::<i32>()).prop_map(|(chat, partition)| Link { chat, partition }).boxed();
    let ask = (any_time(), link.clone()).prop_map(|(from, link)| Ask { from, link });
    let lists = (vec(neighbour, 0..3), vec(link, 0..3), any_events(), vec(ask, 0..3));
    (id(), id(), lists, option::of(any_time())).prop_map(
        |(channel, customer, (neighbours, chats, events, asks), chats_until)| {
            let mut row =
                CustomerRow { channel, customer, neighbours, chats, chats_until, ..CustomerRow::default() };
            row.events = events.into_iter().collect();
            asks.into_iter().for_each(|ask| row.asks.insert(ask));
            row
        },
    )
}

fn any_counter_row() -> impl Strategy<Value = CounterRow> {
    (id(), any_bucket(), any_counts(), any_counts(), any::<u32>()).prop_map(
        |(channel, bucket, counts, published, revision)| CounterRow {
            channel,
            bucket,
            counts,
            published,
            revision,
        },
    )
}

proptest! {
    #[test]
    fn a_chat_row_comes_back(row in any_chat_row()) {
        prop_assert_eq!(decode_chat(&encode_chat(&row)), Ok(row));
    }

    #[test]
    fn a_customer_row_comes_back(row in any_customer_row()) {
        prop_assert_eq!(decode_customer(&encode_customer(&row)), Ok(row));
    }

    #[test]
    fn a_counter_row_comes_back(row in any_counter_row()) {
        prop_assert_eq!(decode_counter(&encode_counter(&row)), Ok(row));
    }

    /// Rows are written field by field: other programs, and later ones, read them as the messages of `state.proto`.
    #[test]
    fn the_bytes_of_a_row_are_those_of_its_message(
        chat in any_chat_row(), customer in any_customer_row(), counter in any_counter_row(),
    ) {
        let bytes = encode_chat(&chat);
        prop_assert_eq!(pb::ChatRow::decode(&bytes[..]).unwrap().encode_to_vec(), bytes);
        let bytes = encode_customer(&customer);
        prop_assert_eq!(pb::CustomerRow::decode(&bytes[..]).unwrap().encode_to_vec(), bytes);
        let bytes = encode_counter(&counter);
        prop_assert_eq!(pb::CounterRow::decode(&bytes[..]).unwrap().encode_to_vec(), bytes);
    }

    /// Of a later version: nothing of it can be lost on this one by standing in another place.
    #[test]
    fn fields_that_are_not_known_are_passed_over(row in any_chat_row(), number in any::<u64>()) {
        let mut bytes = encode_chat(&row);
        prost::encoding::uint64::encode(100, &number, &mut bytes);
        prost::encoding::fixed64::encode(101, &number, &mut bytes);
        prost::encoding::fixed32::encode(102, &(number as u32), &mut bytes);
        prost::encoding::string::encode(103, &"later".to_owned(), &mut bytes);
        prop_assert_eq!(decode_chat(&bytes), Ok(row));
    }

    #[test]
    fn bytes_that_are_no_row_never_panic(bytes in vec(any::<u8>(), 0..64)) {
        let version = [8, 1];
        let bytes = [&version[..], &bytes].concat();
        let _ = (decode_chat(&bytes), decode_customer(&bytes), decode_counter(&bytes));
    }
}

#[test]
fn a_row_of_newer_rules_or_a_newer_format_is_refused() {
    let rows: [(&[u8], _); 2] = [
        (&[8, 2], "there are rows of format 1, rules 2"),
        (&[8, 0x81, 0x80, 4], "there are rows of format 2, rules 1"),
    ];
    for (row, says) in rows {
        let reasons = [
            decode_chat(row).map(drop),
            decode_customer(row).map(drop),
            decode_counter(row).map(drop),
            decode_chat_page(row).map(drop),
        ];
        for reason in reasons {
            assert!(reason.as_ref().is_err_and(|reason| reason.contains(says)), "{reason:?}");
        }
    }
    let without = "the row does not say under which format and rules it was written";
    assert_eq!(decode_counter(&[]), Err(without.into()));
}

#[test]
fn a_row_that_names_an_id_that_it_does_not_hold_is_refused() {
    let mut row = pb::ChatRow::decode(encode_chat(&sample_chat()).as_slice()).unwrap();
    row.live.as_mut().unwrap().names.pop();
    assert_eq!(decode_chat(&row.encode_to_vec()), Err("the row names no id number 4".into()));
}

/// 2026-03-29T03:24:30Z.
const REPLIED: Timestamp = Timestamp(1_774_754_670_000);

fn sample_chat() -> ChatRow {
    let at = |seconds: i64| REPLIED.plus(seconds * 1_000);
    let date = "2026-03-29".parse().unwrap();
    let goals = vec![GoalId(0), GoalId(2)];
    let deadline = at(0).plus(7 * DAY);
    let contribution = Contribution {
        manager: "9187".into(),
        date,
        measured: true,
        achieved: true,
        missed: false,
        ended: true,
        closes: 1,
    };
    let sealed = Round {
        number: 1,
        goal: GoalId(1),
        start: at(-9_000_000),
        deadline: at(-9_000_000).plus(DAY),
        manager: "9188".into(),
        outcome: Outcome::Missed,
    };
    let conversation = Conversation {
        cycle: Cycle {
            opened: Some(at(-60)),
            asked: Some(at(-30)),
            early: Some(Reply { at: at(-45), manager: "9187".into() }),
            replied: true,
            closed: Some(at(60)),
            last: Some(at(60)),
        },
        replies: vec![Reply { at: at(0), manager: "9187".into() }],
        closes: vec![Close { at: at(60), by: Some("9188".into()) }],
        assignments: vec![Assignment { at: at(-50), manager: None }],
        customers: vec![Named { customer: "u1".into(), at: at(-30) }],
        latest_customer: Some(Named { customer: "u1".into(), at: at(-30) }),
        events: [JudgedEvent { at: at(30), id: Some("e1".into()), goals }].into_iter().collect(),
        replied_before: true,
    };
    let view = View {
        customer: Some("u1".into()),
        status: Status::Achieved,
        shown: Some(ShownRound {
            goal: GoalId(2),
            start: at(0),
            deadline,
            achieved_at: Some(at(30)),
            achieved_by: Some("e1".into()),
            manager: "9187".into(),
            first_reply_manager: "9187".into(),
        }),
        round: Some(LastRound {
            number: 2,
            goal: GoalId(2),
            start: at(0),
            deadline,
            outcome: OutcomeKind::Achieved,
        }),
    };
    ChatRow {
        channel: "6263".into(),
        chat: "6606".into(),
        deleted: Some(at(-100)),
        revision: 5,
        live: Some(Box::new(LiveChat {
            conversation,
            seal: Seal {
                count: 1,
                achieved: None,
                last: Some(Box::new(SealedRound { round: sealed, credited: "9189".into() })),
                reply: Some(Reply { at: at(-9_000_000), manager: "9188".into() }),
                contributions: vec![Contribution { missed: true, ended: false, ..contribution.clone() }],
            },
            published: Some(Published {
                view,
                rounds: vec![KnownRound {
                    start: at(0),
                    deadline,
                    outcome: OutcomeKind::Achieved,
                    achieved_at: Some(at(30)),
                }],
                contributions: vec![contribution],
                due: Some(deadline.plus(1)),
            }),
            ..LiveChat::default()
        })),
    }
}

fn sample_customer() -> CustomerRow {
    CustomerRow {
        channel: "6263".into(),
        customer: "u1".into(),
        neighbours: vec![Neighbour { customer: "u2".into(), merged_at: REPLIED }],
        chats: vec![Link { chat: "6606".into(), partition: 3 }],
        events: [JudgedEvent { at: REPLIED, id: Some("e1".into()), goals: vec![GoalId(0), GoalId(2)] }]
            .into_iter()
            .collect(),
        ..CustomerRow::default()
    }
}

/// With more of everything than fits into a page.
fn long_customer() -> CustomerRow {
    let mut row = sample_customer();
    for number in 0..300 {
        let at = REPLIED.plus(number);
        row.events.insert(JudgedEvent {
            at,
            id: Some(format!("long-{number}").as_str().into()),
            goals: vec![GoalId(0)],
        });
        row.asks.insert(Ask {
            from: at,
            link: Link { chat: format!("k{number}").as_str().into(), partition: 1 },
        });
    }
    row
}

#[test]
fn a_long_row_comes_back_from_its_pages_and_stays_short_itself() {
    let row = long_customer();
    let bytes = encode_customer(&row);
    assert!(bytes.len() < 120, "{} bytes", bytes.len());
    let (events, asks) = customer_pages(&bytes).unwrap();
    assert_eq!((events.len(), asks.len()), (3, 3));
    let mut read = decode_customer(&bytes).unwrap();
    for page in row.events.list().stored() {
        let (events, asks) = decode_customer_page(&encode_customer_events(&row, page.entries())).unwrap();
        assert!(asks.is_empty());
        read.events.take_up(page.number, events);
    }
    for page in row.asks.stored() {
        let (events, asks) = decode_customer_page(&encode_customer_asks(&row, page.entries())).unwrap();
        assert!(events.is_empty());
        read.asks.take_up(page.number, asks);
    }
    assert_eq!(read, row);
}

#[test]
fn a_page_of_a_chat_is_a_row_of_which_nothing_is_known_to_who_reads_it_as_a_row() {
    let events = vec![JudgedEvent { at: REPLIED, id: None, goals: vec![GoalId(1)] }];
    let page = encode_chat_page(&sample_chat(), &events);
    assert_eq!(decode_chat_page(&page), Ok(events));
    let row = decode_chat(&page).unwrap();
    assert_eq!((row.live.is_none(), row.index()), (true, Default::default()));
}

fn sample_counter() -> CounterRow {
    let counts = Counts { measured: 6, achieved: 5, missed: 1, ended: 4, closes: 7, achieved_of_ended: 3 };
    CounterRow {
        channel: "6263".into(),
        bucket: Bucket { manager: Some("9187".into()), date: "2026-03-29".parse().ok() },
        counts,
        published: Counts { measured: 5, ..counts },
        revision: 9,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// These bytes lie in stores and changelogs. If this fails, rows that are there already cannot be read any more.
#[test]
fn the_bytes_of_rows_are_frozen() {
    assert_eq!(hex(&encode_chat(&sample_chat())), CHAT);
    assert_eq!(hex(&encode_customer(&sample_customer())), CUSTOMER);
    assert_eq!(hex(&encode_counter(&sample_counter())), COUNTER);
}

const CHAT: &str = "\
    08011204363236331a04363630362090bef6bcd333280532e70108a0c080faa667120439313837120439313838120275\
    311204393138391a1608ffd20e109ffe0a1a0608cfe80c1001200128003000220608bfa90710012a021002320408dfb6\
    0d3a06089ffe0a10034206089ffe0a10034a0c08dfd403120265311a02000250015a3008011a120801100118bf919087\
    432002300348025004220808bf9190874310022a0e080110bda0011801200128013801624c080310051a14100218bfa9\
    07200e38dfd4034202653148015001220c0802100218bfa907200e30042a0c18bfa907200e300438dfd403320e080110\
    bda001180120013001380138c2e6dcc004";
const CUSTOMER: &str = "\
    08011204363236331a027531220b0a02753210b0cbfcbcd3332a080a04363630361003320f08b0cbfcbcd33312026531\
    1a020002";
const COUNTER: &str = "\
    08011204363236331a043931383720bda0012a0c080c100a18022008280e3006320208023809";

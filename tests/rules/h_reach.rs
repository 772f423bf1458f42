//! H: how far back a record can reach, and what is sealed after that.

use super::language::*;
use super::world::Record;
use chat_goals::contract::protobuf::rows::encode_chat;

const PURCHASE: &str = "Purchase";

#[test]
fn h1_a_record_31_days_late_counts_and_one_a_millisecond_later_does_not() {
    given(goal(PURCHASE))
        .when(asked("09:00").logged("+31d 09:00"))
        .then(published([change(AwaitingReply)]))
        .and(nothing_bad());
    given(goal(PURCHASE))
        .when(asked("09:00").logged("+31d 09:00:00.001"))
        .then(nothing_published())
        .and(bad("TOO_LATE"))
        .and(no_chat());
    let chat = || given([goal(PURCHASE), asked("09:00"), replied("10:00")]);
    chat().when(event(PURCHASE).logged("+31d 12:00")).then(status(Achieved)).and(nothing_bad());
    chat().when(event(PURCHASE).logged("+31d 12:00:00.001")).then(status(Missed)).and(bad("TOO_LATE"));
}

#[test]
fn h1_a_record_a_day_early_counts_and_one_a_millisecond_earlier_does_not() {
    given(goal(PURCHASE))
        .when(asked("+1d 09:00").logged("09:00"))
        .then(status(AwaitingReply))
        .and(nothing_bad());
    given(goal(PURCHASE))
        .when(asked("+1d 09:00:00.001").logged("09:00"))
        .then(bad("TOO_EARLY"))
        .and(no_chat());
    given([goal(PURCHASE), asked("09:00")])
        .when(merged("ben", "guest", "+1d 12:00:00.001").logged("12:00"))
        .then(bad("TOO_EARLY"));
}

#[test]
fn h1_what_is_too_late_changes_nothing_not_even_a_deleted_chat() {
    given([goal(PURCHASE), asked("09:00")])
        .when(deleted("10:00").logged("+31d 10:00:00.001"))
        .then(bad("TOO_LATE"))
        .and(status(AwaitingReply));
}

#[test]
fn h1_settings_are_never_too_late_and_offline_nothing_is() {
    given_unsubscribed([goal(PURCHASE), asked("09:00"), replied("10:00"), closed("11:00")])
        .when(subscribed("09:00").logged("+40d 00:00"))
        .then(rounds([missed("10:00")]))
        .and(nothing_bad());
    given([goal(PURCHASE), clock("+400d 00:00"), asked("09:00")])
        .then(status(AwaitingReply))
        .and(nothing_bad());
}

/// A chat whose round runs for 30 days from day 2 on, and an event of a guest on day 2 at noon.
fn chat_and_event_of_a_guest() -> Vec<Record> {
    vec![
        goal(PURCHASE).days(30),
        asked("09:00"),
        replied("10:00"),
        event(PURCHASE).customer("guest").at("12:00"),
    ]
}

#[test]
fn h2_a_merge_lets_pass_what_is_at_most_31_days_older_both_ways() {
    for (customer, into) in [("ben", "guest"), ("guest", "ben")] {
        given(chat_and_event_of_a_guest())
            .when(merged(customer, into, "+31d 12:00"))
            .then(status(Achieved).at("12:00"));
        given(chat_and_event_of_a_guest())
            .when(merged(customer, into, "+31d 12:00:00.001"))
            .then(status(Missed));
        // The same if the merge is there first.
        given([
            goal(PURCHASE).days(30),
            asked("09:00"),
            replied("10:00"),
            merged(customer, into, "+31d 12:00"),
        ])
        .when([event(PURCHASE).customer("guest").at("11:59:59.999")])
        .then(status(Missed))
        .when([event(PURCHASE).customer("guest").at("12:00")])
        .then(status(Achieved));
    }
}

#[test]
fn h2_of_several_merges_of_a_pair_the_earliest_counts() {
    for (first, second) in [("+31d 12:00:00.001", "+31d 12:00"), ("+31d 12:00", "+31d 12:00:00.001")] {
        for (customer, into) in [("ben", "guest"), ("guest", "ben")] {
            given(chat_and_event_of_a_guest())
                .when([merged("ben", "guest", first), merged(customer, into, second)])
                .then(status(Achieved).at("12:00"));
        }
    }
}

#[test]
fn h2_each_merge_on_the_way_lets_pass_by_its_own_time() {
    let log = chat_and_event_of_a_guest;
    given(log())
        .when([merged("guest", "member", "+31d 12:00"), merged("member", "ben", "+31d 12:00")])
        .then(status(Achieved));
    given(log())
        .when([merged("guest", "member", "+31d 12:00"), merged("member", "ben", "+31d 12:00:00.001")])
        .then(status(Missed));
    given(log())
        .when([merged("member", "ben", "+31d 12:00"), merged("guest", "member", "+31d 12:00:00.001")])
        .then(status(Missed));
    // Another way round may be open.
    given(log())
        .when([
            merged("member", "ben", "+31d 12:00:00.001"),
            merged("guest", "member", "20:00"),
            merged("guest", "ben", "20:00"),
        ])
        .then(status(Achieved));
}

#[test]
fn h2_a_chat_joins_what_is_at_most_31_days_older_than_the_record_that_named_the_customer_first() {
    given(chat_and_event_of_a_guest())
        .when(asked("+31d 12:00").customer("guest"))
        .then(status(Achieved).at("12:00"));
    given(chat_and_event_of_a_guest())
        .when(asked("+31d 12:00:00.001").customer("guest"))
        // The question waits, as the round is over.
        .then(status(Missed))
        // The first in the log counts, not the earliest.
        .when(asked("+20d 00:00").customer("guest"))
        .then(status(Missed));
    given(chat_and_event_of_a_guest())
        .when([opened("+31d 12:00").customer("guest"), asked("+40d 00:00").customer("guest")])
        .then(status(Achieved).at("12:00"));
}

#[test]
fn h2_a_merge_lets_later_events_pass_whenever_they_come() {
    given([goal(PURCHASE), merged("ben", "guest", "-300d 00:00"), asked("09:00"), replied("10:00")])
        .when(event(PURCHASE).customer("guest"))
        .then(status(Achieved));
}

/// A log of years in which one chat is asked, answered, closed, now and then achieved, and asked again.
fn years(cycles: i64) -> Vec<Record> {
    let mut log =
        vec![goal(PURCHASE).logged("-1d 00:00"), goal("Booking").at("-1d 00:00").logged("-1d 00:00")];
    let managers = [ANNA, BERT, "carl"];
    for cycle in 0..cycles {
        let manager = managers[cycle as usize % 3];
        let at = |day: i64, clock: &str| format!("+{}d {clock}", cycle * 2 + day);
        log.push(asked(&at(0, "09:00")));
        log.push(replied(&at(0, "10:00")).by(manager));
        match cycle % 7 {
            0 => log.push(event("Booking").at(&at(0, "12:00"))),
            3 => log.push(chat_event(PURCHASE).at(&at(0, "12:00"))),
            4 => log.push(assigned(&at(0, "13:00"), manager)),
            _ => {}
        }
        log.push(closed(&at(1, "00:00")));
        if cycle % 11 == 0 {
            let event = ["Booking", PURCHASE][cycle as usize / 11 % 2];
            log.push(goal(event).days([1, 3, 7, 15, 30][cycle as usize / 22 % 5]).at(&at(1, "01:00")));
        }
    }
    log.iter().map(|record| Record { logged: Some(record.at), ..record.clone() }).collect()
}

#[test]
fn h3_sealing_changes_no_result() {
    let log = years(400);
    let (mut sealed, mut kept) = (given_sealing(log.clone()), given_no_subscriptions(log));
    assert!(sealed.world.chat(CHAT).unwrap().live.as_ref().unwrap().seal.count > 10, "something is sealed");
    assert_eq!(sealed.world.heard.published, kept.world.heard.published);
    let view = |scenario: &Scenario| {
        scenario.world.statuses().into_values().map(|shown| shown.view).collect::<Vec<_>>()
    };
    assert_eq!(view(&sealed), view(&kept));
    assert_eq!(sealed.world.counters(), kept.world.counters());
}

#[test]
fn h3_a_chat_reopened_a_thousand_times_stays_small() {
    let size = |cycles: i64| {
        let scenario = given_sealing(years(cycles));
        // What is counted by date is kept for good: it is what the counters are made of.
        let mut row = scenario.world.chat(CHAT).unwrap().clone();
        let live = row.live.as_mut().unwrap();
        live.seal.contributions.clear();
        live.published.as_mut().unwrap().contributions.clear();
        (encode_chat(&row).len(), encode_chat(scenario.world.chat(CHAT).unwrap()).len())
    };
    let (after_100, _) = size(100);
    let (after_1000, with_dates) = size(1000);
    assert!(after_1000 < after_100 + 200, "{after_100} bytes after 100 cycles, {after_1000} after 1000");
    assert!(after_1000 < 2_000, "{after_1000} bytes");
    // 2000 dates of counters, published and sealed.
    assert!(with_dates < 70_000, "{with_dates} bytes");
}

#[test]
fn h3_what_can_still_be_reached_is_not_sealed() {
    // A round of day 0 is missed on day 1. A record may be 31 days late, and its merge reaches 31 days further.
    let day = |record: Record| Record { logged: Some(record.at), ..record };
    given_sealing([goal(PURCHASE).days(1).logged("-1d 00:00"), day(asked("09:00")), day(replied("10:00"))])
        .when(event(PURCHASE).customer("guest").logged("+31d 12:00"))
        .then(status(Missed))
        .when([day(assigned("+61d 00:00", ANNA)), day(closed("+61d 00:00"))])
        .when(merged("ben", "guest", "+31d 12:00").logged("+62d 12:00"))
        .then(published([change(Achieved).correction()]))
        .and(status(Achieved).at("12:00"));
}

#[test]
fn h3_offline_nothing_is_sealed() {
    let scenario = given(years(200));
    let live = scenario.world.chat(CHAT).unwrap().live.as_ref().unwrap();
    assert_eq!(live.seal, Default::default());
    assert_eq!(live.conversation.closes.len(), 200);
}

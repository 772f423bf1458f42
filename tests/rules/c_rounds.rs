//! C: rounds, derived from replies, events, settings and the clock; and corrections.

use super::language::*;

const PURCHASE: &str = "Purchase";
const BOOKING: &str = "Booking";

#[test]
fn c1_without_a_tracked_goal_at_the_reply_there_is_no_round() {
    given([asked("09:00"), replied("10:00")]).then(no_rounds());
    given([goal(PURCHASE), goal_removed("10:00"), asked("09:00"), replied("10:00")]).then(no_rounds());
    // What is set or taken later does not reach back.
    given([asked("09:00"), replied("09:59:59.999"), goal(PURCHASE).at("10:00")]).then(no_rounds());
    given_unsubscribed([goal(PURCHASE), asked("09:00"), replied("10:00"), subscribed("10:00:00.001")])
        .then(no_rounds());
}

/// A round for a purchase, achieved at 11:00, in a chat that is asked anew at 13:00.
fn achieved_and_asked_again() -> Vec<super::world::Record> {
    vec![
        goal(PURCHASE),
        asked("09:00"),
        replied("10:00"),
        event(PURCHASE).at("11:00"),
        closed("12:00"),
        asked("13:00"),
    ]
}

#[test]
fn c2_achieved_and_unchanged_starts_no_round() {
    given(achieved_and_asked_again())
        .when(replied("14:00"))
        .then(rounds([achieved("10:00", "11:00")]))
        .and(status(Achieved).at("11:00").goal(PURCHASE));
}

#[test]
fn c2_only_an_event_before_the_reply_spares_a_round() {
    let chat = || given([goal(PURCHASE), asked("09:00"), replied("10:00"), closed("11:00"), asked("12:00")]);
    chat()
        .when([event(PURCHASE).at("12:59:59.999"), replied("13:00")])
        .then(rounds([achieved("10:00", "12:59:59.999")]));
    chat()
        .when([event(PURCHASE).at("13:00"), replied("13:00")])
        .then(rounds([superseded("10:00"), achieved("13:00", "13:00")]));
}

#[test]
fn c2_the_goal_of_the_latest_achieved_round_is_what_counts() {
    let mut log = achieved_and_asked_again();
    log.extend([goal(BOOKING).at("13:00"), replied("14:00"), event(BOOKING).at("15:00"), closed("16:00")]);
    // Back to the goal of the first round: the latest achieved one is the second.
    log.extend([goal(PURCHASE).at("17:00"), asked("18:00"), replied("19:00")]);
    given(log).then(rounds([
        achieved("10:00", "11:00").goal(PURCHASE),
        achieved("14:00", "15:00").goal(BOOKING),
        open("19:00").goal(PURCHASE),
    ]));
}

/// The second round, for a booking, runs when the goal comes back to the achieved one, and there is a reply at 19:00.
fn running_on() -> Vec<super::world::Record> {
    let mut log = achieved_and_asked_again();
    log.extend([goal(BOOKING).at("13:00"), replied("14:00"), closed("16:00")]);
    log.extend([goal(PURCHASE).at("17:00"), asked("18:00"), replied("19:00")]);
    log
}

#[test]
fn c2_a_running_round_goes_on_and_d1_shows_it_when_it_is_achieved() {
    given(running_on())
        .then(rounds([achieved("10:00", "11:00"), open("14:00")]))
        .and(status(Achieved).goal(PURCHASE).at("11:00"))
        .when(event(BOOKING).at("20:00"))
        .then(rounds([achieved("10:00", "11:00"), achieved("14:00", "20:00")]))
        .and(status(Achieved).goal(BOOKING).at("20:00"));
}

#[test]
fn c2_a_round_that_went_on_is_missed_at_its_deadline() {
    given(running_on())
        .when(clock("+7d 14:00"))
        .then(nothing_published())
        .when(clock("+7d 14:00:00.001"))
        .then(published([change(Achieved).because(Deadline, "+7d 14:00")]))
        .and(rounds([achieved("10:00", "11:00"), missed("14:00")]));
}

#[test]
fn c2_a_round_that_went_on_is_superseded_by_the_next_that_starts() {
    given(running_on())
        .when([closed("20:00"), goal(BOOKING).at("20:00"), asked("21:00"), replied("22:00")])
        .then(rounds([achieved("10:00", "11:00"), superseded("14:00"), open("22:00").goal(BOOKING)]));
}

#[test]
fn c2_a_round_that_went_on_is_achieved_before_the_next_that_starts() {
    given(running_on())
        .when([event(BOOKING).at("20:00"), closed("20:00"), asked("21:00"), replied("22:00")])
        // The goal is the purchase; the latest achieved is the booking.
        .then(rounds([achieved("10:00", "11:00"), achieved("14:00", "20:00"), open("22:00").goal(PURCHASE)]));
}

#[test]
fn c3_a_round_starts_at_the_reply_and_runs_for_its_days() {
    for days in [1, 3, 7, 15, 30] {
        given([goal(PURCHASE).days(days), asked("09:00"), replied("10:00")])
            .then(rounds([open("10:00").deadline(&format!("+{days}d 10:00")).goal(PURCHASE).by(ANNA)]));
    }
    // Days are 86 400 000 ms, whatever the time zone does to its clocks.
    given([time_zone("Europe/Berlin"), goal(PURCHASE).days(30), asked("09:00"), replied("10:00")])
        .then(rounds([open("10:00").deadline("+30d 10:00")]));
}

#[test]
fn c3_achieved_and_changed_starts_a_round() {
    given(achieved_and_asked_again())
        .when([goal(BOOKING).at("13:30"), replied("14:00")])
        .then(rounds([achieved("10:00", "11:00").goal(PURCHASE), open("14:00").goal(BOOKING)]))
        .and(status(Achieved).goal(PURCHASE).at("11:00"))
        .when(event(BOOKING).at("15:00"))
        .then(status(Achieved).goal(BOOKING).at("15:00"));
}

#[test]
fn c3_not_achieved_starts_a_round() {
    given([
        goal(PURCHASE).days(1),
        asked("09:00"),
        replied("10:00"),
        clock("+2d 00:00"),
        closed("+2d 09:00"),
    ])
    .when([asked("+2d 10:00"), replied("+2d 11:00")])
    .then(rounds([missed("10:00"), open("+2d 11:00")]));
}

#[test]
fn c4_a_reply_in_a_running_round_supersedes_it() {
    given([
        goal(PURCHASE),
        asked("09:00"),
        replied("10:00"),
        closed("11:00"),
        asked("12:00"),
        replied("13:00"),
    ])
    .then(rounds([superseded("10:00"), open("13:00")]))
    // At r, whatever comes after it: it is never missed, and what happened later is the next round's.
    .when([event(PURCHASE).at("14:00"), clock("+30d 00:00")])
    .then(rounds([superseded("10:00"), achieved("13:00", "14:00")]))
    .and(counter(ANNA).measured(1).achieved(1).ended(1, 1).achieved_of_ended(1));
}

#[test]
fn c4_a_reply_exactly_at_the_deadline_supersedes_and_a_millisecond_later_it_does_not() {
    let chat =
        || given([goal(PURCHASE).days(1), asked("09:00"), replied("10:00"), closed("11:00"), asked("12:00")]);
    chat().when(replied("+1d 10:00")).then(rounds([superseded("10:00"), open("+1d 10:00")]));
    chat().when(replied("+1d 10:00:00.001")).then(rounds([missed("10:00"), open("+1d 10:00:00.001")]));
}

#[test]
fn c4_an_achieved_round_is_not_superseded() {
    given(achieved_and_asked_again())
        .when([goal(BOOKING).at("13:30"), replied("14:00")])
        .then(rounds([achieved("10:00", "11:00"), open("14:00")]));
}

#[test]
fn c4_a_round_without_a_tracked_goal_supersedes_nothing() {
    given([goal(PURCHASE), asked("09:00"), replied("10:00"), closed("11:00"), goal_removed("11:30")])
        .when([asked("12:00"), replied("13:00"), event(PURCHASE).at("14:00")])
        .then(rounds([achieved("10:00", "14:00")]));
}

#[test]
fn c5_an_event_exactly_at_the_reply_or_at_the_deadline_achieves() {
    let chat = || given([goal(PURCHASE).days(1), asked("09:00"), replied("10:00")]);
    chat().when(event(PURCHASE).at("10:00")).then(status(Achieved).at("10:00"));
    chat().when(event(PURCHASE).at("+1d 10:00")).then(status(Achieved).at("+1d 10:00"));
}

#[test]
fn c5_an_event_a_millisecond_before_the_reply_or_after_the_deadline_does_not() {
    let chat = || given([goal(PURCHASE).days(1), asked("09:00"), replied("10:00")]);
    chat().when(event(PURCHASE).at("09:59:59.999")).then(status(Measuring));
    chat().when(event(PURCHASE).at("+1d 10:00:00.001")).then(status(Missed));
}

#[test]
fn c5_the_earliest_event_counts_in_whatever_order_they_come() {
    given([goal(PURCHASE), asked("09:00"), replied("10:00"), event(PURCHASE).at("12:00")])
        .when(event(PURCHASE).at("11:00"))
        .then(status(Achieved).at("11:00"))
        .when(event(PURCHASE).at("13:00"))
        .then(nothing_published());
}

#[test]
fn c5_of_several_at_a_millisecond_the_smallest_id_by_bytes_counts_and_none_is_last() {
    let ids = ["é", "b", "a", "B", ""];
    for (count, wanted) in [(1, "é"), (2, "b"), (3, "a"), (4, "B"), (5, "B")] {
        let events = ids[..count].iter().map(|id| match *id {
            "" => event(PURCHASE),
            id => event(PURCHASE).id(id),
        });
        given([goal(PURCHASE), asked("09:00"), replied("10:00")])
            .when(events.collect::<Vec<_>>())
            .then(status(Achieved).by_event(wanted));
    }
    given([goal(PURCHASE), asked("09:00"), replied("10:00"), event(PURCHASE)])
        .then(status(Achieved).by_event_without_id())
        .when(event(PURCHASE).id("z"))
        .then(status(Achieved).by_event("z"));
}

#[test]
fn c5_an_event_at_the_next_reply_belongs_to_the_next_round() {
    given([
        goal(PURCHASE),
        asked("09:00"),
        replied("10:00"),
        closed("11:00"),
        asked("12:00"),
        replied("13:00"),
    ])
    .when(event(PURCHASE).at("13:00"))
    .then(rounds([superseded("10:00"), achieved("13:00", "13:00")]));
}

#[test]
fn c5_the_channel_must_be_subscribed_at_the_event() {
    let chat = || {
        given([goal(PURCHASE), asked("09:00"), replied("10:00"), unsubscribed("12:00"), subscribed("13:00")])
    };
    chat().when(event(PURCHASE).at("11:59:59.999")).then(status(Achieved));
    chat().when(event(PURCHASE).at("12:00")).then(status(Measuring));
    chat().when(event(PURCHASE).at("12:59:59.999")).then(status(Measuring));
    chat().when(event(PURCHASE).at("13:00")).then(status(Achieved));
    // One that does not count hides no later one.
    chat()
        .when([event(PURCHASE).at("12:30"), event(PURCHASE).at("14:00")])
        .then(status(Achieved).at("14:00"));
}

#[test]
fn c5_an_event_that_matches_another_goal_hides_none_that_matches() {
    given([goal(BOOKING), goal(PURCHASE).at("08:00"), asked("09:00"), replied("10:00")])
        .when([event(BOOKING).at("11:00"), event(PURCHASE).at("12:00")])
        .then(status(Achieved).at("12:00"));
}

#[test]
fn c6_a_round_is_open_at_its_deadline_and_missed_past_it() {
    given([goal(PURCHASE).days(1), asked("09:00"), replied("10:00")])
        .when(clock("+1d 10:00"))
        .then(nothing_published())
        .and(rounds([open("10:00")]))
        .when(clock("+1d 10:00:00.001"))
        .then(published([change(Missed).because(Deadline, "+1d 10:00").after(Measuring)]))
        .and(rounds([missed("10:00")]))
        .and(counter(ANNA).on("2026-03-03").missed(1));
}

#[test]
fn c7_nothing_but_time_and_events_ends_a_running_round() {
    given([goal(PURCHASE), asked("09:00"), replied("10:00")])
        .when([closed("11:00"), goal(BOOKING).at("12:00"), goal_removed("13:00"), unsubscribed("14:00")])
        .then(nothing_published())
        .and(rounds([open("10:00")]))
        .when([subscribed("15:00"), event(PURCHASE).at("16:00")])
        .then(rounds([achieved("10:00", "16:00")]));
}

#[test]
fn c7_while_the_subscription_is_off_it_still_becomes_missed() {
    given([goal(PURCHASE), asked("09:00"), replied("10:00"), unsubscribed("11:00")])
        .when(clock("+7d 10:00:00.001"))
        .then(published([change(Missed).because(Deadline, "+7d 10:00")]));
}

#[test]
fn c8_one_event_may_achieve_rounds_of_several_chats_each_once() {
    given([
        goal(PURCHASE),
        asked("09:00"),
        replied("10:00"),
        asked("09:00").chat("two"),
        replied("10:30").chat("two"),
    ])
    .when([event(PURCHASE).id("e1"), event(PURCHASE).at("13:00")])
    .then(published([change(Achieved), change(Achieved).of("two")]))
    .and(status(Achieved).at("12:00").by_event("e1"))
    .and(status(Achieved).of("two").at("12:00").by_event("e1"))
    .and(counter(ANNA).measured(2).achieved(2));
}

#[test]
fn c8_one_event_achieves_one_round_of_a_chat() {
    given([
        goal(PURCHASE),
        asked("09:00"),
        replied("10:00"),
        closed("11:00"),
        asked("12:00"),
        replied("13:00"),
    ])
    .when([event(PURCHASE).at("14:00"), closed("15:00"), asked("16:00"), replied("17:00")])
    .then(rounds([superseded("10:00"), achieved("13:00", "14:00")]));
}

#[test]
fn c9_a_late_event_makes_a_missed_round_achieved_which_is_a_correction() {
    given([goal(PURCHASE).days(1), asked("09:00"), replied("10:00"), clock("+2d 00:00")])
        .then(counter(ANNA).measured(1).missed(1))
        .when(event(PURCHASE).at("+1d 10:00"))
        .then(published([change(Achieved).because(GoalEvent, "+1d 10:00").after(Missed).correction()]))
        .and(counter(ANNA).measured(1).achieved(1))
        .and(counter(ANNA).on("2026-03-03").achieved(1));
}

#[test]
fn c9_an_earlier_event_that_arrives_late_alters_the_time_it_was_achieved() {
    given([goal(PURCHASE), asked("09:00"), replied("10:00"), event(PURCHASE).at("12:00")])
        .when(event(PURCHASE).at("11:00"))
        .then(published([change(Achieved).because(GoalEvent, "11:00").correction()]));
}

#[test]
fn c9_a_late_event_of_a_superseded_round_is_a_correction() {
    given([
        goal(PURCHASE),
        asked("09:00"),
        replied("10:00"),
        closed("11:00"),
        asked("12:00"),
        replied("13:00"),
    ])
    .then(rounds([superseded("10:00"), open("13:00")]))
    .when(event(PURCHASE).at("12:00"))
    // The reply at 13:00 starts no round any more (C2).
    .then(rounds([achieved("10:00", "12:00")]))
    .and(published([change(Achieved).correction()]));
}

#[test]
fn c9_what_no_outcome_or_shown_time_takes_back_is_no_correction() {
    // An outcome of an open round, and a round that gives way to a newer one.
    given([goal(PURCHASE), asked("09:00"), replied("10:00"), closed("11:00"), asked("12:00")])
        .when([replied("13:00"), event(PURCHASE).at("14:00")])
        .then(published([change(Measuring), change(Achieved)]));
    // An open round that vanishes: the subscription was over before the reply.
    given([goal(PURCHASE), asked("09:00"), replied("10:00")])
        .when(unsubscribed("09:30").logged("11:00"))
        .then(published([change(Status::None).because(GoalChanged, "09:30")]))
        .and(no_rounds());
}

#[test]
fn c9_a_late_setting_takes_back_an_outcome() {
    given([goal(PURCHASE), asked("09:00"), replied("10:00"), event(PURCHASE)])
        .when(unsubscribed("11:00").logged("13:00"))
        .then(published([change(Measuring).because(GoalChanged, "11:00").after(Achieved).correction()]))
        .and(counter(ANNA).measured(1));
    given([goal(PURCHASE).days(1), asked("09:00"), replied("10:00"), clock("+2d 00:00")])
        .when(unsubscribed("09:30").logged("+2d 00:00"))
        .then(published([change(Status::None).after(Missed).correction()]))
        .and(no_counters());
}

#[test]
fn c9_another_deadline_of_a_round_that_was_shown_is_a_correction() {
    given([goal(PURCHASE), asked("09:00"), replied("10:00")])
        .when(goal(PURCHASE).days(3).at("08:00"))
        .then(published([change(Measuring).because(GoalChanged, "08:00").correction()]))
        .and(rounds([open("10:00").deadline("+3d 10:00")]));
}

#[test]
fn c9_achieved_is_taken_away_by_nothing_later() {
    given([goal(PURCHASE), asked("09:00"), replied("10:00"), event(PURCHASE)])
        .when([event(PURCHASE).at("13:00"), closed("14:00"), goal_removed("15:00"), unsubscribed("16:00")])
        .when([goal(BOOKING).at("17:00"), clock("+90d 00:00")])
        .then(status(Achieved).at("12:00"));
}

#[test]
fn c5_a_subscription_that_is_read_late_lets_a_later_event_achieve() {
    // The first event after the reply is not the one: nobody was subscribed then, and the log says so only later.
    let chat = || [asked("09:00"), replied("10:00")];
    let settings = || [goal(PURCHASE).days(7), subscribed("08:00"), unsubscribed("10:30")];
    let events = || [event(PURCHASE).at("11:00"), event(PURCHASE).at("13:00"), event(PURCHASE).at("14:00")];
    given_unsubscribed(settings())
        .when(chat())
        .when(events())
        .then(status(Measuring))
        .when(subscribed("12:00"))
        .then(status(Achieved).at("13:00"));
    // A round that began on another day than the subscription.
    given_unsubscribed(settings())
        .when(chat())
        .when([event(PURCHASE).at("11:00"), event(PURCHASE).at("+3d 13:00")])
        .when(subscribed("+3d 12:00"))
        .then(status(Achieved).at("+3d 13:00"));
    // The same before the reply, and before the events.
    given_unsubscribed(settings())
        .when(subscribed("12:00"))
        .when(events())
        .when(chat())
        .then(status(Achieved).at("13:00"));
    given_unsubscribed(settings())
        .when(chat())
        .when(subscribed("12:00"))
        .when(events())
        .then(status(Achieved).at("13:00"));
}

//! D: what users see of a chat.

use super::language::*;

const PURCHASE: &str = "Purchase";
const BOOKING: &str = "Booking";

#[test]
fn d1_achieved_stays_while_a_later_round_runs_and_when_it_is_missed() {
    given([goal(PURCHASE), asked("09:00"), replied("10:00"), event(PURCHASE), closed("13:00")])
        .when([goal(BOOKING).days(1).at("13:00"), asked("14:00")])
        .then(status(Achieved).at("12:00"))
        .when(replied("15:00"))
        .then(status(Achieved).at("12:00").goal(PURCHASE).started("10:00").deadline("+7d 10:00"))
        .and(rounds([achieved("10:00", "12:00"), open("15:00")]))
        .when(clock("+2d 00:00"))
        .then(status(Achieved).at("12:00").goal(PURCHASE))
        .and(rounds([achieved("10:00", "12:00"), missed("15:00")]));
}

#[test]
fn d1_the_latest_achieved_round_is_shown() {
    given([goal(PURCHASE), asked("09:00"), replied("10:00"), event(PURCHASE), closed("13:00")])
        .when([goal(BOOKING).at("13:00"), asked("14:00"), replied("15:00"), event(BOOKING).at("16:00")])
        .then(status(Achieved).at("16:00").goal(BOOKING).started("15:00").deadline("+7d 15:00"));
}

#[test]
fn d2_a_chat_whose_last_round_is_open_is_measured() {
    given([goal(PURCHASE), asked("09:00"), replied("10:00")])
        .then(status(Measuring).goal(PURCHASE).started("10:00").deadline("+7d 10:00").first_replied(ANNA))
        // Also while the next question waits.
        .when([closed("11:00"), asked("12:00")])
        .then(status(Measuring).started("10:00"));
}

#[test]
fn d3_a_chat_that_was_asked_waits_for_a_reply() {
    given([goal(PURCHASE), asked("09:00")]).then(status(AwaitingReply));
    given(asked("09:00")).then(status(Status::None));
    given_unsubscribed([goal(PURCHASE), asked("09:00")]).then(status(Status::None));
}

#[test]
fn d3_a_chat_in_which_no_cycle_was_ever_replied_to_waits_without_a_question() {
    given([goal(PURCHASE), opened("09:00")]).then(status(AwaitingReply));
    given([goal(PURCHASE), replied("09:00")]).then(status(AwaitingReply));
    given([goal(PURCHASE), assigned("09:00", ANNA)]).then(status(AwaitingReply));
    given([goal(PURCHASE), opened("08:00"), closed("09:00"), reopened("10:00")]).then(status(AwaitingReply));
    // Replied to once, with no goal then: only a question waits.
    given([asked("08:00"), replied("08:30"), closed("09:00"), goal(PURCHASE).at("09:30"), reopened("10:00")])
        .then(status(Status::None))
        .when(asked("11:00"))
        .then(status(AwaitingReply));
}

#[test]
fn d3_after_a_miss_only_a_new_question_waits() {
    given([
        goal(PURCHASE).days(1),
        asked("09:00"),
        replied("10:00"),
        clock("+2d 00:00"),
        closed("+2d 01:00"),
    ])
    .when(reopened("+2d 02:00"))
    .then(status(Missed))
    .when(asked("+2d 03:00"))
    .then(status(AwaitingReply))
    .when(goal_removed("+2d 04:00"))
    .then(status(Missed));
}

#[test]
fn d3_a_question_waits_when_the_round_before_it_is_over() {
    given([goal(PURCHASE).days(1), asked("09:00"), replied("10:00"), closed("11:00"), asked("12:00")])
        .then(status(Measuring))
        .when(clock("+1d 10:00:00.001"))
        .then(published([change(AwaitingReply).because(Deadline, "+1d 10:00").after(Measuring)]))
        // The goal counts from then on.
        .when(goal_removed("+1d 11:00"))
        .then(published([change(Missed).because(GoalChanged, "+1d 11:00")]));
}

#[test]
fn d3_a_goal_that_is_set_removed_or_takes_effect_changes_the_open_chats_that_wait_and_no_other() {
    given([
        asked("09:00").chat("asked"),
        opened("09:00").chat("opened"),
        asked("09:00").chat("answered"),
        replied("09:10").chat("answered"),
        asked("09:00").chat("closed"),
        closed("09:10").chat("closed"),
        asked("09:00").chat("elsewhere").channel("other"),
    ])
    .when(goal(PURCHASE).at("10:00"))
    .then(published([
        change(AwaitingReply).of("asked").because(GoalChanged, "10:00"),
        change(AwaitingReply).of("opened").because(GoalChanged, "10:00"),
    ]))
    .when(unsubscribed("11:00"))
    .then(published([change(Status::None).of("asked"), change(Status::None).of("opened")]))
    .when(subscribed("12:00"))
    .then(published([change(AwaitingReply).of("asked"), change(AwaitingReply).of("opened")]))
    .when(goal_removed("13:00"))
    .then(published([change(Status::None).of("asked"), change(Status::None).of("opened")]))
    .when([goal(PURCHASE).at("15:00").logged("14:00"), clock("14:59:59.999")])
    .then(nothing_published())
    .when(clock("15:00"))
    .then(published([change(AwaitingReply).of("asked"), change(AwaitingReply).of("opened")]));
}

#[test]
fn d3_a_closed_chat_goes_by_the_goal_as_of_its_close() {
    given([goal(PURCHASE), asked("09:00"), closed("10:00"), goal_removed("10:00:00.001")])
        .then(status(AwaitingReply));
    given([goal(PURCHASE), goal_removed("10:00"), asked("09:00"), closed("10:00")])
        .then(status(Status::None));
    given([asked("09:00"), closed("10:00"), goal(PURCHASE).at("11:00")])
        .then(status(Status::None))
        // A late one counts from its own time.
        .when(goal(PURCHASE).at("10:00"))
        .then(published([change(AwaitingReply).because(GoalChanged, "10:00")]));
}

#[test]
fn d4_missed_if_the_last_round_was_and_none_otherwise() {
    given([goal(PURCHASE).days(1), asked("09:00"), replied("10:00"), clock("+2d 00:00")])
        .then(status(Missed).goal(PURCHASE).started("10:00").deadline("+1d 10:00").first_replied(ANNA));
    given([asked("09:00"), replied("10:00")]).then(status(Status::None));
    // Answered again while no goal is tracked: the last round is the missed one.
    given([
        goal(PURCHASE).days(1),
        asked("09:00"),
        replied("10:00"),
        goal_removed("+2d 00:00"),
        closed("+2d 09:00"),
    ])
    .when([asked("+3d 09:00"), replied("+3d 10:00")])
    .then(status(Missed).started("10:00"));
}

#[test]
fn d5_the_last_round_is_shown_besides_with_its_own_outcome() {
    use chat_goals::domain::status::OutcomeKind;
    let scenario =
        given([goal(PURCHASE), asked("09:00"), replied("10:00"), event(PURCHASE), closed("13:00")]).when([
            goal(BOOKING).days(1).at("13:00"),
            asked("14:00"),
            replied("15:00"),
        ]);
    let last_round = |scenario: &Scenario| {
        let live = scenario.world.chat(CHAT).unwrap().live.as_ref().unwrap();
        live.published.as_ref().unwrap().view.round.clone().unwrap()
    };
    let last = last_round(&scenario);
    assert_eq!((last.number, last.start, last.deadline), (2, time("15:00"), time("+1d 15:00")));
    assert_eq!(last.outcome, OutcomeKind::Open);
    let scenario = scenario.when(clock("+2d 00:00")).then(status(Achieved));
    assert_eq!(last_round(&scenario).outcome, OutcomeKind::Missed);
}

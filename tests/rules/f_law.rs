//! F and G: what is published, when, and in which order. That results do not depend on how the logs were read is in the
//! properties.

use super::language::*;

const PURCHASE: &str = "Purchase";
const BOOKING: &str = "Booking";

#[test]
fn f1_reading_the_customers_late_changes_the_way_but_not_the_end() {
    let bought = || event(PURCHASE).id("e1").at("12:00");
    let chat = || [asked("09:00"), replied("10:00"), closed("11:00"), asked("13:00"), replied("14:00")];
    let in_time = given(goal(PURCHASE)).when(chat()[..2].to_vec()).when(bought()).when(chat()[2..].to_vec());
    let late = given(goal(PURCHASE)).when(chat()).when(clock("+9d 00:00")).when(bought());
    let early = given(goal(PURCHASE)).when(bought()).when(chat());
    for scenario in [in_time, late, early] {
        scenario
            .when(clock("+9d 00:00"))
            .then(status(Achieved).at("12:00").by_event("e1"))
            .and(rounds([achieved("10:00", "12:00")]))
            .and(counter(ANNA).measured(1).achieved(1).ended(1, 1).achieved_of_ended(1));
    }
}

#[test]
fn f1_a_restart_in_between_changes_nothing() {
    let mut scenario = given([
        goal(PURCHASE).days(1),
        asked("09:00"),
        event(PURCHASE).at("11:00"),
        merged("ben", "guest", "11:00"),
    ]);
    scenario.world = scenario.world.restored();
    scenario = scenario.when(replied("10:00")).then(status(Achieved).at("11:00"));
    scenario.world = scenario.world.restored();
    scenario
        .when([deleted("12:00"), asked("13:00").customer("guest"), replied("14:00")])
        .then(published([
            tombstone().revision(3),
            change(AwaitingReply).revision(4),
            change(Measuring).revision(5),
        ]))
        .when(clock("+2d 00:00"))
        .then(published([change(Missed).revision(6)]));
}

#[test]
fn f2_no_difference_no_record() {
    given([goal(PURCHASE), asked("09:00"), replied("10:00")])
        .when([
            asked("11:00"),
            replied("11:30"),
            closed("12:00"),
            assigned("12:30", ANNA),
            goal(BOOKING).at("13:00"),
        ])
        .when([
            event(BOOKING).at("13:30"),
            event("Other"),
            merged("ben", "guest", "14:00"),
            clock("+1d 00:00"),
        ])
        .then(nothing_published());
}

#[test]
fn f2_each_record_that_changes_the_view_makes_one_change() {
    given(goal(PURCHASE)).when([asked("09:00"), replied("10:00"), event(PURCHASE)]).then(published([
        change(AwaitingReply).because(CustomerMessage, "09:00").first().revision(1),
        change(Measuring).because(ManagerReply, "10:00").after(AwaitingReply).revision(2),
        change(Achieved).because(GoalEvent, "12:00").after(Measuring).revision(3),
    ]));
    // What comes with a newly named customer is of the same change.
    given([
        goal(PURCHASE),
        asked("09:00"),
        replied("10:00"),
        event(PURCHASE).customer("guest"),
        event(PURCHASE).customer("guest").at("11:00"),
    ])
    .when(asked("13:00").customer("guest"))
    .then(published([change(Achieved).because(CustomerMessage, "13:00")]))
    .and(status(Achieved).at("11:00").customer("guest"));
    given([goal(PURCHASE), asked("09:00"), replied("10:00"), event(PURCHASE).customer("guest")])
        .when(merged("guest", "ben", "13:00"))
        .then(published([change(Achieved).because(CustomerMerged, "13:00")]));
}

#[test]
fn f2_the_customer_of_the_record_with_the_greatest_time_is_part_of_the_view() {
    given([asked("10:00")])
        .when(asked("09:00").customer("guest"))
        .then(nothing_published())
        .when(asked("10:00").customer("guest"))
        .then(nothing_published())
        .when(asked("10:00:00.001").customer("guest"))
        .then(published([change(Status::None)]))
        .and(status(Status::None).customer("guest"));
}

#[test]
fn f2_the_clock_passes_everything_in_order_and_before_the_record_that_moves_it() {
    given([goal(PURCHASE).days(1), asked("09:00"), replied("10:00"), closed("11:00"), asked("12:00")])
        .when([goal_removed("+2d 00:00").logged("13:00"), goal(BOOKING).at("+3d 00:00").logged("13:00")])
        .then(nothing_published())
        .when(replied("+4d 00:00"))
        .then(published([
            change(AwaitingReply).because(Deadline, "+1d 10:00"),
            change(Missed).because(GoalChanged, "+2d 00:00"),
            change(AwaitingReply).because(GoalChanged, "+3d 00:00"),
            change(Measuring).because(ManagerReply, "+4d 00:00"),
        ]));
}

#[test]
fn f2_deadlines_pass_in_the_order_of_time() {
    given([goal(PURCHASE).days(1), asked("09:00").chat("b"), replied("10:00").chat("b")])
        .when([
            asked("09:00").chat("a"),
            replied("11:00").chat("a"),
            asked("09:00").chat("c"),
            replied("09:00").chat("c"),
        ])
        .when(event("Other").at("+5d 00:00"))
        .then(published([
            change(Missed).of("c").because(Deadline, "+1d 09:00"),
            change(Missed).of("b").because(Deadline, "+1d 10:00"),
            change(Missed).of("a").because(Deadline, "+1d 11:00"),
        ]));
}

#[test]
fn f2_the_clock_passes_settings_of_several_channels_at_one_time() {
    given([
        subscribed("-1d 00:00").channel("other"),
        asked("09:00"),
        asked("09:00").chat("elsewhere").channel("other"),
        goal(PURCHASE).at("12:00").logged("10:00"),
        goal(PURCHASE).at("12:00").logged("10:00").channel("other"),
    ])
    .when(clock("12:00"))
    .then(published([
        change(AwaitingReply).of("elsewhere").because(GoalChanged, "12:00"),
        change(AwaitingReply).because(GoalChanged, "12:00"),
    ]));
}

#[test]
fn f2_a_deadline_and_a_setting_may_pass_in_one_millisecond() {
    // The clock is past the deadline when it reaches the setting; another chat waits for the setting.
    given([goal(PURCHASE).days(1), asked("09:00"), replied("10:00"), asked("09:00").chat("waiting")])
        .when([goal_removed("+1d 10:00:00.001").logged("13:00"), clock("+1d 10:00:00.001")])
        .then(status(Missed))
        .and(status(Status::None).of("waiting"));
    // The chat that is due waits itself.
    given([goal(PURCHASE).days(1), asked("09:00"), replied("10:00"), closed("11:00"), asked("12:00")])
        .when([goal_removed("+1d 10:00:00.001").logged("13:00"), clock("+1d 10:00:00.001")])
        .then(status(Missed));
}

#[test]
fn f2_all_deadlines_of_one_millisecond_pass_before_the_record_that_moves_the_clock() {
    given([goal(PURCHASE).days(1), asked("09:00"), replied("10:00")])
        .when([asked("09:00").chat("two"), replied("10:00").chat("two")])
        .when(asked("+1d 10:00:00.001").chat("three"))
        .then(published([
            change(Missed).because(Deadline, "+1d 10:00"),
            change(Missed).of("two").because(Deadline, "+1d 10:00"),
            change(AwaitingReply).of("three").because(CustomerMessage, "+1d 10:00:00.001"),
        ]));
}

#[test]
fn f3_a_rebuild_from_the_topics_gives_the_same() {
    let log = || {
        [
            asked("09:00"),
            event(PURCHASE).at("11:00").id("e1"),
            replied("10:00"),
            closed("12:00"),
            merged("ben", "guest", "12:00"),
            assigned("09:30", BERT),
            deleted("13:00"),
            asked("14:00").customer("guest"),
            replied("15:00"),
        ]
    };
    let fold = || given(goal(PURCHASE).days(1)).when(log()).when(clock("+3d 00:00"));
    let (mut one, mut two) = (fold(), fold());
    assert_eq!(one.world.statuses(), two.world.statuses());
    assert_eq!(one.world.counters(), two.world.counters());
    assert_eq!(one.world.heard.published, two.world.heard.published);
}

#[test]
fn g1_the_clock_never_runs_backwards() {
    given([goal(PURCHASE).days(1), asked("09:00"), replied("10:00"), clock("+2d 00:00")])
        .then(status(Missed))
        .when([clock("12:00"), event("Other").at("12:00")])
        .then(nothing_published())
        .and(status(Missed));
}

#[test]
fn g1_time_enters_only_through_the_clock() {
    // A reply dated ahead of the clock: its deadline counts when the clock gets there.
    given([goal(PURCHASE).days(1), asked("09:00").logged("09:00"), replied("+1d 09:00").logged("09:00")])
        .then(rounds([open("+1d 09:00")]))
        .when(clock("+2d 09:00"))
        .then(rounds([open("+1d 09:00")]))
        .when(clock("+2d 09:00:00.001"))
        .then(rounds([missed("+1d 09:00")]));
}

#[test]
fn g2_catching_up_publishes_no_miss_for_a_round_that_a_record_in_the_logs_achieves() {
    // The clock stands until all that the logs hold is folded.
    let mut scenario = given([goal(PURCHASE).days(1), asked("09:00"), replied("10:00")]).when(clock("10:00"));
    for record in [event(PURCHASE).at("+1d 10:00"), chat_event("Other").at("+9d 00:00")] {
        scenario.world.read(&record);
    }
    scenario.when(clock("+9d 00:00")).then(nothing_published()).and(status(Achieved).at("+1d 10:00"));
}

#[test]
fn g2_a_change_bears_the_time_of_what_made_it_not_of_when_it_was_noticed() {
    given([goal(PURCHASE).days(1), asked("09:00"), replied("10:00")])
        .when(clock("+30d 00:00"))
        .then(published([change(Missed).because(Deadline, "+1d 10:00")]))
        .when(event(PURCHASE).at("11:00"))
        .then(published([change(Achieved).because(GoalEvent, "11:00").correction()]));
}

//! B: the conversation, a state machine over the records of a chat.

use super::language::*;

const PURCHASE: &str = "Purchase";

#[test]
fn b1_the_first_record_opens_the_chat_and_its_first_cycle_has_no_bound() {
    given(chat_event(PURCHASE))
        .then(published([change(Status::None).because(GoalEvent, "12:00").first().revision(1)]));
    given(assigned("10:00", ANNA))
        .then(published([change(Status::None).because(ChatAssigned, "10:00").first()]));
    given(deleted("10:00")).then(no_chat());
    // Everything may be older than the first record.
    given([goal(PURCHASE), opened("10:00")])
        .when([asked("08:00"), replied("09:00")])
        .then(rounds([open("09:00")]));
}

#[test]
fn b1_a_record_that_names_another_channel_is_bad_also_after_a_delete() {
    given([goal(PURCHASE), asked("09:00")])
        .when(replied("10:00").channel("other"))
        .then(bad("belongs to channel shop"))
        .and(nothing_published())
        .and(status(AwaitingReply));
    given([asked("09:00"), deleted("10:00")])
        .when(asked("11:00").channel("other"))
        .then(bad("belongs to channel shop"))
        .and(no_chat());
}

#[test]
fn b1_last_is_the_greatest_time_of_every_kind_but_assignments_and_goal_events() {
    let at_noon = [
        opened("12:00"),
        asked("12:00"),
        replied("12:00"),
        // A second close changes nothing else, and counts here.
        closed("12:00"),
        reopened("12:00"),
    ];
    for last in at_noon {
        let is_close = matches!(&last, record if format!("{:?}", record.says).contains("Closed"));
        // The chat is closed at 09:00 (or at noon with it); a question at noon is not later than `last`.
        let scenario = given([goal(PURCHASE), asked("08:00"), replied("08:30"), last, closed("09:00")]);
        let scenario = if is_close { scenario.when(closed("12:00")) } else { scenario };
        scenario
            .when([asked("12:00"), replied("12:00")])
            .then(rounds([open("08:30")]))
            .when([asked("12:00:00.001"), replied("12:00:00.001")])
            .then(rounds([superseded("08:30"), open("12:00:00.001")]));
    }
    for not_last in [assigned("12:00", ANNA), chat_event("Other")] {
        given([goal(PURCHASE), asked("08:00"), replied("08:30"), not_last, closed("09:00")])
            .when([asked("09:00:00.001"), replied("09:00:00.001")])
            .then(rounds([superseded("08:30"), open("09:00:00.001")]));
    }
}

#[test]
fn b1_last_counts_records_that_change_nothing_else_and_not_those_older_than_the_cycle() {
    // A second question and a second close move `last`.
    given([asked("08:00"), asked("12:00"), closed("09:00")]).then(counter_of_all().ended(1, 1));
    given([
        asked("08:00"),
        closed("09:00"),
        closed("12:00"),
        asked("11:00"),
        asked("12:00:00.001"),
        closed("13:00"),
    ])
    .then(counter(NOBODY).on("2026-03-02").ended(1, 2));
    // Older than the cycle that begins at 10:00, so the chat reopens just after its close.
    given([asked("08:00"), closed("09:00"), reopened("10:00"), opened("09:30"), closed("10:00")])
        .when([asked("10:00:00.001"), closed("11:00")])
        .then(counter_of_all().ended(1, 3));
}

#[test]
fn b2_what_is_older_than_its_cycle_only_names_its_customer() {
    given([goal(PURCHASE), asked("08:00"), closed("09:00"), reopened("10:00")])
        .when([replied("09:59:59.999"), closed("09:59:59.999"), reopened("09:59:59.999")])
        .then(nothing_published())
        .when(replied("10:00"))
        .then(rounds([open("10:00")]));
    given([goal(PURCHASE), opened("08:00"), closed("09:00"), reopened("10:00")])
        .when([asked("09:59:59.999").customer("guest"), replied("10:00")])
        .then(no_rounds())
        .when([asked("10:00"), replied("11:00"), event(PURCHASE).customer("guest")])
        .then(status(Achieved).at("12:00"));
}

#[test]
fn b3_a_question_later_than_everything_reopens_a_closed_chat() {
    given([goal(PURCHASE), asked("08:00"), replied("09:00"), closed("10:00")])
        .when([asked("10:00:00.001"), replied("11:00")])
        .then(rounds([superseded("09:00"), open("11:00")]));
    // Not later than the close: the cycle stays, and it was replied to.
    given([goal(PURCHASE), asked("08:00"), replied("09:00"), closed("10:00")])
        .when([asked("10:00"), replied("11:00")])
        .then(rounds([open("09:00")]));
}

#[test]
fn b3_a_question_that_does_not_reopen_is_still_asked() {
    given([goal(PURCHASE), opened("08:00"), closed("10:00")])
        .when([asked("10:00"), replied("11:00")])
        .then(rounds([open("11:00")]));
}

#[test]
fn b3_a_second_question_changes_nothing() {
    given([goal(PURCHASE), asked("08:00"), asked("09:00"), replied("08:30")]).then(rounds([open("08:30")]));
}

#[test]
fn b4_an_unanswered_question_survives_a_close() {
    given([goal(PURCHASE), asked("08:00"), closed("09:00"), reopened("10:00"), replied("11:00")])
        .then(rounds([open("11:00")]));
}

#[test]
fn b4_a_follow_up_asked_after_the_reply_does_not() {
    given([goal(PURCHASE), asked("08:00"), replied("08:30"), asked("08:40"), closed("09:00")])
        .when([reopened("10:00"), replied("11:00")])
        .then(rounds([open("08:30")]));
}

#[test]
fn b5_the_first_reply_starts_the_period_and_later_ones_do_not_restart_it() {
    given([goal(PURCHASE), asked("09:00"), replied("10:00"), replied("11:00").by(BERT)])
        .then(rounds([open("10:00").by(ANNA)]));
}

#[test]
fn b5_a_reply_at_the_question_answers_it_and_one_dated_before_does_not() {
    given([goal(PURCHASE), asked("09:00"), replied("09:00")]).then(rounds([open("09:00")]));
    given([goal(PURCHASE), asked("09:00"), replied("08:59:59.999")])
        .then(no_rounds())
        .and(status(AwaitingReply));
}

#[test]
fn b5_a_manager_who_writes_first_has_not_answered_anything() {
    given([goal(PURCHASE), replied("08:00"), asked("09:00")])
        .then(no_rounds())
        .when(replied("10:00"))
        .then(rounds([open("10:00")]));
}

#[test]
fn b5_an_early_reply_becomes_the_reply_of_a_question_at_its_time_or_before() {
    given([goal(PURCHASE), replied("10:00"), asked("10:00")]).then(rounds([open("10:00")]));
    given([goal(PURCHASE), replied("10:00"), asked("09:00")]).then(rounds([open("10:00")]));
    given([goal(PURCHASE), replied("10:00"), asked("10:00:00.001")]).then(no_rounds());
}

#[test]
fn b5_of_early_replies_the_latest_counts_and_of_equal_ones_the_first() {
    given([
        goal(PURCHASE),
        replied("10:00").by(ANNA),
        replied("11:00").by(BERT),
        replied("10:30"),
        asked("09:00"),
    ])
    .then(rounds([open("11:00").by(BERT)]));
    given([goal(PURCHASE), replied("10:00").by(ANNA), replied("10:00").by(BERT), asked("09:00")])
        .then(rounds([open("10:00").by(ANNA)]));
}

#[test]
fn b5_an_early_reply_answers_only_the_question_that_is_asked_first() {
    given([goal(PURCHASE), replied("10:00"), asked("11:00"), asked("09:00")]).then(no_rounds());
}

#[test]
fn b5_an_early_reply_stays_with_its_cycle() {
    given([goal(PURCHASE), replied("10:00"), closed("11:00"), asked("12:00")]).then(no_rounds());
    given([goal(PURCHASE), replied("10:00"), closed("11:00"), asked("09:00")]).then(rounds([open("10:00")]));
}

#[test]
fn b5_a_reply_in_a_closed_cycle_counts() {
    given([goal(PURCHASE), asked("09:00"), closed("10:00"), replied("11:00")]).then(rounds([open("11:00")]));
}

#[test]
fn b6_a_close_is_not_before_the_last_record() {
    given([asked("23:00"), replied("+1d 01:00"), closed("23:30")])
        .then(counter(ANNA).on("2026-03-02"))
        .and(counter(ANNA).on("2026-03-03").ended(1, 1));
}

#[test]
fn b6_a_second_close_changes_nothing() {
    given([asked("09:00"), closed("10:00").by(ANNA)])
        .when(closed("11:00").by(BERT))
        .then(counter(ANNA).ended(1, 1))
        .and(counter(BERT))
        .and(counter_of_all().ended(1, 1));
}

#[test]
fn b6_a_reopening_needs_a_closed_cycle_and_a_later_time() {
    let chat = || given([goal(PURCHASE), asked("08:00"), replied("09:00")]);
    chat().when([reopened("10:00"), asked("11:00"), replied("12:00")]).then(rounds([open("09:00")]));
    chat()
        .when([closed("10:00"), reopened("10:00"), asked("10:00"), replied("12:00")])
        .then(rounds([open("09:00")]));
    chat()
        .when([closed("10:00"), reopened("10:00:00.001"), asked("10:00:00.001"), replied("12:00")])
        .then(rounds([superseded("09:00"), open("12:00")]));
}

#[test]
fn b6_the_records_after_a_reopening_in_the_same_millisecond_are_of_the_closed_cycle() {
    given([asked("09:00"), closed("09:00"), reopened("09:00"), closed("09:00")])
        .then(counter_of_all().ended(1, 1));
    given([asked("09:00"), closed("09:00"), reopened("09:00:00.001"), closed("09:00:00.001")])
        .then(counter_of_all().ended(1, 2));
}

#[test]
fn b6_opening_does_nothing_but_name_the_customer() {
    given([goal(PURCHASE), asked("08:00"), closed("09:00")])
        .when(opened("10:00").customer("guest"))
        .then(status(AwaitingReply).customer("guest"))
        .when([reopened("10:00"), closed("10:00")])
        .then(counter_of_all().ended(1, 1));
}

#[test]
fn b7_the_assignee_is_read_as_of_a_time() {
    given([
        goal(PURCHASE),
        assigned("11:00", BERT),
        assigned("09:00", ANNA),
        asked("08:00"),
        replied("10:59:59.999"),
    ])
    .then(status(Measuring).credited(ANNA));
    given([
        goal(PURCHASE),
        assigned("11:00", BERT),
        assigned("09:00", ANNA),
        asked("08:00"),
        replied("11:00"),
    ])
    .then(status(Measuring).credited(BERT));
}

#[test]
fn b7_of_equal_times_the_later_in_the_log_counts_and_a_repeat_is_not_added() {
    given([goal(PURCHASE), assigned("09:00", BERT), assigned("09:00", "carl"), assigned("09:00", BERT)])
        .when([asked("10:00"), replied("10:00")])
        .then(status(Measuring).credited("carl"));
    given([goal(PURCHASE), assigned("09:00", NOBODY), assigned("09:00", BERT), assigned("09:00", NOBODY)])
        .when([asked("10:00"), replied("10:00")])
        .then(status(Measuring).credited(BERT));
}

#[test]
fn b8_a_delete_takes_everything_back() {
    given([goal(PURCHASE), asked("08:00"), replied("09:00"), event(PURCHASE), closed("13:00")])
        .then(counter(ANNA).measured(1).achieved(1).ended(1, 1).achieved_of_ended(1))
        .when(deleted("14:00"))
        .then(published([tombstone().revision(4)]))
        .and(no_chat())
        .and(no_counters());
}

#[test]
fn b8_what_is_not_later_than_the_delete_changes_nothing() {
    given([goal(PURCHASE), asked("08:00"), deleted("10:00")])
        .when([
            asked("10:00"),
            replied("09:00"),
            deleted("10:00"),
            deleted("09:00"),
            chat_event(PURCHASE).at("10:00"),
        ])
        .then(nothing_published())
        .and(no_chat());
}

#[test]
fn b8_what_is_later_starts_a_new_chat_whose_revisions_go_on() {
    given([goal(PURCHASE), asked("08:00"), replied("09:00"), deleted("10:00")])
        .when(asked("10:00:00.001"))
        .then(published([change(AwaitingReply).first().revision(4)]))
        .and(no_rounds())
        // What is older than the delete does not come back.
        .when([replied("10:00"), assigned("10:00", BERT), replied("11:00")])
        .then(rounds([open("11:00")]))
        .and(status(Measuring).credited(ANNA));
}

#[test]
fn b8_a_delete_takes_a_chat_with_later_records_and_a_redelivered_one_starts_it_again() {
    given([goal(PURCHASE), asked("12:00"), deleted("10:00")])
        .then(no_chat())
        .when(asked("12:00"))
        .then(published([change(AwaitingReply).first().revision(3)]));
}

#[test]
fn b8_deleting_what_is_not_there_publishes_nothing() {
    given(deleted("10:00"))
        .then(nothing_published())
        .when(asked("10:00"))
        .then(nothing_published())
        .when(asked("10:00:00.001"))
        .then(published([change(Status::None).first().revision(1)]))
        .when([deleted("11:00"), deleted("12:00")])
        .then(published([tombstone().revision(2)]))
        // The latest delete counts.
        .when(asked("12:00"))
        .then(nothing_published());
}

#[test]
fn b8_a_new_chat_knows_only_customers_and_assignees_of_its_own() {
    given([goal(PURCHASE), assigned("08:00", BERT), asked("08:00"), deleted("10:00")])
        .when([asked("11:00").customer("guest"), replied("11:00")])
        .when(event(PURCHASE))
        .then(status(Measuring).credited(ANNA))
        .when(asked("13:00"))
        .then(status(Achieved).at("12:00"));
}

#[test]
fn b9_its_events_are_those_that_name_it_and_those_of_its_customers() {
    let chat = || given([goal(PURCHASE), asked("08:00"), replied("09:00")]);
    chat().when(chat_event(PURCHASE)).then(status(Achieved));
    chat().when(event(PURCHASE)).then(status(Achieved));
    chat()
        .when([event(PURCHASE).customer("guest"), chat_event(PURCHASE).chat("other")])
        .then(status(Measuring));
    chat()
        .when([opened("09:30").customer("guest"), event(PURCHASE).customer("guest")])
        .then(status(Achieved));
}

#[test]
fn b9_events_merges_and_records_count_in_whatever_order_they_arrive() {
    let said = [
        asked("08:00"),
        event(PURCHASE).customer("member"),
        merged("ben", "guest", "11:00"),
        merged("member", "guest", "13:00"),
    ];
    for order in orders(said.len()) {
        let said = order.iter().map(|index| said[*index].clone()).collect::<Vec<_>>();
        given([goal(PURCHASE)]).when(said).when(replied("09:00")).then(status(Achieved).at("12:00"));
    }
}

fn orders(count: usize) -> Vec<Vec<usize>> {
    let Some(last) = count.checked_sub(1) else { return vec![Vec::new()] };
    let mut all = Vec::new();
    for order in orders(last) {
        for place in 0..=order.len() {
            let mut order = order.clone();
            order.insert(place, last);
            all.push(order);
        }
    }
    all
}

#[test]
fn b9_merging_is_symmetric() {
    for merge in [merged("ben", "guest", "10:00"), merged("guest", "ben", "10:00")] {
        given([goal(PURCHASE), asked("08:00"), replied("09:00"), merge, event(PURCHASE).customer("guest")])
            .then(status(Achieved));
    }
}

#[test]
fn b9_a_customer_merged_into_itself_changes_nothing() {
    given([goal(PURCHASE), asked("08:00"), replied("09:00")])
        .when(merged("ben", "ben", "10:00"))
        .then(nothing_published())
        .when(event(PURCHASE))
        .then(status(Achieved));
}

#[test]
fn b9_customers_are_those_of_the_channel() {
    given([goal(PURCHASE), asked("08:00"), replied("09:00"), goal(PURCHASE).channel("other")])
        .when(event(PURCHASE).channel("other"))
        .then(status(Measuring))
        .when([merged("ben", "guest", "10:00").channel("other"), event(PURCHASE).customer("guest")])
        .then(status(Measuring));
}

#[test]
fn b9_goal_events_and_assignments_do_not_touch_the_cycle_and_customers_make_no_chat() {
    given([goal(PURCHASE), asked("08:00"), replied("09:00"), closed("10:00")])
        .when([
            chat_event("Other").at("12:00"),
            assigned("12:00", ANNA),
            asked("10:00:00.001"),
            replied("11:00"),
        ])
        .then(rounds([superseded("09:00"), open("11:00")]));
    given([goal(PURCHASE), event(PURCHASE), merged("ben", "guest", "10:00")]).then(no_chat());
}

#[test]
fn b10_a_record_that_comes_twice_changes_nothing() {
    let log = || {
        [
            asked("08:00"),
            replied("08:00"),
            assigned("08:30", BERT),
            event(PURCHASE).at("09:00"),
            chat_event(PURCHASE).at("09:00").id("e1"),
            closed("10:00"),
            closed("10:30"),
            reopened("11:00"),
            replied("11:00"),
            asked("11:00"),
            merged("ben", "guest", "11:00"),
            closed("12:00"),
        ]
    };
    for (index, again) in log().into_iter().enumerate() {
        given(goal(PURCHASE)).when(log()).when(again.clone()).then(nothing_published());
        // At once.
        given(goal(PURCHASE)).when(log()[..=index].to_vec()).when(again).then(nothing_published());
    }
    given(goal(PURCHASE))
        .when(log())
        .when(log())
        .then(counter_of_all().measured(1).achieved(1).ended(1, 2).achieved_of_ended(1));
}

#[test]
fn b10_events_are_the_same_by_their_id_or_without_ids_by_time_and_goals() {
    let chat =
        || given([goal(PURCHASE), asked("08:00"), replied("09:00"), event(PURCHASE).id("e1").at("11:00")]);
    chat().when(event(PURCHASE).id("e1").at("10:00")).then(status(Achieved).at("11:00"));
    chat().when(event(PURCHASE).id("e0").at("10:00")).then(status(Achieved).at("10:00"));
    chat().when(chat_event(PURCHASE).id("e1").at("10:00")).then(status(Achieved).at("11:00"));
    given([goal(PURCHASE), asked("08:00"), replied("09:00"), event(PURCHASE)])
        .when([event(PURCHASE), chat_event(PURCHASE), event(PURCHASE).with("sum", 3.0)])
        .then(nothing_published());
}

#[test]
fn b10_an_event_that_was_forgotten_is_as_if_it_never_came() {
    given([asked("08:00"), event(PURCHASE).id("e1"), goal(PURCHASE), replied("09:00")])
        .then(status(Measuring))
        .when(event(PURCHASE).id("e1"))
        .then(status(Achieved).by_event("e1"));
}

//! E: who is credited, and what is counted.

use super::language::*;

const PURCHASE: &str = "Purchase";

#[test]
fn e1_the_assignee_at_that_time_is_credited() {
    given([
        goal(PURCHASE),
        asked("09:00"),
        replied("10:00"),
        assigned("12:00", BERT),
        event(PURCHASE).at("12:00"),
    ])
    .then(status(Achieved).credited(BERT).first_replied(ANNA))
    .and(counter(ANNA).measured(1))
    .and(counter(BERT).achieved(1));
    given([
        goal(PURCHASE),
        asked("09:00"),
        replied("10:00"),
        assigned("12:00", BERT),
        event(PURCHASE).at("11:59:59.999"),
    ])
    .then(status(Achieved).credited(ANNA));
}

#[test]
fn e1_an_explicit_nobody_counts_as_none() {
    given([
        goal(PURCHASE),
        assigned("08:00", BERT),
        asked("09:00"),
        replied("10:00"),
        assigned("11:00", NOBODY),
    ])
    .then(status(Measuring).credited(BERT))
    .when(event(PURCHASE))
    .then(status(Achieved).credited(ANNA));
}

#[test]
fn e1_failing_that_the_manager_of_the_latest_reply_that_counts() {
    // Only the replies of B5: the second one of a cycle does not count.
    given([goal(PURCHASE), asked("09:00"), replied("10:00"), replied("11:00").by(BERT), event(PURCHASE)])
        .then(status(Achieved).credited(ANNA));
    given([goal(PURCHASE), asked("09:00"), replied("10:00"), event(PURCHASE), closed("13:00")])
        .when([asked("14:00"), replied("15:00").by(BERT), closed("16:00").by("carl")])
        .then(counter(ANNA).measured(1).achieved(1).ended(1, 1).achieved_of_ended(1))
        .and(counter(BERT).ended(1, 1).achieved_of_ended(1))
        .and(counter("carl"));
}

#[test]
fn e1_failing_that_whoever_closed_it_and_failing_that_nobody() {
    given([asked("09:00"), closed("10:00").by(BERT)]).then(counter(BERT).ended(1, 1));
    given([asked("09:00"), closed("10:00")]).then(counter(NOBODY).ended(1, 1));
    // A reply that answered nothing gives no credit.
    given([replied("09:00"), closed("10:00").by(BERT)]).then(counter(BERT).ended(1, 1));
    given([asked("09:00"), assigned("09:00", ANNA), closed("10:00").by(BERT)])
        .then(counter(ANNA).ended(1, 1));
}

#[test]
fn e1_a_late_assignment_moves_the_credit() {
    given([goal(PURCHASE).days(1), asked("09:00"), replied("10:00"), clock("+2d 00:00")])
        .then(status(Missed).credited(ANNA))
        .when(assigned("+1d 10:00", BERT))
        .then(status(Missed).credited(BERT))
        .and(counter(ANNA).measured(1))
        .and(counter(BERT).on("2026-03-03").missed(1));
}

#[test]
fn e2_dates_are_those_of_the_channels_time_zone_as_of_that_time() {
    given([time_zone("Europe/Berlin"), asked("22:00"), closed("22:59:59.999")])
        .then(counter(NOBODY).on("2026-03-02").ended(1, 1));
    given([time_zone("Europe/Berlin"), asked("22:00"), closed("23:00")])
        .then(counter(NOBODY).on("2026-03-03").ended(1, 1));
    given([time_zone("Europe/Berlin").at("23:00:00.001"), asked("22:00"), closed("23:00")])
        .then(counter(NOBODY).on("2026-03-02").ended(1, 1));
    given([time_zone("America/New_York"), asked("01:00"), closed("04:59:59.999")])
        .then(counter(NOBODY).on("2026-03-01").ended(1, 1));
}

#[test]
fn e2_summer_time_is_in_the_time_zone_data() {
    // 2026-03-29 at 01:00 UTC Berlin goes from +1 to +2: midnight is at 22:00 UTC from then on.
    given([time_zone("Europe/Berlin"), asked("+26d 20:00"), closed("+26d 22:59:59.999")])
        .then(counter(NOBODY).on("2026-03-28").ended(1, 1));
    given([time_zone("Europe/Berlin"), asked("+27d 20:00"), closed("+27d 22:00")])
        .then(counter(NOBODY).on("2026-03-30").ended(1, 1));
}

#[test]
fn e3_a_chat_adds_to_a_manager_and_to_the_channel_by_date_and_in_total() {
    given([
        goal(PURCHASE),
        asked("09:00"),
        replied("10:00"),
        assigned("+1d 00:00", BERT),
        event(PURCHASE).at("+1d 01:00"),
    ])
    .when(closed("+2d 00:00"))
    .then(counter(ANNA).on("2026-03-02").measured(1))
    .and(counter(ANNA).measured(1))
    .and(counter(BERT).on("2026-03-03").achieved(1))
    .and(counter(BERT).on("2026-03-04").ended(1, 1).achieved_of_ended(1))
    .and(counter(BERT).achieved(1).ended(1, 1).achieved_of_ended(1))
    .and(counter_of_all().on("2026-03-02").measured(1))
    .and(counter_of_all().on("2026-03-03").achieved(1))
    .and(counter_of_all().on("2026-03-04").ended(1, 1).achieved_of_ended(1))
    .and(counter_of_all().measured(1).achieved(1).ended(1, 1).achieved_of_ended(1));
}

#[test]
fn e3_a_chat_counts_once_at_most_in_a_bucket_but_every_close_counts() {
    given([
        goal(PURCHASE),
        asked("08:00"),
        replied("09:00"),
        closed("10:00"),
        asked("11:00"),
        replied("12:00"),
    ])
    .when([closed("13:00"), asked("+1d 08:00"), replied("+1d 09:00").by(BERT), closed("+1d 10:00")])
    .then(counter(ANNA).on("2026-03-02").measured(1).ended(1, 2))
    .and(counter(ANNA).measured(1).ended(1, 2))
    .and(counter(BERT).measured(1).ended(1, 1))
    .and(counter_of_all().on("2026-03-02").measured(1).ended(1, 2))
    .and(counter_of_all().on("2026-03-03").measured(1).ended(1, 1))
    .and(counter_of_all().measured(1).ended(1, 3));
}

#[test]
fn e3_two_chats_count_twice() {
    given([
        goal(PURCHASE),
        asked("08:00"),
        replied("09:00"),
        asked("08:00").chat("two"),
        replied("09:00").chat("two"),
    ])
    .then(counter(ANNA).measured(2))
    .and(counter_of_all().on("2026-03-02").measured(2));
}

#[test]
fn e3_a_superseded_round_is_measured_and_nothing_else() {
    given([
        goal(PURCHASE),
        asked("08:00"),
        replied("09:00").by(BERT),
        closed("10:00"),
        asked("11:00"),
        replied("12:00"),
    ])
    .then(counter(BERT).measured(1).ended(1, 1))
    .and(counter(ANNA).measured(1));
}

#[test]
fn e3_achieved_of_ended_follows_the_status_wherever_the_chat_ended() {
    given([goal(PURCHASE), asked("08:00"), replied("09:00"), closed("10:00").by(BERT)])
        .then(counter(ANNA).on("2026-03-02").measured(1).ended(1, 1))
        .when(event(PURCHASE).at("+2d 12:00"))
        .then(counter(ANNA).on("2026-03-02").measured(1).ended(1, 1).achieved_of_ended(1))
        .and(counter(ANNA).on("2026-03-04").achieved(1));
}

#[test]
fn e4_the_rates_are_over_what_ended_and_absent_without() {
    use chat_goals::contract::json::output::totals;
    use chat_goals::domain::credit::{Bucket, Counts};
    let json = |counts: Counts| {
        serde_json::to_value(totals(SHOP, &Bucket { manager: None, date: None }, &counts)).unwrap()
    };
    let counts = Counts { achieved: 3, ended: 2, achieved_of_ended: 1, closes: 5, ..Counts::default() };
    assert_eq!(json(counts)["achievementRate"], 1.5);
    assert_eq!(json(counts)["endedAchievementRate"], 0.5);
    let none = json(Counts { achieved: 3, ..Counts::default() });
    assert!(none.get("achievementRate").is_none() && none.get("endedAchievementRate").is_none());
    let zero = json(Counts { ended: 3, ..Counts::default() });
    assert!(zero["achievementRate"] == 0.0 && zero["endedAchievementRate"] == 0.0);
}

#[test]
fn e5_counters_follow_a_correction_down_to_zero() {
    given([goal(PURCHASE), asked("09:00"), replied("10:00"), event(PURCHASE)])
        .then(counter(ANNA).measured(1).achieved(1))
        .when(unsubscribed("09:30").logged("13:00"))
        .then(no_counters());
}

#[test]
fn e5_a_bucket_that_falls_back_to_zeros_is_published_once_more() {
    let mut scenario = given([asked("09:00"), closed("10:00")]).then(counter_of_all().ended(1, 1));
    let published = scenario.world.heard.counters.len();
    assert_eq!(published, 4, "a manager and the channel, by date and in total");
    scenario = scenario.when(deleted("11:00")).then(no_counters());
    let zeros = &scenario.world.heard.counters[published..];
    assert_eq!(zeros.len(), 4);
    assert!(zeros.iter().all(|counter| counter.counts.is_zero() && counter.revision == 2));
    scenario = scenario.when([asked("10:30"), deleted("10:45")]).then(no_counters());
    assert_eq!(scenario.world.heard.counters.len(), 8, "zeros that stay zeros are not published");
}

//! A: the settings of a channel, goals, and which events match them.

use super::language::*;
use super::world::{Published, Record, Says, World};
use chat_goals::domain::goal::{Days, Filter, Goal, Property};

#[test]
fn a1_the_goal_as_of_the_reply_counts() {
    given([goal("Booking"), goal("Purchase").at("10:00"), asked("08:00"), replied("09:59:59.999")])
        .then(status(Measuring).goal("Booking"));
    given([goal("Booking"), goal("Purchase").at("10:00"), asked("08:00"), replied("10:00")])
        .then(status(Measuring).goal("Purchase"));
}

#[test]
fn a1_of_equal_times_the_later_in_the_log_counts() {
    given([goal("Booking").at("08:00"), goal("Purchase").at("08:00"), asked("08:00"), replied("08:00")])
        .then(status(Measuring).goal("Purchase"));
    given([unsubscribed("08:00"), subscribed("08:00"), goal("Purchase"), asked("08:00"), replied("08:00")])
        .then(status(Measuring));
}

#[test]
fn a1_a_record_that_is_there_already_is_not_added_again() {
    // Without ids: the same time and content.
    given([goal("Booking").at("08:00"), goal("Purchase").at("08:00"), goal("Booking").at("08:00")])
        .when([asked("09:00"), replied("09:00")])
        .then(status(Measuring).goal("Purchase"));
    // With ids: the same id, whatever it says.
    given([goal("Booking").id("g1"), goal("Purchase").at("08:00").id("g1")])
        .when([asked("09:00"), replied("09:00")])
        .then(status(Measuring).goal("Booking"));
    // Another id is another record.
    given([
        goal("Booking").at("08:00").id("g1"),
        goal("Purchase").at("08:00"),
        goal("Booking").at("08:00").id("g2"),
    ])
    .when([asked("09:00"), replied("09:00")])
    .then(status(Measuring).goal("Booking"));
}

#[test]
fn a1_a_setting_may_lie_in_the_future_of_the_moment_it_is_read() {
    given([asked("09:00"), goal("Purchase").at("11:00").logged("09:30")])
        .then(status(Status::None))
        .when(clock("10:59:59.999"))
        .then(nothing_published())
        .when(clock("11:00"))
        .then(published([change(AwaitingReply).because(GoalChanged, "11:00")]));
}

#[test]
fn a2_without_a_subscription_nothing_is_tracked() {
    given_unsubscribed([goal("Purchase"), asked("09:00"), replied("10:00"), event("Purchase")])
        .then(status(Status::None))
        .and(no_rounds());
}

#[test]
fn a2_a_platform_without_subscriptions_counts_every_channel_as_subscribed() {
    given_no_subscriptions([goal("Purchase"), asked("09:00"), replied("10:00")])
        .then(status(Measuring))
        .when([unsubscribed("11:00"), event("Purchase")])
        .then(status(Achieved));
}

#[test]
fn a2_without_a_goal_there_is_none_and_without_a_time_zone_it_is_utc() {
    given([asked("09:00"), replied("10:00"), closed("23:59:59.999")])
        .then(status(Status::None))
        .and(counter(ANNA).on("2026-03-02").ended(1, 1));
}

fn content(days: u32, filter: Filter) -> Goal {
    Goal { event_name: "Purchase".into(), filter, days: Days::new(days).expect("legal") }
}

#[test]
fn a3_a_goal_has_1_3_7_15_or_30_days() {
    let legal: Vec<u32> = (0..100).filter(|days| Days::new(*days).is_some()).collect();
    assert_eq!(legal, [1, 3, 7, 15, 30]);
}

#[test]
fn a3_goals_are_equal_when_their_content_is() {
    let filter = |clauses: &[&[(&str, Values)]]| -> Filter {
        let mut goal = goal("Purchase");
        for conditions in clauses {
            for (index, (property, values)) in conditions.iter().enumerate() {
                let values = Values(values.0.clone());
                goal = if index == 0 {
                    goal.only(property, Equals, values)
                } else {
                    goal.or(property, Equals, values)
                };
            }
        }
        goal.wanted().filter
    };
    assert_eq!(content(7, filter(&[])), content(7, Filter::default()));
    assert_ne!(content(7, filter(&[])), content(3, filter(&[])));
    let one = |values: Values| filter(&[&[("sum", values)]]);
    assert_eq!(one(1.0.into()), one(Values::from(1f64)));
    assert_ne!(one(1.0.into()), one(true.into()));
    assert_ne!(one([1.0, 2.0].into()), one([2.0, 1.0].into()), "the order of values matters");
    assert_ne!(
        filter(&[&[("a", 1.0.into())], &[("b", 1.0.into())]]),
        filter(&[&[("b", 1.0.into())], &[("a", 1.0.into())]]),
        "the order of clauses matters"
    );
    assert_ne!(
        filter(&[&[("a", 1.0.into()), ("b", 1.0.into())]]),
        filter(&[&[("b", 1.0.into()), ("a", 1.0.into())]]),
        "the order of conditions matters"
    );
    assert_ne!(
        condition("a", Exists, NO_VALUES),
        condition("a", Exists, "x"),
        "the values of an operator that looks at none count too"
    );
}

#[test]
fn a3_saving_the_same_goal_again_is_no_change() {
    given([
        goal("Purchase"),
        asked("09:00"),
        replied("10:00"),
        event("Purchase").at("11:00"),
        closed("12:00"),
    ])
    .when([goal("Purchase").at("13:00"), asked("14:00"), replied("15:00")])
    .then(rounds([achieved("10:00", "11:00")]));
}

#[test]
fn a3_another_period_is_another_goal_and_changing_back_is_a_change_back() {
    given([
        goal("Purchase"),
        asked("09:00"),
        replied("10:00"),
        event("Purchase").at("11:00"),
        closed("12:00"),
    ])
    .when([goal("Purchase").days(3).at("13:00"), asked("14:00"), replied("15:00"), closed("16:00")])
    .then(rounds([achieved("10:00", "11:00"), open("15:00")]))
    .when([goal("Purchase").days(7).at("17:00"), asked("18:00"), replied("19:00")])
    .then(rounds([achieved("10:00", "11:00"), open("15:00")]));
}

#[test]
fn a4_the_goal_is_tracked_if_the_channel_is_subscribed_then() {
    given_unsubscribed([goal("Purchase"), subscribed("10:00"), asked("09:00"), replied("09:59:59.999")])
        .then(no_rounds());
    given_unsubscribed([goal("Purchase"), subscribed("10:00"), asked("09:00"), replied("10:00")])
        .then(rounds([open("10:00")]));
    given([goal("Purchase"), unsubscribed("10:00"), asked("09:00"), replied("10:00")]).then(no_rounds());
}

/// Whether an event with these properties holds a condition on `p`.
fn holds(
    properties: &[(&str, Value)],
    property: &str,
    operator: Operator,
    values: impl Into<Values>,
) -> bool {
    let goal = goal("Purchase").only(property, operator, values).wanted();
    let properties = properties.iter().map(|(name, value)| ((*name).into(), value.clone().0)).collect();
    goal.matches("Purchase", &Property::Object(properties))
}

fn p(value: impl Into<Value>) -> [(&'static str, Value); 1] {
    [("p", value.into())]
}

#[test]
fn a5_the_name_must_be_the_same() {
    given([goal("Purchase"), asked("09:00"), replied("10:00"), event("purchase"), event("Purchase ")])
        .then(status(Measuring))
        .when(event("Purchase"))
        .then(status(Achieved));
}

#[test]
fn a5_all_clauses_and_of_each_any_condition() {
    let wants = || goal("Purchase").only("a", Equals, 1.0).or("b", Equals, 1.0).only("c", Equals, 1.0);
    given([wants(), asked("09:00"), replied("10:00")])
        .when([event("Purchase").with("a", 1.0).with("b", 1.0), event("Purchase").with("c", 1.0)])
        .then(status(Measuring))
        .when(event("Purchase").with("b", 1.0).with("c", 1.0))
        .then(status(Achieved));
}

#[test]
fn a5_a_path_is_split_at_every_dot_and_goes_through_objects_only() {
    let nested = [("a", object([("b", "x".into())]))];
    assert!(holds(&nested, "a.b", Equals, "x"));
    assert!(!holds(&nested, "b", Equals, "x"));
    assert!(holds(&nested, "a", Exists, NO_VALUES));
    assert!(holds(&[("a", list([object([("b", "x".into())])]))], "a.b", NotExists, NO_VALUES));
    assert!(holds(&[("a.b", "x".into())], "a.b", NotExists, NO_VALUES), "there is no escape");
    assert!(holds(&[("a", list(["x".into()]))], "a.0", NotExists, NO_VALUES));
    assert!(holds(&[("a", "x".into())], "a.b", NotExists, NO_VALUES));
}

#[test]
fn a5_null_is_missing_and_false_is_not() {
    for (properties, there) in
        [(p(null()), false), (p(false), true), (p(0.0), true), (p(""), true), (p(list([])), true)]
    {
        assert_eq!(holds(&properties, "p", Exists, NO_VALUES), there);
        assert_eq!(holds(&properties, "p", NotExists, NO_VALUES), !there);
    }
    assert!(!holds(&[], "p", Exists, NO_VALUES) && holds(&[], "p", NotExists, NO_VALUES));
}

#[test]
fn a5_equals_wants_the_same_kind() {
    assert!(holds(&p("1"), "p", Equals, ["0", "1"]));
    assert!(!holds(&p("1"), "p", Equals, 1.0));
    assert!(!holds(&p(1.0), "p", Equals, true));
    assert!(!holds(&p(1.0), "p", Equals, "1"));
    assert!(holds(&p(true), "p", Equals, true) && !holds(&p(true), "p", Equals, false));
    assert!(holds(&p(2.0), "p", Equals, [1.0, 2.0]));
    assert!(!holds(&p(2.0), "p", Equals, NO_VALUES));
    assert!(!holds(&p(list(["a".into()])), "p", Equals, "a"));
    assert!(!holds(&[], "p", Equals, "a"));
}

#[test]
fn a5_not_equals_is_not_equals_and_holds_when_it_is_missing() {
    assert!(holds(&[], "p", NotEquals, "a") && holds(&p(null()), "p", NotEquals, "a"));
    assert!(!holds(&p("a"), "p", NotEquals, ["a", "b"]));
    assert!(holds(&p(1.0), "p", NotEquals, "1"));
    assert!(holds(&p(1.0), "p", NotEquals, NO_VALUES));
}

#[test]
fn a5_contains_looks_into_strings_and_lists() {
    assert!(holds(&p("a big order"), "p", Contains, ["small", "big"]));
    assert!(holds(&p("abc"), "p", Contains, ""));
    assert!(!holds(&p("abc"), "p", Contains, "B"));
    assert!(!holds(&p("1"), "p", Contains, 1.0));
    assert!(holds(&p(list(["a".into(), 1.0.into()])), "p", Contains, 1.0));
    assert!(!holds(&p(list(["abc".into()])), "p", Contains, "b"), "an item, not a part of one");
    assert!(!holds(&p(list([1.0.into()])), "p", Contains, true));
    assert!(
        !holds(&p(12.0), "p", Contains, 1.0) && !holds(&p(object([("a", "a".into())])), "p", Contains, "a")
    );
    assert!(!holds(&[], "p", Contains, ""));
}

#[test]
fn a5_comparisons_are_of_numbers_by_value_and_of_strings_by_bytes() {
    assert!(holds(&p(10.0), "p", GreaterThan, 9.0) && !holds(&p(9.0), "p", GreaterThan, 9.0));
    assert!(holds(&p(9.0), "p", GreaterOrEqual, 9.0) && !holds(&p(8.9), "p", GreaterOrEqual, 9.0));
    assert!(holds(&p(-1.0), "p", LessThan, 0.0) && !holds(&p(0.0), "p", LessThan, 0.0));
    assert!(holds(&p(0.0), "p", LessOrEqual, 0.0) && !holds(&p(0.1), "p", LessOrEqual, 0.0));
    assert!(holds(&p(5.0), "p", GreaterThan, [9.0, 4.0]), "for one of the values");
    assert!(!holds(&p("10"), "p", GreaterThan, "9") && holds(&p("é"), "p", GreaterThan, "z"));
    assert!(!holds(&p("10"), "p", GreaterThan, 9.0) && !holds(&p(10.0), "p", GreaterThan, "9"));
    assert!(!holds(&p(true), "p", GreaterOrEqual, true), "any other pairing never holds");
    assert!(!holds(&[], "p", LessOrEqual, 0.0) && !holds(&p(list([1.0.into()])), "p", LessOrEqual, 1.0));
}

#[test]
fn a6_a_goal_takes_effect_not_before_its_log_timestamp() {
    let backdated = || goal("Purchase").at("08:00").logged("10:00");
    given([asked("09:00").logged("09:00"), backdated()])
        .when(replied("09:59:59.999").logged("10:00"))
        .then(no_rounds());
    given([asked("09:00").logged("09:00"), backdated()])
        .when(replied("10:00").logged("10:00"))
        .then(rounds([open("10:00")]));
    given([goal("Purchase"), goal_removed("08:00").logged("10:00"), asked("09:00").logged("10:00")])
        .when(replied("09:59:59.999").logged("10:00"))
        .then(rounds([open("09:59:59.999")]));
}

#[test]
fn a6_a_goal_dated_ahead_takes_effect_at_its_own_time() {
    given([goal("Purchase").at("12:00").logged("10:00"), asked("09:00").logged("10:00")])
        .when(replied("11:59:59.999").logged("11:59:59.999"))
        .then(no_rounds());
    given([goal("Purchase").at("12:00").logged("10:00"), asked("09:00").logged("10:00")])
        .when(replied("12:00").logged("12:00"))
        .then(rounds([open("12:00")]));
}

#[test]
fn a6_a_backdated_goal_changes_the_chats_that_wait_when_it_takes_effect() {
    given(asked("09:00").logged("09:00"))
        .when(goal("Purchase").at("08:00").logged("10:00"))
        .then(published([change(AwaitingReply).because(GoalChanged, "10:00")]));
}

#[test]
fn a6_an_event_that_matches_no_goal_of_the_history_is_forgotten() {
    given([asked("09:00"), event("Purchase").at("11:00")])
        .when([goal("Purchase"), replied("10:00")])
        .then(rounds([open("10:00")]))
        .when(event("Purchase").at("11:00"))
        .then(rounds([achieved("10:00", "11:00")]));
}

#[test]
fn a6_an_event_is_judged_against_every_goal_of_the_history() {
    given([goal("Purchase"), goal("Booking").at("08:00"), asked("09:00"), event("Purchase").at("11:00")])
        .when([goal("Purchase").at("09:30"), replied("10:00")])
        .then(status(Achieved).at("11:00").goal("Purchase"));
}

#[test]
fn a6_an_event_dated_ahead_is_judged_by_the_goals_that_were_there_then() {
    let late_goal = || goal("Purchase").at("-1d 00:00").logged("10:00");
    // The event enters the log before the goal, and is read after it.
    given([asked("09:00").logged("09:00"), late_goal()])
        .when([event("Purchase").at("12:00").logged("09:59:59.999"), replied("11:00").logged("11:00")])
        .then(rounds([open("11:00")]));
    given([asked("09:00").logged("09:00"), late_goal()])
        .when([event("Purchase").at("12:00").logged("10:00"), replied("11:00").logged("11:00")])
        .then(rounds([achieved("11:00", "12:00")]));
    // The same for an event that names the chat.
    given([asked("09:00").logged("09:00"), late_goal()])
        .when([chat_event("Purchase").at("12:00").logged("09:59:59.999"), replied("11:00").logged("11:00")])
        .then(rounds([open("11:00")]));
    // The goal was there before, by its content.
    given([
        goal("Purchase").logged("-1d 00:00"),
        goal_removed("08:00").logged("08:00"),
        asked("09:00").logged("09:00"),
    ])
    .when([
        late_goal().id("again"),
        event("Purchase").at("12:00").logged("09:59:59.999"),
        replied("11:00").logged("11:00"),
    ])
    .then(rounds([achieved("11:00", "12:00")]));
}

#[test]
fn a6_a_late_subscription_and_a_late_time_zone_still_count_from_their_own_time() {
    given_unsubscribed([goal("Purchase"), asked("09:00"), replied("10:00"), closed("23:00")])
        .then(no_rounds())
        .and(counter(ANNA).on("2026-03-02").ended(1, 1))
        .when(subscribed("10:00").logged("+2d 10:00"))
        .then(rounds([open("10:00")]))
        .and(published([change(Measuring).because(GoalChanged, "10:00")]))
        .when(time_zone("Europe/Berlin").at("23:00").logged("+2d 10:00"))
        .then(counter(ANNA).on("2026-03-02").measured(1))
        .and(counter(ANNA).on("2026-03-03").ended(1, 1));
}

#[test]
fn a6_a_late_time_zone_moves_the_date_of_a_miss_after_the_last_record() {
    // The deadline is the only thing that happens after the time zone.
    given([goal("Purchase").days(7), asked("23:00"), replied("23:00"), clock("+8d 00:00")])
        .then(counter(ANNA).on("2026-03-09").missed(1))
        .when(time_zone("Europe/Berlin").at("+3d 00:00").logged("+8d 00:00"))
        .then(counter(ANNA).on("2026-03-09"))
        .and(counter(ANNA).on("2026-03-10").missed(1));
}

#[test]
fn a6_a_late_time_zone_moves_the_date_of_a_close_dated_ahead() {
    given([asked("09:00").logged("09:00"), closed("23:00").logged("10:00")])
        .when(time_zone("Europe/Berlin").at("11:00").logged("11:00"))
        .then(counter(NOBODY).on("2026-03-03").ended(1, 1));
}

/// So many that nobody is looked for in each of their channels by itself.
const MANY: usize = 300;

fn of_channel(number: usize, record: Record) -> Record {
    let record = record.channel(&format!("ch{number}"));
    if matches!(record.says, Says::Setting(_)) { record } else { record.chat(&format!("chat{number}")) }
}

/// In every seventh of them a chat, at this status.
#[track_caller]
fn all_are(world: &World, wanted: Status) {
    let statuses = world.statuses();
    let chats: Vec<_> = statuses.iter().map(|((_, chat), shown)| (&**chat, shown.view.status)).collect();
    let mut all: Vec<_> = (0..MANY).step_by(7).map(|number| format!("chat{number}")).collect();
    all.sort_unstable();
    let mut shown: Vec<_> =
        chats.iter().filter(|(_, status)| *status == wanted).map(|(chat, _)| *chat).collect();
    shown.sort_unstable();
    assert_eq!(shown, all, "of {chats:?}");
}

#[test]
fn a6_goals_of_many_channels_that_take_effect_together_change_the_chats_that_wait_in_each() {
    for budget in [usize::MAX, 3] {
        let mut world = World::offline(false);
        world.budget = budget;
        for number in (0..MANY).step_by(7) {
            world.fold(&of_channel(number, asked("09:00").logged("09:00")));
        }
        for number in 0..MANY {
            world.fold(&of_channel(number, goal("Purchase").at("11:00").logged("09:30")));
        }
        assert!(world.statuses().values().all(|shown| shown.view.status == Status::None));
        world.fold(&clock("11:00"));
        all_are(&world, AwaitingReply);
    }
}

#[test]
fn a6_settings_of_many_channels_that_are_read_together_reach_the_chats_of_each() {
    for budget in [usize::MAX, 3] {
        let mut world = World::offline(true);
        world.budget = budget;
        let of_each = |record: Record| (0..MANY).map(move |number| of_channel(number, record.clone()));
        world.read_together(&of_each(goal("Purchase")).collect::<Vec<_>>());
        for number in (0..MANY).step_by(7) {
            for record in [asked("09:00"), replied("10:00")] {
                world.fold(&of_channel(number, record));
            }
        }
        world.fold(&clock("+2d 10:00"));
        // Nobody waits any more; what counts is when they talked.
        world.read_together(&of_each(subscribed("09:30").logged("+2d 10:00")).collect::<Vec<_>>());
        all_are(&world, Measuring);

        // And a reading of those that wait.
        let mut world = World::offline(false);
        world.budget = budget;
        for number in (0..MANY).step_by(7) {
            world.fold(&of_channel(number, asked("09:00")));
        }
        world.read_together(&of_each(goal("Purchase").at("08:00")).collect::<Vec<_>>());
        all_are(&world, AwaitingReply);
    }
}

#[test]
fn a6_settings_that_nobody_has_to_look_at_are_done_with_as_the_clock_passes_them() {
    let mut world = World::offline(false);
    for number in [0, 7] {
        for record in [goal("Purchase").days(1), asked("09:00"), replied("10:00")] {
            world.fold(&of_channel(number, record));
        }
    }
    for number in 0..MANY {
        world.fold(&of_channel(number, goal("Booking").at("11:00").logged("10:30")));
    }
    // The time is over between the two chats that miss their goals at one moment.
    let (pipeline, settings, heard) = (&mut world.pipelines[0], &world.settings, &mut world.heard);
    let done = pipeline.tick(0, time("+2d 00:00"), &mut 1, settings, heard).expect("memory does not fail");
    let (reached, swept) = pipeline.chats[&0].times();
    assert!(!done && reached == time("+1d 10:00:00.001") && swept >= time("11:00"), "{reached:?} {swept:?}");
    // Whoever takes up the times goes on with the deadlines, and shows nobody those settings once more.
    let mut world = world.restored();
    world.fold(&clock("+2d 00:00"));
    let missed = world.heard.published.iter().filter_map(|published| match published {
        Published::Changed(change) if change.view.status == Missed => Some(change.cause.kind),
        _ => None,
    });
    assert_eq!(missed.collect::<Vec<_>>(), [Deadline, Deadline]);
}

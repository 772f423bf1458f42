//! A long chat that is derived on from where it stood shows what it would show if it were derived from its beginning.

use chat_goals::domain::conversation::{Conversation, JudgedEvent, Said};
use chat_goals::domain::credit::contributions;
use chat_goals::domain::goal::{Days, Filter, Goal};
use chat_goals::domain::progress::Progress;
use chat_goals::domain::rounds::rounds;
use chat_goals::domain::seal::{Seal, seal};
use chat_goals::domain::settings::{Change, GoalChange, GoalId, Settings};
use chat_goals::domain::time::{DAY, Millis, Timestamp};
use proptest::prelude::*;

const START: Timestamp = Timestamp(1_772_323_200_000);
const HOUR: Millis = DAY / 24;

#[derive(Clone, Debug)]
enum Step {
    /// Asked, answered and closed, by this manager; the answer may be late.
    Cycle {
        manager: u8,
        late: Millis,
    },
    Event {
        late: Millis,
        goal: u32,
    },
    Assigned {
        late: Millis,
        manager: u8,
    },
    Setting(Change, Millis),
    Sealed,
}

fn steps() -> impl Strategy<Value = Vec<(Millis, bool, Step)>> {
    let late = || prop_oneof![6 => Just(0), 2 => 0..12 * HOUR, 1 => 0..6 * DAY];
    let goal = |days| {
        Change::GoalSet(Goal {
            event_name: "Purchase".into(),
            filter: Filter::default(),
            days: Days::new(days).expect("legal"),
        })
    };
    let change = prop_oneof![
        Just(goal(1)),
        Just(goal(3)),
        any::<bool>().prop_map(Change::SubscriptionSet),
        Just(Change::TimeZoneSet(chrono_tz::Asia::Kolkata)),
    ];
    let step = prop_oneof![
        20 => (0..3u8, late()).prop_map(|(manager, late)| Step::Cycle { manager, late }),
        6 => (late(), 0..2u32).prop_map(|(late, goal)| Step::Event { late, goal }),
        2 => (late(), 0..3u8).prop_map(|(late, manager)| Step::Assigned { late, manager }),
        1 => (change, late()).prop_map(|(change, late)| Step::Setting(change, late)),
        1 => Just(Step::Sealed),
    ];
    // The clock comes along with most steps.
    proptest::collection::vec((0..36 * HOUR, prop::bool::weighted(0.8), step), 10..120)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_derived_on_is_what_is_derived_from_the_beginning(steps in steps(), every in 1..4usize) {
        let mut settings = Settings::new(true);
        let set = |settings: &mut Settings, at, change| {
            let _ = settings.add(GoalChange { id: None, channel: "ch".into(), at, change }, None);
        };
        for (days, at) in [(3, START.minus(2 * DAY)), (1, START.minus(DAY))] {
            let days = Days::new(days).expect("legal");
            let goal = Goal { event_name: "Purchase".into(), filter: Filter::default(), days };
            set(&mut settings, at, Change::GoalSet(goal));
        }
        set(&mut settings, START.minus(DAY), Change::SubscriptionSet(true));
        let (mut chat, mut sealed, mut progress) = (Conversation::default(), Seal::default(), Progress::default());
        let (mut now, mut clock) = (START, START);
        let mut before = Vec::new();
        for (index, (span, ticks, step)) in steps.into_iter().enumerate() {
            now = now.plus(span);
            match step {
                Step::Cycle { manager, late } => {
                    let manager = format!("m{manager}");
                    chat.fold(now.minus(late), Said::CustomerMessage { customer: "u" });
                    chat.fold(now.minus(late / 2), Said::ManagerReply { manager: &manager });
                    chat.fold(now, Said::Closed { by: Some("closer") });
                }
                Step::Event { late, goal } => {
                    chat.event(JudgedEvent { at: now.minus(late), id: None, goals: vec![GoalId(goal)] });
                }
                Step::Assigned { late, manager } => {
                    let manager = format!("m{manager}");
                    chat.fold(now.minus(late), Said::Assigned { manager: Some(&manager) });
                }
                Step::Setting(change, late) => set(&mut settings, now.minus(late), change),
                Step::Sealed => {
                    let channel = settings.channel("ch");
                    let all = rounds(&chat, &sealed, channel, clock);
                    if seal(&mut chat, &mut sealed, &all, channel, clock) {
                        progress.forget();
                    }
                }
            }
            clock = if ticks { clock.max(now) } else { clock };
            if index % every != 0 {
                continue;
            }
            let channel = settings.channel("ch");
            let all = rounds(&chat, &sealed, channel, clock);
            let adds = contributions(&chat, &sealed, &all, channel);
            let derived = progress.derive(&chat, &sealed, channel, clock);
            prop_assert_eq!(derived.rounds, &all[..]);
            prop_assert_eq!(&derived.contributions, &adds);
            prop_assert_eq!(&derived.rounds[..derived.same], &before[..derived.same]);
            before = all;
        }
    }
}

//! Explanations: each reason by its rule, and that they agree with what is derived, whatever happens to a chat.

#[path = "properties/history.rs"]
#[allow(dead_code, reason = "each test target uses its part")]
mod history;
#[path = "rules/world.rs"]
#[allow(dead_code, reason = "each test target uses its part")]
mod world;

use chat_goals::domain::conversation::{Conversation, JudgedEvent, Said};
use chat_goals::domain::goal::{Days, Filter, Goal, NoProperties};
use chat_goals::domain::rounds::{Outcome, rounds};
use chat_goals::domain::seal::Seal;
use chat_goals::domain::settings::{Change, GoalChange, Settings};
use chat_goals::domain::status::{Status, view};
use chat_goals::domain::time::{DAY, Timestamp};
use chat_goals::explain::past::as_of;
use chat_goals::explain::rounds::Ending;
use chat_goals::explain::{Explanation, explain};
use chat_goals::pipeline::Partitions;
use chat_goals::stages::chats::ChatRow;
use history::{END, START};
use proptest::prelude::*;
use world::{ChatSays, Did, Record, Says, World};

/// A chat of the channel `shop`, which subscribed long ago; times are minutes after noon of some day.
struct Case {
    settings: Settings,
    chat: Conversation,
}

const DAY_MINUTES: i64 = 24 * 60;

fn minute(at: i64) -> Timestamp {
    START.plus(at * 60_000)
}

fn case() -> Case {
    let case = Case { settings: Settings::new(true), chat: Conversation::default() };
    case.set(-90 * DAY_MINUTES, Change::SubscriptionSet(true))
}

impl Case {
    fn set(mut self, at: i64, change: Change) -> Self {
        let change = GoalChange { id: None, channel: "shop".into(), at: minute(at), change };
        self.settings.add(change, None).expect("each is set once");
        self
    }

    fn goal(self, at: i64, name: &str, days: u32) -> Self {
        let days = Days::new(days).expect("legal");
        self.set(at, Change::GoalSet(Goal { event_name: name.into(), filter: Filter::default(), days }))
    }

    fn asked(mut self, at: i64) -> Self {
        self.chat.fold(minute(at), Said::CustomerMessage { customer: "u1" });
        self
    }

    fn replied(mut self, at: i64) -> Self {
        self.chat.fold(minute(at), Said::ManagerReply { manager: "mia" });
        self
    }

    fn closed(mut self, at: i64) -> Self {
        self.chat.fold(minute(at), Said::Closed { by: Some("mia") });
        self
    }

    fn event(mut self, at: i64, name: &str) -> Self {
        let goals = self.settings.channel("shop").judge(name, minute(at), None, &NoProperties);
        self.chat.event(JudgedEvent { at: minute(at), id: Some(format!("e{at}").as_str().into()), goals });
        self
    }

    fn explained(&self, at: i64) -> Explanation {
        explain(&self.chat, &Seal::default(), self.settings.channel("shop"), minute(at))
    }

    /// The reasons of the events, in order.
    fn events(&self, at: i64) -> Vec<String> {
        let explanation = self.explained(at);
        let rounds: Vec<_> = explanation.rounds.iter().map(|explained| explained.round.clone()).collect();
        let channel = self.settings.channel("shop");
        explanation.events.iter().map(|verdict| verdict.reason(&rounds, channel).to_string()).collect()
    }

    fn replies(&self, at: i64) -> Vec<String> {
        let explanation = self.explained(at);
        let rounds: Vec<_> = explanation.rounds.iter().map(|explained| explained.round.clone()).collect();
        let channel = self.settings.channel("shop");
        let judged = self.chat.replies.iter().zip(&explanation.replies);
        judged.map(|(reply, verdict)| verdict.reason(reply, &rounds, channel).to_string()).collect()
    }

    fn rounds(&self, at: i64) -> Vec<String> {
        let explained = self.explained(at).rounds;
        explained.iter().map(|explained| explained.ending.reason(&explained.round).to_string()).collect()
    }

    /// The rule that gives the status, and what it says.
    fn why(&self, at: i64) -> String {
        let explanation = self.explained(at);
        let steps: Vec<_> = explanation.steps.iter().filter(|step| step.holds).collect();
        assert_eq!(steps.len(), 1, "one rule gives the status");
        assert!(explanation.steps.last().is_some_and(|step| step.holds), "and it is the last one looked at");
        steps[0].reason.to_string()
    }
}

const LATER: i64 = 40 * DAY_MINUTES;

#[test]
fn c5_the_event_that_counts_and_those_that_do_not() {
    let chat = case()
        .goal(-9, "Purchase", 1)
        .goal(-8, "Booking", 1)
        .goal(-7, "Purchase", 1)
        .asked(0)
        .event(5, "Purchase")
        .replied(10)
        .event(20, "Booking")
        .event(30, "Purchase")
        .event(40, "Purchase")
        .event(10 + DAY_MINUTES + 14, "Purchase");
    assert_eq!(
        chat.events(LATER),
        [
            "C5: 5 minutes before the reply that begins round 1",
            "C5: it matches another goal; round 1 is for Purchase within 1 day",
            "C5: achieves round 1",
            "C5: round 1 was achieved by an earlier event, at 2026-03-20T00:30:00Z",
            "C5: 14 minutes after the deadline of round 1",
        ]
    );
    assert!(chat.why(LATER).starts_with("D1: Achieved: round 1 was achieved at 2026-03-20T00:30:00Z"));
    assert!(
        chat.rounds(LATER)[0]
            .starts_with("C5: achieved at 2026-03-20T00:30:00Z by the event e30, 20 minutes")
    );
}

#[test]
fn c5_exactly_at_the_deadline_counts_and_a_millisecond_later_does_not() {
    let mut chat = case().goal(-9, "Purchase", 1).asked(0).replied(10);
    let deadline = minute(10 + DAY_MINUTES);
    let goals = chat.settings.channel("shop").judge("Purchase", deadline, None, &NoProperties);
    chat.chat.event(JudgedEvent { at: deadline.plus(1), id: None, goals: goals.clone() });
    assert_eq!(chat.events(LATER), ["C5: 1 millisecond after the deadline of round 1"]);
    chat.chat.event(JudgedEvent { at: deadline, id: None, goals });
    assert_eq!(chat.events(LATER)[0], "C5: achieves round 1");
}

#[test]
fn c5_an_event_without_a_subscription() {
    let chat = case()
        .goal(-9, "Purchase", 1)
        .asked(0)
        .replied(10)
        .set(20, Change::SubscriptionSet(false))
        .event(30, "Purchase");
    assert_eq!(chat.events(LATER), ["C5: in time for round 1, but the channel was not subscribed then"]);
}

#[test]
fn c4_a_round_that_gave_way() {
    let chat = case()
        .goal(-9, "Purchase", 3)
        .asked(0)
        .replied(10)
        .closed(20)
        .goal(25, "Booking", 1)
        .asked(30)
        .replied(40)
        .event(50, "Purchase");
    assert_eq!(
        chat.events(60),
        ["C4: in time for round 1, but round 2 had taken its place, with another goal"]
    );
    let rounds = chat.rounds(60);
    assert!(
        rounds[0].starts_with("C4: superseded at 2026-03-20T00:40:00Z by round 2, 2 days 23 hours"),
        "{rounds:?}"
    );
    assert_eq!(rounds[1], "C6: open until 2026-03-21T00:40:00Z, 23 hours 40 minutes left");
    assert_eq!(chat.why(60), "D2: In process (measuring): round 2 is open until 2026-03-21T00:40:00Z");
}

#[test]
fn c1_no_round_and_events_that_find_none() {
    let chat = case().asked(0).replied(10).goal(20, "Purchase", 1).event(30, "Purchase");
    assert_eq!(chat.replies(40), ["C1: no round: the channel had no goal at 2026-03-20T00:10:00Z"]);
    assert_eq!(chat.events(40), ["C1: the chat has no round that it could achieve"]);
    assert_eq!(chat.why(40), "D4: otherwise None");
    let unpaid = case().set(-9, Change::SubscriptionSet(false)).goal(-8, "Purchase", 1).asked(0).replied(10);
    assert_eq!(unpaid.replies(40), ["C1: no round: the channel was not subscribed at 2026-03-20T00:10:00Z"]);
}

#[test]
fn c2_c3_what_replies_begin() {
    let chat = case()
        .goal(-9, "Purchase", 1)
        .asked(0)
        .replied(10)
        .event(15, "Purchase")
        .closed(20)
        .asked(30)
        .replied(40);
    assert_eq!(
        chat.replies(LATER),
        [
            "C3: begins round 1 for Purchase within 1 day, until 2026-03-21T00:10:00Z",
            "C2: no new round: round 1 was achieved before it, for the same goal",
        ]
    );
}

#[test]
fn c6_c7_a_round_that_is_missed_whatever_happened_meanwhile() {
    let chat = case()
        .goal(-9, "Purchase", 1)
        .asked(0)
        .replied(10)
        .closed(20)
        .goal(30, "Booking", 1)
        .set(40, Change::SubscriptionSet(false));
    let at = 10 + DAY_MINUTES + 60;
    assert_eq!(
        chat.rounds(at),
        ["C6: missed at 2026-03-21T00:10:00Z: no event achieved it, and the clock is 1 hour past it"]
    );
    let went_on: Vec<String> =
        chat.explained(at).rounds[0].went_on.iter().map(|reason| reason.to_string()).collect();
    assert_eq!(
        went_on,
        [
            "C7: it went on when the chat was closed at 2026-03-20T00:20:00Z",
            "C7: it went on with its goal when the channel's was changed at 2026-03-20T00:30:00Z",
            "C7: it went on when the subscription ended at 2026-03-20T00:40:00Z",
        ]
    );
    assert_eq!(chat.why(at), "D4: Missed: round 1, the last one, was missed at 2026-03-21T00:10:00Z");
}

#[test]
fn d3_waiting_and_why_not() {
    let waits = case().goal(-9, "Purchase", 1).asked(0);
    assert_eq!(
        waits.why(5),
        "D3: In process (awaiting reply): asked at 2026-03-20T00:00:00Z and not replied to, and the channel tracked a \
         goal as of the clock"
    );
    let d3 = |case: Case| {
        let steps = case.explained(50).steps;
        steps
            .iter()
            .map(|step| step.reason.clone())
            .find(|reason| reason.rule == "D3")
            .expect("it is looked at")
    };
    let replied = case().goal(-9, "Purchase", 1).goal(5, "Purchase", 3).asked(0).replied(10);
    assert_eq!(replied.explained(50).status, Status::Measuring);
    assert!(d3(case().asked(0)).sentence.ends_with("the channel had no goal as of the clock"));
    assert!(d3(case().asked(0).replied(10)).sentence.ends_with("the current cycle was replied to"));
    let unpaid = case().goal(-9, "Purchase", 1).set(-5, Change::SubscriptionSet(false)).asked(0).closed(20);
    assert!(d3(unpaid).sentence.ends_with("not subscribed when it was closed (2026-03-20T00:20:00Z)"));
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// That an explanation says what is derived.
fn agrees(row: &ChatRow, settings: &Settings, clock: Timestamp) -> Result<(), TestCaseError> {
    let Some(live) = &row.live else { return Ok(()) };
    let (chat, channel) = (&live.conversation, settings.channel(&row.channel));
    let explanation = explain(chat, &live.seal, channel, clock);
    let derived = rounds(chat, &live.seal, channel, clock);
    let shown = view(chat, &live.seal, &derived, channel, clock);
    prop_assert_eq!(explanation.status, shown.status);
    prop_assert_eq!(explanation.rounds.len(), derived.len());
    for (explained, round) in explanation.rounds.iter().zip(&derived) {
        let ending = match (&explained.ending, &round.outcome) {
            (Ending::Achieved { at, .. }, Outcome::Achieved { at: achieved, .. }) => at == achieved,
            (Ending::Superseded { .. }, Outcome::Superseded) => true,
            (Ending::Missed { passed }, Outcome::Missed) => *passed > 0,
            (Ending::Open { left }, Outcome::Open) => *left >= 0,
            _ => false,
        };
        prop_assert!(ending, "{explained:?} is not how {round:?} ended");
        // The event that is said to count is the one that was found.
        let counts: Vec<&JudgedEvent> = chat
            .events
            .iter()
            .zip(&explanation.events)
            .filter(|(_, verdict)| verdict.counts() && verdict.round() == Some(round.number))
            .map(|(event, _)| event)
            .collect();
        match &round.outcome {
            Outcome::Achieved { at, by } if !explained.sealed => {
                prop_assert_eq!(counts.len(), 1);
                prop_assert_eq!((counts[0].at, &counts[0].id), (*at, by));
            }
            Outcome::Achieved { .. } => prop_assert!(counts.len() <= 1),
            Outcome::Open | Outcome::Missed | Outcome::Superseded => prop_assert!(counts.is_empty()),
        }
    }
    for (reply, verdict) in chat.replies.iter().zip(&explanation.replies) {
        let begun = derived.iter().find(|round| round.start == reply.at && round.number > live.seal.count);
        prop_assert_eq!(verdict.round(), begun.map(|round| round.number));
    }
    // Every sentence can be said.
    let all: Vec<_> = derived.clone();
    explanation.events.iter().for_each(|verdict| drop(verdict.reason(&all, channel)));
    for (reply, verdict) in chat.replies.iter().zip(&explanation.replies) {
        verdict.reason(reply, &all, channel);
    }
    Ok(())
}

fn is_plain(record: &Record) -> bool {
    !matches!(
        record.says,
        Says::Customer { did: Did::Merged { .. }, .. } | Says::Chat { said: ChatSays::Deleted, .. }
    )
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn an_explanation_agrees_with_what_is_derived(
        records in history::history(5..60),
        clocks in prop::collection::vec(0..14i64, 1..4),
    ) {
        let mut world = World::offline(true);
        records.iter().for_each(|record| world.fold(record));
        for clock in clocks.into_iter().map(|day| START.plus(day * DAY)).chain([END]) {
            for row in world.chats() {
                agrees(row, &world.settings, clock)?;
            }
        }
    }

    #[test]
    fn an_explanation_agrees_when_much_is_sealed(records in history::logged_history(20..120)) {
        let one = Partitions { chats: 1, customers: 1, managers: 1 };
        let mut world = World::new(one, 1, true, true);
        records.iter().for_each(|record| world.fold(record));
        for clock in [world.clock(), END] {
            for row in world.chats() {
                agrees(row, &world.settings, clock)?;
            }
        }
    }

    /// Of records that came in the order of their times, and but for what is said not to be known.
    #[test]
    fn what_a_chat_was_is_what_its_records_up_to_then_come_to(
        records in history::history(5..60),
        then in (0..12i64, -1..2i64),
    ) {
        let mut records: Vec<Record> = records.into_iter().filter(is_plain).collect();
        records.sort_by_key(|record| record.at);
        let then = START.plus(then.0 * DAY + then.1);
        let (mut world, mut before) = (World::offline(true), World::offline(true));
        for record in &records {
            world.fold(record);
            if record.at <= then {
                before.fold(record);
            }
        }
        before.tick(then);
        for row in world.chats() {
            let live = row.live.as_ref().expect("nothing is deleted");
            let past = as_of(&live.conversation, &live.seal, then);
            let channel = world.settings.channel(&row.channel);
            let explanation = explain(&past.conversation, &past.seal, channel, then);
            let Some(was) = before.chat(&row.chat).and_then(|row| row.live.as_ref()) else {
                // Only a customer's events make it look as if the chat had been there.
                prop_assert!(past.nothing || !past.conversation.events.is_empty(), "{past:?}");
                continue;
            };
            if past.unknown.is_empty() && !past.nothing {
                let view = &was.published.as_ref().expect("it was settled").view;
                prop_assert_eq!(explanation.status, view.status, "{} at {:?}: {:?}", row.chat, then, past);
            }
        }
    }
}

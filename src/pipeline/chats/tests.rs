//! What lookups know of chats that move while others look.

use super::*;
use crate::domain::conversation::Said;
use crate::domain::goal::{Days, Filter, Goal};
use crate::domain::settings::{Change, GoalChange};
use crate::domain::status::Status;
use crate::domain::time::DAY;
use crate::pipeline::offline::{Here, Nobody};
use crate::stages::messages::ChatBody;
use crate::state::store::Family;

/// One partition with a store, the settings of its only channel, and what it was told to do.
struct World {
    task: ChatsTask,
    settings: Settings,
    store: Arc<Store>,
    _dir: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(dir.path(), 8 << 20).unwrap());
        let task = ChatsTask::new(0, Some(store.clone()), 1_000, true);
        Self { task, settings: Settings::new(false), store, _dir: dir }
    }

    /// The goal of the channel from this moment on, said late: no chat has seen it yet.
    fn goal(&mut self, days: u8, from: i64) {
        let days = Days::new(days.into()).expect("it is one of the periods");
        let goal = Goal { event_name: "Purchase".into(), filter: Filter::default(), days };
        let (channel, at, change) = ("ch".into(), Timestamp(from), Change::GoalSet(goal));
        self.settings.add(GoalChange { id: None, channel, at, change }, None).expect("it is new");
    }

    fn said(&mut self, chat: &str, at: i64, said: Said<'_>) {
        let at = Timestamp(at);
        let event = ChatEvent { id: None, channel: "ch", chat, at, body: ChatBody::Said(said) };
        let out = &mut Here(&mut Nobody);
        let followed = self.task.fold(&event, None, &self.settings, &mut Vec::new(), out).unwrap().unwrap();
        if followed.settle {
            self.settle(chat);
        }
    }

    /// A chat that a manager replies to at this moment.
    fn replied(&mut self, chat: &str, at: i64) {
        self.said(chat, at, Said::CustomerMessage { customer: "u" });
        self.said(chat, at, Said::ManagerReply { manager: "m" });
    }

    fn settle(&mut self, chat: &str) {
        let cause = Cause { kind: CauseKind::GoalChanged, at: Timestamp(0) };
        let out = &mut Here(&mut Nobody);
        self.task.settle(chat, cause, &self.settings, &mut Vec::new(), out).unwrap();
    }

    fn tick(&mut self, until: i64) {
        assert!(self.tick_within(100, until));
    }

    fn tick_within(&mut self, mut budget: usize, until: i64) -> bool {
        let (until, out) = (Timestamp(until), &mut Here(&mut Nobody));
        self.task.tick(until, &mut budget, &self.settings, &mut Vec::new(), out).unwrap()
    }

    fn commit(&mut self) {
        let mut changes = self.store.changes();
        let put = |key: &[u8], row: &[u8]| {
            changes.put_row(Family::Chats, 0, key, row);
            Ok(())
        };
        self.task.table.changed(put).unwrap();
        self.task.commit_lookups(&mut changes);
        changes.write().unwrap();
        self.task.table.committed();
        self.task.index.written();
    }

    fn status(&self, chat: &str) -> Status {
        let live = self.task.table.peek(chat.as_bytes()).unwrap().live.as_ref().unwrap();
        live.published.as_ref().unwrap().view.status
    }

    /// The entries of this kind.
    fn entries(&mut self, kind: u8) -> usize {
        self.task.tell_of_moved();
        self.task.index.scan(&[kind], b"", usize::MAX).unwrap().len()
    }
}

#[test]
fn a_chat_that_comes_back_to_a_deadline_that_was_looked_up_ahead_is_due_then() {
    for commits in [false, true] {
        let mut world = World::new();
        world.goal(7, 0);
        world.replied("early", 2 * DAY);
        world.replied("moves", 4 * DAY);
        world.replied("late", 13 * DAY);
        // All deadlines are looked up ahead. Then one moves away, and is met as stale when the first passes.
        world.tick(5 * DAY);
        world.goal(30, 3 * DAY);
        world.settle("moves");
        world.tick(9 * DAY + 1);
        assert_eq!((world.status("early"), world.status("moves")), (Status::Missed, Status::Measuring));
        if commits {
            world.commit();
        }
        world.goal(7, 3 * DAY);
        world.settle("moves");
        world.tick(11 * DAY);
        assert_eq!(world.status("moves"), Status::Measuring, "its deadline is a moment that still counts");
        world.tick(11 * DAY + 1);
        assert_eq!(world.status("moves"), Status::Missed);
        assert_eq!(world.entries(b'd'), 1, "that of the late one");
    }
}

#[test]
fn a_chat_is_looked_up_where_it_stands_however_often_it_moved_since_anybody_looked() {
    let mut world = World::new();
    world.goal(7, 0);
    world.replied("a", DAY);
    // It came and went within one commit: it was never looked up as one that waits.
    assert_eq!((world.entries(b'w'), world.entries(b'r'), world.entries(b'd')), (0, 1, 1));
    world.commit();
    // Each is a fact of a later day. The question comes after an answer, so that nothing is settled because of it.
    for (day, said) in
        [(3, Said::CustomerMessage { customer: "u" }), (4, Said::Closed { by: None }), (5, Said::Reopened)]
    {
        world.said("a", day * DAY, said);
        world.commit();
        // A successor finds it on its latest day, and nowhere else.
        let mut successor = SortedIndex::new(0, Some(world.store.clone()));
        let latest_day = [&channel_prefix(b'r', "ch")[..], &sortable(day), b"a"].concat();
        assert_eq!(successor.scan(b"r", b"", 9).unwrap(), [latest_day]);
    }
    let deleted =
        ChatEvent { id: None, channel: "ch", chat: "a", at: Timestamp(6 * DAY), body: ChatBody::Deleted };
    let out = &mut Here(&mut Nobody);
    world.task.fold(&deleted, None, &world.settings, &mut Vec::new(), out).unwrap().unwrap();
    world.commit();
    assert_eq!((world.entries(b'w'), world.entries(b'r'), world.entries(b'd')), (0, 0, 0));
}

#[test]
fn a_moment_has_passed_when_all_that_were_due_then_are_settled() {
    let mut world = World::new();
    world.goal(1, 0);
    for chat in ["a", "b"] {
        world.replied(chat, 1_000);
    }
    let due = 1_000 + DAY + 1;
    world.tick(due - 1);
    assert!(world.task.has_passed(Timestamp(due - 1)));
    assert!(!world.task.has_passed(Timestamp(due)));
    // Both are due in the same millisecond, which the clock has come to with the first of them.
    assert!(!world.tick_within(1, due));
    assert_eq!(world.task.clock(), Timestamp(due));
    assert!(!world.task.has_passed(Timestamp(due)));
    world.tick(due);
    assert!(world.task.has_passed(Timestamp(due)));
    assert_eq!(["a", "b"].map(|chat| world.status(chat)), [Status::Missed; 2]);
}

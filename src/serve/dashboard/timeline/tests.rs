//! The picture as a whole: what is where, and that nothing lies on anything else.

use super::facts::{Cycle, Facts, Mark, MarkKind, Outcome, Round};
use super::picture;

const DAY: i64 = 86_400_000;

fn round(number: u32, start: i64, days: i64, outcome: Outcome, ended: Option<i64>) -> Round {
    Round { number, start, deadline: start + days * DAY, outcome, ended, title: String::new() }
}

fn mark(at: i64, kind: MarkKind) -> Mark {
    Mark { at, kind, title: String::new() }
}

fn two_rounds() -> Facts {
    Facts {
        clock: 4 * DAY,
        clock_name: "now".into(),
        cycles: vec![Cycle { from: 0, from_is_known: true, to: None, title: String::new() }],
        said: vec![mark(0, MarkKind::Question), mark(DAY, MarkKind::Reply)],
        rounds: vec![
            round(1, DAY, 7, Outcome::Superseded, Some(2 * DAY)),
            round(2, 2 * DAY, 3, Outcome::Open, None),
        ],
        events: vec![mark(3 * DAY, MarkKind::Ignored)],
    }
}

#[test]
fn nothing_is_no_picture() {
    assert_eq!(picture(&Facts::default()), None);
}

#[test]
fn a_superseded_round_is_full_up_to_the_next_and_faint_to_its_deadline() {
    let picture = picture(&two_rounds()).unwrap();
    let [first, second] = &picture.rounds[..] else { panic!("{:?}", picture.rounds) };
    assert!((first.x.0 + first.width.0 - second.x.0).abs() < 1e-9, "it ends where the next begins");
    let (rest, width) = first.rest.unwrap();
    assert!((rest.0 - second.x.0).abs() < 1e-9 && width.0 > first.width.0);
    assert_ne!(first.y, second.y, "both run to their deadlines, so they have lanes of their own");
    assert_eq!((first.class, second.class), ("superseded", "open"));
}

#[test]
fn an_open_round_is_full_up_to_the_clock() {
    let picture = picture(&two_rounds()).unwrap();
    let open = &picture.rounds[1];
    assert!((open.x.0 + open.width.0 - picture.clock.x.0).abs() < 1e-9);
}

#[test]
fn a_missed_round_is_full_up_to_its_deadline() {
    let facts =
        Facts { clock: 3 * DAY, rounds: vec![round(1, 0, 1, Outcome::Missed, None)], ..Facts::default() };
    let picture = picture(&facts).unwrap();
    assert_eq!(picture.rounds[0].rest, None);
}

#[test]
fn lanes_follow_each_other_from_top_to_bottom() {
    let picture = picture(&two_rounds()).unwrap();
    let events = picture.events.unwrap();
    let mut tops = vec![picture.top, picture.conversation.y];
    tops.extend(picture.rounds.iter().map(|bar| bar.y));
    tops.extend([events.y, picture.bottom, picture.clock.name_y, picture.height]);
    assert!(tops.is_sorted_by(|a, b| a < b), "{tops:?}");
}

#[test]
fn rounds_after_each_other_share_a_lane() {
    let rounds = vec![
        round(1, 0, 1, Outcome::Missed, None),
        round(2, 20 * DAY, 1, Outcome::Missed, None),
        round(3, 40 * DAY, 1, Outcome::Achieved, Some(40 * DAY + 5)),
    ];
    let picture = picture(&Facts { clock: 41 * DAY, rounds, ..Facts::default() }).unwrap();
    assert_eq!(picture.rounds.iter().map(|bar| bar.y).collect::<std::collections::BTreeSet<_>>().len(), 1);
    assert_eq!(picture.rounds[2].anchor, "end", "there is no room to its right");
}

#[test]
fn a_clock_beyond_the_picture_points_there() {
    let facts = Facts { clock: 900 * DAY, clock_name: "now".into(), ..two_rounds() };
    let picture = picture(&facts).unwrap();
    assert!(picture.clock.beyond);
    assert_eq!(picture.clock.name, "now →");
}

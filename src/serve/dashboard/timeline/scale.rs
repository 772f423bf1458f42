//! Times to places: a linear scale with a little room at both ends, and times along it that are round. It knows nothing
//! of chats.

use super::facts::Facts;
use chrono::{DateTime, Timelike as _, Utc};

/// From the left, in percent of the width.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Percent(pub f64);

impl std::fmt::Display for Percent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.2}%", self.0)
    }
}

/// A time along the axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    pub x: Percent,
    pub name: String,
    /// From where its name is written: at the edges it would be cut off.
    pub anchor: &'static str,
    /// One that a narrow screen has no room for.
    pub fine: bool,
}

pub struct Scale {
    from: i64,
    to: i64,
}

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Round distances between ticks; the last is the longest that there is.
const STEPS: [i64; 22] = [
    SECOND,
    5 * SECOND,
    15 * SECOND,
    30 * SECOND,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    5 * DAY,
    10 * DAY,
    30 * DAY,
    90 * DAY,
    365 * DAY,
    3650 * DAY,
];

/// More would stand too close.
const TICKS_MAX: i64 = 8;

/// A clock that is further away than this part of all there is would press the rest together.
const CLOCK_REACH: f64 = 0.5;

/// The room at each end, as a part of all there is.
const MARGIN: f64 = 0.02;

impl Scale {
    /// `None`: there is no time at all.
    pub fn of(facts: &Facts) -> Option<Self> {
        let (first, last) = (facts.times().min()?, facts.times().max()?);
        let span = (last - first).max(MINUTE);
        let reach = (span as f64 * CLOCK_REACH) as i64;
        let last = if facts.clock > last && facts.clock - last <= reach { facts.clock } else { last };
        let first = if facts.clock < first && first - facts.clock <= reach { facts.clock } else { first };
        let margin = ((last - first).max(MINUTE) as f64 * MARGIN) as i64 + 1;
        Some(Self { from: first - margin, to: last.max(first + MINUTE) + margin })
    }

    pub fn end(&self) -> i64 {
        self.to
    }

    /// What lies outside is put at the edge.
    pub fn place(&self, at: i64) -> Percent {
        let part = (at.clamp(self.from, self.to) - self.from) as f64 / (self.to - self.from) as f64;
        Percent(part * 100.0)
    }

    /// Where a span begins, and how wide it is.
    pub fn span(&self, from: i64, to: i64) -> (Percent, Percent) {
        let (x, end) = (self.place(from), self.place(to.max(from)));
        (x, Percent(end.0 - x.0))
    }

    pub fn ticks(&self) -> Vec<Tick> {
        let span = self.to - self.from;
        let step = STEPS.into_iter().find(|step| span / step < TICKS_MAX).unwrap_or(STEPS[STEPS.len() - 1]);
        let first = self.from.div_euclid(step) * step + step;
        let times = (0..=TICKS_MAX).map(|index| first + index * step).filter(|at| *at < self.to);
        // A name at the very edge would be cut off.
        let inside = times.filter(|at| (2.0..97.0).contains(&self.place(*at).0));
        let mut day = None;
        let named = inside.enumerate().filter_map(|(index, at)| {
            let time = DateTime::from_timestamp_millis(at)?;
            let new_day = day.replace(time.date_naive()) != Some(time.date_naive());
            let x = self.place(at);
            Some(Tick { x, name: name(time, step, new_day), anchor: anchor(x), fine: index % 3 != 0 })
        });
        named.collect()
    }
}

/// From where a name beside this place is written.
pub fn anchor(x: Percent) -> &'static str {
    match x.0 {
        x if x < 14.0 => "start",
        x if x > 86.0 => "end",
        _ => "middle",
    }
}

fn name(time: DateTime<Utc>, step: i64, new_day: bool) -> String {
    let form = match step {
        _ if step >= 365 * DAY => "%Y",
        _ if step >= 30 * DAY => "%-d %b %Y",
        _ if step >= DAY => "%-d %b",
        _ if new_day => "%-d %b %H:%M",
        _ if step >= MINUTE || time.second() == 0 => "%H:%M",
        _ => "%H:%M:%S",
    };
    time.format(form).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::dashboard::timeline::facts::{Mark, MarkKind};

    fn scale(times: &[i64], clock: i64) -> Scale {
        let mark = |at: &i64| Mark { at: *at, kind: MarkKind::Reply, title: String::new() };
        let said = times.iter().map(mark).collect();
        Scale::of(&Facts { clock, said, ..Facts::default() }).unwrap()
    }

    #[test]
    fn nothing_has_no_scale() {
        assert!(Scale::of(&Facts::default()).is_none());
    }

    #[test]
    fn times_keep_their_order_and_stay_inside() {
        let scale = scale(&[0, DAY, 7 * DAY], 3 * DAY);
        let places: Vec<f64> = [0, DAY, 3 * DAY, 7 * DAY].into_iter().map(|at| scale.place(at).0).collect();
        assert!(places.is_sorted(), "{places:?}");
        assert!(places[0] > 1.0 && places[3] < 99.0, "{places:?}");
        assert!((places[2] - places[0] - 3.0 * (places[1] - places[0])).abs() < 1e-9, "it is linear");
    }

    #[test]
    fn one_moment_alone_has_a_place() {
        let place = scale(&[DAY], DAY).place(DAY).0;
        assert!((0.0..100.0).contains(&place), "{place}");
    }

    #[test]
    fn a_clock_far_away_does_not_press_the_rest_together() {
        let near = scale(&[0, DAY], DAY + HOUR);
        assert!(near.end() > DAY + HOUR);
        let far = scale(&[0, DAY], 400 * DAY);
        assert!(far.end() < 2 * DAY);
        assert_eq!(far.place(400 * DAY), Percent(100.0));
    }

    #[test]
    fn ticks_are_few_and_round() {
        for span in
            [2 * SECOND, 3 * MINUTE, HOUR, 5 * HOUR, 2 * DAY, 7 * DAY, 40 * DAY, 800 * DAY, 40_000 * DAY]
        {
            let ticks = scale(&[DAY, DAY + span], DAY).ticks();
            assert!((1..=TICKS_MAX as usize + 1).contains(&ticks.len()), "{span}: {ticks:?}");
            assert!(ticks.iter().all(|tick| (0.0..=100.0).contains(&tick.x.0)));
        }
        let names: Vec<String> = scale(&[0, 5 * HOUR], 0).ticks().into_iter().map(|tick| tick.name).collect();
        assert_eq!(names, ["1 Jan 01:00", "02:00", "03:00", "04:00"]);
    }

    #[test]
    fn a_percent_is_written_as_svg_wants_it() {
        assert_eq!(Percent(100.0 / 3.0).to_string(), "33.33%");
    }
}

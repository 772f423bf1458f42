//! How numbers are written, and how many a second there are. Knows nothing of chats.

use crate::domain::time::{DAY, Millis, SECOND};
use std::collections::VecDeque;
use std::time::Duration;

/// `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `71 %`, or a dash where there is no rate.
pub fn percent(rate: Option<f64>) -> String {
    rate.map_or_else(|| "–".to_owned(), |rate| format!("{:.0} %", rate * 100.0))
}

/// `40 s`, `12 min`, `2.5 h`, `3.0 d`.
pub fn span_text(span: Millis) -> String {
    const MINUTE: Millis = 60 * SECOND;
    const HOUR: Millis = 60 * MINUTE;
    match span.max(0) {
        span if span < MINUTE => format!("{} s", span / SECOND),
        span if span < HOUR => format!("{} min", span / MINUTE),
        span if span < 2 * DAY => format!("{:.1} h", span as f64 / HOUR as f64),
        span => format!("{:.1} d", span as f64 / DAY as f64),
    }
}

/// How fast a count grows, over the last seconds.
#[derive(Default)]
pub struct Rate {
    seen: VecDeque<(Duration, u64)>,
}

impl Rate {
    const WINDOW: Duration = Duration::from_secs(2);

    /// Notes what the count is now; gives how much it grows in a second.
    pub fn note(&mut self, now: Duration, count: u64) -> f64 {
        self.seen.push_back((now, count));
        while self.seen.len() > 2 && self.seen[1].0 + Self::WINDOW <= now {
            self.seen.pop_front();
        }
        let (since, before) = self.seen[0];
        let seconds = (now - since).as_secs_f64();
        if seconds == 0.0 { 0.0 } else { (count - before) as f64 / seconds }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_written_for_people() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([Some(0.714), Some(1.2), None].map(percent), ["71 %", "120 %", "–"]);
        let spans = [-5, 40_000, 12 * 60_000, 9_000_000, 3 * DAY];
        assert_eq!(spans.map(span_text), ["0 s", "40 s", "12 min", "2.5 h", "3.0 d"]);
    }

    #[test]
    fn a_rate_forgets_what_is_long_ago() {
        let mut rate = Rate::default();
        assert_eq!(rate.note(Duration::ZERO, 0), 0.0);
        assert_eq!(rate.note(Duration::from_secs(1), 100), 100.0);
        for second in 2..10 {
            rate.note(Duration::from_secs(second), 100);
        }
        assert_eq!(rate.note(Duration::from_secs(10), 120), 10.0);
    }
}

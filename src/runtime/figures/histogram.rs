//! How often a value fell between which bounds, and their sum: plain atomics. It knows no unit.

use std::sync::atomic::{AtomicU64, Ordering};

/// Values up to each of its bounds, and above all of them.
pub struct Histogram {
    bounds: &'static [f64],
    /// One for each bound, and one for what lies above them.
    counts: Box<[AtomicU64]>,
    /// An `f64` in its bits.
    sum: AtomicU64,
}

/// A [`Histogram`] as it was at some moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    pub sum: f64,
    pub count: u64,
    /// Each upper bound with how many values fell below it and above the one before; the last bound is infinite.
    pub buckets: Vec<(f64, u64)>,
}

impl Histogram {
    /// `bounds` ascend.
    pub fn new(bounds: &'static [f64]) -> Self {
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self { bounds, counts, sum: AtomicU64::new(0f64.to_bits()) }
    }

    pub fn observe(&self, value: f64) {
        let place = self.bounds.partition_point(|bound| *bound < value);
        self.counts[place].fetch_add(1, Ordering::Relaxed);
        let add = |sum| Some((f64::from_bits(sum) + value).to_bits());
        // It is always `Some`, so it always ends.
        let _ = self.sum.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    pub fn seen(&self) -> Seen {
        let bounds = self.bounds.iter().copied().chain([f64::INFINITY]);
        let counts = self.counts.iter().map(|count| count.load(Ordering::Relaxed));
        let buckets: Vec<(f64, u64)> = bounds.zip(counts).collect();
        let count = buckets.iter().map(|(_, count)| count).sum();
        Seen { sum: f64::from_bits(self.sum.load(Ordering::Relaxed)), count, buckets }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_on_a_bound_is_below_it() {
        let histogram = Histogram::new(&[1.0, 10.0]);
        [0.5, 1.0, 1.5, 10.0, 11.0].into_iter().for_each(|value| histogram.observe(value));
        let buckets = vec![(1.0, 2), (10.0, 2), (f64::INFINITY, 1)];
        assert_eq!(histogram.seen(), Seen { sum: 24.0, count: 5, buckets });
    }
}

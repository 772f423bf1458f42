//! Keeps bars apart: each goes into the first lane where it has room. It knows no time.

/// Between two bars of a lane, in percent.
const APART: f64 = 1.0;

#[derive(Default)]
pub struct Lanes {
    /// How far each lane is taken.
    taken: Vec<f64>,
}

impl Lanes {
    /// The lane for a bar that begins no further left than those before it in most cases; if it does, it gets a lane of its
    /// own.
    pub fn take(&mut self, from: f64, to: f64) -> usize {
        let lane = self.taken.iter().position(|taken| taken + APART <= from);
        let lane = lane.unwrap_or_else(|| {
            self.taken.push(f64::NEG_INFINITY);
            self.taken.len() - 1
        });
        self.taken[lane] = self.taken[lane].max(to);
        lane
    }

    pub fn count(&self) -> usize {
        self.taken.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_that_overlap_have_different_lanes_and_others_share_one() {
        let mut lanes = Lanes::default();
        let taken: Vec<usize> = [(0.0, 30.0), (20.0, 50.0), (40.0, 60.0), (55.0, 90.0), (61.5, 70.0)]
            .into_iter()
            .map(|(from, to)| lanes.take(from, to))
            .collect();
        assert_eq!(taken, [0, 1, 0, 1, 0]);
        assert_eq!(lanes.count(), 2);
    }
}

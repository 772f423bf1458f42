//! Medians of what was measured: of the values, and of the ratios within each pair.

use crate::throughput::{Sample, Throughput};

/// What a throughput run comes to.
#[derive(Clone, Copy)]
pub enum Figure {
    RecordsPerSecond,
    CpuPerMillion,
    BrokerCpuPerMillion,
    PeakMib,
}

impl Figure {
    pub fn of(self, sample: &Sample, records: u64) -> f64 {
        let millions = records as f64 / 1e6;
        match self {
            Figure::RecordsPerSecond => records as f64 / sample.seconds,
            Figure::CpuPerMillion => sample.cpu / millions,
            Figure::BrokerCpuPerMillion => sample.broker_cpu / millions,
            Figure::PeakMib => sample.peak_mib,
        }
    }
}

impl Throughput {
    /// The median of these runs; `None` if there are none.
    pub fn median(&self, runs: &[Sample], figure: Figure) -> Option<f64> {
        median(runs.iter().map(|run| figure.of(run, self.records)))
    }

    /// The median of what ours is for one of the other's, pair by pair.
    pub fn ratio(&self, others: &[Sample], figure: Figure) -> Option<f64> {
        let of = |sample| figure.of(sample, self.records);
        median(self.ours.iter().zip(others).map(|(ours, other)| of(ours) / of(other)))
    }

    /// The most of the machine that others used in any run.
    pub fn others_max(&self) -> f64 {
        self.ours.iter().chain(&self.peer).chain(&self.plain).map(|run| run.others).fold(0.0, f64::max)
    }
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(values[middle]),
        _ => Some((values[middle - 1] + values[middle]) / 2.0),
    }
}

/// With commas between thousands, and as many digits as say something.
pub fn number(value: f64) -> String {
    if value.is_nan() {
        return "–".to_owned();
    }
    if value < 100.0 {
        return if value < 10.0 { format!("{value:.2}") } else { format!("{value:.1}") };
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

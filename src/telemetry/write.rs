//! Metrics as text, by prometheus-client: OpenMetrics, or Prometheus' older format. A metric is written as the page declares
//! it, and nothing else is.

use super::page::{Kind, Metric, Unit};
use crate::runtime::figures::histogram::Seen;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, NoLabelSet, prometheus_text, text,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry;
use std::fmt::Error;

/// Who can write metrics down when they are asked for.
pub trait Source: Send + Sync + 'static {
    fn write(&self, to: &mut Writer<'_>) -> Result<(), Error>;
}

/// All metrics of a process.
#[derive(Default)]
pub struct Registry(registry::Registry);

impl Registry {
    pub fn with(mut self, source: impl Source) -> Self {
        self.0.register_collector(Box::new(Asked(source)));
        self
    }

    /// In OpenMetrics 1.0.
    pub fn openmetrics(&self) -> Result<String, Error> {
        let mut text = String::new();
        text::encode(&mut text, &self.0)?;
        Ok(text)
    }

    /// In Prometheus' text format 0.0.4.
    pub fn prometheus(&self) -> Result<String, Error> {
        let mut text = String::new();
        prometheus_text::encode(&mut text, &self.0)?;
        Ok(text)
    }
}

struct Asked<S>(S);

impl<S> std::fmt::Debug for Asked<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(std::any::type_name::<S>())
    }
}

impl<S: Source> Collector for Asked<S> {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        self.0.write(&mut Writer(encoder))
    }
}

/// Writes metrics of the page.
pub struct Writer<'a>(DescriptorEncoder<'a>);

/// The values of a metric's labels, in the order of the page.
pub type Labels = Vec<String>;

impl Writer<'_> {
    pub fn counters(
        &mut self,
        metric: &'static Metric,
        samples: impl IntoIterator<Item = (Labels, impl EncodeCounterValue)>,
    ) -> Result<(), Error> {
        self.each(metric, samples, |mut encoder, value| {
            encoder.encode_counter::<NoLabelSet, _, u64>(&value, None)
        })
    }

    pub fn gauges(
        &mut self,
        metric: &'static Metric,
        samples: impl IntoIterator<Item = (Labels, impl EncodeGaugeValue)>,
    ) -> Result<(), Error> {
        self.each(metric, samples, |mut encoder, value| encoder.encode_gauge(&value))
    }

    pub fn histograms(
        &mut self,
        metric: &'static Metric,
        samples: impl IntoIterator<Item = (Labels, Seen)>,
    ) -> Result<(), Error> {
        self.each(metric, samples, |mut encoder, seen| {
            encoder.encode_histogram::<NoLabelSet>(seen.sum, seen.count, &seen.buckets, None)
        })
    }

    /// A gauge without labels.
    pub fn gauge(&mut self, metric: &'static Metric, value: impl EncodeGaugeValue) -> Result<(), Error> {
        self.gauges(metric, [(Labels::new(), value)])
    }

    /// A counter without labels.
    pub fn counter(&mut self, metric: &'static Metric, value: impl EncodeCounterValue) -> Result<(), Error> {
        self.counters(metric, [(Labels::new(), value)])
    }

    /// Always 1, with what it says in its labels.
    pub fn info(&mut self, metric: &'static Metric, labels: Labels) -> Result<(), Error> {
        let named: Vec<(&str, String)> = metric.labels.iter().copied().zip(labels).collect();
        self.0.encode_descriptor(metric.stem(), metric.help, None, kind(metric))?.encode_info(&named)
    }

    fn each<V>(
        &mut self,
        metric: &'static Metric,
        samples: impl IntoIterator<Item = (Labels, V)>,
        mut write: impl FnMut(prometheus_client::encoding::MetricEncoder<'_>, V) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let unit = match metric.unit {
            Unit::Seconds => Some(registry::Unit::Seconds),
            Unit::Bytes => Some(registry::Unit::Bytes),
            Unit::Of(_) | Unit::Truth => None,
        };
        let mut encoder =
            self.0.encode_descriptor(metric.stem(), metric.help, unit.as_ref(), kind(metric))?;
        for (labels, value) in samples {
            assert_eq!(labels.len(), metric.labels.len(), "the labels of {}", metric.name);
            let named: Vec<(&str, String)> = metric.labels.iter().copied().zip(labels).collect();
            write(encoder.encode_family(&named)?, value)?;
        }
        Ok(())
    }
}

fn kind(metric: &Metric) -> MetricType {
    match metric.kind {
        Kind::Counter => MetricType::Counter,
        Kind::Gauge => MetricType::Gauge,
        Kind::Histogram => MetricType::Histogram,
        Kind::Info => MetricType::Info,
    }
}

#[cfg(test)]
mod tests {
    use super::super::page;
    use super::*;

    struct Some;

    impl Source for Some {
        fn write(&self, to: &mut Writer<'_>) -> Result<(), Error> {
            to.info(&page::BUILD, vec!["1.2.3".to_owned()])?;
            to.counters(&page::FOLDED, [(vec!["chats".to_owned()], 7u64)])?;
            to.gauge(&page::RESIDENT, 12.5)?;
            to.counter(&page::CPU, 0.5)
        }
    }

    #[test]
    fn names_have_their_unit_and_total_in_both_formats() {
        let registry = Registry::default().with(Some);
        let samples = |text: String| -> Vec<String> {
            text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
        };
        let expected = [
            "chat_goals_build_info{version=\"1.2.3\"} 1",
            "chat_goals_records_folded_total{stage=\"chats\"} 7",
            "process_resident_memory_bytes 12.5",
            "process_cpu_seconds_total 0.5",
        ];
        assert_eq!(samples(registry.prometheus().unwrap()), expected);
        let openmetrics = registry.openmetrics().unwrap();
        assert!(openmetrics.ends_with("# EOF\n"), "{openmetrics}");
        assert_eq!(samples(openmetrics), expected);
    }
}

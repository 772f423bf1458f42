//! The results as a picture: groups of bars on a transparent ground, for light and dark pages.

use crate::figures::{Figure, number};
use crate::report::Results;
use crate::subject::Program;
use std::fmt::Write as _;

const WIDTH: f64 = 860.0;
const PANEL: f64 = 410.0;
const LABEL: f64 = 130.0;
const VALUE: f64 = 62.0;
const ROW: f64 = 26.0;
const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#24292f}.title{font-size:18px;font-weight:600}.head{font-weight:600}\
.small{font-size:11px;fill:#57606a}.axis{stroke:#8c959f;stroke-width:1}.ours{fill:#0969da}.peer{fill:#bc4c00}.plain{fill:#8c959f}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.small{fill:#9198a1}.axis{stroke:#656c76}.ours{fill:#4493f8}.peer{fill:#db6d28}.plain{fill:#656c76}}";

struct Bar {
    class: &'static str,
    label: String,
    value: f64,
}

struct Panel {
    title: &'static str,
    axis: &'static str,
    bars: Vec<Bar>,
}

pub fn draw(results: &Results) -> String {
    let panels: Vec<Panel> =
        panels(results).into_iter().filter(|panel| panel.bars.iter().any(|bar| bar.value > 0.0)).collect();
    let (mut body, mut top) = (String::new(), 62.0);
    for row in panels.chunks(2) {
        for (column, panel) in row.iter().enumerate() {
            body += &panel.draw(column as f64 * (WIDTH - PANEL), top);
        }
        top += row.iter().map(Panel::height).fold(0.0, f64::max) + 22.0;
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {top}\" width=\"{WIDTH}\" height=\"{top}\" role=\"img\" \
         aria-label=\"chat-goals beside Kafka Streams and a plain consumer\">\n<style>{STYLE}</style>\n\
         <text class=\"title\" x=\"0\" y=\"20\">chat-goals beside the same job on Kafka Streams, exactly once, one broker</text>\n\
         <text class=\"small\" x=\"0\" y=\"40\">{} records of {} chats; medians; {} cores shared with the broker</text>\n{body}</svg>\n",
        number(results.records as f64),
        number(results.load.chats.into()),
        std::thread::available_parallelism().map_or(0, usize::from)
    )
}

fn panels(results: &Results) -> Vec<Panel> {
    let throughput = |title, axis, figure| Panel { title, axis, bars: throughput(results, figure) };
    let latency = |title, of: &dyn Fn(&crate::latency::Latency, f64) -> f64| {
        let quantiles = [("p50", 0.5), ("p99", 0.99)];
        let bars = quantiles.iter().flat_map(|(name, quantile)| {
            results.latencies.iter().map(move |(program, latency)| Bar {
                class: class(*program),
                label: format!("{} {name}", program.name()),
                value: of(latency, *quantile),
            })
        });
        Panel { title, axis: "milliseconds, less is better", bars: bars.collect() }
    };
    let mut restarts = Vec::new();
    for (program, restart) in &results.restarts {
        let label = program.name().to_owned();
        restarts.push(Bar { class: class(*program), label, value: restart.on_its_disk });
        if let Some(value) = restart.on_an_empty_disk {
            restarts.push(Bar { class: class(*program), label: "… empty disk".to_owned(), value });
        }
    }
    vec![
        throughput("Catching up", "records a second, more is better", Figure::RecordsPerSecond),
        throughput("CPU", "seconds per million records, less is better", Figure::CpuPerMillion),
        latency("Manager's reply to status", &|latency, of| latency.replies.quantile(of)),
        latency("Customer's event to achieved", &|latency, of| latency.events.quantile(of)),
        throughput("Peak memory", "MiB, less is better", Figure::PeakMib),
        Panel {
            title: "kill -9 to the next status",
            axis: "seconds, 6 of them the session that has to end",
            bars: restarts,
        },
    ]
}

fn throughput(results: &Results, figure: Figure) -> Vec<Bar> {
    let Some(found) = &results.throughput else { return Vec::new() };
    [
        ("ours", "chat-goals", &found.ours),
        ("peer", "Kafka Streams", &found.peer),
        ("plain", "plain consumer", &found.plain),
    ]
    .into_iter()
    .filter_map(|(class, label, runs)| {
        Some(Bar { class, label: label.to_owned(), value: found.median(runs, figure)? })
    })
    .collect()
}

fn class(program: Program) -> &'static str {
    match program {
        Program::ChatGoals => "ours",
        Program::KafkaStreams => "peer",
    }
}

impl Panel {
    fn height(&self) -> f64 {
        self.bars.len() as f64 * ROW + 48.0
    }

    fn draw(&self, left: f64, top: f64) -> String {
        let most =
            self.bars.iter().map(|bar| bar.value).filter(|value| value.is_finite()).fold(0.0, f64::max);
        let zero = left + LABEL;
        let full = PANEL - LABEL - VALUE;
        let mut text =
            format!("<text class=\"head\" x=\"{left}\" y=\"{:.0}\">{}</text>\n", top + 14.0, self.title);
        for (number, bar) in self.bars.iter().enumerate() {
            let y = top + 24.0 + number as f64 * ROW;
            let length = if bar.value.is_finite() { (bar.value / most * full).max(1.0) } else { 0.0 };
            writeln!(
                text,
                "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\">{}</text><rect class=\"{}\" x=\"{zero}\" y=\"{y:.0}\" width=\"{length:.1}\" height=\"18\" rx=\"2\"/><text x=\"{:.1}\" y=\"{:.0}\">{}</text>",
                zero - 8.0,
                y + 13.5,
                bar.label,
                bar.class,
                zero + length + 6.0,
                y + 13.5,
                crate::figures::number(bar.value)
            )
            .expect("it is a string");
        }
        let end = top + 24.0 + self.bars.len() as f64 * ROW;
        writeln!(
            text,
            "<line class=\"axis\" x1=\"{zero}\" y1=\"{:.0}\" x2=\"{zero}\" y2=\"{end:.0}\"/><line class=\"axis\" x1=\"{zero}\" y1=\"{end:.0}\" x2=\"{:.0}\" y2=\"{end:.0}\"/>\
             <text class=\"small\" x=\"{zero}\" y=\"{:.0}\">{}</text>",
            top + 20.0,
            zero + full,
            end + 14.0,
            self.axis
        )
        .expect("it is a string");
        text
    }
}

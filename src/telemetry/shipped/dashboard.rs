//! A Grafana dashboard as JSON (the classic model, schema version 41), from rows of panels. It knows no metric.

use serde_json::{Value, json};

/// Which processes a panel is about: stands in a query where labels are matched.
pub const HERE: &str = "HERE";
const CHOSEN: &str = "job=~\"$job\",instance=~\"$instance\"";

/// Columns of a dashboard.
const COLUMNS: u64 = 24;
/// How high a panel is.
const HEIGHT: u64 = 8;
const STAT_HEIGHT: u64 = 4;

pub struct Row {
    pub title: &'static str,
    pub panels: &'static [Panel],
}

pub struct Panel {
    pub kind: Kind,
    pub title: &'static str,
    /// What it shows, in a sentence.
    pub description: &'static str,
    /// As Grafana names it.
    pub unit: &'static str,
    /// Of [`COLUMNS`].
    pub width: u64,
    /// Each with its legend.
    pub queries: &'static [(&'static str, &'static str)],
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Lines over time.
    Lines,
    /// The newest value.
    Number,
}

/// `processes`: a metric that every process has which it is about.
pub fn dashboard(uid: &str, title: &str, description: &str, processes: &str, rows: &[Row]) -> Value {
    let mut panels = Vec::new();
    let mut y = 0;
    for row in rows {
        panels.push(json!({
            "id": panels.len() + 1, "type": "row", "title": row.title, "collapsed": false, "panels": [],
            "gridPos": {"x": 0, "y": y, "w": COLUMNS, "h": 1},
        }));
        y += 1;
        let (mut x, mut height) = (0, 0);
        for panel in row.panels {
            if x + panel.width > COLUMNS {
                (x, y, height) = (0, y + height, 0);
            }
            let id = panels.len() + 1;
            panels.push(panel.json(id, x, y));
            x += panel.width;
            height = height.max(panel.height());
        }
        y += height;
    }
    json!({
        "uid": uid,
        "title": title,
        "description": description,
        "tags": ["chat-goals"],
        "schemaVersion": 41,
        "version": 1,
        "editable": true,
        "graphTooltip": 1,
        "timezone": "",
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "annotations": {"list": []},
        "links": [],
        "templating": {"list": [
            {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "current": {}},
            variable("job", "Job", &format!("label_values({processes}, job)")),
            variable("instance", "Instance", &format!("label_values({processes}{{job=~\"$job\"}}, instance)")),
        ]},
        "panels": panels,
    })
}

fn variable(name: &str, label: &str, query: &str) -> Value {
    json!({
        "name": name, "label": label, "type": "query", "datasource": source(),
        "query": {"query": query, "refId": name}, "definition": query,
        "refresh": 2, "sort": 1, "multi": true, "includeAll": true, "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
    })
}

fn source() -> Value {
    json!({"type": "prometheus", "uid": "${datasource}"})
}

impl Panel {
    fn height(&self) -> u64 {
        if self.kind == Kind::Number { STAT_HEIGHT } else { HEIGHT }
    }

    fn json(&self, id: usize, x: u64, y: u64) -> Value {
        let targets: Vec<Value> = self
            .queries
            .iter()
            .zip('A'..)
            .map(|((query, legend), letter)| {
                json!({
                    "refId": letter.to_string(), "datasource": source(), "editorMode": "code", "range": true,
                    "expr": query.replace(HERE, CHOSEN), "legendFormat": legend,
                })
            })
            .collect();
        let (kind, custom, options) = match self.kind {
            Kind::Lines => (
                "timeseries",
                json!({"drawStyle": "line", "lineWidth": 1, "fillOpacity": 10, "showPoints": "never"}),
                json!({
                    "legend": {"displayMode": "list", "placement": "bottom", "showLegend": true},
                    "tooltip": {"mode": "multi", "sort": "desc"},
                }),
            ),
            Kind::Number => (
                "stat",
                json!({}),
                json!({
                    "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": false},
                    "colorMode": "value", "graphMode": "area", "justifyMode": "auto", "textMode": "auto",
                }),
            ),
        };
        json!({
            "id": id,
            "type": kind,
            "title": self.title,
            "description": self.description,
            "datasource": source(),
            "gridPos": {"x": x, "y": y, "w": self.width, "h": self.height()},
            "fieldConfig": {
                "defaults": {"unit": self.unit, "min": 0, "custom": custom, "color": {"mode": "palette-classic"}},
                "overrides": [],
            },
            "options": options,
            "targets": targets,
        })
    }
}

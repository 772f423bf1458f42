//! The dashboard of the read side: how new its answers are, how many it gives, and how soon.

use super::dashboard::{Kind, Panel, Row};
use serde_json::Value;

pub fn dashboard() -> Value {
    super::dashboard::dashboard(
        "chat-goals-read-side",
        "chat-goals: read side",
        "How new the answers of the read side are, how many it gives, and how soon",
        "chat_goals_model_rows",
        &[Row { title: "Model", panels: &MODEL }, Row { title: "Requests", panels: &REQUESTS }],
    )
}

const MODEL: [Panel; 6] = [
    Panel {
        kind: Kind::Number,
        title: "Ready processes",
        description: "Processes whose model is level with the topics",
        unit: "short",
        width: 6,
        queries: &[("sum(chat_goals_ready{HERE} and on (job, instance) chat_goals_sse_clients)", "ready")],
    },
    Panel {
        kind: Kind::Number,
        title: "Live followers",
        description: "Clients that follow changes as server-sent events",
        unit: "short",
        width: 6,
        queries: &[("sum(chat_goals_sse_clients{HERE})", "clients")],
    },
    Panel {
        kind: Kind::Number,
        title: "Model",
        description: "What the largest model takes",
        unit: "bytes",
        width: 6,
        queries: &[("max(chat_goals_model_bytes{HERE})", "bytes")],
    },
    Panel {
        kind: Kind::Number,
        title: "Behind",
        description: "How long ago the model that is furthest behind had taken up everything",
        unit: "s",
        width: 6,
        queries: &[("max(chat_goals_model_lag_seconds{HERE})", "behind")],
    },
    Panel {
        kind: Kind::Lines,
        title: "Lag of the model",
        description: "Offsets that each model has yet to take up",
        unit: "short",
        width: 12,
        queries: &[("chat_goals_model_lag_records{HERE}", "{{instance}}")],
    },
    Panel {
        kind: Kind::Lines,
        title: "Rows of the model",
        description: "Rows by kind, of the largest model",
        unit: "short",
        width: 12,
        queries: &[("max by (kind) (chat_goals_model_rows{HERE})", "{{kind}}")],
    },
];

const REQUESTS: [Panel; 4] = [
    Panel {
        kind: Kind::Lines,
        title: "Requests",
        description: "Requests answered a second, by route",
        unit: "reqps",
        width: 12,
        queries: &[(
            "sum by (route) (rate(chat_goals_http_requests_total{HERE}[$__rate_interval]))",
            "{{route}}",
        )],
    },
    Panel {
        kind: Kind::Lines,
        title: "Errors",
        description: "The share of requests that were answered with a server error, health and metrics left out",
        unit: "percentunit",
        width: 12,
        queries: &[(
            "(sum(rate(chat_goals_http_requests_total{HERE,route!~\"/health/.*|/metrics\",status=~\"5..\"}[$__rate_interval])) or vector(0)) / sum(rate(chat_goals_http_requests_total{HERE,route!~\"/health/.*|/metrics\"}[$__rate_interval]))",
            "errors",
        )],
    },
    Panel {
        kind: Kind::Lines,
        title: "Latency, p99",
        description: "How long it took until an answer began, by route",
        unit: "s",
        width: 12,
        queries: &[(
            "histogram_quantile(0.99, sum by (le, route) (rate(chat_goals_http_request_duration_seconds_bucket{HERE}[$__rate_interval])))",
            "{{route}}",
        )],
    },
    Panel {
        kind: Kind::Lines,
        title: "Statuses",
        description: "Requests answered a second, by status and method",
        unit: "reqps",
        width: 12,
        queries: &[(
            "sum by (status, method) (rate(chat_goals_http_requests_total{HERE}[$__rate_interval]))",
            "{{method}} {{status}}",
        )],
    },
];

//! The endpoints `/metrics`, `/health/live` and `/health/ready`, for every server to put beside its own. They only read.

use super::health::{Answer, Health};
use super::write::Registry;
use crate::http::problem::Problem;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use prometheus_client::encoding::prometheus_text;
use std::sync::Arc;

/// Of OpenMetrics, as its specification has it.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The three endpoints. They tell nothing secret and ask for no token.
pub fn router(registry: Registry, health: Health) -> Router {
    let live = health.clone();
    Router::new()
        .route("/metrics", get(metrics))
        .with_state(Arc::new(registry))
        .route("/health/live", get(async move || answered(&live.live())))
        .route("/health/ready", get(async move || answered(&health.ready())))
}

async fn metrics(State(registry): State<Arc<Registry>>, headers: HeaderMap) -> Result<Response, Problem> {
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let only_old = accepts.contains("text/plain") && !accepts.contains("openmetrics");
    // What it reads may be on disk.
    let written = tokio::task::spawn_blocking(move || match only_old {
        true => registry.prometheus().map(|text| (prometheus_text::CONTENT_TYPE, text)),
        false => registry.openmetrics().map(|text| (OPENMETRICS, text)),
    });
    let (kind, text) = written.await.map_err(anyhow::Error::from)?.map_err(anyhow::Error::from)?;
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}

fn answered(answer: &Answer) -> Response {
    let status = if answer.ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response()
}

//! The HTTP API: `/api/v1/…` as JSON, `/events` as server-sent events, and the OpenAPI document that describes them.
//! Parameters are read strictly, errors are problems (RFC 9457). It decides nothing and keeps nothing.
//!
//! [`parameters`] and [`respond`] are how it reads and answers; a file for each thing that is asked for; [`events`];
//! [`document`] puts the description together.

mod chats;
pub mod document;
mod events;
mod goals;
mod letters;
mod managers;
mod parameters;
mod respond;
mod schemas;
mod status;

use super::model::ReadModel;
use crate::http::problem::Problem;
use crate::http::server::Stopping;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use axum::routing::get;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// What the handlers share.
#[derive(Clone)]
pub struct Api {
    pub model: ReadModel,
    pub stopping: Stopping,
    /// As many as may still read `/events`.
    pub event_readers: Arc<Semaphore>,
    /// Whether requests need a token, for the OpenAPI document to say so.
    pub needs_token: bool,
}

/// The routes of the API.
pub fn router(api: Api) -> Router {
    Router::new()
        .route("/api/v1/chats", get(chats::list))
        .route("/api/v1/chats/{id}", get(chats::one))
        .route("/api/v1/managers", get(managers::managers))
        .route("/api/v1/goals", get(goals::goals))
        .route("/api/v1/status", get(status::status))
        .route("/api/v1/dead-letters", get(letters::list))
        .route("/api/v1/dead-letters/{topic}/{partition}/{offset}", get(letters::one))
        .route("/api/v1/openapi.json", get(openapi))
        .route("/events", get(events::events))
        .with_state(api)
}

async fn openapi(State(api): State<Api>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    parameters::Parameters::of(&uri)?.end()?;
    respond::json(&headers, &document::document(api.needs_token))
}

/// What no route answers.
pub async fn not_found(uri: Uri) -> Problem {
    Problem::not_found(format!("there is nothing at {}", uri.path()))
}

/// A route that does not answer this method.
pub async fn method_not_allowed() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are answered here")
}

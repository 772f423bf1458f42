//! The read side: a [`model`] that follows the output topics into a RocksDB of its own, the HTTP [`api`] over it, and the
//! [`dashboard`] for people. Any number of instances; each keeps where it was, and goes on from there. It never folds and
//! never writes to the log.
//!
//! [`service`] runs them; [`router`] is the one place where everything that is answered over HTTP is put together.

pub mod api;
pub mod dashboard;
pub mod model;
pub mod service;

use crate::http::auth::with_token_or_session;
use crate::http::server::Stopping;
use crate::http::session::Sessions;
use api::Api;
use axum::Router;
use axum::http::{HeaderMap, Uri, header};
use axum::response::{IntoResponse as _, Response};
use dashboard::{Dashboard, Options};
use model::ReadModel;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// How a model is served.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// The token that requests have to bear; `None`: they need none.
    pub token: Option<String>,
    /// How many readers of `/events` there may be at once.
    pub event_readers_max: usize,
    /// What the dashboard has to know.
    pub dashboard: Options,
}

/// Everything that is answered over HTTP about the model.
pub fn router(model: ReadModel, access: &Access, stopping: Stopping) -> Router {
    let token = access.token.as_deref();
    let sessions = token.map(|token| Arc::new(Sessions::new(token)));
    let dashboard = Dashboard::new(model.clone(), access.dashboard.clone());
    let event_readers = Arc::new(Semaphore::new(access.event_readers_max));
    let api = Api { model, stopping, event_readers, needs_token: token.is_some() };
    let api = api::router(api).method_not_allowed_fallback(api::method_not_allowed);
    let nothing = Router::new().fallback({
        let dashboard = dashboard.clone();
        move |uri: Uri, headers: HeaderMap| async move { nothing_there(&dashboard, uri, &headers).await }
    });
    with_token_or_session(api, token, sessions.clone())
        .merge(dashboard::router(dashboard, sessions.clone()))
        .fallback_service(with_token_or_session(nothing, token, sessions))
}

/// A page for people, a problem for programs.
async fn nothing_there(dashboard: &Dashboard, uri: Uri, headers: &HeaderMap) -> Response {
    let accepts = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    if accepts.is_some_and(|accept| accept.contains("text/html")) && !uri.path().starts_with("/api/") {
        return dashboard::not_found(dashboard);
    }
    api::not_found(uri).await.into_response()
}

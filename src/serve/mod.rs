//! The read side: a [`model`] that follows the output topics into a RocksDB of its own, and the HTTP [`api`] over it.
//! Any number of instances; each keeps where it was, and goes on from there. It never folds and never writes to the log.
//!
//! [`service`] runs both; [`router`] is the one place where everything that is answered over HTTP is put together.

pub mod api;
pub mod model;
pub mod service;

use crate::http::auth::with_token;
use crate::http::server::Stopping;
use api::Api;
use axum::Router;
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
}

/// Everything that is answered over HTTP about the model.
pub fn router(model: ReadModel, access: &Access, stopping: Stopping) -> Router {
    let event_readers = Arc::new(Semaphore::new(access.event_readers_max));
    let needs_token = access.token.is_some();
    let api = api::router(Api { model, stopping, event_readers, needs_token });
    // Pages for people are merged in here.
    let router = api.fallback(api::not_found).method_not_allowed_fallback(api::method_not_allowed);
    with_token(router, access.token.as_deref())
}

//! Which address shows which page, and how a page or a failure becomes an answer. Pages read a disk, so they are made on
//! threads that may block.

use super::frame::Frame;
use super::links;
use super::pages::{
    chat, chats, dead_letter, dead_letters, goals, manager, managers, managers_csv, overview,
};
use super::query::Query;
use super::sign_in::{self, Door};
use super::{Dashboard, Failure, assets, headers};
use crate::http::session::Sessions;
use askama::Template;
use axum::Router;
use axum::extract::{Path, Query as Parameters, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::{get, post};
use std::sync::Arc;

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    frame: Frame,
    detail: String,
}

/// All pages. With `sessions` only those who signed in see them.
pub fn router(dashboard: Dashboard, sessions: Option<Arc<Sessions>>) -> Router {
    let pages = Router::new()
        .route("/", get(show_overview))
        .route("/chats", get(show_chats))
        .route("/chats/{id}", get(show_chat))
        .route("/chats/dots/{count}", get(show_chat_of_dots))
        .route("/managers", get(show_managers))
        .route("/managers/{id}", get(show_manager))
        .route("/managers/dots/{count}", get(show_manager_of_dots))
        .route("/nobody", get(show_nobody))
        .route("/managers.csv", get(managers_file))
        .route("/goals", get(show_goals))
        .route("/dead-letters", get(show_dead_letters))
        .route("/dead-letters/{place}", get(show_dead_letter))
        .with_state(dashboard.clone());
    let open = Router::new().route("/assets/{name}", get(assets::serve));
    let all = match sessions {
        None => pages.merge(open),
        Some(sessions) => {
            let door = Door { dashboard, sessions };
            let doors = Router::new()
                .route("/login", get(sign_in::form).post(sign_in::show_token))
                .route("/logout", post(sign_in::sign_out))
                .with_state(door.clone());
            pages.layer(from_fn_with_state(door, sign_in::guard)).merge(open).merge(doors)
        }
    };
    headers::on(all)
}

/// The page for addresses that are none.
pub fn not_found(dashboard: &Dashboard) -> Response {
    failed(dashboard, Failure::missing("There is no page at this address."))
}

async fn show_overview(State(of): State<Dashboard>) -> Response {
    page(of, overview::page).await
}

async fn show_chats(State(of): State<Dashboard>, Parameters(query): Parameters<Query>) -> Response {
    page(of, move |of| chats::page(of, &query)).await
}

async fn show_chat(
    State(of): State<Dashboard>,
    Path(id): Path<String>,
    Parameters(query): Parameters<Query>,
) -> Response {
    page(of, move |of| chat::page(of, &id, &query)).await
}

async fn show_chat_of_dots(
    state: State<Dashboard>,
    Path(count): Path<String>,
    query: Parameters<Query>,
) -> Response {
    match links::dots(&count) {
        Some(id) => show_chat(state, Path(id.to_owned()), query).await,
        None => not_found(&state),
    }
}

async fn show_managers(State(of): State<Dashboard>, Parameters(query): Parameters<Query>) -> Response {
    page(of, move |of| managers::page(of, &query)).await
}

async fn show_manager(
    State(of): State<Dashboard>,
    Path(id): Path<String>,
    Parameters(query): Parameters<Query>,
) -> Response {
    page(of, move |of| manager::page(of, &id, &query)).await
}

async fn show_manager_of_dots(
    state: State<Dashboard>,
    Path(count): Path<String>,
    query: Parameters<Query>,
) -> Response {
    match links::dots(&count) {
        Some(id) => show_manager(state, Path(id.to_owned()), query).await,
        None => not_found(&state),
    }
}

async fn show_nobody(State(of): State<Dashboard>, Parameters(query): Parameters<Query>) -> Response {
    page(of, move |of| manager::page(of, "", &query)).await
}

async fn show_goals(State(of): State<Dashboard>, Parameters(query): Parameters<Query>) -> Response {
    page(of, move |of| goals::page(of, &query)).await
}

async fn show_dead_letters(State(of): State<Dashboard>, Parameters(query): Parameters<Query>) -> Response {
    page(of, move |of| dead_letters::page(of, &query)).await
}

async fn show_dead_letter(State(of): State<Dashboard>, Path(place): Path<String>) -> Response {
    page(of, move |of| dead_letter::page(of, &place)).await
}

async fn managers_file(State(of): State<Dashboard>, Parameters(query): Parameters<Query>) -> Response {
    match made(of.clone(), move |of| managers_csv::file(of, &query)).await {
        Ok((text, name)) => {
            let mut response = text.into_response();
            let headers = response.headers_mut();
            headers.insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static("text/csv; charset=utf-8; header=present"),
            );
            // Dates and fixed words: nothing that a header could not hold.
            if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
                headers.insert(header::CONTENT_DISPOSITION, value);
            }
            response
        }
        Err(failure) => failed(&of, failure),
    }
}

async fn page(of: Dashboard, make: impl FnOnce(&Dashboard) -> super::Html + Send + 'static) -> Response {
    match made(of.clone(), make).await {
        Ok(page) => Html(page).into_response(),
        Err(failure) => failed(&of, failure),
    }
}

async fn made<T: Send + 'static>(
    of: Dashboard,
    make: impl FnOnce(&Dashboard) -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let made = tokio::task::spawn_blocking(move || make(&of)).await;
    made.unwrap_or_else(|error| Err(Failure::Internal(error.into())))
}

fn failed(of: &Dashboard, failure: Failure) -> Response {
    let (status, title, detail) = match failure {
        Failure::Bad(detail) => (StatusCode::BAD_REQUEST, "This cannot be understood", detail),
        Failure::Missing(detail) => (StatusCode::NOT_FOUND, "Not found", detail),
        Failure::NotYet(why) => {
            (StatusCode::SERVICE_UNAVAILABLE, "Not yet", format!("Try again in a moment: {why}."))
        }
        Failure::Internal(error) => {
            tracing::error!(error = format!("{error:#}"), "a page could not be made");
            let detail = "The page could not be made; the log of the server says why.".to_owned();
            (StatusCode::INTERNAL_SERVER_ERROR, "The server failed", detail)
        }
    };
    match (ErrorPage { frame: of.frame(title, None), detail }).render() {
        Ok(page) => (status, Html(page)).into_response(),
        Err(_) => status.into_response(),
    }
}

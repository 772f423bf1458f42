//! The way in when a token is set: a form that takes it once and gives a cookie. Pages that are asked for without one
//! lead there; nothing else is told.

use super::Dashboard;
use super::frame::Frame;
use super::links::Link;
use crate::http::session::Sessions;
use askama::Template;
use axum::Form;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;

/// A wrong token is answered this much later, so that nobody tries many.
const PATIENCE: Duration = Duration::from_millis(500);

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn {
    frame: Frame,
    next: String,
    refused: bool,
}

/// What a link on another site leads to first: the browser sends the cookie only when it is asked for from here.
#[derive(Template)]
#[template(path = "come_in.html")]
struct ComeIn {
    frame: Frame,
    asked: String,
}

#[derive(Clone)]
pub struct Door {
    pub dashboard: Dashboard,
    pub sessions: Arc<Sessions>,
}

#[derive(Deserialize)]
pub struct Asked {
    next: Option<String>,
}

#[derive(Deserialize)]
pub struct Shown {
    token: String,
    next: Option<String>,
}

/// Leads whoever has no session to the form.
pub async fn guard(State(door): State<Door>, request: Request, next: Next) -> Response {
    if door.sessions.has(request.headers()) {
        return next.run(request).await;
    }
    let asked = request.uri().path_and_query().map_or("/", |asked| asked.as_str());
    if request.headers().get("sec-fetch-site").is_some_and(|site| site == "cross-site") {
        let frame = frame(&door.dashboard, "One moment");
        return shown(&ComeIn { frame, asked: asked.to_owned() }, StatusCode::OK);
    }
    Redirect::to(&Link::to("/login").with("next", asked).to_string()).into_response()
}

pub async fn form(State(door): State<Door>, Query(asked): Query<Asked>) -> Response {
    page(&door.dashboard, asked.next, false)
}

pub async fn show_token(State(door): State<Door>, headers: HeaderMap, Form(shown): Form<Shown>) -> Response {
    match door.sessions.begin(&shown.token, &headers) {
        Ok(Some(cookie)) => with_cookie(Redirect::to(&own(shown.next)), &cookie),
        Ok(None) => {
            tokio::time::sleep(PATIENCE).await;
            page(&door.dashboard, shown.next, true)
        }
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "nobody can sign in");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

pub async fn sign_out(State(door): State<Door>, headers: HeaderMap) -> Response {
    with_cookie(Redirect::to("/login"), &door.sessions.end(&headers))
}

fn with_cookie(redirect: Redirect, cookie: &str) -> Response {
    let mut response = redirect.into_response();
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

fn page(dashboard: &Dashboard, next: Option<String>, refused: bool) -> Response {
    let status = if refused { StatusCode::FORBIDDEN } else { StatusCode::OK };
    shown(&SignIn { frame: frame(dashboard, "Sign in"), next: own(next), refused }, status)
}

/// One that leads nowhere else.
fn frame(dashboard: &Dashboard, title: &str) -> Frame {
    Frame { is_open: false, ..Frame::new(title, None, dashboard.now().0).still() }
}

fn shown(page: &impl Template, status: StatusCode) -> Response {
    match page.render() {
        Ok(page) => (status, Html(page)).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Only addresses of this very server are gone on to.
fn own(next: Option<String>) -> String {
    let is_own = |next: &String| {
        next.starts_with('/') && !next.starts_with("//") && !next.contains(['\\', '\r', '\n', '\t'])
    };
    next.filter(is_own).unwrap_or_else(|| "/".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_elsewhere() {
        for next in ["https://example.org", "//example.org", "/\\example.org", "javascript:x", "/a\r\nb", ""]
        {
            assert_eq!(own(Some(next.to_owned())), "/", "{next:?}");
        }
        assert_eq!(own(Some("/chats?status=NONE".to_owned())), "/chats?status=NONE");
        assert_eq!(own(None), "/");
    }
}

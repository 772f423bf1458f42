//! What is heard and what is answered: 200 when Kafka has everything, 503 when it has not and the sender should send again. A
//! body that is not understood is answered with 200, too, as it would be understood no better the next time: the answer says
//! that it is in the dead letters.

use super::counts::Counts;
use super::desk::Desk;
use super::outcome::Outcome;
use super::{channel_talk, tracked};
use crate::domain::time::Timestamp;
use crate::http::auth::with_token_or_query;
use crate::http::problem::Problem;
use crate::log::LogError;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::Serialize;
use std::sync::Arc;

const CHANNEL_TALK: &str = "/v1/webhooks/channel-talk";
const EVENTS: &str = "/v1/events";

/// When to send again, in seconds.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("5");

/// What the answers are made with.
pub struct Bridge {
    pub desk: Desk,
    pub counts: Counts,
}

type Body = Result<Bytes, BytesRejection>;
type Shared = State<Arc<Bridge>>;

/// Everything that can be sent. Without a token everybody may.
pub fn router(bridge: Arc<Bridge>, token: Option<&str>, body_bytes_max: usize) -> Router {
    let paths = Router::new()
        .route(CHANNEL_TALK, post(channel_talk_webhook))
        .route(EVENTS, post(tracked_events))
        .method_not_allowed_fallback(async || {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "only POST is understood here")
        })
        .fallback(async || Problem::not_found("there is nothing at this path"))
        .layer(DefaultBodyLimit::max(body_bytes_max))
        .with_state(bridge);
    with_token_or_query(paths, token)
}

async fn channel_talk_webhook(
    State(bridge): Shared,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    wanted_type(&headers, &["application/json"])?;
    let body = whole(body)?;
    bridge.answered(vec![channel_talk::outcome(&body)], CHANNEL_TALK).await
}

async fn tracked_events(State(bridge): Shared, headers: HeaderMap, body: Body) -> Result<Response, Problem> {
    let kind = wanted_type(&headers, &["application/json", "application/x-ndjson"])?;
    let key = match headers.get("idempotency-key").map(HeaderValue::to_str) {
        None => None,
        Some(Ok(key)) if !key.is_empty() && key.len() <= KEY_BYTES_MAX => Some(key),
        Some(_) => {
            return Err(Problem::bad_request(format!(
                "Idempotency-Key must be 1 to {KEY_BYTES_MAX} characters of ASCII"
            )));
        }
    };
    let body = whole(body)?;
    let came_at_ms = u64::try_from(now().0).unwrap_or(0);
    let request = tracked::Request { key, came_at_ms, is_lines: kind == "application/x-ndjson" };
    let outcomes = tracked::outcomes(&body, &request).map_err(|tracked::TooMany| {
        let what = format!("there are more than {} events in it; send them in several", tracked::EVENTS_MAX);
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, what)
    })?;
    bridge.answered(outcomes, EVENTS).await
}

/// With the number of an event behind it, it is still an id.
const KEY_BYTES_MAX: usize = 240;

fn wanted_type<'a>(headers: &HeaderMap, wanted: &[&'a str]) -> Result<&'a str, Problem> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim();
    wanted.iter().find(|wanted| wanted.eq_ignore_ascii_case(essence)).copied().ok_or_else(|| {
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, format!("send {}", wanted.join(" or ")))
    })
}

fn whole(body: Body) -> Result<Bytes, Problem> {
    body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than ingest.body_bytes_max")
        }
        status => Problem::new(status, "the body did not come whole"),
    })
}

impl Bridge {
    async fn answered(&self, mut outcomes: Vec<Outcome>, path: &str) -> Result<Response, Problem> {
        if let Err(error) = self.written(&mut outcomes, path).await {
            self.counts.add_failed();
            tracing::warn!(path, error = error.to_string(), "not written, so the sender has to send again");
            let problem =
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, "Kafka did not take it; send it again");
            let mut response = problem.into_response();
            response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
            return Ok(response);
        }
        outcomes.iter().for_each(|outcome| self.counts.add(outcome));
        Ok(Json(Answer::of(&outcomes)).into_response())
    }

    async fn written(&self, outcomes: &mut [Outcome], path: &str) -> Result<(), LogError> {
        let deliveries = self.desk.write(outcomes, path, now())?;
        for delivery in deliveries {
            delivery.done().await?;
        }
        Ok(())
    }
}

/// What became of what was sent.
#[derive(Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    /// Records that are in the input topics.
    written: usize,
    /// What is of no concern to any rule.
    ignored: usize,
    /// What was not understood, and is in the dead letters.
    dead_lettered: usize,
    /// Why, of those that were not written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<Reason<'a>>,
}

#[derive(Debug, PartialEq, Serialize)]
struct Reason<'a> {
    /// Which one of those that were sent, counted from 0.
    index: usize,
    reason: &'a str,
}

impl<'a> Answer<'a> {
    fn of(outcomes: &'a [Outcome]) -> Self {
        let mut answer = Self::default();
        for (index, outcome) in outcomes.iter().enumerate() {
            let reason = match outcome {
                Outcome::Records(records) => {
                    answer.written += records.len();
                    continue;
                }
                Outcome::Irrelevant(why) => {
                    answer.ignored += 1;
                    why
                }
                Outcome::Unknown(unknown) => {
                    answer.dead_lettered += 1;
                    unknown.reason.as_str()
                }
            };
            answer.reasons.push(Reason { index, reason });
        }
        answer
    }
}

fn now() -> Timestamp {
    Timestamp(chrono::Utc::now().timestamp_millis())
}

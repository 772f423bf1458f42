//! How the API answers: JSON with an `ETag` of its content, and nothing but that where the client has it already.

use crate::answers::letters::hex;
use crate::http::problem::Problem;
use crate::serve::model::ReadModel;
use anyhow::Context as _;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use siphasher::sip128::{Hasher128, SipHasher13};
use std::hash::Hasher as _;

/// Asks the model on a thread that may block.
pub async fn ask<T: Send + 'static>(
    model: &ReadModel,
    question: impl FnOnce(&ReadModel) -> anyhow::Result<T> + Send + 'static,
) -> Result<T, Problem> {
    let model = model.clone();
    let answered = tokio::task::spawn_blocking(move || question(&model)).await;
    Ok(answered.context("a question panicked").flatten()?)
}

/// A document, or that it is the one that the client has.
pub fn json(request: &HeaderMap, document: &impl Serialize) -> Result<Response, Problem> {
    let body = serde_json::to_vec(document).context("an answer is no JSON")?;
    let tag = tag(&body);
    let known = request.get_all(header::IF_NONE_MATCH).iter().any(|known| names(known, &tag));
    let mut response = match known {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => Response::new(Body::from(body)),
    };
    let headers = response.headers_mut();
    if !known {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    headers.insert(header::ETAG, HeaderValue::from_str(&tag).context("a tag is ASCII")?);
    // A cache may keep it, and asks each time whether it is still so.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}

/// A strong tag: the same bytes have the same, others another one.
fn tag(body: &[u8]) -> String {
    let mut hasher = SipHasher13::new();
    hasher.write(body);
    format!("\"{}\"", hex(&hasher.finish128().as_bytes()))
}

/// Whether `If-None-Match` names the tag; weak ones are compared as strong ones (RFC 9110, 13.1.2).
fn names(known: &HeaderValue, tag: &str) -> bool {
    let known = known.to_str().unwrap_or_default();
    known.split(',').map(str::trim).any(|known| known == "*" || known.trim_start_matches("W/") == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status_with(known: &str) -> StatusCode {
        let mut request = HeaderMap::new();
        request.insert(header::IF_NONE_MATCH, HeaderValue::from_str(known).unwrap());
        json(&request, &"document").unwrap().status()
    }

    #[test]
    fn a_client_that_has_it_gets_no_body() {
        let first = json(&HeaderMap::new(), &"document").unwrap();
        assert_eq!(first.status(), StatusCode::OK);
        let tag = first.headers()[header::ETAG].to_str().unwrap().to_owned();
        for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
            assert_eq!(status_with(&known), StatusCode::NOT_MODIFIED, "{known}");
        }
        assert_eq!(status_with("\"other\""), StatusCode::OK);
        let other = json(&HeaderMap::new(), &"another document").unwrap();
        assert_ne!(other.headers()[header::ETAG].to_str().unwrap(), tag);
    }
}

//! One bearer token (RFC 6750) for a whole router, if one is set.

use super::problem::Problem;
use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use std::sync::Arc;

/// Lets only requests with `Authorization: Bearer TOKEN` through; without a token all.
pub fn with_token<S: Clone + Send + Sync + 'static>(router: Router<S>, token: Option<&str>) -> Router<S> {
    let Some(token) = token else { return router };
    let token: Arc<[u8]> = token.as_bytes().into();
    router.layer(from_fn(move |request: Request, next: Next| {
        let token = token.clone();
        async move { if is_allowed(&request, &token) { next.run(request).await } else { refused() } }
    }))
}

fn is_allowed(request: &Request, token: &[u8]) -> bool {
    let Some(given) = request.headers().get(header::AUTHORIZATION) else { return false };
    let given = given.as_bytes();
    let (scheme, given) = given.split_at(given.len().min("Bearer ".len()));
    scheme.eq_ignore_ascii_case(b"Bearer ") && is_same(given.trim_ascii(), token)
}

/// In a time that says nothing of where they differ.
fn is_same(given: &[u8], wanted: &[u8]) -> bool {
    given.len() == wanted.len()
        && given.iter().zip(wanted).fold(0, |differs, (a, b)| std::hint::black_box(differs | (a ^ b))) == 0
}

fn refused() -> Response {
    let mut response = Problem::new(StatusCode::UNAUTHORIZED, "a bearer token is wanted").into_response();
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

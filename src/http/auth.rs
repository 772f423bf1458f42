//! One bearer token (RFC 6750) for a whole router, if one is set; a browser's session stands for it.

use super::problem::Problem;
use super::session::Sessions;
use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use std::sync::Arc;

/// Lets only requests with `Authorization: Bearer TOKEN` through; without a token all.
pub fn with_token<S: Clone + Send + Sync + 'static>(router: Router<S>, token: Option<&str>) -> Router<S> {
    with_token_or_session(router, token, None)
}

/// The same, and those of browsers that showed the token before.
pub fn with_token_or_session<S: Clone + Send + Sync + 'static>(
    router: Router<S>,
    token: Option<&str>,
    sessions: Option<Arc<Sessions>>,
) -> Router<S> {
    let Some(token) = token else { return router };
    let token: Arc<[u8]> = token.as_bytes().into();
    router.layer(from_fn(move |request: Request, next: Next| {
        let (token, sessions) = (token.clone(), sessions.clone());
        async move {
            let may = bears(&request, &token) || sessions.is_some_and(|of| of.has(request.headers()));
            if may { next.run(request).await } else { refused() }
        }
    }))
}

fn bears(request: &Request, token: &[u8]) -> bool {
    let Some(given) = request.headers().get(header::AUTHORIZATION) else { return false };
    let given = given.as_bytes();
    let (scheme, given) = given.split_at(given.len().min("Bearer ".len()));
    scheme.eq_ignore_ascii_case(b"Bearer ") && is_same(given.trim_ascii(), token)
}

/// In a time that says nothing of where they differ.
pub(super) fn is_same(given: &[u8], wanted: &[u8]) -> bool {
    given.len() == wanted.len()
        && given.iter().zip(wanted).fold(0, |differs, (a, b)| std::hint::black_box(differs | (a ^ b))) == 0
}

fn refused() -> Response {
    let mut response = Problem::new(StatusCode::UNAUTHORIZED, "a bearer token is wanted").into_response();
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

//! One bearer token (RFC 6750) for a whole router, if one is set; a browser's session stands for it. It is never logged, nor
//! is a query that may hold it.

use super::problem::Problem;
use super::session::Sessions;
use axum::Router;
use axum::extract::{Query, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use std::sync::Arc;

/// Lets only requests with `Authorization: Bearer TOKEN` through; without a token all.
pub fn with_token<S: Clone + Send + Sync + 'static>(router: Router<S>, token: Option<&str>) -> Router<S> {
    guarded(router, token, bears)
}

/// The same, and those of browsers that showed the token before.
pub fn with_token_or_session<S: Clone + Send + Sync + 'static>(
    router: Router<S>,
    token: Option<&str>,
    sessions: Option<Arc<Sessions>>,
) -> Router<S> {
    guarded(router, token, move |request, token| {
        bears(request, token) || sessions.as_ref().is_some_and(|of| of.has(request.headers()))
    })
}

/// The same, where the token may also be the parameter `token` of the query: for callers that can be given an address and
/// no header.
pub fn with_token_or_query<S: Clone + Send + Sync + 'static>(
    router: Router<S>,
    token: Option<&str>,
) -> Router<S> {
    guarded(router, token, |request, token| bears(request, token) || is_in_query(request, token))
}

fn guarded<S: Clone + Send + Sync + 'static>(
    router: Router<S>,
    token: Option<&str>,
    is_allowed: impl Fn(&Request, &[u8]) -> bool + Clone + Send + Sync + 'static,
) -> Router<S> {
    let Some(token) = token else { return router };
    let token: Arc<[u8]> = token.as_bytes().into();
    router.layer(from_fn(move |request: Request, next: Next| {
        let may = is_allowed(&request, &token);
        async move { if may { next.run(request).await } else { refused() } }
    }))
}

fn is_in_query(request: &Request, token: &[u8]) -> bool {
    let parameters = Query::<Vec<(String, String)>>::try_from_uri(request.uri());
    let given = parameters.ok().and_then(|Query(all)| all.into_iter().find(|(name, _)| name == "token"));
    given.is_some_and(|(_, given)| is_same(given.as_bytes(), token))
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

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn asked(uri: &str, authorization: Option<&str>) -> Request {
        let request = Request::builder().uri(uri);
        let request = match authorization {
            Some(value) => request.header(header::AUTHORIZATION, value),
            None => request,
        };
        request.body(Body::empty()).unwrap()
    }

    #[test]
    fn the_header_is_the_scheme_and_the_token() {
        let allowed = |value| bears(&asked("/", value), b"secret");
        assert!(allowed(Some("Bearer secret")) && allowed(Some("bearer  secret ")));
        for value in
            [None, Some("secret"), Some("Basic secret"), Some("Bearer secre"), Some("Bearer "), Some("")]
        {
            assert!(!allowed(value), "{value:?}");
        }
    }

    #[test]
    fn the_query_may_hold_it_escaped() {
        let allowed = |uri| is_in_query(&asked(uri, None), b"s&crt");
        assert!(allowed("/?a=b&token=s%26crt"));
        for uri in ["/", "/?token=", "/?token=s", "/?Token=s%26crt", "/?a=s%26crt", "/?token=x&token=s%26crt"]
        {
            assert!(!allowed(uri), "{uri}");
        }
    }
}

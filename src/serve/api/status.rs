//! `/api/v1/status`.

use super::Api;
use super::parameters::Parameters;
use super::respond::{ask, json};
use crate::http::problem::Problem;
use crate::serve::model::answers::StatusAnswer;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;

/// How far the processor and the read model have got
///
/// The lag of each input partition in offsets and seconds, the clocks, the throughput, and the lag of the read model itself.
#[utoipa::path(
    get,
    path = "/api/v1/status",
    operation_id = "getStatus",
    tag = "status",
    responses((status = 200, description = "As it was at the last look, some seconds ago at most.", body = StatusAnswer)),
)]
pub async fn status(State(api): State<Api>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    Parameters::of(&uri)?.end()?;
    json(&headers, &ask(&api.model, |model| model.status()).await?)
}

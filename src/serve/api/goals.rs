//! `/api/v1/goals`.

use super::Api;
use super::parameters::Parameters;
use super::respond::{ask, json};
use crate::http::problem::Problem;
use crate::serve::model::answers::GoalsAnswer;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;

/// The settings of channels, and how their chats stand
///
/// The history of goals, subscriptions and time zones, past, present and to come, and how many chats show each goal.
#[utoipa::path(
    get,
    path = "/api/v1/goals",
    operation_id = "getGoals",
    tag = "goals",
    params(("channel" = Option<String>, Query, description = "Only this channel.", min_length = 1, max_length = 256)),
    responses((status = 200, description = "The channels, by id.", body = GoalsAnswer)),
)]
pub async fn goals(State(api): State<Api>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    let mut given = Parameters::of(&uri)?;
    let channel = given.id("channel")?;
    given.end()?;
    json(&headers, &ask(&api.model, move |model| model.goals(channel.as_deref())).await?)
}

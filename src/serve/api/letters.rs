//! `/api/v1/dead-letters` and `/api/v1/dead-letters/{topic}/{partition}/{offset}`.

use super::parameters::{Parameters, in_order};
use super::respond::{ask, json};
use super::{Api, schemas};
use crate::answers::letters::WholeLetterAnswer;
use crate::domain::time::Timestamp;
use crate::http::problem::Problem;
use crate::serve::model::answers::LettersPage;
use crate::serve::model::questions::LetterFilter;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use utoipa::IntoParams;

/// Which dead letters: those for which everything holds that is said.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes what `list` reads")]
struct LettersParameters {
    /// The topic that they came from.
    #[param(min_length = 1, max_length = 256)]
    topic: Option<String>,
    /// Somewhere in the reason, whatever the case.
    #[param(min_length = 1, max_length = 256)]
    reason: Option<String>,
    #[param(min_length = 1, max_length = 256)]
    key: Option<String>,
    /// Those that became dead letters at this time or later (RFC 3339, or epoch milliseconds).
    #[param(schema_with = schemas::moment)]
    from: Option<Timestamp>,
    /// Those that became dead letters at this time or before.
    #[param(schema_with = schemas::moment)]
    to: Option<Timestamp>,
    /// How many a page has at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// The `next` of the page before.
    #[param(pattern = "^([0-9a-f]{2}){8,300}$")]
    cursor: Option<String>,
}

/// Records that could not be understood, newest first
#[utoipa::path(
    get,
    path = "/api/v1/dead-letters",
    operation_id = "listDeadLetters",
    tag = "dead letters",
    params(LettersParameters),
    responses((status = 200, description = "A page of dead letters.", body = LettersPage)),
)]
pub async fn list(State(api): State<Api>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    let mut given = Parameters::of(&uri)?;
    let filter = LetterFilter {
        topic: given.id("topic")?,
        reason: given.id("reason")?,
        key: given.id("key")?,
        from: given.time("from")?,
        to: given.time("to")?,
    };
    let page = given.page()?;
    given.end()?;
    in_order(filter.from, filter.to)?;
    json(&headers, &ask(&api.model, move |model| model.dead_letters(&filter, &page)).await?)
}

/// One dead letter with its headers and its value
///
/// By where the bad record was, or by where the letter lies in the topic of the dead letters.
#[utoipa::path(
    get,
    path = "/api/v1/dead-letters/{topic}/{partition}/{offset}",
    operation_id = "getDeadLetter",
    tag = "dead letters",
    params(
        ("topic" = String, Path, description = "The topic that the record came from, or that of the dead letters.", min_length = 1, max_length = 256),
        ("partition" = i32, Path, description = "Its partition there.", minimum = 0),
        ("offset" = i64, Path, description = "Its offset there.", minimum = 0),
    ),
    responses(
        (status = 200, description = "The dead letter.", body = WholeLetterAnswer),
        (status = 404, description = "There is none.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn one(
    State(api): State<Api>,
    place: Result<Path<(String, String, String)>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    Parameters::of(&uri)?.end()?;
    let Path((topic, partition, offset)) = place.map_err(|_| Problem::bad_request("the path is no text"))?;
    let partition: i32 = number("partition", &partition)?;
    let offset: i64 = number("offset", &offset)?;
    let place = format!("{topic}[{partition}]:{offset}");
    match ask(&api.model, move |model| model.dead_letter(&topic, partition, offset)).await? {
        Some(letter) => json(&headers, &letter),
        None => Err(Problem::not_found(format!("there is no dead letter of {place}"))),
    }
}

fn number<T: std::str::FromStr + Default + PartialOrd>(name: &str, text: &str) -> Result<T, Problem> {
    let number = text.parse().ok().filter(|number| *number >= T::default());
    number.ok_or_else(|| {
        Problem::bad_request(format!("{name} must be a whole number that is not negative, not {text:?}"))
    })
}

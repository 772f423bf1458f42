//! `/api/v1/chats` and `/api/v1/chats/{id}`.

use super::parameters::{Parameters, in_order, is_id};
use super::respond::{ask, json};
use super::{Api, schemas};
use crate::answers::words::{CauseWord, PhaseWord, SortWord, StatusWord};
use crate::domain::time::Timestamp;
use crate::explain::words::moment;
use crate::http::problem::Problem;
use crate::serve::model::answers::{ChatAnswer, ChatsPage, NotReadYet};
use crate::serve::model::questions::{ChatFilter, ChatOrder, Page};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use utoipa::IntoParams;

/// Which chats: those for which everything holds that is said.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes what `question` reads")]
struct ChatsParameters {
    #[param(min_length = 1, max_length = 256)]
    channel: Option<String>,
    #[param(inline)]
    status: Option<StatusWord>,
    /// Of a chat in process.
    #[param(inline)]
    phase: Option<PhaseWord>,
    /// The manager credited with what the status shows (E1); the empty text: nobody is.
    #[param(max_length = 256)]
    manager: Option<String>,
    #[param(min_length = 1, max_length = 256)]
    customer: Option<String>,
    /// The event of the goal that the chat shows, or else of its last round.
    #[param(min_length = 1, max_length = 256)]
    goal: Option<String>,
    /// What made the latest change.
    #[param(inline)]
    cause: Option<CauseWord>,
    /// The latest change took effect at this time or later (RFC 3339, or epoch milliseconds).
    #[param(schema_with = schemas::moment)]
    from: Option<Timestamp>,
    /// The latest change took effect at this time or before.
    #[param(schema_with = schemas::moment)]
    to: Option<Timestamp>,
    /// Somewhere in the id of the chat, its customer or its manager, whatever the case.
    #[param(min_length = 1, max_length = 256)]
    q: Option<String>,
    #[param(inline)]
    sort: Option<SortWord>,
    /// How many chats a page has at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// The `next` of the page before. It stays valid while chats change: a page has what comes after it in the order. With
    /// `newest` a chat comes again only where a record that was late has dated its latest change back.
    #[param(pattern = "^([0-9a-f]{2}){8,300}$")]
    cursor: Option<String>,
}

fn question(uri: &Uri) -> Result<(ChatFilter, ChatOrder, Page), Problem> {
    let mut given = Parameters::of(uri)?;
    let filter = ChatFilter {
        channel: given.id("channel")?,
        status: given.word("status", StatusWord::ALL, StatusWord::as_str)?,
        phase: given.word("phase", PhaseWord::ALL, PhaseWord::as_str)?,
        manager: given.manager("manager")?,
        customer: given.id("customer")?,
        goal: given.id("goal")?,
        cause: given.word("cause", CauseWord::ALL, CauseWord::as_str)?,
        from: given.time("from")?,
        to: given.time("to")?,
        text: given.id("q")?,
    };
    let order = match given.word("sort", SortWord::ALL, SortWord::as_str)? {
        None | Some(SortWord::Newest) => ChatOrder::NewestFirst,
        Some(SortWord::Oldest) => ChatOrder::OldestFirst,
        Some(SortWord::Deadline) => ChatOrder::DeadlineFirst,
    };
    let page = given.page()?;
    given.end()?;
    in_order(filter.from, filter.to)?;
    Ok((filter, order, page))
}

/// Chats by filter and page
///
/// The newest published view of each. Filters are all to hold; what is sorted by does not change what is found, but that
/// `sort=deadline` has only chats whose last round is open.
#[utoipa::path(
    get,
    path = "/api/v1/chats",
    operation_id = "listChats",
    tag = "chats",
    params(ChatsParameters),
    responses((status = 200, description = "A page of chats.", body = ChatsPage)),
)]
pub async fn list(State(api): State<Api>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    let (filter, order, page) = question(&uri)?;
    json(&headers, &ask(&api.model, move |model| model.chats(&filter, order, &page)).await?)
}

/// One chat, and why its status is what it is
///
/// Every reply and event with the rule that made it count or not, the rules of the status in their order, and what was
/// published. With `as_of` everything is derived with the clock at that time from the facts that are dated up to it; what
/// may have been different is said in `unknown`.
#[utoipa::path(
    get,
    path = "/api/v1/chats/{id}",
    operation_id = "getChat",
    tag = "chats",
    params(
        ("id" = String, Path, description = "The chat.", min_length = 1, max_length = 256),
        ("as_of" = Option<String>, Query, description = "As of this time (RFC 3339, or epoch milliseconds)."),
    ),
    responses(
        (status = 200, description = "What is known of the chat.", body = ChatAnswer),
        (status = 404, description = "The chat is not known, or nothing of it is dated up to then.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The facts of the chat have not been read yet, by which an earlier moment is told.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn one(
    State(api): State<Api>,
    id: Result<Path<String>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut given = Parameters::of(&uri)?;
    let as_of = given.time("as_of")?;
    given.end()?;
    let Path(id) = id.map_err(|_| Problem::bad_request("the id of the chat is no text"))?;
    if !is_id(&id) {
        return Err(Problem::bad_request("the id of a chat is a text of 1 to 256 characters"));
    }
    let chat = id.clone();
    match ask(&api.model, move |model| Ok(model.chat(&id, as_of))).await? {
        Ok(Some(answer)) => json(&headers, &answer),
        Err(error) => match error.downcast_ref::<NotReadYet>() {
            Some(why) => Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, why.to_string())),
            None => Err(error.into()),
        },
        Ok(None) => Err(Problem::not_found(match as_of {
            None => format!("the chat {chat} is not known"),
            Some(at) => format!("nothing that is known of the chat {chat} is dated up to {}", moment(at)),
        })),
    }
}

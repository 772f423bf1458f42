//! `/events`: changes as server-sent events. A reader is a place in the ring of the latest changes and nothing more, so a
//! slow one costs no memory; what it has missed it is told to ask for anew (`reset`).

use super::Api;
use super::parameters::Parameters;
use crate::http::problem::Problem;
use crate::serve::model::answers::Change;
use crate::serve::model::questions::ChangeFilter;
use crate::serve::model::ring::{Heard, Subscription};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio_stream::Stream;
use tokio_stream::wrappers::WatchStream;

/// A comment so often keeps what lies between from taking a quiet stream for a dead one.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Changes as they come
///
/// Server-sent events: `status` (a chat has a new view, or `deleted`), `counter`, `dead-letter`, `lag` (how many offsets
/// the read model and the processor have yet to read; the first event of a stream), and `reset`: changes were missed, so ask
/// anew for what is shown. With the `Last-Event-ID` of an earlier stream it goes on after that. Filters leave out what is
/// of another channel, chat or manager, and dead letters, which are of none.
#[utoipa::path(
    get,
    path = "/events",
    operation_id = "getEvents",
    tag = "events",
    params(
        ("channel" = Option<String>, Query, description = "Only changes of this channel.", min_length = 1, max_length = 256),
        ("chat" = Option<String>, Query, description = "Only changes of this chat.", min_length = 1, max_length = 256),
        ("manager" = Option<String>, Query, description = "Only changes that are credited to this manager; the empty text is nobody.", max_length = 256),
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was heard."),
    ),
    responses(
        (status = 200, description = "A stream that ends when the server does.", body = String, content_type = "text/event-stream"),
        (status = 503, description = "There are as many readers as there may be.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn events(State(api): State<Api>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    let mut given = Parameters::of(&uri)?;
    let filter = ChangeFilter {
        channel: given.id("channel")?,
        chat: given.id("chat")?,
        manager: given.manager("manager")?,
    };
    given.end()?;
    let permit = api.event_readers.try_acquire_owned().map_err(|_| {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "there are as many readers of events as there may be")
    })?;
    let after = headers.get("last-event-id").map(|id| id.to_str().unwrap_or_default());
    let subscription = api.model.subscribe(filter, after);
    let first = after.is_none().then(|| {
        let change = Change::Lag(api.model.lag());
        event(&subscription.id(), &change)
    });
    let news = WatchStream::new(subscription.news());
    let stream =
        Events { first, subscription, news, stopping: Box::pin(api.stopping.asked()), _permit: permit };
    let sse = Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    Ok(([("cache-control", "no-store"), ("x-accel-buffering", "no")], sse).into_response())
}

struct Events {
    first: Option<Event>,
    subscription: Subscription,
    /// Says that there is more to hear.
    news: WatchStream<u64>,
    stopping: Pin<Box<dyn Future<Output = ()> + Send>>,
    _permit: OwnedSemaphorePermit,
}

impl Stream for Events {
    type Item = Result<Event, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.stopping.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(first)));
        }
        loop {
            match self.subscription.heard() {
                Some(Heard::Change { id, change }) => return Poll::Ready(Some(Ok(event(&id, &change)))),
                Some(Heard::Reset { id }) => {
                    return Poll::Ready(Some(Ok(Event::default().id(id).event("reset").data("{}"))));
                }
                None => {
                    if ready!(Pin::new(&mut self.news).poll_next(cx)).is_none() {
                        return Poll::Ready(None);
                    }
                }
            }
        }
    }
}

fn event(id: &str, change: &Change) -> Event {
    let name = match change {
        Change::Status(_) | Change::Deleted(_) => "status",
        Change::Counter(_) => "counter",
        Change::DeadLetter(_) => "dead-letter",
        Change::Lag(_) => "lag",
    };
    let data = serde_json::to_string(change).expect("a change is JSON");
    Event::default().id(id).event(name).data(data)
}

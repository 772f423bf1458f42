//! How many requests were answered, how, and how soon: a layer around a router. A route is known by its template, so that
//! what clients ask for makes no metric grow.

use super::page;
use super::write::{Labels, Source, Writer};
use crate::runtime::figures::histogram::Histogram;
use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::Method;
use axum::middleware::{Next, from_fn};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// In seconds.
const BOUNDS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// Where no route matches.
const UNMATCHED: &str = "unmatched";

/// Cheap to clone; all clones count together.
#[derive(Clone, Default)]
pub struct Requests(Arc<Mutex<Counted>>);

#[derive(Default)]
struct Counted {
    by_status: BTreeMap<(String, &'static str, u16), u64>,
    durations: BTreeMap<(String, &'static str), Histogram>,
}

impl Requests {
    /// Counts what this router answers. What is added to it later is not counted.
    pub fn around<S: Clone + Send + Sync + 'static>(&self, router: Router<S>) -> Router<S> {
        let requests = self.clone();
        router.layer(from_fn(move |request: Request, next: Next| {
            let requests = requests.clone();
            async move {
                let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
                let (route, method) = (route.unwrap_or(UNMATCHED).to_owned(), word(request.method()));
                let began = Instant::now();
                let response = next.run(request).await;
                requests.count(route, method, response.status().as_u16(), began.elapsed());
                response
            }
        }))
    }

    fn count(&self, route: String, method: &'static str, status: u16, took: Duration) {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let durations = counted.durations.entry((route.clone(), method));
        durations.or_insert_with(|| Histogram::new(&BOUNDS)).observe(took.as_secs_f64());
        *counted.by_status.entry((route, method, status)).or_default() += 1;
    }
}

/// Methods that somebody made up are all one.
fn word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

impl Source for Requests {
    fn write(&self, to: &mut Writer<'_>) -> Result<(), std::fmt::Error> {
        let counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let labels = |route: &str, method: &str| -> Labels { vec![route.to_owned(), method.to_owned()] };
        let statuses = counted.by_status.iter().map(|((route, method, status), count)| {
            let mut labels = labels(route, method);
            labels.push(status.to_string());
            (labels, *count)
        });
        to.counters(&page::REQUESTS, statuses)?;
        let durations =
            counted.durations.iter().map(|((route, method), took)| (labels(route, method), took.seen()));
        to.histograms(&page::REQUEST_DURATION, durations)
    }
}

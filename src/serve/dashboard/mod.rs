//! The dashboard: pages over the [`super::model`], complete without a script, kept up to date by a little of it. It shows
//! what was answered, derives nothing, and changes nothing.
//!
//! # Layout
//! - `pages` one file a screen, from the model's answers to what its template shows; `templates` the HTML.
//! - `frame` what is around every page, `words` numbers and times, `links` addresses, `query` what an address asks for,
//!   `period` dates, `csv` files, `timeline` where things are on a chat's time line, `samples` the throughput of a while.
//! - `assets` style sheets and scripts, `headers` what a browser may do, `sign_in` the way in when a token is set.

mod assets;
mod csv;
mod frame;
mod headers;
mod links;
mod pages;
mod period;
mod query;
mod routes;
mod samples;
mod sign_in;
pub mod timeline;
mod words;

use crate::domain::time::Timestamp;
use crate::serve::model::ReadModel;
use crate::serve::model::answers::NotReadYet;
use frame::{Frame, Screen};
pub use routes::{not_found, router};
use samples::{Sample, Samples};
use std::sync::Arc;

/// What the pages are made from. Clones are the same one.
#[derive(Clone)]
pub struct Dashboard {
    of: Arc<Parts>,
}

struct Parts {
    model: ReadModel,
    samples: Samples,
    options: Options,
}

/// What a dashboard has to know of the deployment.
#[derive(Clone, Debug)]
pub struct Options {
    /// The name of the topic of dead letters.
    pub dead_letters: String,
    /// Only who knows a token sees anything.
    pub has_token: bool,
    /// How many times as fast as real the model's time passes: 1, or it is simulated.
    pub speed: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { dead_letters: String::new(), has_token: false, speed: 1.0 }
    }
}

impl Dashboard {
    pub fn new(model: ReadModel, options: Options) -> Self {
        let samples = Samples::start(model.clone());
        Self { of: Arc::new(Parts { model, samples, options }) }
    }

    fn model(&self) -> &ReadModel {
        &self.of.model
    }

    fn samples(&self) -> Vec<Sample> {
        self.of.samples.all()
    }

    fn options(&self) -> &Options {
        &self.of.options
    }

    fn now(&self) -> Timestamp {
        self.of.model.now()
    }

    fn frame(&self, title: impl Into<String>, screen: Option<Screen>) -> Frame {
        let Options { has_token, speed, .. } = *self.options();
        let simulated =
            (speed > 1.0).then(|| format!("Simulated: {:.1} hours pass in a second.", speed / 3_600.0));
        Frame { signed_in: has_token, simulated, ..Frame::new(title, screen, self.now().0) }
    }
}

/// A page, or why there is none.
type Html = Result<String, Failure>;

/// Why a page cannot be shown.
#[derive(Debug)]
enum Failure {
    /// The address asks for what cannot be understood.
    Bad(String),
    Missing(String),
    NotYet(NotReadYet),
    /// Our own fault: the cause goes to the log.
    Internal(anyhow::Error),
}

impl Failure {
    fn bad(detail: impl Into<String>) -> Self {
        Self::Bad(detail.into())
    }

    fn missing(detail: impl Into<String>) -> Self {
        Self::Missing(detail.into())
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        match error.downcast() {
            Ok(not_yet) => Self::NotYet(not_yet),
            Err(error) => Self::Internal(error),
        }
    }
}

impl From<askama::Error> for Failure {
    fn from(error: askama::Error) -> Self {
        Self::Internal(error.into())
    }
}

//! What is at the other end of every callback: an endpoint that answers, or does not.

use super::oracle::Verdict;
use super::publisher::Document;
use attestor::{Feed, FetchError, Sink, SinkOptions, Source};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

/// What a callback returns when the agent no longer lets this host use what it gave.
pub(crate) const PERMISSION_DENIED: i32 = 7;
const UNAVAILABLE: i32 = 14;

/// What an endpoint does.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Document(Document),
    Down,
    Denied,
    /// The host's own code breaks.
    Panics,
}

/// An endpoint, and what its feed remembers of it.
#[derive(Debug)]
struct Endpoint {
    answer: Answer,
    /// The version that was taken last: the next time it is only confirmed (HTTP 304).
    delivered: Option<u64>,
}

/// What a callback did.
#[derive(Debug)]
pub(crate) struct Happened {
    pub(crate) endpoint: String,
    /// None is a confirmation.
    pub(crate) put: Option<Document>,
    pub(crate) answer: Verdict,
}

#[derive(Debug, Default)]
struct Inner {
    endpoints: HashMap<String, Endpoint>,
    fetches: u64,
    happened: Vec<Happened>,
}

/// All endpoints. Callbacks share it with the test.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wire(Arc<Mutex<Inner>>);

impl Wire {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("no callback holds it while it breaks")
    }

    pub(crate) fn set(&self, endpoint: &str, answer: Answer) {
        let mut inner = self.lock();
        match inner.endpoints.get_mut(endpoint) {
            Some(known) => known.answer = answer,
            None => {
                inner.endpoints.insert(endpoint.to_owned(), Endpoint { answer, delivered: None });
            }
        }
    }

    /// The feed will ask for the document, whatever it had before.
    pub(crate) fn forget(&self, endpoint: &str) {
        if let Some(known) = self.lock().endpoints.get_mut(endpoint) {
            known.delivered = None;
        }
    }

    pub(crate) fn forget_all(&self) {
        self.lock().endpoints.values_mut().for_each(|endpoint| endpoint.delivered = None);
    }

    /// How often anything was fetched.
    pub(crate) fn fetches(&self) -> u64 {
        self.lock().fetches
    }

    pub(crate) fn take(&self) -> Vec<Happened> {
        std::mem::take(&mut self.lock().happened)
    }

    pub(crate) fn feed(&self, endpoint: &str) -> impl Feed + use<> {
        let (wire, endpoint) = (self.clone(), endpoint.to_owned());
        move |_: Source<'_>, sink: &mut Sink<'_>| wire.fetch(&endpoint, sink)
    }

    fn fetch(&self, endpoint: &str, sink: &mut Sink<'_>) -> Result<(), FetchError> {
        let (answer, delivered) = {
            let mut inner = self.lock();
            inner.fetches += 1;
            let known = &inner.endpoints[endpoint];
            (known.answer.clone(), known.delivered)
        };
        let document = match answer {
            Answer::Down => return Err(FetchError { host_code: UNAVAILABLE }),
            Answer::Denied => return Err(FetchError { host_code: PERMISSION_DENIED }),
            // Without the message that a panic prints.
            Answer::Panics => std::panic::resume_unwind(Box::new("broken")),
            Answer::Document(document) => document,
        };
        let mut options = SinkOptions::default();
        options.max_age = document.max_age.and_then(|seconds| u64::try_from(seconds).ok());
        let version = document.version;
        let (put, taken) = if delivered == Some(version) {
            (None, sink.confirm(&options))
        } else {
            (Some(document.clone()), sink.put(document.format, &document.bytes, &options).map(|_| ()))
        };
        let answer = taken.map_err(|error| error.reason().slug());
        let mut inner = self.lock();
        if let Some(known) = inner.endpoints.get_mut(endpoint) {
            known.delivered = answer.is_ok().then_some(version);
        }
        inner.happened.push(Happened { endpoint: endpoint.to_owned(), put, answer });
        Ok(())
    }
}

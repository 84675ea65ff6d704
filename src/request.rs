//! One question: may this credential enter?

use crate::clock::Now;
use core::fmt;

/// One verification. Borrows everything; `Debug` shows no credential.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    pub(crate) credential: &'a [u8],
    pub(crate) now: Now,
    pub(crate) attestor: Option<&'a str>,
}

impl<'a> Request<'a> {
    /// Asks about a compact JWS, byte for byte: no `Bearer `, no newline.
    pub fn new(credential: &'a [u8]) -> Self {
        Self { credential, now: Now::System, attestor: None }
    }

    /// Judges at another time than the system clock's.
    #[must_use]
    pub fn at(mut self, now: Now) -> Self {
        self.now = now;
        self
    }

    /// Forces the attestor with this id instead of routing.
    #[must_use]
    pub fn attestor(mut self, id: &'a str) -> Self {
        self.attestor = Some(id);
        self
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("credential_bytes", &self.credential.len())
            .field("now", &self.now)
            .field("attestor", &self.attestor)
            .finish()
    }
}

//! One question: may this credential enter?

use crate::clock::Now;
use core::fmt;

/// One verification. Borrows everything; `Debug` shows no credential.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    pub(crate) credential: &'a [u8],
    pub(crate) now: Now,
    pub(crate) attestor: Option<&'a str>,
    pub(crate) nonce: Option<&'a str>,
    pub(crate) max_age: Option<i64>,
    pub(crate) access_token: Option<&'a [u8]>,
}

impl<'a> Request<'a> {
    /// Asks about a compact JWS, byte for byte: no `Bearer `, no newline.
    pub fn new(credential: &'a [u8]) -> Self {
        Self { credential, now: Now::System, attestor: None, nonce: None, max_age: None, access_token: None }
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

    /// The nonce an ID token must carry.
    #[must_use]
    pub fn nonce(mut self, nonce: &'a str) -> Self {
        self.nonce = Some(nonce);
        self
    }

    /// How long ago, in seconds, the end user of an ID token may have authenticated.
    #[must_use]
    pub fn max_age(mut self, seconds: u32) -> Self {
        self.max_age = Some(seconds.into());
        self
    }

    /// The access token that came with an ID token; its `at_hash` is compared.
    #[must_use]
    pub fn access_token(mut self, token: &'a [u8]) -> Self {
        self.access_token = Some(token);
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

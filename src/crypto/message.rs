//! What a signature covers, hashed no more often than it has to be.

use core::cell::OnceCell;
use ring::digest::{Algorithm, Context, Digest, SHA256, digest};

/// Signed bytes, and their SHA-256 once somebody has asked for it.
pub(crate) struct Message<'a> {
    bytes: &'a [u8],
    sha256: OnceCell<Context>,
}

impl<'a> Message<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, sha256: OnceCell::new() }
    }

    pub(crate) const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    pub(crate) fn digest(&self, algorithm: &'static Algorithm) -> Digest {
        if *algorithm != SHA256 {
            return digest(algorithm, self.bytes);
        }
        let hash = || {
            let mut hash = Context::new(&SHA256);
            hash.update(self.bytes);
            hash
        };
        self.sha256.get_or_init(hash).clone().finish()
    }

    /// SHA-256 as it stood behind the last byte, if it was asked for: what goes on from there need not begin again.
    pub(crate) fn into_sha256(self) -> Option<Context> {
        self.sha256.into_inner()
    }
}

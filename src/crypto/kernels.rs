//! What checks a busy key's signatures faster than the reference does: which keys it is there for, and what it takes.

use super::lanes::Vectors;
use super::rsa::{self, Form, RsaContext};
use super::tables::{BaseTables, Ed25519Base, Ed25519Table, KeyTable};
use super::{Algorithm, Message, PublicKey};
use crate::verdict::Reason;
use std::sync::{Arc, OnceLock};

/// The kernels of one store, and what all its keys share.
pub(crate) struct Kernels {
    vectors: Option<Vectors>,
    base: BaseTables,
    /// None, once it was wanted, if Ed25519 has failed its self-test.
    ed25519: OnceLock<Option<Arc<Ed25519Base>>>,
    /// None if no form of RSA is faster than the reference.
    rsa: Option<Form>,
    /// Whether that has passed its self-test, once it was wanted.
    rsa_passed: OnceLock<bool>,
}

/// A public key made ready for a kernel.
pub(crate) enum Prepared {
    /// By the multiples of an EC key.
    Ec(KeyTable),
    /// By those of an Ed25519 key.
    Ed25519(Ed25519Table),
    /// By what reduces modulo an RSA key.
    Rsa(RsaContext),
}

impl Kernels {
    /// `ifma` is whether processors that have AVX-512 IFMA may use it.
    pub(crate) fn new(ifma: bool) -> Self {
        let vectors = if ifma { Vectors::detect() } else { None };
        Self::with(vectors, Form::detect(vectors))
    }

    fn with(vectors: Option<Vectors>, rsa: Option<Form>) -> Self {
        let (ed25519, rsa_passed) = (OnceLock::new(), OnceLock::new());
        Self { vectors, base: BaseTables::new(vectors), ed25519, rsa, rsa_passed }
    }

    /// In plain integers, in emulated lanes and, where there are any, by the processor's lanes and products.
    #[cfg(fuzzing)]
    pub(crate) fn of_every_form() -> Vec<Self> {
        let with = |form| match form {
            Form::Lanes(vectors) => Self::with(Some(vectors), Some(form)),
            Form::Limbs(_) => Self::with(None, Some(form)),
        };
        Form::every().into_iter().map(with).collect()
    }

    /// Whether AVX-512 IFMA is used.
    pub(crate) fn use_ifma(&self) -> bool {
        self.vectors.is_some()
    }

    /// Bytes on the heap that the key would take; `None` if no kernel is faster than the reference.
    pub(crate) fn bytes(&self, key: &PublicKey) -> Option<usize> {
        match key {
            PublicKey::Ec { curve, .. } => Some(KeyTable::bytes(*curve)),
            PublicKey::Ed25519(_) => Some(Ed25519Table::bytes()),
            PublicKey::Rsa { .. } => RsaContext::bytes(self.rsa?, key),
        }
    }

    /// Makes a key ready; `None` if no kernel takes it, or the one that does has failed its self-test. Allocates, and
    /// takes up to some milliseconds.
    pub(crate) fn prepare(&self, key: &PublicKey) -> Option<Prepared> {
        match key {
            PublicKey::Ec { curve, point } => KeyTable::new(&self.base, *curve, point).map(Prepared::Ec),
            PublicKey::Ed25519(point) => {
                Ed25519Table::new(self.ed25519_base()?, point).map(Prepared::Ed25519)
            }
            PublicKey::Rsa { .. } => {
                let form = self.rsa?;
                let passed = *self.rsa_passed.get_or_init(|| rsa::known_answers(form));
                passed.then(|| RsaContext::new(form, key))?.map(Prepared::Rsa)
            }
        }
    }

    fn ed25519_base(&self) -> Option<Arc<Ed25519Base>> {
        let passes = |base: &Arc<Ed25519Base>| Ed25519Table::known_answer(Arc::clone(base));
        self.ed25519.get_or_init(|| Some(Arc::new(Ed25519Base::new())).filter(passes)).clone()
    }
}

impl Prepared {
    /// Checks `signature` over `message`, by an algorithm of the key's type. Allocates nothing.
    ///
    /// # Errors
    /// Those of [`PublicKey::verify`].
    pub(crate) fn verify(
        &self,
        alg: Algorithm,
        message: &Message<'_>,
        signature: &[u8],
    ) -> Result<(), Reason> {
        match self {
            Self::Ec(table) => table.verify(message, signature),
            Self::Ed25519(table) => table.verify(message.bytes(), signature),
            Self::Rsa(context) => context.verify(alg, message, signature),
        }
    }
}

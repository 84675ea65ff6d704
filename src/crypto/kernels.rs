//! What checks a busy key's signatures faster than the reference does: which keys it is there for, and what it takes.

use super::lanes::Vectors;
use super::rsa::{self, Form, RsaContext};
use super::tables::{BaseTables, Ed25519Base, Ed25519Table, KeyTable, knows_answer};
use super::{Algorithm, Curve, Message, PublicKey};
use crate::verdict::Reason;
use core::sync::atomic::{AtomicU8, Ordering};
use std::sync::OnceLock;

/// The kernels of one store, and what all its keys share.
pub(crate) struct Kernels {
    vectors: Option<Vectors>,
    base: BaseTables,
    ed25519: OnceLock<Ed25519Base>,
    /// None if no form of RSA is faster than the reference.
    rsa: Option<Form>,
    passed: &'static Passed,
}

/// Which kernels have passed their self-test: their bits and [`TESTED`], or 0 before it.
type Passed = AtomicU8;

/// What the kernels of this process came to, without AVX-512 IFMA and with it.
static PASSED: [Passed; 2] = [const { Passed::new(0) }; 2];

const ED25519: u8 = 1 << 3;
const RSA: u8 = 1 << 4;
const TESTED: u8 = 1 << 5;
const ALL: u8 = (TESTED << 1) - 1;

fn bit_of(curve: Curve) -> u8 {
    match curve {
        Curve::P256 => 1,
        Curve::P384 => 1 << 1,
        Curve::P521 => 1 << 2,
    }
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
        Self::with(vectors, Form::detect(vectors), &PASSED[usize::from(vectors.is_some())])
    }

    fn with(vectors: Option<Vectors>, rsa: Option<Form>, passed: &'static Passed) -> Self {
        Self { vectors, base: BaseTables::new(vectors), ed25519: OnceLock::new(), rsa, passed }
    }

    /// Lets each kernel judge published signatures and their neighbours, once in a process, which takes some
    /// milliseconds; whether all were right. One that was not takes no keys.
    pub(crate) fn self_test(&self) -> bool {
        self.passed() == ALL
    }

    fn passed(&self) -> u8 {
        // No lock: a fork may have taken its holder away. Two threads that come at once find the same.
        let mut passed = self.passed.load(Ordering::Relaxed);
        if passed == 0 {
            passed = self.test();
            self.passed.store(passed, Ordering::Relaxed);
        }
        passed
    }

    fn test(&self) -> u8 {
        let mut passed = TESTED;
        for curve in Curve::ALL.into_iter().filter(|curve| knows_answer(*curve, self.vectors)) {
            passed |= bit_of(curve);
        }
        if Ed25519Table::knows_answer(self.vectors) {
            passed |= ED25519;
        }
        if self.rsa.is_none_or(rsa::knows_answers) {
            passed |= RSA;
        }
        passed
    }

    fn has_passed(&self, key: &PublicKey) -> bool {
        let bit = match key {
            PublicKey::Ec { curve, .. } => bit_of(*curve),
            PublicKey::Ed25519(_) => ED25519,
            PublicKey::Rsa { .. } => RSA,
        };
        self.passed() & bit != 0
    }

    /// In plain integers, in emulated lanes and, where there are any, by the processor's lanes and products.
    #[cfg(fuzzing)]
    pub(crate) fn of_every_form() -> Vec<Self> {
        let with = |form| {
            let passed = Box::leak(Box::default());
            match form {
                Form::Lanes(vectors) => Self::with(Some(vectors), Some(form), passed),
                Form::Limbs(_) => Self::with(None, Some(form), passed),
            }
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
        if !self.has_passed(key) {
            return None;
        }
        match key {
            PublicKey::Ec { curve, point } => KeyTable::new(&self.base, *curve, point).map(Prepared::Ec),
            PublicKey::Ed25519(point) => {
                let base = self.ed25519.get_or_init(|| Ed25519Base::new(self.vectors));
                Ed25519Table::new(base, point).map(Prepared::Ed25519)
            }
            PublicKey::Rsa { .. } => RsaContext::new(self.rsa?, key).map(Prepared::Rsa),
        }
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

#[cfg(test)]
impl Kernels {
    /// As if all had passed their self-test but that of `curve`.
    pub(crate) fn wrong_about(curve: Curve) -> Self {
        let passed = Passed::new(ALL & !bit_of(curve));
        Self::with(None, Form::detect(None), Box::leak(Box::new(passed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::tables::reference;

    fn generator(curve: Curve) -> PublicKey {
        let point = reference::base(curve);
        let (x, y) = point[1..].split_at(curve.bytes());
        PublicKey::ec(curve, x, y).unwrap()
    }

    #[test]
    fn all_pass_their_self_test() {
        for ifma in [false, true] {
            assert!(Kernels::new(ifma).self_test());
        }
        let untested = Kernels::with(None, Form::detect(None), Box::leak(Box::default()));
        assert!(untested.self_test());
        assert_eq!(untested.passed.load(Ordering::Relaxed), ALL);
    }

    #[test]
    fn one_that_fails_takes_no_keys() {
        for wrong in Curve::ALL {
            let kernels = Kernels::wrong_about(wrong);
            assert!(!kernels.self_test());
            for curve in Curve::ALL {
                assert_eq!(kernels.prepare(&generator(curve)).is_none(), curve == wrong);
            }
        }
    }
}

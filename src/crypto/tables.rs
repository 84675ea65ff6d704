//! ECDSA verification by tables of a key's multiples: for keys that check thousands of signatures each.
//!
//! u1 G + u2 Q becomes about eighty additions and no doubling. Verification only, and in variable time by design: key,
//! message and signature are public. Nothing here may ever see a secret.

mod comb;
mod curves;
mod ecdsa;
mod edwards;
mod field;
mod inverse;
mod known_answer;
mod lanes;
mod point;
#[cfg(test)]
mod products;
#[cfg(test)]
pub(super) mod reference;
mod straus;
#[cfg(test)]
pub(super) mod tests;

pub(super) use edwards::{Ed25519Base, Ed25519Table, is_edwards_point};

use super::lanes::Vectors;
use super::{Curve, Message};
use crate::verdict::Reason;
use curves::{P256, P384, P521};
use ecdsa::{Base, Table};
use lanes::InLanes;
use ring::digest::{SHA256, SHA384, SHA512};
use std::sync::OnceLock;

/// The tables of the base points, each made when the first key of its curve needs it. They are for the vectors of this
/// processor or, by default, for plain integers; the tables of keys are like them.
#[derive(Default)]
pub(crate) struct BaseTables {
    vectors: Option<Vectors>,
    p256: OnceLock<Base<P256, 4>>,
    p384: OnceLock<Base<P384, 6>>,
    p521: OnceLock<Base<P521, 9>>,
}

impl BaseTables {
    pub(crate) fn new(vectors: Option<Vectors>) -> Self {
        Self { vectors, ..Self::default() }
    }

    fn of<'a, C: InLanes<N>, const N: usize>(&self, base: &'a OnceLock<Base<C, N>>) -> &'a Base<C, N> {
        base.get_or_init(|| Base::new(self.vectors, C::BASE_WINDOW))
    }
}

/// Whether a table of the curve says what is right, in the form for these vectors. Allocates, and takes up to some
/// milliseconds.
pub(super) fn knows_answer(curve: Curve, vectors: Option<Vectors>) -> bool {
    match curve {
        Curve::P256 => known_answer::holds::<P256, 4>(vectors),
        Curve::P384 => known_answer::holds::<P384, 6>(vectors),
        Curve::P521 => known_answer::holds::<P521, 9>(vectors),
    }
}

/// A public key with a table.
pub(crate) struct KeyTable(OnCurve);

enum OnCurve {
    P256(Table<P256, 4>),
    P384(Table<P384, 6>),
    P521(Table<P521, 9>),
}

impl KeyTable {
    /// The table of an uncompressed SEC 1 point; `None` if it is not a point of the curve.
    pub(crate) fn new(base: &BaseTables, curve: Curve, point: &[u8]) -> Option<Self> {
        let coordinates = point.strip_prefix(&[4])?;
        let (x, y) = coordinates.split_at_checked(curve.bytes())?;
        if !curve.contains(x, y) {
            return None;
        }
        Some(Self(match curve {
            Curve::P256 => OnCurve::P256(Table::new(base.of(&base.p256), x, y)),
            Curve::P384 => OnCurve::P384(Table::new(base.of(&base.p384), x, y)),
            Curve::P521 => OnCurve::P521(Table::new(base.of(&base.p521), x, y)),
        }))
    }

    /// Bytes on the heap, without what all keys of the curve share.
    pub(crate) fn bytes(curve: Curve) -> usize {
        match curve {
            Curve::P256 => Table::<P256, 4>::bytes(),
            Curve::P384 => Table::<P384, 6>::bytes(),
            Curve::P521 => Table::<P521, 9>::bytes(),
        }
    }

    /// Checks `signature`, r and s of full length (RFC 7518 section 3.4), over `message`. Allocates nothing.
    ///
    /// # Errors
    /// `signature_malformed` for any other length, `signature_invalid`.
    pub(crate) fn verify(&self, message: &Message<'_>, signature: &[u8]) -> Result<(), Reason> {
        let hash = match &self.0 {
            OnCurve::P256(_) => &SHA256,
            OnCurve::P384(_) => &SHA384,
            OnCurve::P521(_) => &SHA512,
        };
        self.verify_digest(message.digest(hash).as_ref(), signature)
    }

    /// Likewise, over a digest of any length.
    pub(super) fn verify_digest(&self, digest: &[u8], signature: &[u8]) -> Result<(), Reason> {
        match &self.0 {
            OnCurve::P256(table) => table.verify(digest, signature),
            OnCurve::P384(table) => table.verify(digest, signature),
            OnCurve::P521(table) => table.verify(digest, signature),
        }
    }
}

/// Checks an ECDSA signature over P-521, which ring does not have, by an uncompressed SEC 1 point that is on the curve.
/// Allocates nothing.
///
/// # Errors
/// `signature_malformed` if r and s do not have 66 bytes each, `signature_invalid`.
pub(super) fn verify_p521(point: &[u8], digest: &[u8], signature: &[u8]) -> Result<(), Reason> {
    let coordinates = point.get(1..).unwrap_or_default();
    let (x, y) = coordinates.split_at(coordinates.len() / 2);
    ecdsa::verify_without_table::<P521, 9>(x, y, digest, signature)
}

#[cfg(test)]
impl KeyTable {
    /// Whether lanes can tell u1 G + u2 Q; false for the portable form, too.
    fn lanes_can_tell(&self, scalars: [&num_bigint::BigUint; 2]) -> bool {
        match &self.0 {
            OnCurve::P256(table) => table.lanes_can_tell(scalars),
            OnCurve::P384(table) => table.lanes_can_tell(scalars),
            OnCurve::P521(table) => table.lanes_can_tell(scalars),
        }
    }
}

//! Algorithms, keys and signature checks. Public data only: nothing here needs to be constant time.

mod algorithm;
mod curve;
mod ed25519;
mod kernels;
mod key;
mod lanes;
mod limbs;
mod message;
mod mulx;
mod p521_ecdsa;
pub(crate) mod path;
pub(crate) mod possession;
mod prefetch;
mod revocation;
mod rsa;
mod tables;

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod vectors;

pub use algorithm::Algorithm;
pub(crate) use algorithm::{AlgorithmSet, KeyType};
pub(crate) use curve::Curve;
pub(crate) use kernels::{Kernels, Prepared};
pub(crate) use key::{KeyError, PublicKey, check_spki, ed25519_thumbprint};
pub(crate) use message::Message;
pub(crate) use revocation::Revocation;

/// SHA-256 of `bytes`.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref());
    out
}

//! ECDSA over P-521 for certificates: what the path builder's own algorithms lack.

use super::Curve;
use super::tables::verify_p521;
use crate::wire::der;
use pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};

/// Bytes of each half of a signature.
const HALF: usize = 66;

/// ECDSA with one hash.
#[derive(Debug)]
pub(super) struct P521 {
    pub(super) signature: AlgorithmIdentifier,
    pub(super) hash: &'static ring::digest::Algorithm,
}

impl SignatureVerificationAlgorithm for P521 {
    fn verify_signature(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        let digest = ring::digest::digest(self.hash, message);
        let (x, y) =
            key.strip_prefix(&[4]).and_then(|point| point.split_at_checked(HALF)).ok_or(InvalidSignature)?;
        let signature = fixed(signature).filter(|_| Curve::P521.contains(x, y)).ok_or(InvalidSignature)?;
        verify_p521(key, digest.as_ref(), &signature).map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_P521
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }
}

/// r and s of full length.
fn fixed(signature: &[u8]) -> Option<[u8; 2 * HALF]> {
    let (r, s) = der::ecdsa_signature(signature)?;
    let mut halves = [0; 2 * HALF];
    halves[HALF.checked_sub(r.len())?..HALF].copy_from_slice(r);
    halves[HALF + HALF.checked_sub(s.len())?..].copy_from_slice(s);
    Some(halves)
}

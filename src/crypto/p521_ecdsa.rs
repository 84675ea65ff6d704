//! ECDSA over P-521 for certificates: what the path builder's own algorithms lack.

use crate::wire::der;
use p521::ecdsa::signature::hazmat::PrehashVerifier as _;
use p521::ecdsa::{Signature, VerifyingKey};
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
        let key = VerifyingKey::from_sec1_bytes(key).map_err(|_| InvalidSignature)?;
        let signature = fixed(signature).ok_or(InvalidSignature)?;
        key.verify_prehash(digest.as_ref(), &signature).map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_P521
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }
}

fn fixed(signature: &[u8]) -> Option<Signature> {
    let (r, s) = der::ecdsa_signature(signature)?;
    let mut halves = [0; 2 * HALF];
    halves[HALF.checked_sub(r.len())?..HALF].copy_from_slice(r);
    halves[HALF + HALF.checked_sub(s.len())?..].copy_from_slice(s);
    Signature::from_slice(&halves).ok()
}

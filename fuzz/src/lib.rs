//! What fuzz targets share: the fuzzer's bytes, and everybody's verdict on a signature.

use attestor::fuzzing::verdicts;
use attestor::{Algorithm, BundleStore, Format, Now, PutOptions, Request, Source, Verifier, VerifyResult};
use std::sync::Arc;

/// The fuzzer's bytes, taken off from the front; zeros once they are used up.
pub struct Bytes<'a>(pub &'a [u8]);

impl<'a> Bytes<'a> {
    pub fn byte(&mut self) -> u8 {
        self.take(1)[0]
    }

    pub fn take(&mut self, count: usize) -> Vec<u8> {
        let (head, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        [head, &vec![0; count - head.len()]].concat()
    }

    /// Flips none to three bits.
    pub fn flip(&mut self, bytes: &mut [u8]) {
        for _ in 0..self.byte() % 4 {
            let at = usize::from(self.byte()) << 8 | usize::from(self.byte());
            if let Some(byte) = bytes.get_mut(at / 8) {
                *byte ^= 1 << (at % 8);
            }
        }
    }

    pub fn rest(self) -> &'a [u8] {
        self.0
    }
}

/// Asserts that the reference, every form of the kernels and the peers agree; whether they accept.
pub fn agree(alg: Algorithm, key: &[u8], message: &[u8], signature: &[u8], peers: &[bool]) -> bool {
    let Some(verdicts) = verdicts(alg, key, message, signature) else { return false };
    let good = verdicts[0].is_ok();
    assert!(verdicts.iter().all(|verdict| *verdict == verdicts[0]), "{verdicts:?}");
    assert!(peers.iter().all(|peer| *peer == good), "{good}, but the peers say {peers:?}");
    good
}

/// The target for the curve of RustCrypto's crate `$lib`, whose coordinates have so many bytes: a key from the bytes, and a
/// signature by it with some bits flipped, or one that is nothing but bytes. ring's verification is `$ring`, if it has one.
#[macro_export]
macro_rules! ecdsa {
    ($lib:ident, $alg:ident, $bytes:literal, $ring:expr) => {
        libfuzzer_sys::fuzz_target!(|data: &[u8]| {
            use $lib::ecdsa::signature::{Signer as _, Verifier as _};
            let mut bytes = $crate::Bytes(data);
            let signed = bytes.byte() % 4 > 0;
            let Ok(secret) = $lib::ecdsa::SigningKey::from_slice(&bytes.take($bytes)) else { return };
            let public = $lib::ecdsa::VerifyingKey::from(&secret);
            let point = public.to_encoded_point(false);
            let (mut signature, flips) = (bytes.take(2 * $bytes), bytes.take(7));
            let message = bytes.rest();
            if signed {
                let good: $lib::ecdsa::Signature = secret.sign(message);
                signature = good.to_bytes().to_vec();
                $crate::Bytes(&flips).flip(&mut signature);
            }
            let rustcrypto = $lib::ecdsa::Signature::from_slice(&signature)
                .is_ok_and(|parsed| public.verify(message, &parsed).is_ok());
            let ring: Option<&ring::signature::EcdsaVerificationAlgorithm> = $ring;
            let ring = ring.map_or(rustcrypto, |algorithm| {
                ring::signature::UnparsedPublicKey::new(algorithm, &point).verify(message, &signature).is_ok()
            });
            let key = &point.as_bytes()[1..];
            $crate::agree(attestor::Algorithm::$alg, key, message, &signature, &[rustcrypto, ring]);
        });
    };
}

/// A time at which what the seeds hold is valid.
pub const NOW: Now = Now::At(1_800_000_000);

const BUNDLE: &[u8] = include_bytes!("../../tests/data/spire/ec-p256/s0.bundle.spiffe.json");
const POLICY: &[u8] = br#"{"version": 1, "attestors": [{"id": "spiffe", "kind": "spiffe",
    "audiences": ["spiffe://example.org/verifier"], "trust_domains": ["example.org"]}]}"#;

/// A verifier of SPIRE's bundle.
///
/// # Panics
/// If the bundle or the policy above is refused.
#[must_use]
pub fn verifier() -> Verifier {
    let store = Arc::new(BundleStore::new());
    let domain = Source::trust_domain("example.org");
    store.put(domain, Format::SpiffeBundle, BUNDLE, &PutOptions::default(), NOW).expect("a bundle");
    Verifier::new(store, POLICY).expect("a policy")
}

/// Asserts what holds of every verdict: it is the same the second time, on a result that has been used.
pub fn judge(verifier: &Verifier, request: &Request<'_>) {
    let mut result = VerifyResult::new();
    let first = verifier.verify(request, &mut result).map(|_| ());
    assert_eq!(first, verifier.verify(request, &mut result).map(|_| ()));
}

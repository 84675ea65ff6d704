//! What fuzz targets drive that is not public. Only in a build for fuzzing: `--cfg fuzzing`, which cargo-fuzz sets.

use crate::crypto::{Curve, Kernels, Message, PublicKey};
use crate::wire::json::{Limits, Tape};
use crate::{Algorithm, Reason};
use std::sync::LazyLock;

/// In plain integers, in lanes that are emulated and, where the processor has them, by its lanes and products.
static FORMS: LazyLock<Vec<Kernels>> = LazyLock::new(Kernels::of_every_form);

/// What the reference and every form of the kernels say to a signature, the reference first.
///
/// `key` is what the algorithm takes: x and y, an Ed25519 encoding, or an RSA modulus, whose exponent is 65537. `None` for
/// what is no key.
pub fn verdicts(
    alg: Algorithm,
    key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Option<Vec<Result<(), Reason>>> {
    let ec = |curve: Curve| {
        let (x, y) = key.split_at_checked(curve.bytes())?;
        PublicKey::ec(curve, x, y).ok()
    };
    let public = match alg {
        Algorithm::Es256 => ec(Curve::P256)?,
        Algorithm::Es384 => ec(Curve::P384)?,
        Algorithm::Es512 => ec(Curve::P521)?,
        Algorithm::EdDsa | Algorithm::Ed25519 => PublicKey::ed25519(key).ok()?,
        _ => PublicKey::rsa(key, &[1, 0, 1]).ok()?,
    };
    let prepared = FORMS.iter().filter_map(|kernels| kernels.prepare(&public));
    let by_kernels = prepared.map(|prepared| prepared.verify(alg, &Message::new(message), signature));
    Some(std::iter::once(public.verify(alg, message, signature)).chain(by_kernels).collect())
}

/// Whether the strict reader takes a document.
pub fn is_json(document: &[u8]) -> bool {
    Tape::default().read(document, Limits { depth: 64, members: 4096 }).is_ok()
}

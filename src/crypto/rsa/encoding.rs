//! What an RSA signature must open to: EMSA-PKCS1-v1_5 and EMSA-PSS (RFC 8017 section 9).

use crate::crypto::{Algorithm, Message};
use ring::digest::{self, Context, Digest};

/// DigestInfo up to the digest, of SHA-256, SHA-384 and SHA-512 (section 9.2, note 1).
const DIGEST_INFO: [[u8; 19]; 3] = [
    *b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20",
    *b"\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30",
    *b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40",
];
/// Of the longest modulus.
const LONGEST: usize = 512;

/// Whether `encoded`, as long as a modulus of whole bytes, is the encoding of `message`.
pub(super) fn is_encoding_of(encoded: &[u8], alg: Algorithm, message: &Message<'_>) -> bool {
    let hash = message.digest(alg.hash());
    match alg {
        Algorithm::Rs256 => is_pkcs1(encoded, &DIGEST_INFO[0], hash.as_ref()),
        Algorithm::Rs384 => is_pkcs1(encoded, &DIGEST_INFO[1], hash.as_ref()),
        Algorithm::Rs512 => is_pkcs1(encoded, &DIGEST_INFO[2], hash.as_ref()),
        _ => is_pss(encoded, alg.hash(), &hash) == Some(true),
    }
}

/// Section 9.2: 00 01 ff ... ff 00 DigestInfo digest, compared with the only encoding there is.
fn is_pkcs1(encoded: &[u8], info: &[u8], hash: &[u8]) -> bool {
    let padding =
        || encoded.strip_suffix(hash)?.strip_suffix(info)?.strip_suffix(&[0])?.strip_prefix(&[0, 1]);
    padding().is_some_and(|padding| padding.iter().all(|byte| *byte == 0xff))
}

/// Section 9.1.2, with a salt as long as the hash (RFC 7518 section 3.5): (0 ... 0 1 salt) ^ mask, H, bc. The modulus
/// being whole bytes, the encoding is a bit shorter: the first is zero, and the mask's is dropped.
fn is_pss(encoded: &[u8], algorithm: &'static digest::Algorithm, hash: &Digest) -> Option<bool> {
    let length = algorithm.output_len();
    let rest = encoded.strip_suffix(&[0xbc])?;
    let (masked, commitment) = rest.split_at_checked(rest.len().checked_sub(length)?)?;
    let mut block = [0; LONGEST];
    let block = block.get_mut(..masked.len())?;
    block.copy_from_slice(masked);
    if masked.first()? >> 7 == 1 {
        return Some(false);
    }
    unmask(block, algorithm, commitment);
    let (padding, salt) = block.split_at_checked(block.len().checked_sub(length)?)?;
    let (one, zeros) = padding.split_last()?;
    let (first, zeros) = zeros.split_first()?;
    if *one != 1 || first & 0x7f != 0 || zeros.iter().any(|byte| *byte != 0) {
        return Some(false);
    }
    let mut context = Context::new(algorithm);
    for bytes in [&[0; 8], hash.as_ref(), salt] {
        context.update(bytes);
    }
    Some(context.finish().as_ref() == commitment)
}

/// Adds MGF1's mask (appendix B.2.1) to `block`.
fn unmask(block: &mut [u8], algorithm: &'static digest::Algorithm, seed: &[u8]) {
    for (counter, chunk) in (0u32..).zip(block.chunks_mut(algorithm.output_len())) {
        let mut context = Context::new(algorithm);
        context.update(seed);
        context.update(&counter.to_be_bytes());
        for (byte, mask) in chunk.iter_mut().zip(context.finish().as_ref()) {
            *byte ^= mask;
        }
    }
}

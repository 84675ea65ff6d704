//! Possession of a leaf's key: a signature over a challenge that the host made, keeps and uses once.

use super::{Algorithm, Curve, KeyError, KeyType, PublicKey, sha256};
use crate::verdict::Reason;

/// Shortest challenge, in bytes.
const MIN_CHALLENGE: usize = 16;
/// Sets the message apart from everything else that the key signs, TLS handshakes included (RFC 8446 section 4.4.3).
const PADDING: [u8; 64] = [0x20; 64];
const CONTEXT: &[u8; 28] = b"attestor x509 possession v1\0";

/// What a proof signs.
pub(crate) type Message = [u8; 64 + 28 + 3 * 32];

/// The message for one verification: padding, context, and the SHA-256 of challenge, audience and passport.
/// No passport is an empty one.
///
/// # Errors
/// `argument_invalid`: the challenge is shorter than 16 bytes.
pub(crate) fn message(challenge: &[u8], audience: &[u8], passport: &[u8]) -> Result<Message, Reason> {
    if challenge.len() < MIN_CHALLENGE {
        return Err(Reason::ArgumentInvalid);
    }
    let mut message = [0; size_of::<Message>()];
    let hashes = [challenge, audience, passport].map(sha256);
    let parts = [&PADDING[..], CONTEXT].into_iter().chain(hashes.iter().map(|hash| &hash[..]));
    let mut rest = &mut message[..];
    for part in parts {
        let (place, behind) = rest.split_at_mut(part.len());
        place.copy_from_slice(part);
        rest = behind;
    }
    Ok(message)
}

/// Checks `proof`, the raw signature that a JWS would carry (RFC 7518 section 3, RFC 8037 section 3.1), made with the
/// key of `public_key_info`: PS256, ES256, ES384, ES512 or EdDSA, as the key's type has it.
///
/// # Errors
/// `key_invalid`, `key_too_weak`, `cert_alg_not_allowed`, `signature_malformed`, `signature_invalid`.
pub(crate) fn verify(public_key_info: &[u8], message: &Message, proof: &[u8]) -> Result<(), Reason> {
    let key = PublicKey::from_spki(public_key_info).map_err(|error| match error {
        KeyError::Invalid => Reason::KeyInvalid,
        KeyError::TooWeak => Reason::KeyTooWeak,
        KeyError::Unsupported | KeyError::TooLarge => Reason::CertAlgNotAllowed,
    })?;
    let algorithm = match key.key_type() {
        KeyType::Rsa => Algorithm::Ps256,
        KeyType::Ec(Curve::P256) => Algorithm::Es256,
        KeyType::Ec(Curve::P384) => Algorithm::Es384,
        KeyType::Ec(Curve::P521) => Algorithm::Es512,
        KeyType::Ed25519 => Algorithm::EdDsa,
    };
    key.verify(algorithm, message, proof)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::minted::tlv;
    use ring::rand::SystemRandom;
    use ring::signature::{self as sig, KeyPair as _};

    const CHALLENGE: &[u8] = b"0123456789abcdef";

    /// Expected value: `printf` and `sha256sum`, by hand.
    #[test]
    fn the_message_is_spelled_out() {
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        let expected = [
            &"20".repeat(64),
            "6174746573746f722078353039 20706f7373657373696f6e 207631 00",
            "9f9f5111f7b27a781f1f1ddde5ebc2dd2b796bfc7365c9c28b548e564176929f",
            "1c168adb00d208e42f93314529f1fa9c0427eb63233ceda95a5db52b7012a719",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ];
        let message = message(CHALLENGE, b"orders", b"").unwrap();
        assert_eq!(hex(&message), expected.concat().replace(' ', ""));
    }

    #[test]
    fn challenges_are_long_enough_and_every_part_counts() {
        assert_eq!(message(&CHALLENGE[..15], b"a", b""), Err(Reason::ArgumentInvalid));
        let all = [
            message(CHALLENGE, b"a", b"p"),
            message(b"0123456789abcdeF", b"a", b"p"),
            message(CHALLENGE, b"ap", b""),
            message(CHALLENGE, b"", b"ap"),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(all.iter().skip(at + 1).all(|other| one != other));
        }
    }

    fn spki(algorithm: &[u8], key: &[u8]) -> Vec<u8> {
        tlv(0x30, &[tlv(0x30, algorithm), tlv(3, &[&[0], key].concat())].concat())
    }

    /// Every proof stands for its own message and key only.
    fn check(spki: &[u8], proof: &[u8]) {
        let signed = message(CHALLENGE, b"orders", b"passport").unwrap();
        assert_eq!(verify(spki, &signed, proof), Ok(()));
        let other = message(CHALLENGE, b"orders", b"").unwrap();
        assert_eq!(verify(spki, &other, proof), Err(Reason::SignatureInvalid));
        assert_eq!(verify(spki, &signed, &proof[1..]), Err(Reason::SignatureMalformed));
        assert_eq!(verify(spki, &signed, &[]), Err(Reason::SignatureMalformed));
        assert_eq!(verify(&spki[1..], &signed, proof), Err(Reason::KeyInvalid));
    }

    #[test]
    fn proofs_of_every_key_type() {
        let random = SystemRandom::new();
        let signed = message(CHALLENGE, b"orders", b"passport").unwrap();
        let ec = |curve: &[u8]| [&[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1][..], &tlv(6, curve)].concat();
        for (algorithm, curve) in [
            (&sig::ECDSA_P256_SHA256_FIXED_SIGNING, Curve::P256),
            (&sig::ECDSA_P384_SHA384_FIXED_SIGNING, Curve::P384),
        ] {
            let pkcs8 = sig::EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
            let key = sig::EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).unwrap();
            let curve = crate::wire::der::NAMED_CURVES[Curve::ALL.iter().position(|c| *c == curve).unwrap()];
            check(&spki(&ec(curve), key.public_key().as_ref()), key.sign(&random, &signed).unwrap().as_ref());
        }
        let key = sig::Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let ed25519 = [6, 3, 0x2b, 0x65, 0x70];
        check(&spki(&ed25519, key.public_key().as_ref()), key.sign(&signed).as_ref());
    }

    /// Key and signature are OpenSSL's, the signature's halves written one after the other.
    #[test]
    fn p521_is_es512() {
        let text = include_str!("../../tests/data/x509/possession-p521.pub.pem");
        let spki = crate::wire::pem::blocks(text).unwrap().swap_remove(0).der;
        check(&spki, include_bytes!("../../tests/data/x509/possession-p521.es512"));
    }

    /// Key and signatures are OpenSSL's: RSA means PSS, and nothing else.
    #[test]
    fn rsa_is_ps256() {
        let text = include_str!("../../tests/data/x509/possession-rsa.pub.pem");
        let spki = crate::wire::pem::blocks(text).unwrap().swap_remove(0).der;
        check(&spki, include_bytes!("../../tests/data/x509/possession-rsa.ps256"));
        let signed = message(CHALLENGE, b"orders", b"passport").unwrap();
        let rs256 = include_bytes!("../../tests/data/x509/possession-rsa.rs256");
        assert_eq!(verify(&spki, &signed, rs256), Err(Reason::SignatureInvalid));
    }
}

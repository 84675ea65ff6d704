//! What the tables are compared with: RustCrypto's points, and integers of any size.

use crate::crypto::Curve;
use num_bigint::BigUint;
use p256::elliptic_curve::PrimeField;
use p256::elliptic_curve::sec1::{FromEncodedPoint, ToEncodedPoint};
use ring::digest::{SHA256, digest};

/// `$body` with `$lib` for RustCrypto's crate of the curve.
macro_rules! with_library {
    ($curve:expr, $lib:ident => $body:expr) => {
        match $curve {
            Curve::P256 => {
                use p256 as $lib;
                $body
            }
            Curve::P384 => {
                use p384 as $lib;
                $body
            }
            Curve::P521 => {
                use p521 as $lib;
                $body
            }
        }
    };
}

/// The order of the base point, as SP 800-186 section 3.2.1 prints it.
pub(in crate::crypto) fn order(curve: Curve) -> BigUint {
    let decimal: &[u8] = match curve {
        Curve::P256 => b"115792089210356248762697446949407573529996955224135760342422259061068512044369",
        Curve::P384 => {
            b"39402006196394479212279040100143613805079739270465446667946905279627659399113263569398956308152294913554433653942643"
        }
        Curve::P521 => {
            b"6864797660130609714981900799081393217269435300143305409394463459185543183397655394245057746333217197532963996371363321113864768612440380340372808892707005449"
        }
    };
    BigUint::parse_bytes(decimal, 10).unwrap()
}

/// The prime, by its sum of powers of two (SP 800-186 section 3.2.1).
pub(in crate::crypto) fn prime(curve: Curve) -> BigUint {
    let two = |exponent: u32| BigUint::from(1u32) << exponent;
    match curve {
        Curve::P256 => two(256) - two(224) + two(192) + two(96) - two(0),
        Curve::P384 => two(384) - two(128) - two(96) + two(32) - two(0),
        Curve::P521 => two(521) - two(0),
    }
}

/// Full-length big-endian bytes.
pub(in crate::crypto) fn bytes(curve: Curve, integer: &BigUint) -> Vec<u8> {
    let bytes = integer.to_bytes_be();
    [vec![0; curve.bytes() - bytes.len()], bytes].concat()
}

/// a P + b Q; points in SEC 1 encoding, which is a single zero for infinity.
pub(in crate::crypto) fn combine(curve: Curve, a: &BigUint, p: &[u8], b: &BigUint, q: &[u8]) -> Vec<u8> {
    let [a, b] = [a, b].map(|factor| bytes(curve, &(factor % order(curve))));
    with_library!(curve, lib => {
        let scalar = |bytes: &[u8]| lib::Scalar::from_repr(bytes.iter().copied().collect::<lib::FieldBytes>()).unwrap();
        let point = |sec1: &[u8]| {
            let encoded = lib::EncodedPoint::from_bytes(sec1).unwrap();
            lib::ProjectivePoint::from(lib::AffinePoint::from_encoded_point(&encoded).unwrap())
        };
        let sum = point(p) * scalar(&a) + point(q) * scalar(&b);
        sum.to_affine().to_encoded_point(false).as_bytes().to_vec()
    })
}

/// The base point.
pub(in crate::crypto) fn base(curve: Curve) -> Vec<u8> {
    with_library!(curve, lib => lib::AffinePoint::GENERATOR.to_encoded_point(false).as_bytes().to_vec())
}

/// a G.
pub(in crate::crypto) fn multiple(curve: Curve, a: &BigUint) -> Vec<u8> {
    combine(curve, a, &base(curve), &BigUint::ZERO, &base(curve))
}

/// The point with a given x, if there is one.
pub(in crate::crypto) fn with_x(curve: Curve, x: &BigUint) -> Option<Vec<u8>> {
    let compressed = [&[2], &*bytes(curve, x)].concat();
    with_library!(curve, lib => {
        let encoded = lib::EncodedPoint::from_bytes(compressed).unwrap();
        let point: Option<lib::AffinePoint> = lib::AffinePoint::from_encoded_point(&encoded).into();
        point.map(|point| point.to_encoded_point(false).as_bytes().to_vec())
    })
}

/// x of a point that is not infinity.
pub(in crate::crypto) fn x(curve: Curve, sec1: &[u8]) -> BigUint {
    BigUint::from_bytes_be(&sec1[1..=curve.bytes()])
}

/// What RustCrypto says to a signature of a digest.
pub(in crate::crypto) fn verify(curve: Curve, point: &[u8], digest: &[u8], signature: &[u8]) -> bool {
    with_library!(curve, lib => {
        use lib::ecdsa::signature::hazmat::PrehashVerifier;
        let key = lib::ecdsa::VerifyingKey::from_sec1_bytes(point).unwrap();
        lib::ecdsa::Signature::from_slice(signature).is_ok_and(|s| key.verify_prehash(digest, &s).is_ok())
    })
}

/// Integers that look random and are the same in every run.
pub(in crate::crypto) struct Random(u64);

impl Random {
    pub(in crate::crypto) fn new(seed: u64) -> Self {
        Self(seed << 32)
    }

    pub(in crate::crypto) fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut out = Vec::new();
        while out.len() < count {
            self.0 += 1;
            out.extend_from_slice(digest(&SHA256, &self.0.to_be_bytes()).as_ref());
        }
        out.truncate(count);
        out
    }

    /// From 1 to `end` - 1.
    pub(in crate::crypto) fn below(&mut self, end: &BigUint) -> BigUint {
        let wide = BigUint::from_bytes_be(&self.bytes(80));
        wide % (end - 1u32) + 1u32
    }

    pub(in crate::crypto) fn index(&mut self, end: usize) -> usize {
        usize::from_be_bytes(*self.bytes(8).first_chunk().unwrap()) % end
    }
}

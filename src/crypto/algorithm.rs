//! Signature algorithms (RFC 7518 section 3.1). A closed list: there is no `none` and no MAC.

use super::curve::Curve;
use crate::verdict::Reason;
use crate::wire::json::Str;

macro_rules! algorithms {
    ($($variant:ident => $name:literal, $key:expr;)+) => {
        /// A JWS signature algorithm.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum Algorithm { $(#[doc = $name] $variant,)+ }

        impl Algorithm {
            /// Every algorithm.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The JOSE name, as in a header's `alg`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The one type of key the algorithm is used with.
            pub(crate) const fn key_type(self) -> KeyType {
                match self { $(Self::$variant => $key,)+ }
            }
        }
    };
}

algorithms! {
    Rs256 => "RS256", KeyType::Rsa;
    Rs384 => "RS384", KeyType::Rsa;
    Rs512 => "RS512", KeyType::Rsa;
    Es256 => "ES256", KeyType::Ec(Curve::P256);
    Es384 => "ES384", KeyType::Ec(Curve::P384);
    Es512 => "ES512", KeyType::Ec(Curve::P521);
    Ps256 => "PS256", KeyType::Rsa;
    Ps384 => "PS384", KeyType::Rsa;
    Ps512 => "PS512", KeyType::Rsa;
    EdDsa => "EdDSA", KeyType::Ed25519;
    Ed25519 => "Ed25519", KeyType::Ed25519;
}

/// The type of a key, the curve included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyType {
    Rsa,
    Ec(Curve),
    Ed25519,
}

impl Algorithm {
    /// The hash the algorithm signs; SHA-512 for Ed25519.
    pub(crate) fn hash(self) -> &'static ring::digest::Algorithm {
        match self {
            Self::Rs256 | Self::Es256 | Self::Ps256 => &ring::digest::SHA256,
            Self::Rs384 | Self::Es384 | Self::Ps384 => &ring::digest::SHA384,
            _ => &ring::digest::SHA512,
        }
    }

    /// Whether both names mean one algorithm: `EdDSA` with the one curve there is, and `Ed25519`.
    pub(crate) fn is_same(self, other: Self) -> bool {
        self == other || (self.key_type() == KeyType::Ed25519 && other.key_type() == KeyType::Ed25519)
    }

    /// The algorithm of this exact name.
    pub(crate) fn from_name(name: Str<'_>) -> Option<Self> {
        Self::ALL.iter().copied().find(|alg| name.is(alg.name()))
    }
}

/// A set of algorithms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct AlgorithmSet(u16);

impl AlgorithmSet {
    /// Every algorithm there is: the nine, and Ed25519 under both of its names (RFC 8037, RFC 9864).
    pub(crate) fn all() -> Self {
        Algorithm::ALL.iter().fold(Self::default(), |set, alg| set.with(*alg))
    }

    /// The nine of JWT-SVID section 2.1.
    pub(crate) fn jwt_svid() -> Self {
        let nine = Algorithm::ALL.iter().filter(|alg| alg.key_type() != KeyType::Ed25519);
        nine.fold(Self::default(), |set, alg| set.with(*alg))
    }

    /// Ed25519 under both of its names.
    pub(crate) fn ed25519() -> Self {
        Self::default().with(Algorithm::EdDsa).with(Algorithm::Ed25519)
    }

    pub(crate) fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn with(self, alg: Algorithm) -> Self {
        Self(self.0 | 1 << alg as u16)
    }

    /// An algorithm that is known and in the set.
    pub(crate) fn check(self, alg: Option<Algorithm>) -> Result<Algorithm, Reason> {
        alg.filter(|alg| self.contains(*alg)).ok_or(Reason::AlgNotAllowed)
    }

    pub(crate) fn contains(self, alg: Algorithm) -> bool {
        self.0 & (1 << alg as u16) != 0
    }
}

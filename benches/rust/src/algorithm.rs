//! The algorithms that are measured, and what each library calls them.

use aws_lc_rs::signature as aws;
use ring::signature as sig;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    Es256,
    Es384,
    Es512,
    Rs256,
    Rs256Of3072,
    Rs256Of4096,
    Ps256,
    EdDsa,
}

impl Algorithm {
    pub const ALL: [Self; 8] = [
        Self::Es256,
        Self::Es384,
        Self::Es512,
        Self::Rs256,
        Self::Rs256Of3072,
        Self::Rs256Of4096,
        Self::Ps256,
        Self::EdDsa,
    ];

    /// What the algorithm is called in results, and the folder of its tokens. RSA is of 2048 bits unless it says more.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256Of3072 => "RS256-3072",
            Self::Rs256Of4096 => "RS256-4096",
            _ => self.alg(),
        }
    }

    /// The `alg` of its tokens (RFC 7518, RFC 8037).
    pub fn alg(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::Rs256 | Self::Rs256Of3072 | Self::Rs256Of4096 => "RS256",
            Self::Ps256 => "PS256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// JWT-SVIDs have no `EdDSA` (JWT-SVID section 2.1): its token is one of an OIDC issuer.
    pub fn is_of_svids(self) -> bool {
        self != Self::EdDsa
    }

    /// ring has no P-521.
    pub fn of_ring(self) -> Option<&'static dyn sig::VerificationAlgorithm> {
        Some(match self {
            Self::Es256 => &sig::ECDSA_P256_SHA256_FIXED,
            Self::Es384 => &sig::ECDSA_P384_SHA384_FIXED,
            Self::Es512 => return None,
            Self::Rs256 | Self::Rs256Of3072 | Self::Rs256Of4096 => &sig::RSA_PKCS1_2048_8192_SHA256,
            Self::Ps256 => &sig::RSA_PSS_2048_8192_SHA256,
            Self::EdDsa => &sig::ED25519,
        })
    }

    pub fn of_aws(self) -> &'static dyn aws::VerificationAlgorithm {
        match self {
            Self::Es256 => &aws::ECDSA_P256_SHA256_FIXED,
            Self::Es384 => &aws::ECDSA_P384_SHA384_FIXED,
            Self::Es512 => &aws::ECDSA_P521_SHA512_FIXED,
            Self::Rs256 | Self::Rs256Of3072 | Self::Rs256Of4096 => &aws::RSA_PKCS1_2048_8192_SHA256,
            Self::Ps256 => &aws::RSA_PSS_2048_8192_SHA256,
            Self::EdDsa => &aws::ED25519,
        }
    }
}

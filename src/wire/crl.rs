//! The outside of a certificate list (RFC 5280 section 5.1): what is signed, how, and until when it counts.

use super::certificate;
use super::der::{self, BIT_STRING, INTEGER, SEQUENCE};

/// A list of version 2 with a next update, as every conforming issuer makes it.
pub(crate) struct CertificateList<'a> {
    /// The TBSCertList, its header included: what the signature covers.
    pub(crate) signed: &'a [u8],
    /// The contents of the AlgorithmIdentifier.
    pub(crate) algorithm: &'a [u8],
    pub(crate) signature: &'a [u8],
    /// Unix seconds at which a newer list is due.
    pub(crate) next_update: i64,
}

impl<'a> CertificateList<'a> {
    /// Reads a list that fills `bytes` to the last byte.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        let (signed, rest) = der::whole(der::only(bytes, SEQUENCE)?, SEQUENCE)?;
        let algorithm = der::expect(rest, SEQUENCE)?;
        let signature = der::only(algorithm.rest, BIT_STRING)?.strip_prefix(&[0])?;
        let version = der::expect(der::only(signed, SEQUENCE)?, INTEGER)?;
        let inner_algorithm = der::expect(version.rest, SEQUENCE)?;
        let issuer = der::expect(inner_algorithm.rest, SEQUENCE)?;
        let (_, rest) = certificate::time(issuer.rest)?;
        let (next_update, _) = certificate::time(rest)?;
        Some(Self { signed, algorithm: algorithm.contents, signature, next_update })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(CertificateList::read(&bytes).is_none());
        }
    }
}

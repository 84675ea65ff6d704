//! Whether an issuer's revocation lists name a certificate (RFC 5280 section 6.3).

use crate::trust::{Crl, Slot};
use crate::verdict::Reason;
use crate::wire::certificate::{Certificate, KeyUsage};
use crate::wire::crl::CertificateList;
use crate::wire::der;
use pki_types::SignatureVerificationAlgorithm;

/// What becomes of a path that the revocation lists say nothing certain about. What a list names is always revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) enum Revocation {
    /// It is good.
    #[default]
    Soft,
    /// It is refused: `bundle_unavailable`, or `bundle_stale` if the lists are out of date.
    Hard,
}

/// A certificate of a path, and the key that issued it.
pub(super) struct Link<'a> {
    pub(super) certificate: &'a Certificate<'a>,
    /// The contents of the issuer's SubjectPublicKeyInfo.
    pub(super) issuer_key: &'a [u8],
    pub(super) issuer_usage: Option<KeyUsage>,
}

impl Link<'_> {
    /// Asks every list of the issuer's name that its key signed; another may be another issuer's of that name.
    pub(super) fn check(
        &self,
        crls: Option<&Slot<Crl>>,
        policy: Revocation,
        algorithms: &[&dyn SignatureVerificationAlgorithm],
        now: i64,
    ) -> Result<(), Reason> {
        let (mut whole, mut current) = (false, false);
        let issuer = der::contents(self.certificate.issuer);
        let lists = crls.map_or(&[][..], |slot| &slot.entries);
        for crl in lists.iter().filter(|crl| crl.list.issuer() == issuer) {
            let list = crl.signed().ok_or(Reason::InternalError)?;
            if !self.issued(&list, algorithms) {
                continue;
            }
            if !matches!(crl.list.find_serial(self.certificate.serial), Ok(None)) {
                return Err(Reason::CertRevoked);
            }
            // A list of one distribution point need not name what another one revokes.
            if crl.list.issuing_distribution_point().is_none() {
                whole = true;
                current |= now <= list.next_update;
            }
        }
        match policy {
            Revocation::Hard if !whole => Err(Reason::BundleUnavailable),
            Revocation::Hard if !current => Err(Reason::BundleStale),
            Revocation::Soft | Revocation::Hard => Ok(()),
        }
    }

    /// Whether the issuer may sign lists, and signed this one.
    fn issued(&self, list: &CertificateList<'_>, algorithms: &[&dyn SignatureVerificationAlgorithm]) -> bool {
        let may_sign = self.issuer_usage.is_none_or(KeyUsage::crl_sign);
        let Some(info) = der::public_key_contents(self.issuer_key).filter(|_| may_sign) else {
            return false;
        };
        let fits = |algorithm: &&&dyn SignatureVerificationAlgorithm| {
            algorithm.signature_alg_id().as_ref() == list.algorithm
                && algorithm.public_key_alg_id().as_ref() == info.algorithm_id
        };
        let algorithm = algorithms.iter().find(fits);
        algorithm.is_some_and(|a| a.verify_signature(info.key, list.signed, list.signature).is_ok())
    }
}

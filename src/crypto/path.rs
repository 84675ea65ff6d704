//! The path from a leaf to an authority of its own trust domain (RFC 5280 section 6). rustls-webpki builds it;
//! what it leaves out is checked on every path that it proposes.
//!
//! URI and other name constraints but those on DNS names and IP addresses are not judged: a path on which they
//! matter is refused. An extended key usage of a CA constrains nothing.

use super::p521_ecdsa::P521;
use super::revocation::{Link, Revocation};
use crate::credential::x509_svid::{Chain, MAX_CERTIFICATES, check_key};
use crate::trust::{Authority, Crl, Slot};
use crate::verdict::Reason;
use crate::wire::certificate::{Certificate, constrains_other_names};
use crate::wire::der;
use core::cell::Cell;
use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;
use pki_types::{
    AlgorithmIdentifier, CertificateDer, Der, InvalidSignature, SignatureVerificationAlgorithm, TrustAnchor,
    UnixTime, alg_id,
};
use webpki::{EndEntityCert, Error, ExtendedKeyUsageValidator, KeyPurposeIdIter, VerifiedPath, ring};

/// Most signature checks of one verification, those of revocation lists included.
const MAX_SIGNATURES: u32 = 12;

/// Every signature algorithm of a certificate or a list: RSA of 2048 to 8192 bits with SHA-2, ECDSA, Ed25519.
static ALGORITHMS: [&dyn SignatureVerificationAlgorithm; 16] = [
    ring::ECDSA_P256_SHA256,
    ring::ECDSA_P256_SHA384,
    ring::ECDSA_P384_SHA256,
    ring::ECDSA_P384_SHA384,
    &P521 { signature: alg_id::ECDSA_SHA384, hash: &::ring::digest::SHA384 },
    &P521 { signature: alg_id::ECDSA_SHA512, hash: &::ring::digest::SHA512 },
    ring::ED25519,
    ring::RSA_PKCS1_2048_8192_SHA256,
    ring::RSA_PKCS1_2048_8192_SHA384,
    ring::RSA_PKCS1_2048_8192_SHA512,
    ring::RSA_PKCS1_2048_8192_SHA256_ABSENT_PARAMS,
    ring::RSA_PKCS1_2048_8192_SHA384_ABSENT_PARAMS,
    ring::RSA_PKCS1_2048_8192_SHA512_ABSENT_PARAMS,
    ring::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
    ring::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
    ring::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
];

/// A verified path, by positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Path {
    /// The authority's, in its slot.
    pub(crate) authority: usize,
    members: [usize; MAX_CERTIFICATES],
    len: usize,
}

impl Path {
    /// The certificates of `chain` that form the path, the leaf first, the authority left out.
    pub(crate) fn certificates<'c, 'a>(
        &'c self,
        chain: &'c Chain<'a>,
    ) -> impl Iterator<Item = &'c Certificate<'a>> {
        self.members[..self.len].iter().filter_map(|at| chain.certificates().get(*at))
    }
}

/// Finds a path from the leaf of `chain` to an authority of `authorities`. The leaf's own validity is stretched by
/// `leeway` seconds; the rest of the path is judged at `now` or at the end of that validity that is nearest to it.
///
/// # Errors
/// `chain_untrusted`, and every other reason of the 1600s that a path can be refused for; `bundle_unavailable` and
/// `bundle_stale` for want of a usable revocation list.
pub(crate) fn verify(
    chain: &Chain<'_>,
    authorities: &Slot<Authority>,
    crls: Option<&Slot<Crl>>,
    revocation: Revocation,
    leeway: i64,
    now: i64,
) -> Result<Path, Reason> {
    chain.check_time(leeway, now)?;
    let leaf = chain.leaf();
    let now = now.min(leaf.not_after).max(leaf.not_before);
    let candidates = candidates(chain, &authorities.entries);
    let anchors: Vec<_> = candidates.iter().map(|at| borrowed(&authorities.entries[*at].anchor)).collect();
    let used = AtomicU32::new(0);
    let counted = ALGORITHMS.map(|inner| Counted { inner, used: &used });
    let algorithms = counted.each_ref().map(|counted| counted as &dyn SignatureVerificationAlgorithm);
    let mut intermediates = [const { CertificateDer::from_slice(&[]) }; MAX_CERTIFICATES];
    let others = &chain.certificates()[1..];
    for (place, certificate) in intermediates.iter_mut().zip(others) {
        *place = CertificateDer::from(certificate.der);
    }

    let (found, refusal) = (Cell::new(None), Cell::new(None));
    let judge = |proposed: &VerifiedPath<'_>| {
        let at = anchors.iter().position(|anchor| core::ptr::eq(anchor, proposed.anchor()));
        let judged = at.map_or(Err(Reason::InternalError), |at| {
            let path = Path::of(proposed, chain, candidates[at])?;
            let authority = &authorities.entries[path.authority];
            path.check(chain, authority, now)?;
            path.check_revocation(chain, authority, |link| link.check(crls, revocation, &algorithms, now))?;
            Ok(path)
        });
        match judged {
            Ok(path) => found.set(Some(path)),
            // The first path that got this far says most about what is wrong.
            Err(reason) => refusal.set(refusal.get().or(Some(reason))),
        }
        judged.map(|_| ()).map_err(|_| Error::CertDistrusted)
    };

    let leaf = CertificateDer::from(leaf.der);
    let leaf = EndEntityCert::try_from(&leaf).map_err(|error| reason_of(&error))?;
    let time = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(now).unwrap_or_default()));
    let outcome = leaf.verify_for_usage(
        &algorithms,
        &anchors,
        &intermediates[..others.len()],
        time,
        NotAsked,
        None,
        Some(&judge),
    );
    match outcome {
        // A check that was not made may have been that of a list that names the leaf.
        _ if used.load(Ordering::Relaxed) > MAX_SIGNATURES => Err(Reason::BudgetExceeded),
        Ok(_) => found.get().ok_or(Reason::InternalError),
        Err(error) => Err(refusal.get().unwrap_or_else(|| why(&error, chain, &anchors))),
    }
}

/// The authorities, by position, that some certificate names as its issuer: those whose key it names too come first,
/// so that many authorities of one name, as a rotation leaves them, do not use up the signature checks.
fn candidates(chain: &Chain<'_>, authorities: &[Authority]) -> Vec<usize> {
    let issued = |authority: &Authority, by_key: bool| {
        chain.certificates().iter().any(|certificate| {
            let named = certificate.authority_key_id.is_some()
                && certificate.authority_key_id == authority.subject_key_id.as_deref();
            der::contents(certificate.issuer) == authority.anchor.subject.as_ref() && (named || !by_key)
        })
    };
    let mut found: Vec<_> = (0..authorities.len()).filter(|at| issued(&authorities[*at], false)).collect();
    found.sort_unstable_by_key(|at| (!issued(&authorities[*at], true), *at));
    found
}

fn borrowed<'a>(anchor: &'a TrustAnchor<'static>) -> TrustAnchor<'a> {
    TrustAnchor {
        subject: Der::from_slice(&anchor.subject),
        subject_public_key_info: Der::from_slice(&anchor.subject_public_key_info),
        name_constraints: anchor.name_constraints.as_ref().map(|names| Der::from_slice(names)),
    }
}

impl Path {
    fn of(proposed: &VerifiedPath<'_>, chain: &Chain<'_>, authority: usize) -> Result<Self, Reason> {
        let mut path = Self { authority, members: [0; MAX_CERTIFICATES], len: 1 };
        for certificate in proposed.intermediate_certificates() {
            let der = certificate.der();
            let at = chain.certificates().iter().position(|known| known.der == der.as_ref());
            let place = path.members.get_mut(path.len).ok_or(Reason::InternalError)?;
            *place = at.ok_or(Reason::InternalError)?;
            path.len += 1;
        }
        Ok(path)
    }

    /// What the builder does not ask of issuers: their key usage and strength, and of the authority its validity and
    /// path length.
    fn check(&self, chain: &Chain<'_>, authority: &Authority, now: i64) -> Result<(), Reason> {
        if now < authority.not_before {
            return Err(Reason::CertNotYetValid);
        }
        if now > authority.not_after {
            return Err(Reason::CertExpired);
        }
        let mut below = 0;
        for issuer in self.certificates(chain).skip(1) {
            if !issuer.is_ca || issuer.key_usage.is_some_and(|usage| !usage.cert_sign()) {
                return Err(Reason::IssuerNotCa);
            }
            check_key(issuer)?;
            below += usize::from(issuer.subject != issuer.issuer);
        }
        if authority.path_len.is_some_and(|most| below > most) {
            return Err(Reason::PathLenExceeded);
        }
        Ok(())
    }

    /// Checks every certificate of the path together with the key of the one that issued it.
    fn check_revocation(
        &self,
        chain: &Chain<'_>,
        authority: &Authority,
        check: impl Fn(&Link<'_>) -> Result<(), Reason>,
    ) -> Result<(), Reason> {
        let mut issuers = self.certificates(chain).skip(1);
        let mut certain = Ok(());
        for certificate in self.certificates(chain) {
            let link = match issuers.next() {
                Some(issuer) => Link {
                    certificate,
                    issuer_key: der::contents(issuer.public_key_info),
                    issuer_usage: issuer.key_usage,
                },
                None => Link {
                    certificate,
                    issuer_key: &authority.anchor.subject_public_key_info,
                    issuer_usage: authority.key_usage,
                },
            };
            match check(&link) {
                // That one is revoked counts for more than that nothing is known of another.
                Err(Reason::CertRevoked) => return Err(Reason::CertRevoked),
                verdict => certain = certain.and(verdict),
            }
        }
        certain
    }
}

/// The reason for an error of the builder, none of whose data is passed on.
fn why(error: &Error, chain: &Chain<'_>, anchors: &[TrustAnchor<'_>]) -> Reason {
    let certificates = chain.certificates();
    let constrained = |anchor: &TrustAnchor<'_>| {
        constrains_other_names(anchor.name_constraints.as_ref().map_or(&[], |names| names.as_ref()))
    };
    match reason_of(error) {
        Reason::NameConstraintViolation
            if certificates
                .iter()
                .any(|c| constrains_other_names(c.name_constraints.unwrap_or_default()))
                || anchors.iter().any(constrained) =>
        {
            Reason::NameConstraintUnsupported
        }
        // A weak key's signature is not looked at, and so looks wrong.
        Reason::ChainUntrusted => {
            let weak = |c: &&Certificate<'_>| check_key(c) == Err(Reason::KeyTooWeak);
            certificates.iter().find(weak).map_or(Reason::ChainUntrusted, |_| Reason::KeyTooWeak)
        }
        reason => reason,
    }
}

fn reason_of(error: &Error) -> Reason {
    match error {
        Error::CertExpired { .. } | Error::InvalidCertValidity => Reason::CertExpired,
        Error::CertNotValidYet { .. } => Reason::CertNotYetValid,
        Error::CaUsedAsEndEntity => Reason::LeafIsCa,
        Error::EndEntityUsedAsCa => Reason::IssuerNotCa,
        Error::PathLenConstraintViolated => Reason::PathLenExceeded,
        Error::NameConstraintViolation => Reason::NameConstraintViolation,
        Error::UnsupportedNameType
        | Error::MalformedNameConstraint
        | Error::InvalidNetworkMaskConstraint
        | Error::MalformedDnsIdentifier => Reason::NameConstraintUnsupported,
        Error::UnsupportedCriticalExtension => Reason::CriticalExtensionUnsupported,
        Error::UnsupportedSignatureAlgorithmContext(_)
        | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => Reason::CertAlgNotAllowed,
        Error::MaximumSignatureChecksExceeded
        | Error::MaximumPathBuildCallsExceeded
        | Error::MaximumNameConstraintComparisonsExceeded => Reason::BudgetExceeded,
        Error::BadDer
        | Error::BadDerTime
        | Error::EmptyEkuExtension
        | Error::ExtensionValueInvalid
        | Error::InvalidSerialNumber
        | Error::MalformedExtensions
        | Error::SignatureAlgorithmMismatch
        | Error::TrailingData(_)
        | Error::UnsupportedCertVersion => Reason::CertMalformed,
        _ => Reason::ChainUntrusted,
    }
}

/// Extended key usage is the leaf profile's, and of issuers nobody's.
struct NotAsked;

impl ExtendedKeyUsageValidator for NotAsked {
    fn validate(&self, _: KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        Ok(())
    }
}

/// An algorithm that stops working once a verification has had its share of signature checks.
#[derive(Debug)]
struct Counted<'a> {
    inner: &'static dyn SignatureVerificationAlgorithm,
    used: &'a AtomicU32,
}

impl SignatureVerificationAlgorithm for Counted<'_> {
    fn verify_signature(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        if self.used.fetch_add(1, Ordering::Relaxed) >= MAX_SIGNATURES {
            return Err(InvalidSignature);
        }
        self.inner.verify_signature(key, message, signature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.inner.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.inner.signature_alg_id()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Now;
    use crate::trust::{BundleStore, Format, PutOptions, Source, SourceKind};
    use crate::wire::minted::{
        CERT_SIGN, CRL_SIGN, DNS, ECDSA_SHA1, IP, Key, NOW, RSA_MD5, Template, URI, basic_constraints,
        extension, key_usage, name_constraints, names, revocation_list,
    };
    use crate::wire::pem;
    use proptest::prelude::*;
    use std::sync::LazyLock;

    const ID: &str = "spiffe://example.org/w";
    const DOMAIN: Source<'static> = Source { kind: SourceKind::TrustDomain, name: "example.org" };

    static KEYS: LazyLock<Vec<Key>> = LazyLock::new(|| (0..8).map(|_| Key::new()).collect());

    fn store(authorities: &[Vec<u8>]) -> BundleStore {
        let store = BundleStore::new();
        let (document, options) = (authorities.concat(), PutOptions::default());
        store.put(DOMAIN, Format::X509Der, &document, &options, Now::At(NOW)).unwrap();
        store
    }

    fn put_crls(store: &BundleStore, lists: &[Vec<u8>]) -> Result<Option<usize>, Reason> {
        let report =
            store.put(DOMAIN, Format::X509Crl, &lists.concat(), &PutOptions::default(), Now::At(NOW));
        report.map(|report| report.crls).map_err(|error| error.reason())
    }

    fn judge_at(
        store: &BundleStore,
        chain: &[Vec<u8>],
        revocation: Revocation,
        now: i64,
    ) -> Result<(usize, Vec<usize>), Reason> {
        let der = chain.concat();
        let chain = Chain::read(&der, 262_144)?;
        let source = store.find(DOMAIN.kind, DOMAIN.name).unwrap();
        let (authorities, crls) = (source.x509().unwrap(), source.crls());
        let path = verify(&chain, &authorities, crls.as_deref(), revocation, 30, now)?;
        assert_eq!(path.certificates(&chain).count(), path.len);
        Ok((path.authority, path.members[..path.len].to_vec()))
    }

    fn judge(store: &BundleStore, chain: &[Vec<u8>]) -> Result<(usize, Vec<usize>), Reason> {
        judge_at(store, chain, Revocation::Soft, NOW)
    }

    /// Root key 0, intermediate key 1, leaf key 2.
    fn root() -> Vec<u8> {
        Template::ca("root", "root", &KEYS[0]).sign(&KEYS[0])
    }

    fn middle(change: impl FnOnce(Template) -> Template) -> Vec<u8> {
        change(Template::ca("middle", "root", &KEYS[1])).sign(&KEYS[0])
    }

    fn leaf(change: impl FnOnce(Template) -> Template) -> Vec<u8> {
        change(Template::leaf(ID, "middle", &KEYS[2])).sign(&KEYS[1])
    }

    fn same(template: Template) -> Template {
        template
    }

    /// The verdict on leaf and intermediate with these changes.
    fn changed(
        middle_with: impl FnOnce(Template) -> Template,
        leaf_with: impl FnOnce(Template) -> Template,
    ) -> Result<Vec<usize>, Reason> {
        judge(&store(&[root()]), &[leaf(leaf_with), middle(middle_with)]).map(|(_, members)| members)
    }

    /// X-019: the leaf comes first, everything else in any order, and what is not needed does no harm.
    #[test]
    fn paths_through_ordered_unordered_and_needless_certificates() {
        let store = store(&[root()]);
        let direct = Template::leaf(ID, "root", &KEYS[2]).sign(&KEYS[0]);
        assert_eq!(judge(&store, std::slice::from_ref(&direct)), Ok((0, vec![0])));
        assert_eq!(judge(&store, &[direct, root()]), Ok((0, vec![0])));
        assert_eq!(judge(&store, &[leaf(same), middle(same)]), Ok((0, vec![0, 1])));
        assert_eq!(judge(&store, &[leaf(same), root(), middle(same)]), Ok((0, vec![0, 2])));
        let stranger = Template::ca("stranger", "elsewhere", &KEYS[5]).sign(&KEYS[6]);
        let expired = middle(|ca| ca.valid("250101000000Z", "250601000000Z"));
        let odd = middle(|ca| ca.with(extension(99, true, &[5, 0])));
        let needless = [leaf(same), stranger, expired, odd, root(), middle(same)];
        assert_eq!(judge(&store, &needless), Ok((0, vec![0, 5])));
        assert_eq!(judge(&store, &[leaf(same)]), Err(Reason::ChainUntrusted));
    }

    #[test]
    fn an_intermediate_may_be_the_authority() {
        let store = store(&[root(), middle(same)]);
        assert_eq!(judge(&store, &[leaf(same)]), Ok((1, vec![0])));
    }

    /// X-013: the authorities of the leaf's own domain are the only ones.
    #[test]
    fn another_domains_root_is_no_authority() {
        let other = Template::ca("other", "other", &KEYS[3]).sign(&KEYS[3]);
        let store = store(&[root()]);
        let (document, options) = (other.clone(), PutOptions::default());
        store
            .put(Source::trust_domain("other.org"), Format::X509Der, &document, &options, Now::At(NOW))
            .unwrap();
        let foreign = Template::leaf(ID, "other", &KEYS[2]).sign(&KEYS[3]);
        assert_eq!(judge(&store, &[foreign.clone(), other.clone()]), Err(Reason::ChainUntrusted));
        // The name alone is worth nothing either, nor is a root that the chain brings along.
        let impostor = Template::ca("root", "root", &KEYS[3]).sign(&KEYS[3]);
        let forged = Template::leaf(ID, "root", &KEYS[2]).sign(&KEYS[3]);
        assert_eq!(judge(&store, &[forged, impostor]), Err(Reason::ChainUntrusted));
    }

    #[test]
    fn a_revoked_bundle_has_no_authority() {
        let store = store(&[root()]);
        let (document, options) = (br#"{"keys":[]}"#, PutOptions::default());
        store.put(DOMAIN, Format::SpiffeBundle, document, &options, Now::At(NOW)).unwrap();
        assert_eq!(judge(&store, &[leaf(same), middle(same)]), Err(Reason::ChainUntrusted));
    }

    /// X-009.
    #[test]
    fn issuers_are_authorities_that_may_sign_certificates() {
        assert_eq!(changed(same, same), Ok(vec![0, 1]));
        let no_usage = |ca: Template| ca.without_extensions().with(basic_constraints(true, None));
        assert_eq!(changed(no_usage, same), Ok(vec![0, 1]));
        let not_ca = |ca: Template| ca.with(basic_constraints(false, None));
        assert_eq!(changed(not_ca, same), Err(Reason::IssuerNotCa));
        let silent = |ca: Template| ca.without_extensions().with(key_usage(CERT_SIGN));
        assert_eq!(changed(silent, same), Err(Reason::IssuerNotCa));
        assert_eq!(changed(|ca| ca.with(key_usage(CRL_SIGN)), same), Err(Reason::IssuerNotCa));
        let version_1 = |ca: Template| Template { version: None, ..ca.without_extensions() };
        assert_eq!(changed(version_1, same), Err(Reason::CertMalformed));
        let store = store(&[root()]);
        let by_leaf = Template::leaf(ID, "leaf", &KEYS[3]).sign(&KEYS[2]);
        assert_eq!(judge(&store, &[by_leaf, leaf(same), middle(same)]), Err(Reason::IssuerNotCa));
    }

    /// X-008.
    #[test]
    fn critical_extensions_of_issuers_are_understood() {
        assert_eq!(changed(|ca| ca.with(extension(99, false, &[5, 0])), same), Ok(vec![0, 1]));
        let unknown = changed(|ca| ca.with(extension(99, true, &[5, 0])), same);
        assert_eq!(unknown, Err(Reason::CriticalExtensionUnsupported));
    }

    /// X-010, of an intermediate and of the authority.
    #[test]
    fn path_length_counts_intermediates() {
        let constrained = |most: u8| move |ca: Template| ca.with(basic_constraints(true, Some(most)));
        assert_eq!(changed(constrained(0), same), Ok(vec![0, 1]));
        let lower = Template::ca("lower", "middle", &KEYS[3]).sign(&KEYS[1]);
        let below = Template::leaf(ID, "lower", &KEYS[2]).sign(&KEYS[3]);
        for (most, verdict) in [(0, Err(Reason::PathLenExceeded)), (1, Ok((0, vec![0, 1, 2])))] {
            let chain = [below.clone(), lower.clone(), middle(constrained(most))];
            assert_eq!(judge(&store(&[root()]), &chain), verdict);
            let root = constrained(most)(Template::ca("root", "root", &KEYS[0])).sign(&KEYS[0]);
            let verdict = if most == 1 { Err(Reason::PathLenExceeded) } else { verdict };
            assert_eq!(judge(&store(&[root]), &[below.clone(), lower.clone(), middle(same)]), verdict);
        }
        let root = constrained(1)(Template::ca("root", "root", &KEYS[0])).sign(&KEYS[0]);
        assert_eq!(judge(&store(&[root]), &[leaf(same), middle(same)]), Ok((0, vec![0, 1])));
    }

    /// X-014, of the intermediate and of the authority. 2027-01-01T00:00:00Z and 2027-01-02T00:00:00Z by `date`.
    #[test]
    fn every_certificate_is_valid_now() {
        let (from, to) = (1_798_761_600, 1_798_848_000);
        let short = |ca: Template| ca.valid("270101000000Z", "270102000000Z");
        let root_short = short(Template::ca("root", "root", &KEYS[0])).sign(&KEYS[0]);
        for (now, verdict) in [
            (from - 1, Err(Reason::CertNotYetValid)),
            (from, Ok((0, vec![0, 1]))),
            (to, Ok((0, vec![0, 1]))),
            (to + 1, Err(Reason::CertExpired)),
        ] {
            let at = |root: &Vec<u8>, middle| {
                judge_at(&store(std::slice::from_ref(root)), &[leaf(same), middle], Revocation::Soft, now)
            };
            assert_eq!(at(&root(), middle(short)), verdict, "intermediate at {now}");
            assert_eq!(at(&root_short, middle(same)), verdict, "authority at {now}");
        }
        // A renewed authority of the same name and key makes up for the expired one.
        let both = store(&[root_short, root()]);
        assert_eq!(judge(&both, &[leaf(same), middle(same)]), Ok((1, vec![0, 1])));
    }

    /// Within the leeway of 30 seconds the path is judged at the near end of its validity.
    #[test]
    fn leeway_is_the_leafs() {
        let to = 1_798_848_000;
        let short = |leaf: Template| leaf.valid("270101000000Z", "270102000000Z");
        let chain = [leaf(short), middle(short)];
        let root = store(&[root()]);
        assert_eq!(judge_at(&root, &chain, Revocation::Soft, to + 30), Ok((0, vec![0, 1])));
        assert_eq!(judge_at(&root, &chain, Revocation::Soft, to - 86430), Ok((0, vec![0, 1])));
        assert_eq!(judge_at(&root, &chain, Revocation::Soft, to + 31), Err(Reason::CertExpired));
        assert_eq!(judge_at(&root, &chain, Revocation::Soft, to - 86431), Err(Reason::CertNotYetValid));
        let sooner = [leaf(short), middle(|ca| ca.valid("270101000000Z", "270101235959Z"))];
        assert_eq!(judge_at(&root, &sooner, Revocation::Soft, to + 30), Err(Reason::CertExpired));
    }

    /// X-015 to X-017.
    #[test]
    fn name_constraints_are_kept_or_the_path_is_refused() {
        let (permitted, excluded) = (0xa0, 0xa1);
        let constrained = |subtrees, tag, base: &'static [u8]| {
            move |ca: Template| ca.with(name_constraints(subtrees, tag, base))
        };
        let named = |leaf: Template| {
            leaf.with(names(&[(URI, ID.as_bytes()), (DNS, b"a.example.org"), (IP, &[10, 0, 0, 1])]))
        };
        for (constraint, verdict) in [
            (constrained(permitted, DNS, b"example.org"), Ok(vec![0, 1])),
            (constrained(permitted, DNS, b"other.org"), Err(Reason::NameConstraintViolation)),
            (constrained(excluded, DNS, b"example.org"), Err(Reason::NameConstraintViolation)),
            (constrained(excluded, DNS, b"other.org"), Ok(vec![0, 1])),
            (constrained(permitted, IP, &[10, 0, 0, 0, 255, 0, 0, 0]), Ok(vec![0, 1])),
            (constrained(permitted, IP, &[11, 0, 0, 0, 255, 0, 0, 0]), Err(Reason::NameConstraintViolation)),
            (constrained(permitted, URI, b"example.org"), Err(Reason::NameConstraintUnsupported)),
            (constrained(permitted, URI, b"other.org"), Err(Reason::NameConstraintUnsupported)),
            (constrained(excluded, URI, b"other.org"), Err(Reason::NameConstraintUnsupported)),
            (constrained(excluded, URI, b"example.org"), Err(Reason::NameConstraintUnsupported)),
        ] {
            assert_eq!(changed(constraint, named), verdict);
        }
        // A constraint on names that the leaf does not have.
        assert_eq!(changed(constrained(permitted, DNS, b"other.org"), same), Ok(vec![0, 1]));
        let root = constrained(permitted, URI, b"example.org")(Template::ca("root", "root", &KEYS[0]))
            .sign(&KEYS[0]);
        let verdict = judge(&store(&[root]), &[leaf(same), middle(same)]);
        assert_eq!(verdict, Err(Reason::NameConstraintUnsupported));
    }

    /// X-018, with certificates of OpenSSL: the leaf, then the root that signed it.
    #[test]
    fn algorithms_of_certificates() {
        for (text, verdict) in [
            (include_str!("../../tests/data/x509/rsa.pem"), Ok(())),
            (include_str!("../../tests/data/x509/rsa-pss.pem"), Ok(())),
            (include_str!("../../tests/data/x509/p384.pem"), Ok(())),
            (include_str!("../../tests/data/x509/p521-sha384.pem"), Ok(())),
            (include_str!("../../tests/data/x509/p521-sha512.pem"), Ok(())),
            (include_str!("../../tests/data/x509/ed25519.pem"), Ok(())),
            (include_str!("../../tests/data/x509/rsa-sha1.pem"), Err(Reason::CertAlgNotAllowed)),
        ] {
            let ders: Vec<_> = pem::blocks(text).unwrap().into_iter().map(|block| block.der).collect();
            let store = store(&ders[1..]);
            assert_eq!(judge(&store, &ders[..1]).map(|_| ()), verdict);
            let mut forged = ders[0].clone();
            *forged.last_mut().unwrap() ^= 1;
            let refused = verdict.err().unwrap_or(Reason::ChainUntrusted);
            assert_eq!(judge(&store, &[forged]).map(|_| ()), Err(refused));
        }
        for algorithm in [ECDSA_SHA1, RSA_MD5] {
            let old = |leaf| Template { algorithm, inner_algorithm: algorithm, ..leaf };
            assert_eq!(changed(same, old), Err(Reason::CertAlgNotAllowed));
            assert_eq!(changed(old, same), Err(Reason::CertAlgNotAllowed));
        }
        assert_eq!(
            changed(same, |leaf| Template { inner_algorithm: ECDSA_SHA1, ..leaf }),
            Err(Reason::CertMalformed)
        );
    }

    #[test]
    fn weak_and_unknown_keys_of_issuers() {
        let of = |text: &str| {
            let leaf = pem::blocks(text).unwrap().swap_remove(0).der;
            let chain = Chain::read(&leaf, 65536).unwrap();
            chain.leaf().public_key_info.to_vec()
        };
        let rsa_1024 = of(include_str!("../../tests/data/x509/rsa-1024.pem"));
        let with_key = |key| move |ca| Template { public_key_info: key, ..ca };
        let rsa_sha256: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0xd, 1, 1, 11, 5, 0];
        let by_rsa = |leaf| Template { algorithm: rsa_sha256, inner_algorithm: rsa_sha256, ..leaf };
        assert_eq!(changed(with_key(rsa_1024), by_rsa), Err(Reason::KeyTooWeak));
        let koblitz = of(include_str!("../../tests/data/x509/secp256k1.pem"));
        assert_eq!(changed(with_key(koblitz), same), Err(Reason::CertAlgNotAllowed));
        // Such an authority is not even loaded.
        for text in [
            include_str!("../../tests/data/x509/rsa-1024.pem"),
            include_str!("../../tests/data/x509/secp256k1.pem"),
        ] {
            let root = pem::blocks(text).unwrap().swap_remove(1).der;
            let put =
                BundleStore::new().put(DOMAIN, Format::X509Der, &root, &PutOptions::default(), Now::At(NOW));
            assert_eq!(put.unwrap_err().reason(), Reason::NoUsableKeys);
        }
    }

    #[test]
    fn loops_and_cross_signs_end() {
        // a and b sign each other, and nobody else signs either.
        let a = Template::ca("a", "b", &KEYS[3]).sign(&KEYS[4]);
        let b = Template::ca("b", "a", &KEYS[4]).sign(&KEYS[3]);
        let by_a = Template::leaf(ID, "a", &KEYS[2]).sign(&KEYS[3]);
        let store = store(&[root()]);
        assert_eq!(judge(&store, &[by_a.clone(), a.clone(), b.clone()]), Err(Reason::ChainUntrusted));
        // The root signs b too: one of the ways round leads out.
        let b_by_root = Template::ca("b", "root", &KEYS[4]).sign(&KEYS[0]);
        assert_eq!(judge(&store, &[by_a, a, b, b_by_root]), Ok((0, vec![0, 1, 3])));
    }

    /// Five intermediates of the root's own name: every order of them is a path to try.
    #[test]
    fn signature_checks_are_bounded() {
        let own_name = |n: usize| Template::ca("root", "root", &KEYS[n]).sign(&KEYS[7]);
        let forged = Template::leaf(ID, "root", &KEYS[2]).sign(&KEYS[6]);
        let mut chain = vec![forged];
        chain.extend((1..6).map(own_name));
        assert_eq!(judge(&store(&[root()]), &chain), Err(Reason::BudgetExceeded));
    }

    /// Many servers, one name: the key identifier leads to the authority that signed.
    #[test]
    fn many_authorities_of_one_name() {
        let subject = |id: u8| extension(14, false, &[4, 1, id]);
        let issuer = |id: u8| extension(35, false, &[0x30, 3, 0x80, 1, id]);
        let authority =
            |id: u8, key: &Key| Template::ca("root", "root", key).with(subject(id)).serial(id).sign(key);
        let mut authorities: Vec<_> = (1..=20).map(|id| authority(id, &KEYS[3])).collect();
        authorities.push(authority(99, &KEYS[0]));
        let leaf = Template::leaf(ID, "root", &KEYS[2]);
        let store = store(&authorities);
        assert_eq!(judge(&store, &[leaf.clone().with(issuer(99)).sign(&KEYS[0])]), Ok((20, vec![0])));
        // A wrong identifier is a detour, not a verdict; without any, twelve attempts are all there are.
        assert_eq!(judge(&store, &[leaf.clone().with(issuer(1)).sign(&KEYS[3])]), Ok((0, vec![0])));
        assert_eq!(judge(&store, &[leaf.sign(&KEYS[0])]), Err(Reason::BudgetExceeded));
    }

    /// Lists of the issuer's name that it did not sign use up the checks before the one that revokes is reached.
    #[test]
    fn too_many_lists_are_no_pass() {
        let mut lists: Vec<_> =
            (1..=20).map(|n| revocation_list("middle", LATER, &[n + 20], &[], &KEYS[3])).collect();
        lists.push(revocation_list("middle", LATER, &[7], &[], &KEYS[1]));
        let store = store(&[root()]);
        put_crls(&store, &lists).unwrap();
        for policy in [Revocation::Soft, Revocation::Hard] {
            let verdict = judge_at(&store, &[leaf(same), middle(same)], policy, NOW);
            assert_eq!(verdict, Err(Reason::BudgetExceeded));
        }
    }

    const LATER: &str = "280101000000Z";
    const PAST: &str = "260201000000Z";

    /// X-020. Leaf 7 of the intermediate, intermediate 7 of the root.
    #[test]
    fn revocation_lists() {
        let list = |issuer: &str, next: &str, serials: &[u8], key: usize| {
            revocation_list(issuer, next, serials, &[], &KEYS[key])
        };
        let clean = [list("root", LATER, &[], 0), list("middle", LATER, &[1, 8], 1)];
        let unavailable = Err(Reason::BundleUnavailable);
        for (lists, soft, hard) in [
            (&[][..], Ok(()), unavailable),
            (&clean, Ok(()), Ok(())),
            (&clean[..1], Ok(()), unavailable),
            (&clean[1..], Ok(()), unavailable),
            (&[clean[0].clone(), list("middle", PAST, &[8], 1)], Ok(()), Err(Reason::BundleStale)),
            (
                &[clean[0].clone(), list("middle", LATER, &[7], 1)],
                Err(Reason::CertRevoked),
                Err(Reason::CertRevoked),
            ),
            (&[list("middle", PAST, &[7], 1)], Err(Reason::CertRevoked), Err(Reason::CertRevoked)),
            (&[list("root", LATER, &[7], 0)], Err(Reason::CertRevoked), Err(Reason::CertRevoked)),
            // Not the issuer's signature.
            (&[clean[0].clone(), list("middle", LATER, &[7], 3)], Ok(()), unavailable),
            // Another authority of the same name has its list too.
            (&[clean[0].clone(), list("middle", LATER, &[7], 3), clean[1].clone()], Ok(()), Ok(())),
            // Some list names it, though a newer one does not.
            (
                &[clean[0].clone(), clean[1].clone(), list("middle", PAST, &[7], 1)],
                Err(Reason::CertRevoked),
                Err(Reason::CertRevoked),
            ),
            (&[list("stranger", LATER, &[7], 3)], Ok(()), unavailable),
        ] {
            let store = store(&[root()]);
            assert_eq!(put_crls(&store, lists), Ok(Some(lists.len())));
            let chain = [leaf(same), middle(same)];
            for (policy, verdict) in [(Revocation::Soft, soft), (Revocation::Hard, hard)] {
                assert_eq!(judge_at(&store, &chain, policy, NOW).map(|_| ()), verdict, "{policy:?}");
            }
        }
        let never_fed = judge_at(&store(&[root()]), &[leaf(same), middle(same)], Revocation::Hard, NOW);
        assert_eq!(never_fed, Err(Reason::BundleUnavailable));
    }

    #[test]
    fn an_issuer_that_may_not_sign_lists_has_none() {
        let store = store(&[root()]);
        let may_not = middle(|ca| ca.with(key_usage(CERT_SIGN)));
        put_crls(&store, &[revocation_list("middle", LATER, &[], &[], &KEYS[1])]).unwrap();
        for (policy, verdict) in
            [(Revocation::Soft, Ok(())), (Revocation::Hard, Err(Reason::BundleUnavailable))]
        {
            let chain = [leaf(same), may_not.clone()];
            assert_eq!(judge_at(&store, &chain, policy, NOW).map(|_| ()), verdict);
        }
    }

    /// A list of one distribution point revokes, and vouches for nobody.
    #[test]
    fn partial_lists() {
        let uri = crate::wire::minted::tlv(0x86, b"http://example.org/crl");
        let name =
            [0xa0, 0xa0, 0xa0].iter().rev().fold(uri, |inner, tag| crate::wire::minted::tlv(*tag, &inner));
        let point = extension(28, true, &crate::wire::minted::tlv(0x30, &name[2..]));
        let lists = |serials: &[u8]| {
            [
                revocation_list("root", LATER, &[], &[], &KEYS[0]),
                revocation_list("middle", LATER, serials, std::slice::from_ref(&point), &KEYS[1]),
            ]
        };
        let chain = [leaf(same), middle(same)];
        let store = store(&[root()]);
        put_crls(&store, &lists(&[7])).unwrap();
        assert_eq!(judge(&store, &chain), Err(Reason::CertRevoked));
        put_crls(&store, &lists(&[])).unwrap();
        assert_eq!(judge(&store, &chain), Ok((0, vec![0, 1])));
        let hard = judge_at(&store, &chain, Revocation::Hard, NOW);
        assert_eq!(hard, Err(Reason::BundleUnavailable));
    }

    #[test]
    fn a_revoked_way_leaves_the_others_open() {
        let other = Template::ca("middle", "root", &KEYS[1]).serial(8).sign(&KEYS[0]);
        let store = store(&[root()]);
        put_crls(&store, &[revocation_list("root", LATER, &[7], &[], &KEYS[0])]).unwrap();
        assert_eq!(judge(&store, &[leaf(same), middle(same), other]), Ok((0, vec![0, 2])));
        assert_eq!(judge(&store, &[leaf(same), middle(same)]), Err(Reason::CertRevoked));
    }

    #[test]
    fn broken_lists_keep_the_last_good() {
        let store = store(&[root()]);
        let good = revocation_list("middle", LATER, &[7], &[], &KEYS[1]);
        put_crls(&store, std::slice::from_ref(&good)).unwrap();
        for broken in [
            b"x".to_vec(),
            good[..good.len() - 1].to_vec(),
            [&good[..], &[0x30]].concat(),
            root(),
            good.repeat(65),
        ] {
            assert_eq!(put_crls(&store, &[broken]), Err(Reason::BundleMalformed));
        }
        let chain = [leaf(same), middle(same)];
        assert_eq!(judge(&store, &chain), Err(Reason::CertRevoked));
        assert_eq!(put_crls(&store, &[]), Ok(Some(0)));
        assert_eq!(judge(&store, &chain), Ok((0, vec![0, 1])));
        let info = |slot| store.info(DOMAIN, slot).unwrap().unwrap().entries;
        assert_eq!((info(crate::trust::SlotKind::Crl), info(crate::trust::SlotKind::X509)), (0, 1));
    }

    #[test]
    fn issuers_have_no_lists() {
        let issuer = Source::issuer("https://issuer.example");
        let put = BundleStore::new().put(issuer, Format::X509Crl, b"", &PutOptions::default(), Now::At(NOW));
        assert_eq!(put.unwrap_err().reason(), Reason::FormatUnsupported);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        /// Whatever is changed in a good chain, it ends, and the leaf's signed part is never another one.
        #[test]
        fn a_changed_chain_never_panics(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let good = [leaf(same), middle(same)].concat();
            let mut der = good.clone();
            let at = at.index(der.len());
            der[at] = byte;
            let verdict = judge(&store(&[root()]), &[der.clone()]);
            prop_assert!(verdict.is_err() || der == good, "byte {at}");
        }

        #[test]
        fn a_changed_list_is_taken_or_refused(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut list = revocation_list("middle", LATER, &[1, 7], &[], &KEYS[1]);
            let at = at.index(list.len());
            list[at] = byte;
            let store = store(&[root()]);
            let before = store.info(DOMAIN, crate::trust::SlotKind::Crl);
            if put_crls(&store, &[list]).is_ok() {
                let _ = judge(&store, &[leaf(same), middle(same)]);
            } else {
                prop_assert_eq!(store.info(DOMAIN, crate::trust::SlotKind::Crl), before);
            }
        }

        #[test]
        fn any_bytes_are_no_list(bytes in proptest::collection::vec(any::<u8>(), 1..200)) {
            prop_assert_eq!(put_crls(&store(&[root()]), &[bytes]), Err(Reason::BundleMalformed));
        }
    }
}

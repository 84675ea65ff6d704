//! The last steps: what policy and deny overlay say of a credential that has been proven.

use crate::credential::passport::Proof;
use crate::credential::x509_svid::Chain;
use crate::crypto::path::Path;
use crate::crypto::sha256;
use crate::policy::Attestor;
use crate::result::Outcome;
use crate::step::Step;
use crate::trust::{Authority, BundleStore, DenyField, DenyKind, SourceKind};
use crate::verdict::Reason;
use crate::wire::canonical::hex;
use crate::wire::certificate::Certificate;
use crate::wire::json::{Str, Value};

/// What was proven beyond the identity.
#[derive(Clone, Copy)]
pub(crate) struct Proven<'a> {
    /// The claims of the token or passport; a certificate has none.
    pub(crate) claims: Option<Value<'a>>,
    pub(crate) passport: Option<Proof<'a>>,
    /// A verified path, the chain it leads through, and the authority it ends at.
    pub(crate) path: Option<(&'a Path, &'a Chain<'a>, &'a Authority)>,
}

/// Whether the identity may enter, and as what.
pub(crate) fn check(
    store: &BundleStore,
    attestor: &Attestor,
    proven: Proven<'_>,
    outcome: &mut Outcome,
    text: &mut [String; 2],
) -> Result<(), Reason> {
    outcome.step = Step::Allow;
    if let Some(allow) = &attestor.allow {
        outcome.admitted_by = Some(allow.admits(outcome.subject(), proven.claims).ok_or(Reason::NotAllowed)?);
    }
    outcome.step = Step::Overlay;
    if !store.overlay().is_empty() && is_denied(store, proven, outcome, text) {
        return Err(Reason::OverlayDenied);
    }
    outcome.step = Step::Map;
    outcome.apply_map(attestor)
}

/// Whether the passport that came with a credential whose own grant is known is denied.
pub(crate) fn check_passport(
    store: &BundleStore,
    passport: Option<Proof<'_>>,
    outcome: &mut Outcome,
    [scratch, _]: &mut [String; 2],
) -> Result<(), Reason> {
    outcome.step = Step::Overlay;
    if is_passport_denied(store, passport, outcome.now, scratch) {
        return Err(Reason::OverlayDenied);
    }
    outcome.step = Step::Map;
    Ok(())
}

/// A passport's key is denied wherever it shows up, alone or beside another credential.
fn is_passport_denied(
    store: &BundleStore,
    passport: Option<Proof<'_>>,
    now: i64,
    scratch: &mut String,
) -> bool {
    passport.is_some_and(|(_, key)| {
        store.overlay().is_denied(DenyKind::Native, "*", DenyField::KeyThumbprint, key, now, scratch)
    })
}

fn is_denied(
    store: &BundleStore,
    proven: Proven<'_>,
    outcome: &Outcome,
    [scratch, decoded]: &mut [String; 2],
) -> bool {
    let (kind, source) = match outcome.source() {
        Some((SourceKind::TrustDomain, name)) => (DenyKind::TrustDomain, name),
        Some((SourceKind::Issuer, name)) => (DenyKind::Issuer, name),
        None => (DenyKind::Native, "*"),
    };
    let mut asks = |kind, source, field, value: &str| {
        store.overlay().is_denied(kind, source, field, value, outcome.now, scratch)
    };
    let mut asks_text = |field, value: Option<Str<'_>>| {
        let Some(value) = value else { return false };
        decoded.clear();
        value.push_to(decoded);
        asks(kind, source, field, decoded)
    };
    let token_id = || proven.claims?.get("jti")?.as_str();
    let pod = || proven.claims?.get("kubernetes.io")?.get("pod")?.get("uid")?.as_str();
    if asks_text(DenyField::Jti, token_id()) || asks_text(DenyField::PodUid, pod()) {
        return true;
    }
    if asks(kind, source, DenyField::Sub, outcome.subject()) {
        return true;
    }
    if outcome.key().is_some_and(|key| asks(kind, source, DenyField::Kid, &key.kid)) {
        return true;
    }
    if outcome.key_thumbprint().is_some_and(|key| asks(kind, source, DenyField::KeyThumbprint, key)) {
        return true;
    }
    let path = proven.path.into_iter().flat_map(|(path, chain, authority)| {
        path.certificates(chain).copied().chain(authority.certificate())
    });
    for certificate in path {
        let [serial, of_issuer, spki] = certificate_values(&certificate);
        if asks(kind, source, DenyField::X509Serial, &serial)
            || asks(kind, source, DenyField::X509Serial, &of_issuer)
            || asks(kind, source, DenyField::SpkiSha256, &spki)
        {
            return true;
        }
    }
    is_passport_denied(store, proven.passport, outcome.now, scratch)
}

/// What the overlay may name a certificate by: its serial, alone and with its issuer, and its key.
fn certificate_values(certificate: &Certificate<'_>) -> [String; 3] {
    let serial = hex(certificate.serial_number());
    let serial = match serial.trim_start_matches('0') {
        "" => "0".to_owned(),
        digits => digits.to_owned(),
    };
    let of_issuer = format!("{serial}@{}", hex(&sha256(certificate.issuer)));
    [serial, of_issuer, hex(&sha256(certificate.public_key_info))]
}

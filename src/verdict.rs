//! Verdicts and reasons: the one table of codes.
//!
//! Everything that names a reason elsewhere (the header, Go, Python, `docs/reasons.md`) is
//! generated from the table in this file and diffed by `tests/generated.rs`.
//! Codes are append-only: a retired code stays as a comment and its number is never reused.

use core::fmt;

/// What a status means for the host, by the arithmetic of its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum Class {
    /// Code 0: the credential is good and may enter.
    Allow = 0,
    /// Codes 1000-1999: the credential is refused.
    Deny = 1,
    /// Codes 2000-2099: our own trust material is missing or too old.
    Unavailable = 2,
    /// Codes 1-99: a programming or configuration error of the host.
    Misuse = 3,
}

impl Class {
    /// The class of a status code. A number no table knows is misuse, never an allow.
    pub const fn of(code: i32) -> Self {
        match code {
            0 => Self::Allow,
            1000..=1999 => Self::Deny,
            2000..=2099 => Self::Unavailable,
            _ => Self::Misuse,
        }
    }

    /// `allow`, `deny`, `unavailable` or `misuse`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Unavailable => "unavailable",
            Self::Misuse => "misuse",
        }
    }
}

macro_rules! reasons {
    ($($variant:ident = $code:literal, $slug:literal, $phrase:literal, $doc:literal;)+) => {
        /// Why a verdict is not an allow, or why a call was refused: one code, one slug, one phrase.
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(i32)]
        #[non_exhaustive]
        pub enum Reason { $(#[doc = $doc] $variant = $code,)+ }

        impl Reason {
            /// Every reason, ascending by code.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The reason with this code.
            pub const fn from_code(code: i32) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)+ _ => None }
            }

            /// The stable machine name, `lower_snake_case`.
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$variant => $slug,)+ }
            }

            /// The stable sentence for people. It never depends on the credential.
            pub const fn phrase(self) -> &'static str {
                match self { $(Self::$variant => $phrase,)+ }
            }

            /// The slug with a NUL behind it, for C.
            #[cfg(feature = "capi")]
            pub(crate) const fn slug_nul(self) -> &'static str {
                match self { $(Self::$variant => concat!($slug, "\0"),)+ }
            }

            /// The phrase with a NUL behind it, for C.
            #[cfg(feature = "capi")]
            pub(crate) const fn phrase_nul(self) -> &'static str {
                match self { $(Self::$variant => concat!($phrase, "\0"),)+ }
            }

            /// What the reason means and what to look at, one sentence.
            pub const fn doc(self) -> &'static str {
                match self { $(Self::$variant => $doc,)+ }
            }
        }
    };
}

reasons! {
    // 1-99: misuse and misconfiguration.
    InternalError = 1, "internal_error", "internal error", "A defect of the library; nothing was allowed.";
    ArgumentInvalid = 2, "argument_invalid", "invalid argument", "A NULL pointer, an absurd length, or a value outside the documented range.";
    ConfigInvalid = 3, "config_invalid", "invalid configuration", "A policy document or option is wrong; the error's detail names the path.";
    OptionUnsupported = 4, "option_unsupported", "option not supported by this version", "An options structure has members this version does not know.";
    BufferTooSmall = 5, "buffer_too_small", "buffer too small", "The caller's buffer is too small; the needed length was written.";
    NotVerified = 6, "not_verified", "nothing was verified", "The result holds no verdict yet.";
    ClockInvalid = 7, "clock_invalid", "clock not usable", "`now` is zero or negative, or the system clock cannot be read.";
    AttestorUnknown = 8, "attestor_unknown", "attestor not in policy", "The request forces an attestor id that the policy does not have.";
    StorePoisoned = 9, "store_poisoned", "store refuses changes after an internal error", "A change panicked earlier; verification goes on with the last good material.";
    HandleClosed = 10, "handle_closed", "handle is closed", "A wrapper object was used after `close`.";
    SourceNameInvalid = 20, "source_name_invalid", "invalid source name", "The name is not a trust domain (or issuer) name.";
    FormatUnsupported = 21, "format_unsupported", "bundle format not supported for this source", "The format is unknown, or does not feed this kind of source.";
    BundleMalformed = 22, "bundle_malformed", "trust bundle malformed", "The document is not a key set of the stated format; the last good one is kept.";
    BundlePrivateKey = 23, "bundle_private_key", "trust bundle contains a private key", "A key of a known use has private members: it has leaked. The last good bundle is kept.";
    NoUsableKeys = 24, "no_usable_keys", "trust bundle has no usable keys", "Every entry was skipped; the last good bundle is kept.";
    TrustDomainMismatch = 25, "trust_domain_mismatch", "trust bundle names another trust domain", "The document's own `trust_domain` contradicts the name it was put under.";
    BundleRollback = 26, "bundle_rollback", "trust bundle sequence went back", "`spiffe_sequence` is lower than the stored one; its removals took effect, its additions are held back.";
    BundleDuplicateTrustDomain = 27, "bundle_duplicate_trust_domain", "trust bundle map names a trust domain twice", "The map is refused whole; every last good bundle is kept.";
    OverlayFull = 28, "overlay_full", "deny overlay is full", "The store holds 100,000 entries that have not expired; nothing was added.";
    ReceiptInvalid = 29, "receipt_invalid", "receipt log does not verify", "A line is not a receipt, or the chain, a signature or the expected head does not fit.";
    BundleRekeyed = 30, "bundle_rekeyed", "trust bundle gives a known kid another key", "The rotation gate took the update's removals and holds its additions back; `force` takes them.";
    BundleReplaced = 31, "bundle_replaced", "trust bundle replaces all keys at once", "The rotation gate took the update's removals and holds its additions back; `force` takes them.";
    CallbackFailed = 32, "callback_failed", "refresh callback failed", "The host's callback failed, panicked, or gave nothing; the last good material is kept.";
    RefreshReentrant = 33, "refresh_reentrant", "refresh called from a refresh callback", "A callback asked its own store to refresh; nothing was done.";
    RefreshBusy = 34, "refresh_busy", "source is being refreshed", "Another thread is fetching the source, or there is nobody to fetch it; nothing was done.";
    FeedReplaced = 35, "feed_replaced", "feed was replaced during its fetch", "The source was removed, or given another callback, while this one ran; what it gave was not taken.";
    SnapshotInvalid = 36, "snapshot_invalid", "snapshot not usable", "Not a snapshot, of another version, made under another key, or changed; nothing was restored.";
    SourceNotPublished = 37, "source_not_published", "source not on the publishing list", "Only sources on the store's publishing list are exported.";
    // 1000s: the wire.
    InputTooLarge = 1000, "input_too_large", "credential too large", "More bytes, or more JSON members, than the policy's limits.";
    MalformedToken = 1001, "malformed_token", "not a compact JWS", "Not exactly three non-empty parts.";
    TokenEncrypted = 1002, "token_encrypted", "encrypted tokens are not accepted", "Five parts, or `enc` or `epk` in the header.";
    JsonSerializationRejected = 1003, "json_serialization_rejected", "JSON-serialized JWS is not accepted", "Only the compact form is a credential.";
    InvalidBase64url = 1004, "invalid_base64url", "invalid base64url", "A part is not canonical, unpadded base64url.";
    InvalidUtf8 = 1005, "invalid_utf8", "invalid UTF-8", "Header or claims are not UTF-8.";
    InvalidJson = 1006, "invalid_json", "invalid JSON", "Header or claims are not one strict JSON object.";
    JsonDuplicateMember = 1007, "json_duplicate_member", "duplicate JSON member", "A member name occurs twice in one object, compared after unescaping.";
    JsonTooDeep = 1008, "json_too_deep", "JSON nested too deeply", "Deeper than the policy's `json_depth`.";
    // 1100s: header, algorithm, key.
    HeaderParamForbidden = 1100, "header_param_forbidden", "header parameter not allowed", "`zip`, `cty: JWT`, or with `strict_headers` any parameter but `alg`, `kid`, `typ`.";
    HeaderParamInvalid = 1101, "header_param_invalid", "header parameter has the wrong type", "A header parameter that is read is not of its type.";
    CritUnsupported = 1102, "crit_unsupported", "critical header parameter not understood", "Any `crit` is refused: no extension is understood.";
    B64Forbidden = 1103, "b64_forbidden", "unencoded payload not allowed", "`b64` is false.";
    TypMismatch = 1104, "typ_mismatch", "token type not accepted", "`typ` is not one the credential kind allows.";
    AlgMissing = 1105, "alg_missing", "alg missing", "The header has no `alg`.";
    AlgNotAllowed = 1106, "alg_not_allowed", "algorithm not allowed", "`alg` is not among the algorithms of the kind and the policy.";
    AlgKeyMismatch = 1107, "alg_key_mismatch", "algorithm does not fit the key", "The key that `kid` names is of another type or curve.";
    KidMissing = 1108, "kid_missing", "kid missing", "No `kid`, and the policy wants one or several keys would fit.";
    KidNotFound = 1109, "kid_not_found", "kid not found in trust bundle", "No key of that id in the source's bundle, or the bundle was revoked.";
    KeyInvalid = 1110, "key_invalid", "key not usable", "The key is malformed, not on its curve, of small order, or carries private members.";
    KeyTooWeak = 1111, "key_too_weak", "key too weak", "An RSA key of a certificate below 2048 bits.";
    // 1200s: signature and possession.
    SignatureMalformed = 1200, "signature_malformed", "signature has the wrong form", "The signature's length does not fit the key and algorithm.";
    SignatureInvalid = 1201, "signature_invalid", "signature verification failed", "The signature is not the key's over these bytes.";
    PopRequired = 1202, "pop_required", "proof of possession required", "The credential is bound to a key (`cnf`) and no proof was given.";
    CnfInvalid = 1203, "cnf_invalid", "confirmation claim not usable", "`cnf` is not exactly one of `jwk`, `jkt`, `x5t#S256`.";
    // 1300s: time.
    NumericDateInvalid = 1300, "numeric_date_invalid", "date out of range", "A NumericDate is beyond the year 9999.";
    TokenExpired = 1301, "token_expired", "credential expired", "`exp` plus the clock skew is not after now.";
    TokenNotYetValid = 1302, "token_not_yet_valid", "nbf in the future", "`nbf` minus the clock skew is after now.";
    IssuedInFuture = 1303, "issued_in_future", "iat in the future", "`iat` is further ahead than `max_iat_future_secs`.";
    LifetimeTooLong = 1304, "lifetime_too_long", "credential lifetime too long", "Longer or older than `max_lifetime_secs` or `max_token_age_secs`.";
    // 1400s: issuer, audience, claims.
    ClaimMissing = 1400, "claim_missing", "required claim missing", "`sub` or `exp` is absent, or a date that the policy's limits need.";
    ClaimTypeInvalid = 1401, "claim_type_invalid", "claim has the wrong type", "A registered claim is present and not of its type.";
    AudienceMissing = 1402, "audience_missing", "audience missing", "`aud` is absent or empty.";
    AudienceMismatch = 1403, "audience_mismatch", "audience mismatch", "No value of `aud` is one of the policy's audiences, byte for byte.";
    IssuerUnknown = 1404, "issuer_unknown", "issuer not in policy", "No attestor of the policy takes the token's `iss`, byte for byte.";
    AudienceUntrustedExtra = 1405, "audience_untrusted_extra", "token is for untrusted audiences too", "`aud` holds values beside ours that `trusted_audiences` does not list.";
    TokenClassMismatch = 1406, "token_class_mismatch", "token is of another class", "An access token where ID tokens are taken, a logout token, a security event and the like.";
    AzpMissing = 1407, "azp_missing", "authorized party missing", "The policy lists `authorized_parties` and the token has no `azp`.";
    AzpMismatch = 1408, "azp_mismatch", "authorized party not accepted", "`azp` is not one of `authorized_parties`.";
    NonceMissing = 1409, "nonce_missing", "nonce missing", "A nonce is expected and the token has none, or the policy requires one and the request has none.";
    NonceMismatch = 1410, "nonce_mismatch", "nonce mismatch", "`nonce` is not the one that was sent, or the policy forbids one.";
    AuthTimeMissing = 1411, "auth_time_missing", "authentication time missing", "The request sets a maximum age and the token has no `auth_time`.";
    AuthTooOld = 1412, "auth_too_old", "authentication too long ago", "`auth_time` is older than the request's maximum age.";
    AtHashMismatch = 1413, "at_hash_mismatch", "access token does not belong to the token", "`at_hash` is not the hash of the request's access token.";
    IssuerMismatch = 1414, "issuer_mismatch", "issuer does not fit the key or version", "The key is published for another tenant's issuer, or `ver` belongs to another issuer form.";
    TenantMismatch = 1415, "tenant_mismatch", "tenant not accepted", "`tid` is not the tenant that `iss` names, or not one of `tenants`.";
    SubjectInconsistent = 1416, "subject_inconsistent", "subject contradicts other claims", "`sub` and the provider's own claims name different workloads.";
    // 1500s: SPIFFE ID.
    TrustDomainUnknown = 1500, "trust_domain_unknown", "trust domain not in bundle", "The policy lists no attestor for the subject's trust domain.";
    SpiffeIdEmpty = 1501, "spiffe_id_empty", "SPIFFE ID is empty", "The subject is an empty string.";
    SpiffeIdWrongScheme = 1502, "spiffe_id_wrong_scheme", "SPIFFE ID scheme is not spiffe", "The subject does not begin with `spiffe://`, in lower case.";
    SpiffeIdMissingTrustDomain = 1503, "spiffe_id_missing_trust_domain", "SPIFFE ID has no trust domain", "Nothing stands between `spiffe://` and the path.";
    SpiffeIdBadTrustDomainChar = 1504, "spiffe_id_bad_trust_domain_char", "SPIFFE ID trust domain has a forbidden character", "Only `a-z 0-9 . _ -` may stand in a trust domain.";
    SpiffeIdTrustDomainTooLong = 1505, "spiffe_id_trust_domain_too_long", "SPIFFE ID trust domain too long", "A trust domain has at most 255 bytes.";
    SpiffeIdBadPathChar = 1506, "spiffe_id_bad_path_char", "SPIFFE ID path has a forbidden character", "Only `A-Z a-z 0-9 . _ -` may stand in a path segment.";
    SpiffeIdEmptySegment = 1507, "spiffe_id_empty_segment", "SPIFFE ID has an empty path segment", "Two slashes in a row.";
    SpiffeIdDotSegment = 1508, "spiffe_id_dot_segment", "SPIFFE ID has a dot segment", "A path segment is `.` or `..`.";
    SpiffeIdTrailingSlash = 1509, "spiffe_id_trailing_slash", "SPIFFE ID ends with a slash", "A path never ends with a slash, a root slash included.";
    SpiffeIdTooLong = 1510, "spiffe_id_too_long", "SPIFFE ID too long", "A SPIFFE ID has at most 2048 bytes.";
    SpiffeIdPathRequired = 1511, "spiffe_id_path_required", "SPIFFE ID has no path", "A path-less ID names the trust domain itself; `require_path` refuses it.";
    // 1600s: X.509.
    CertMalformed = 1600, "cert_malformed", "certificate malformed", "Not DER, not X.509 version 3, an extension twice, or two algorithm identifiers that differ.";
    ChainEmpty = 1601, "chain_empty", "certificate chain empty", "No certificate was passed.";
    ChainTooLong = 1602, "chain_too_long", "certificate chain too long", "More than 6 certificates, or more bytes than `limits.chain_bytes`.";
    LeafIsCa = 1603, "leaf_is_ca", "leaf certificate is a CA", "A CA certificate is no workload's identity.";
    LeafKeyUsageForbidden = 1604, "leaf_key_usage_forbidden", "leaf key usage not allowed", "The leaf may sign certificates or CRLs.";
    LeafDigitalSignatureMissing = 1605, "leaf_digital_signature_missing", "leaf may not sign", "The leaf has a key usage without `digitalSignature`.";
    EkuMismatch = 1606, "eku_mismatch", "extended key usage does not fit", "The leaf has an extended key usage without the one the policy asks for.";
    UriSanMissing = 1607, "uri_san_missing", "leaf has no URI SAN", "The leaf has no URI subject alternative name.";
    UriSanMultiple = 1608, "uri_san_multiple", "leaf has several URI SANs", "Exactly one URI is allowed, whatever the others are.";
    IssuerNotCa = 1609, "issuer_not_ca", "issuing certificate is not a CA", "A certificate of the path is not a CA that may sign certificates.";
    PathLenExceeded = 1610, "path_len_exceeded", "path length constraint exceeded", "More intermediates than a CA of the path allows.";
    NameConstraintViolation = 1611, "name_constraint_violation", "name constraint violated", "A CA of the path may not issue for this name.";
    NameConstraintUnsupported = 1612, "name_constraint_unsupported", "name constraint not supported", "A CA of the path constrains a form of name that cannot be judged: refused.";
    CriticalExtensionUnsupported = 1613, "critical_extension_unsupported", "critical extension not understood", "A certificate of the path has an unknown critical extension.";
    CertExpired = 1614, "cert_expired", "certificate expired", "The leaf, an intermediate or the authority is past its `notAfter`.";
    CertNotYetValid = 1615, "cert_not_yet_valid", "certificate not yet valid", "The leaf, an intermediate or the authority is before its `notBefore`.";
    CertAlgNotAllowed = 1616, "cert_alg_not_allowed", "certificate algorithm not allowed", "A certificate is signed with, or holds a key of, an algorithm that is not accepted.";
    CertRevoked = 1617, "cert_revoked", "certificate revoked", "A revocation list names a certificate of the path.";
    ChainUntrusted = 1618, "chain_untrusted", "no path to an authority of the trust domain", "No authority of the leaf's own trust domain issued it, directly or through the chain.";
    BudgetExceeded = 1619, "budget_exceeded", "certificate path too costly", "More than 12 signature checks, or too many paths or name comparisons.";
    // 1700s: policy and overlay.
    NotAllowed = 1700, "not_allowed", "identity not allowed by policy", "The credential is good and no entry of the attestor's `allow` admits it.";
    NotMapped = 1701, "not_mapped", "identity has no mapping in policy", "The attestor says `map_required` and no entry of its `map` matches.";
    OverlayDenied = 1702, "overlay_denied", "identity denied by overlay", "An entry of the store's deny overlay names the credential, its key or its subject.";
    KeyUntrusted = 1703, "key_untrusted", "passport key not pinned by policy", "The passport is good and `pinned_keys` does not list its key.";
    // 2000s: our own trust material.
    BundleUnavailable = 2000, "bundle_unavailable", "trust bundle unavailable", "The policy trusts the source, and nothing has fed its bundle yet.";
    BundleStale = 2001, "bundle_stale", "trust bundle stale", "The bundle is older than its hard age.";
}

impl Reason {
    /// The status code.
    pub const fn code(self) -> i32 {
        self as i32
    }

    /// The class the code belongs to.
    pub const fn class(self) -> Class {
        Class::of(self.code())
    }
}

impl fmt::Debug for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.slug())
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.phrase())
    }
}

impl core::error::Error for Reason {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_ascending_unique_and_round_trips() {
        for pair in Reason::ALL.windows(2) {
            assert!(pair[0].code() < pair[1].code());
        }
        let mut slugs: Vec<_> = Reason::ALL.iter().map(|r| r.slug()).collect();
        let mut phrases: Vec<_> = Reason::ALL.iter().map(|r| r.phrase()).collect();
        slugs.sort_unstable();
        slugs.dedup();
        phrases.sort_unstable();
        phrases.dedup();
        assert_eq!((slugs.len(), phrases.len()), (Reason::ALL.len(), Reason::ALL.len()));
        for &reason in Reason::ALL {
            assert_eq!(Reason::from_code(reason.code()), Some(reason));
            assert_ne!(reason.class(), Class::Allow);
        }
    }

    #[test]
    fn pinned_phrases() {
        for (slug, phrase) in [
            ("audience_mismatch", "audience mismatch"),
            ("token_expired", "credential expired"),
            ("signature_invalid", "signature verification failed"),
            ("trust_domain_unknown", "trust domain not in bundle"),
            ("kid_not_found", "kid not found in trust bundle"),
            ("bundle_stale", "trust bundle stale"),
            ("token_not_yet_valid", "nbf in the future"),
            ("bundle_unavailable", "trust bundle unavailable"),
        ] {
            let reason = Reason::ALL.iter().find(|r| r.slug() == slug).expect("a pinned slug");
            assert_eq!(reason.phrase(), phrase);
        }
    }

    #[test]
    fn unknown_codes_never_allow() {
        for code in [-1, 100, 999, 2100, i32::MIN, i32::MAX] {
            assert_eq!(Class::of(code), Class::Misuse);
        }
    }
}

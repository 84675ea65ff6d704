//! The JOSE header (RFC 7515 section 4), read by what a verifier may read. Keys in it never are.

use crate::crypto::{Algorithm, AlgorithmSet};
use crate::verdict::Reason;
use crate::wire::json::{Kind, Limits, Name, Str, Tape, Value};
use crate::wire::scan;
use crate::wire::wipe::wipe;

/// Storage of a header.
///
/// All tokens that one key signs have the same header: what the last one that was proven said of `alg`, `kid` and
/// `typ`, if no more, stays here and is not read again.
#[derive(Default)]
pub(crate) struct Storage {
    tape: Tape,
    /// The header that was read last, if it may stay.
    known: Option<Known>,
    text: String,
    kid: String,
}

#[derive(Clone, Copy)]
struct Known {
    limits: Limits,
    algorithm: Algorithm,
    typ: Typ,
    proven: bool,
}

impl Storage {
    /// Reads a header as [`read`] does.
    pub(crate) fn read<'a>(
        &'a mut self,
        text: &'a [u8],
        limits: Limits,
        check_typ: impl Fn(Typ) -> Result<(), Reason>,
        algorithms: AlgorithmSet,
    ) -> Result<Header<'a>, Reason> {
        let is_known = |known: &Known| known.limits == limits && self.text.as_bytes() == text;
        if let Some(Known { algorithm, typ, .. }) = self.known.filter(is_known) {
            check_typ(typ)?;
            let algorithm = algorithms.check(Some(algorithm))?;
            let kid = Some(Str::of(&self.kid)).filter(|kid| !kid.is_empty());
            return Ok(Header { algorithm, typ, kid, has_other_parameters: false });
        }
        self.forget();
        let header = read(self.tape.read(text, limits)?, check_typ, algorithms)?;
        let Header { algorithm, typ, kid, has_other_parameters } = header;
        let texts = kid.map_or(Some(""), Str::plain).zip(scan::utf8(text));
        if let Some((kid, text)) = texts.filter(|_| !has_other_parameters) {
            self.known = Some(Known { limits, algorithm, typ, proven: false });
            self.text.push_str(text);
            self.kid.push_str(kid);
        }
        Ok(header)
    }

    /// Keeps the header that was read last, now that its token is proven.
    pub(crate) fn keep(&mut self) {
        if let Some(known) = &mut self.known {
            known.proven = true;
        }
    }

    /// Forgets a header that is not kept.
    pub(crate) fn clear(&mut self) {
        if !self.known.is_some_and(|known| known.proven) {
            self.forget();
        }
    }

    fn forget(&mut self) {
        self.known = None;
        self.tape.clear();
        wipe(&mut self.text);
        wipe(&mut self.kid);
    }
}

/// A header that passed every check that needs no policy.
pub(crate) struct Header<'a> {
    pub(crate) algorithm: Algorithm,
    pub(crate) typ: Typ,
    /// Absent and empty are the same.
    pub(crate) kid: Option<Str<'a>>,
    /// Holds a parameter other than `alg`, `kid`, `typ`.
    pub(crate) has_other_parameters: bool,
}

/// What `typ` says the token is (RFC 7515 section 4.1.9): a media type, but exact for JWT-SVIDs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Typ {
    Absent,
    /// `JWT`, to the letter.
    Jwt,
    /// `JOSE`, to the letter.
    Jose,
    /// `JWT` in another spelling of the media type.
    JwtSpelling,
    /// An access token (RFC 9068).
    AccessToken,
    /// `passport+jwt`, to the letter.
    Passport,
    /// A known class that is no identity of its own: logout, security event, DPoP, WIT.
    OtherClass,
    Unknown,
}

const OTHER_CLASSES: [&str; 5] = ["logout+jwt", "secevent+jwt", "dpop+jwt", "wit+jwt", "passport+jwt"];

impl Typ {
    fn read(typ: Option<Str<'_>>) -> Self {
        let Some(typ) = typ else { return Self::Absent };
        if typ.is("JWT") {
            Self::Jwt
        } else if typ.is("JOSE") {
            Self::Jose
        } else if is_media_type(typ, "jwt") {
            Self::JwtSpelling
        } else if is_media_type(typ, "at+jwt") {
            Self::AccessToken
        } else if typ.is("passport+jwt") {
            Self::Passport
        } else if OTHER_CLASSES.iter().any(|class| is_media_type(typ, class)) {
            Self::OtherClass
        } else {
            Self::Unknown
        }
    }
}

#[derive(Default)]
struct Parameters<'a> {
    typ: Option<Value<'a>>,
    crit: bool,
    b64: Option<Value<'a>>,
    encryption: bool,
    zip: bool,
    cty: Option<Value<'a>>,
    alg: Option<Value<'a>>,
    kid: Option<Value<'a>>,
    others: bool,
}

impl<'a> Parameters<'a> {
    fn collect(root: Value<'a>) -> Self {
        let mut found = Self::default();
        for (name, value) in root.members() {
            if name.is("alg") {
                found.alg = Some(value);
            } else if name.is("kid") {
                found.kid = Some(value);
            } else if name.is("typ") {
                found.typ = Some(value);
            } else {
                found.others = true;
                found.collect_rare(name, value);
            }
        }
        found
    }

    fn collect_rare(&mut self, name: Name<'a>, value: Value<'a>) {
        if name.is("crit") {
            self.crit = true;
        } else if name.is("b64") {
            self.b64 = Some(value);
        } else if name.is("enc") || name.is("epk") {
            self.encryption = true;
        } else if name.is("zip") {
            self.zip = true;
        } else if name.is("cty") {
            self.cty = Some(value);
        }
    }
}

/// Reads a header whose `typ` must pass `check_typ` and whose `alg` must be one of `algorithms`.
pub(crate) fn read(
    root: Value<'_>,
    check_typ: impl Fn(Typ) -> Result<(), Reason>,
    algorithms: AlgorithmSet,
) -> Result<Header<'_>, Reason> {
    let found = Parameters::collect(root);
    let typ = Typ::read(string(found.typ)?);
    check_typ(typ)?;
    if found.crit {
        return Err(Reason::CritUnsupported);
    }
    match found.b64.map(Value::kind) {
        None | Some(Kind::True) => {}
        Some(Kind::False) => return Err(Reason::B64Forbidden),
        Some(_) => return Err(Reason::HeaderParamInvalid),
    }
    if found.encryption {
        return Err(Reason::TokenEncrypted);
    }
    if found.zip || string(found.cty)?.is_some_and(|cty| is_media_type(cty, "jwt")) {
        return Err(Reason::HeaderParamForbidden);
    }
    let alg = string(found.alg)?.ok_or(Reason::AlgMissing)?;
    let algorithm = algorithms.check(Algorithm::from_name(alg))?;
    let kid = string(found.kid)?.filter(|kid| !kid.is_empty());
    Ok(Header { algorithm, typ, kid, has_other_parameters: found.others })
}

fn string(value: Option<Value<'_>>) -> Result<Option<Str<'_>>, Reason> {
    value.map(|v| v.as_str().ok_or(Reason::HeaderParamInvalid)).transpose()
}

/// Media types ignore case, and `application/` may be left out (RFC 7515 section 4.1.9).
fn is_media_type(value: Str<'_>, name: &str) -> bool {
    let lower = || value.chars().map(|c| c.to_ascii_lowercase());
    lower().eq(name.chars()) || lower().eq("application/".chars().chain(name.chars()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { depth: 2, members: 3 };
    const HEADER: &[u8] = br#"{"alg":"ES256","kid":"k","typ":"JWT"}"#;

    fn read_kid(storage: &mut Storage, text: &[u8], limits: Limits) -> Result<Option<String>, Reason> {
        let header = storage.read(text, limits, |_| Ok(()), AlgorithmSet::jwt_svid())?;
        Ok(header.kid.map(Str::decode))
    }

    fn kept(text: &[u8]) -> Storage {
        let mut storage = Storage::default();
        read_kid(&mut storage, text, LIMITS).unwrap();
        storage.keep();
        storage.clear();
        storage
    }

    fn is_kept(storage: &Storage) -> bool {
        assert_eq!(storage.known.is_some(), !storage.text.is_empty());
        storage.known.is_some_and(|known| known.proven)
    }

    #[test]
    fn a_kept_header_is_read_once() {
        for (text, kid) in
            [(HEADER, Some("k")), (br#"{"alg":"ES256"}"#, None), (br#"{"alg":"ES256","kid":""}"#, None)]
        {
            let mut storage = kept(text);
            assert!(is_kept(&storage) && storage.tape.nodes().len() > 1);
            storage.tape.clear(); // it is of no use any more
            assert_eq!(read_kid(&mut storage, text, LIMITS).unwrap().as_deref(), kid);
            assert!(is_kept(&storage));
        }
    }

    #[test]
    fn what_a_policy_says_of_a_kept_header_is_asked_each_time() {
        let mut storage = kept(HEADER);
        let mismatch = |typ| if typ == Typ::Jwt { Err(Reason::TypMismatch) } else { Ok(()) };
        let read = storage.read(HEADER, LIMITS, mismatch, AlgorithmSet::all());
        assert_eq!(read.err(), Some(Reason::TypMismatch));
        let read = storage.read(HEADER, LIMITS, |_| Ok(()), AlgorithmSet::ed25519());
        assert_eq!(read.err(), Some(Reason::AlgNotAllowed));
    }

    #[test]
    fn what_says_more_or_is_not_proven_is_not_kept() {
        for header in [&br#"{"alg":"ES256","kid":"k","more":"M"}"#[..], br#"{"alg":"ES256","kid":"\u006b"}"#]
        {
            assert!(!is_kept(&kept(header)));
        }
        let mut storage = Storage::default();
        read_kid(&mut storage, HEADER, LIMITS).unwrap();
        storage.clear();
        assert!(storage.known.is_none() && storage.text.is_empty() && storage.kid.is_empty());
        assert!(storage.tape.nodes().is_empty());
    }

    #[test]
    fn another_header_is_read_anew() {
        let mut storage = kept(HEADER);
        let other = br#"{"alg":"ES256","kid":"l","typ":"JWT"}"#;
        assert_eq!(read_kid(&mut storage, other, LIMITS).unwrap().unwrap(), "l");
        assert!(!is_kept(&storage));
        assert_eq!(read_kid(&mut storage, b"{", LIMITS), Err(Reason::InvalidJson));
        storage.keep();
        assert!(!is_kept(&storage));
        assert_eq!(read_kid(&mut storage, HEADER, LIMITS).unwrap().unwrap(), "k");
    }

    #[test]
    fn what_was_read_within_other_bounds_is_read_anew() {
        let narrower = Limits { members: 2, ..LIMITS };
        assert_eq!(read_kid(&mut kept(HEADER), HEADER, narrower), Err(Reason::InputTooLarge));
    }
}

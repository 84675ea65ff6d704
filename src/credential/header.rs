//! The JOSE header (RFC 7515 section 4), read by what a verifier may read. Keys in it never are.

use crate::crypto::{Algorithm, AlgorithmSet};
use crate::verdict::Reason;
use crate::wire::json::{Kind, Limits, Name, Str, Tape, Value};

/// Storage of a header.
///
/// All tokens that one key signs have the same header: what the last one that was proven said of `alg`, `kid` and
/// `typ`, if no more, stays here and is not read again.
#[derive(Default)]
pub(crate) struct Storage {
    tape: Tape,
    /// What the tape is of, if that stays, and within which bounds it was read.
    known: Option<Limits>,
    text: Vec<u8>,
}

impl Storage {
    pub(crate) fn read<'a>(&'a mut self, text: &'a [u8], limits: Limits) -> Result<Value<'a>, Reason> {
        if self.known == Some(limits) && self.text == text {
            return self.tape.again(text).ok_or(Reason::InternalError);
        }
        self.known = None;
        self.tape.read(text, limits)
    }

    /// Keeps the header that was read last, of a token that is proven, unless it says more.
    pub(crate) fn keep(&mut self, text: &[u8], limits: Limits, has_other_parameters: bool) {
        if self.known.is_none() && !has_other_parameters {
            self.known = Some(limits);
            self.text.clear();
            self.text.extend_from_slice(text);
        }
    }

    /// Forgets a header that is not kept.
    pub(crate) fn clear(&mut self) {
        if self.known.is_none() {
            self.tape.clear();
        }
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
    let known = Algorithm::from_name(alg).filter(|alg| algorithms.contains(*alg));
    let algorithm = known.ok_or(Reason::AlgNotAllowed)?;
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

    fn kid<'a>(storage: &'a mut Storage, text: &'a [u8], limits: Limits) -> Result<Option<Str<'a>>, Reason> {
        let root = storage.read(text, limits)?;
        Ok(read(root, |_| Ok(()), AlgorithmSet::all())?.kid)
    }

    fn kept() -> Storage {
        let mut storage = Storage::default();
        storage.read(HEADER, LIMITS).unwrap();
        storage.keep(HEADER, LIMITS, false);
        storage
    }

    #[test]
    fn a_header_that_says_more_is_not_kept() {
        let mut storage = Storage::default();
        let header = br#"{"alg":"ES256","kid":"k","more":"M"}"#;
        let root = storage.read(header, LIMITS).unwrap();
        let more = read(root, |_| Ok(()), AlgorithmSet::all()).unwrap().has_other_parameters;
        storage.keep(header, LIMITS, more);
        assert_eq!((storage.known, storage.text.len()), (None, 0));
        storage.clear();
        assert!(storage.tape.nodes().is_empty());
    }

    #[test]
    fn a_kept_header_is_read_once() {
        let mut storage = kept();
        storage.clear();
        assert_eq!(storage.known, Some(LIMITS));
        assert!(kid(&mut storage, HEADER, LIMITS).unwrap().unwrap().is("k"));
        assert_eq!(storage.known, Some(LIMITS));
    }

    #[test]
    fn another_header_is_read_anew() {
        let mut storage = kept();
        let other = br#"{"alg":"ES256","kid":"l","typ":"JWT"}"#;
        assert!(kid(&mut storage, other, LIMITS).unwrap().unwrap().is("l"));
        assert_eq!(storage.known, None);
        // What was not kept is forgotten.
        storage.clear();
        assert!(storage.tape.nodes().is_empty());
        assert_eq!(storage.read(b"{", LIMITS).err(), Some(Reason::InvalidJson));
        assert!(kid(&mut storage, HEADER, LIMITS).unwrap().unwrap().is("k"));
    }

    #[test]
    fn what_was_read_within_other_bounds_is_read_anew() {
        let mut storage = kept();
        let narrower = Limits { members: 2, ..LIMITS };
        assert_eq!(storage.read(HEADER, narrower).err(), Some(Reason::InputTooLarge));
    }
}

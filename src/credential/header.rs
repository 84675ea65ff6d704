//! The JOSE header (RFC 7515 section 4), read by what a verifier may read. Keys in it never are.

use crate::crypto::Algorithm;
use crate::verdict::Reason;
use crate::wire::json::{Kind, Str, Value};

/// A header that passed every check that needs no policy.
pub(crate) struct Header<'a> {
    pub(crate) algorithm: Algorithm,
    /// Absent and empty are the same.
    pub(crate) kid: Option<Str<'a>>,
    /// Holds a parameter other than `alg`, `kid`, `typ`.
    pub(crate) has_other_parameters: bool,
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

    fn collect_rare(&mut self, name: Str<'a>, value: Value<'a>) {
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

/// Reads a header whose `typ`, where present, must satisfy `typ_allowed`.
pub(crate) fn read(root: Value<'_>, typ_allowed: fn(Str<'_>) -> bool) -> Result<Header<'_>, Reason> {
    let found = Parameters::collect(root);
    if !string(found.typ)?.is_none_or(typ_allowed) {
        return Err(Reason::TypMismatch);
    }
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
    if found.zip || string(found.cty)?.is_some_and(is_nested_jwt) {
        return Err(Reason::HeaderParamForbidden);
    }
    let alg = string(found.alg)?.ok_or(Reason::AlgMissing)?;
    let algorithm = Algorithm::from_name(alg).ok_or(Reason::AlgNotAllowed)?;
    let kid = string(found.kid)?.filter(|kid| !kid.is_empty());
    Ok(Header { algorithm, kid, has_other_parameters: found.others })
}

fn string(value: Option<Value<'_>>) -> Result<Option<Str<'_>>, Reason> {
    value.map(|v| v.as_str().ok_or(Reason::HeaderParamInvalid)).transpose()
}

/// `cty` names a nested token (RFC 7519 section 5.2); media types ignore case (RFC 7515 section 4.1.10).
fn is_nested_jwt(cty: Str<'_>) -> bool {
    let lower = || cty.chars().map(|c| c.to_ascii_lowercase());
    lower().eq("jwt".chars()) || lower().eq("application/jwt".chars())
}

//! The registered claims (RFC 7519 section 4.1): absent, good, or malformed, never malformed as absent.

use crate::verdict::Reason;
use crate::wire::json::{Kind, Str, Value};
use crate::wire::numeric_date::{self, Round};

/// Registered claims, each of its type. Dates are whole Unix seconds.
#[derive(Default)]
pub(crate) struct Claims<'a> {
    pub(crate) issuer: Option<Str<'a>>,
    pub(crate) subject: Option<Str<'a>>,
    pub(crate) audience: Audience<'a>,
    pub(crate) expires_at: Option<i64>,
    pub(crate) not_before: Option<i64>,
    pub(crate) issued_at: Option<i64>,
    pub(crate) confirmation: Option<Value<'a>>,
}

impl<'a> Claims<'a> {
    pub(crate) fn read(root: Value<'a>) -> Result<Self, Reason> {
        let mut claims = Self::default();
        for (name, value) in root.members() {
            if name.is("sub") {
                claims.subject = Some(string(value)?);
            } else if name.is("aud") {
                claims.audience = Audience::read(value)?;
            } else if name.is("exp") {
                claims.expires_at = Some(date(value, Round::Down)?);
            } else if name.is("nbf") {
                claims.not_before = Some(date(value, Round::Up)?);
            } else if name.is("iat") {
                claims.issued_at = Some(date(value, Round::Down)?);
            } else if name.is("jti") {
                string(value)?;
            } else if name.is("iss") {
                // An issuer with a NUL, which JSON has only escaped, is cut short by some reader downstream.
                let issuer = string(value)?;
                if issuer.plain().is_none() && issuer.chars().any(|c| c == '\0') {
                    return Err(Reason::ClaimTypeInvalid);
                }
                claims.issuer = Some(issuer);
            } else if name.is("cnf") {
                claims.confirmation = Some(value);
            }
        }
        Ok(claims)
    }
}

fn string(value: Value<'_>) -> Result<Str<'_>, Reason> {
    value.as_str().ok_or(Reason::ClaimTypeInvalid)
}

pub(super) fn date(value: Value<'_>, round: Round) -> Result<i64, Reason> {
    numeric_date::parse(value.as_number().ok_or(Reason::ClaimTypeInvalid)?, round)
}

/// `aud` in its one normal form: a list of strings.
#[derive(Clone, Copy, Default)]
pub(crate) enum Audience<'a> {
    #[default]
    Absent,
    One(Str<'a>),
    Many(Value<'a>),
}

impl<'a> Audience<'a> {
    fn read(value: Value<'a>) -> Result<Self, Reason> {
        match value.kind() {
            Kind::String => Ok(Self::One(string(value)?)),
            Kind::Array if value.elements().all(|v| v.kind() == Kind::String) => Ok(Self::Many(value)),
            _ => Err(Reason::ClaimTypeInvalid),
        }
    }

    pub(crate) fn is_empty(self) -> bool {
        match self {
            Self::Absent => true,
            Self::One(value) => value.is_empty(),
            Self::Many(list) => list.elements().next().is_none(),
        }
    }

    /// Whether a value is one of `ours`, byte for byte.
    pub(crate) fn matches(self, ours: &[Box<str>]) -> bool {
        self.any(|value| ours.iter().any(|our| value.is(our)))
    }

    /// Whether some value satisfies `wanted`.
    pub(crate) fn any(self, wanted: impl Fn(Str<'a>) -> bool) -> bool {
        match self {
            Self::Absent => false,
            Self::One(value) => wanted(value),
            Self::Many(list) => list.elements().filter_map(Value::as_str).any(wanted),
        }
    }

    /// Whether every value satisfies `known`.
    pub(crate) fn all(self, known: impl Fn(Str<'a>) -> bool) -> bool {
        match self {
            Self::Absent => true,
            Self::One(value) => known(value),
            Self::Many(list) => list.elements().filter_map(Value::as_str).all(known),
        }
    }
}

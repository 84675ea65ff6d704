//! Evidence fields of a provider: a name, a type, and where the value comes from.

use crate::credential::provider;
use crate::wire::json::{Kind, Str, Value, write_str};
use crate::wire::numeric_date::{self, Round};

/// One field of a profile.
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(super) ty: Type,
    pub(super) source: Source,
}

/// What a value is; a claim of another type is not there.
#[derive(Clone, Copy)]
pub(super) enum Type {
    Text,
    /// Decimal digits, written as a string whether the provider writes a string or a number.
    Id,
    /// A boolean, or one spelled as a string.
    Bool,
    /// An array of strings.
    List,
}

/// Where a value comes from.
#[derive(Clone, Copy)]
pub(super) enum Source {
    /// The first of these JSON Pointers that leads anywhere.
    Claims(&'static [&'static str]),
    /// Of a Kubernetes subject.
    Namespace,
    /// Of a Kubernetes subject.
    ServiceAccount,
    /// Whether the time at this JSON Pointer has passed.
    Stale(&'static str),
}

/// A field that is a claim.
pub(super) const fn of(name: &'static str, ty: Type, pointers: &'static [&'static str]) -> Field {
    Field { name, ty, source: Source::Claims(pointers) }
}

/// The value of a field in one token.
#[derive(Clone, Copy)]
pub(crate) enum FieldValue<'a> {
    /// Of the claims.
    Text(Str<'a>),
    /// Of `sub`, or the digits of a number.
    Plain(&'a str),
    Bool(bool),
    /// An array of strings.
    List(Value<'a>),
}

impl Field {
    /// The value in a verified token's claims; `None` if it is absent or of another type.
    /// `subject` is the decoded `sub`, `now` in Unix seconds.
    pub(crate) fn value<'a>(&self, claims: Value<'a>, subject: &'a str, now: i64) -> Option<FieldValue<'a>> {
        match self.source {
            Source::Claims(pointers) => {
                let claim = pointers.iter().find_map(|pointer| find(claims, pointer))?;
                self.ty.read(claim)
            }
            Source::Namespace => Some(FieldValue::Plain(provider::service_account(subject)?.0)),
            Source::ServiceAccount => Some(FieldValue::Plain(provider::service_account(subject)?.1)),
            Source::Stale(pointer) => {
                let Some(date) = find(claims, pointer) else { return Some(FieldValue::Bool(false)) };
                let date = numeric_date::parse(date.as_number()?, Round::Down).ok()?;
                Some(FieldValue::Bool(now > date))
            }
        }
    }
}

/// Follows a pointer of our own tables: no escapes.
fn find<'a>(root: Value<'a>, pointer: &str) -> Option<Value<'a>> {
    pointer.split('/').skip(1).try_fold(root, Value::get)
}

impl Type {
    fn read(self, claim: Value<'_>) -> Option<FieldValue<'_>> {
        match self {
            Self::Text => claim.as_str().map(FieldValue::Text),
            Self::Id => match (claim.as_str(), claim.as_number()) {
                (Some(text), _) => {
                    let digits = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
                    digits.then_some(FieldValue::Text(text))
                }
                (_, Some(number)) => {
                    number.bytes().all(|b| b.is_ascii_digit()).then_some(FieldValue::Plain(number))
                }
                _ => None,
            },
            Self::Bool => match claim.as_str() {
                Some(text) if text.is("true") => Some(FieldValue::Bool(true)),
                Some(text) if text.is("false") => Some(FieldValue::Bool(false)),
                _ => claim.as_bool().map(FieldValue::Bool),
            },
            Self::List => {
                let strings = claim.kind() == Kind::Array
                    && claim.elements().all(|element| element.kind() == Kind::String);
                strings.then_some(FieldValue::List(claim))
            }
        }
    }
}

impl FieldValue<'_> {
    /// Appends the value as canonical JSON: a string, a boolean, or an array of strings.
    pub(crate) fn write_json(self, out: &mut String) {
        match self {
            Self::Text(text) => write_text(out, text),
            Self::Plain(text) => write_str(out, text),
            Self::Bool(value) => out.push_str(bool_text(value)),
            Self::List(list) => {
                out.push('[');
                for (at, text) in list.elements().filter_map(Value::as_str).enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    write_text(out, text);
                }
                out.push(']');
            }
        }
    }

    /// Whether the value is this text, or as a list has it.
    #[cfg(test)]
    pub(crate) fn is(self, text: &str) -> bool {
        match self {
            Self::Text(value) => value.is(text),
            Self::Plain(value) => value == text,
            Self::Bool(value) => bool_text(value) == text,
            Self::List(list) => list.elements().filter_map(Value::as_str).any(|element| element.is(text)),
        }
    }
}

fn bool_text(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

fn write_text(out: &mut String, text: Str<'_>) {
    match text.plain() {
        Some(text) => write_str(out, text),
        None => write_str(out, &text.decode()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Profile;
    use crate::wire::json::{Limits, Tape};
    use proptest::prelude::*;

    const LIMITS: Limits = Limits { depth: 16, members: 256 };

    fn value_at(profile: &str, field: &str, claims: &str, subject: &str, now: i64) -> Option<String> {
        let profile = Profile::ALL.into_iter().find(|p| p.name == profile).unwrap();
        let mut tape = Tape::default();
        let value = profile.field(field).expect(field).value(
            tape.read(claims.as_bytes(), LIMITS).unwrap(),
            subject,
            now,
        )?;
        let mut json = String::new();
        value.write_json(&mut json);
        Some(json)
    }

    fn check(profile: &str, claims: &str, expected: &[(&str, Option<&str>)]) {
        for (field, json) in expected {
            let got = value_at(profile, field, claims, "s", 1000);
            assert_eq!(got.as_deref(), *json, "{profile} {field}");
        }
    }

    #[test]
    fn kubernetes() {
        let claims = r#"{"kubernetes.io":{"namespace":"prod","node":{"name":"n1","uid":"nu"},
            "pod":{"name":"p1","uid":"pu"},"serviceaccount":{"name":"orders","uid":"su"},"warnafter":1000}}"#;
        let subject = "system:serviceaccount:prod:orders";
        for (field, json) in [
            ("namespace", r#""prod""#),
            ("service_account", r#""orders""#),
            ("service_account_uid", r#""su""#),
            ("pod", r#""p1""#),
            ("pod_uid", r#""pu""#),
            ("node", r#""n1""#),
            ("node_uid", r#""nu""#),
            ("stale", "false"),
        ] {
            assert_eq!(value_at("kubernetes", field, claims, subject, 1000).as_deref(), Some(json));
        }
        let stale = |claims, now| value_at("kubernetes", "stale", claims, subject, now);
        assert_eq!(stale(claims, 1001).as_deref(), Some("true"));
        assert_eq!(stale(r#"{"kubernetes.io":{}}"#, 1001).as_deref(), Some("false"));
        assert_eq!(stale(r#"{"kubernetes.io":{"warnafter":"1"}}"#, 1001), None);
        assert_eq!(value_at("kubernetes", "pod", "{}", subject, 1), None);
        assert_eq!(value_at("kubernetes", "namespace", claims, "other", 1), None);
    }

    #[test]
    fn github() {
        let claims = r#"{"repository":"octo/app","repository_owner":"octo","repository_id":"74",
            "repository_owner_id":65,"ref":"refs\/heads\/\"x\"","ref_protected":"true","run_id":"1e3",
            "actor_id":-1,"environment":7}"#;
        check(
            "github",
            claims,
            &[
                ("owner", Some(r#""octo""#)),
                ("owner_id", Some(r#""65""#)),
                ("repository", Some(r#""octo/app""#)),
                ("repository_id", Some(r#""74""#)),
                ("ref", Some(r#""refs/heads/\"x\"""#)),
                ("ref_protected", Some("true")),
                ("run_id", None),
                ("actor_id", None),
                ("environment", None),
                ("job_workflow_ref", None),
            ],
        );
    }

    #[test]
    fn gitlab() {
        let claims = r#"{"project_id":"20","project_path":"g/p","ref_protected":"false",
            "environment_protected":true,"user_id":"x"}"#;
        check(
            "gitlab",
            claims,
            &[
                ("project_id", Some(r#""20""#)),
                ("project_path", Some(r#""g/p""#)),
                ("ref_protected", Some("false")),
                ("environment_protected", Some("true")),
                ("user_id", None),
            ],
        );
    }

    #[test]
    fn people_and_applications() {
        let entra =
            r#"{"tid":"t","oid":"o","azp":"client","roles":["a","b\u0022"],"groups":["g",1],"ver":"2.0"}"#;
        check(
            "entra",
            entra,
            &[
                ("tenant_id", Some(r#""t""#)),
                ("application_id", Some(r#""client""#)),
                ("roles", Some(r#"["a","b\""]"#)),
                ("groups", None),
                ("idtyp", None),
            ],
        );
        check("entra", r#"{"appid":"v1","azp":"v2"}"#, &[("application_id", Some(r#""v1""#))]);
        let okta = r#"{"cid":"0oa","uid":"00u","scp":["openid"]}"#;
        check("okta", okta, &[("client_id", Some(r#""0oa""#)), ("scopes", Some(r#"["openid"]"#))]);
        let auth0 = r#"{"client_id":"c","scope":"a b","permissions":[]}"#;
        check("auth0", auth0, &[("client_id", Some(r#""c""#)), ("permissions", Some("[]"))]);
        let keycloak = r#"{"azp":"c","realm_access":{"roles":["r"]},"groups":"g"}"#;
        check("keycloak", keycloak, &[("realm_roles", Some(r#"["r"]"#)), ("groups", None)]);
        let google = r#"{"email":"a@b","email_verified":true,"hd":"b"}"#;
        check("google", google, &[("email_verified", Some("true")), ("hosted_domain", Some(r#""b""#))]);
    }

    #[test]
    fn values_compare_as_text() {
        let mut tape = Tape::default();
        let claims = br#"{"roles":["a","b"],"tid":"\u0074","ver":"2.0"}"#;
        let claims = tape.read(claims, LIMITS).unwrap();
        let entra = Profile::ALL.into_iter().find(|p| p.name == "entra").unwrap();
        let is = |field, text| entra.field(field).unwrap().value(claims, "", 1).unwrap().is(text);
        assert!(is("roles", "b") && !is("roles", "c") && is("tenant_id", "t") && !is("tenant_id", "T"));
    }

    proptest! {
        #[test]
        fn any_claims_are_read(value in "(\"[a-z0-9]*\"|0|[1-9][0-9]{0,8}|true|null|\\[\"x\"\\]|\\{\\})", subject in ".*") {
            for profile in Profile::ALL {
                for name in profile.field_names() {
                    let field = profile.field(name).unwrap();
                    let source = match field.source {
                        super::Source::Claims(pointers) => pointers[0],
                        super::Source::Stale(pointer) => pointer,
                        _ => "/x",
                    };
                    let names: Vec<_> = source.split('/').skip(1).collect();
                    let json = names.iter().rev().fold(value.clone(), |json, name| format!("{{\"{name}\":{json}}}"));
                    if let Some(json) = value_at(profile.name, name, &json, &subject, 1) {
                        let wrapped = format!("{{\"v\":{json}}}");
                        prop_assert!(Tape::default().read(wrapped.as_bytes(), LIMITS).is_ok());
                    }
                }
            }
        }
    }
}

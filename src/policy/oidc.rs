//! What an `oidc` attestor adds: an issuer, its provider's profile, and what its tokens must be.

use super::profile::{Profile, Strangers};
use super::reader::{Field, Object};
use super::tenant;
use crate::credential::claims::Claims;
use crate::credential::header::Typ;
use crate::credential::oidc::{self, ClassRules, TokenClass};
use crate::credential::provider;
use crate::error::ConfigError;
use crate::verdict::Reason;
use crate::wire::json::Value;

/// Tokens of one issuer.
pub(crate) struct Oidc {
    /// The canonical spelling: names the source and the identity. May be a template, for `entra`.
    pub(crate) issuer: Box<str>,
    /// Other spellings of `iss` that mean the same issuer; templates if the issuer is one.
    pub(crate) aliases: Vec<Box<str>>,
    /// The issuer is a template: it stands for every tenant.
    pub(crate) template: bool,
    /// In lower case; empty: the issuer decides alone.
    tenants: Vec<Box<str>>,
    pub(crate) profile: &'static Profile,
    /// What the header's `typ` must be.
    typ: TokenClass,
    class: ClassRules,
    pub(crate) reject_extra_audiences: bool,
    pub(crate) trusted_audiences: Vec<Box<str>>,
    /// Empty: `azp` is not looked at.
    pub(crate) authorized_parties: Vec<Box<str>>,
    pub(crate) nonce: Nonce,
}

/// What a token's `nonce` must be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nonce {
    Forbidden,
    /// Compared if the request has one.
    Optional,
    /// The request must have one.
    Required,
}

impl Oidc {
    pub(super) const FIELDS: &[&str] = &[
        "issuer",
        "issuer_aliases",
        "profile",
        "tenants",
        "open",
        "token",
        "extra_audiences",
        "trusted_audiences",
        "authorized_parties",
        "nonce",
    ];

    pub(super) fn read(object: &Object<'_, '_>) -> Result<Self, ConfigError> {
        let strings = |name: &str| object.optional(name).map_or(Ok(Vec::new()), |field| field.strings());
        let classes =
            [("either", TokenClass::Either), ("id", TokenClass::Id), ("access", TokenClass::Access)];
        let token = object.one_of("token", &classes)?.unwrap_or(TokenClass::Either);
        let extra = object.one_of("extra_audiences", &[("allow", false), ("reject", true)])?;
        let nonces =
            [("forbidden", Nonce::Forbidden), ("optional", Nonce::Optional), ("required", Nonce::Required)];
        let profile = object
            .one_of("profile", &Profile::ALL.map(|profile| (profile.name, profile)))?
            .unwrap_or(Profile::DEFAULT);
        let field = object.required("issuer")?;
        let issuer = read_issuer(&field, profile)?;
        let template = tenant::is_template(&issuer);
        let Some((typ, class)) = profile.class(token, &issuer) else {
            return object.required("token")?.fail("this issuer has no access tokens that others can verify");
        };
        let mut trusted_audiences = strings("trusted_audiences")?;
        let built_in = profile.trusted_audiences.iter().map(|text| text.replace("{issuer}", &issuer).into());
        trusted_audiences.extend(built_in);
        Ok(Self {
            aliases: read_aliases(object, profile, &issuer)?,
            tenants: read_tenants(object, profile)?,
            issuer,
            template,
            profile,
            typ,
            class,
            reject_extra_audiences: extra.unwrap_or(token == TokenClass::Id),
            trusted_audiences,
            authorized_parties: strings("authorized_parties")?,
            nonce: object.one_of("nonce", &nonces)?.unwrap_or(Nonce::Optional),
        })
    }

    /// Refuses an attestor that lets every customer of its provider in, unless it says so: `limited`
    /// means that `allow` names who may enter.
    pub(super) fn check_open(&self, object: &Object<'_, '_>, limited: bool) -> Result<(), ConfigError> {
        let strangers = match self.profile.strangers {
            Strangers::None => false,
            Strangers::All => true,
            Strangers::OfTemplate => self.template,
        };
        let open = match object.optional("open") {
            Some(field) if !strangers => return field.fail("means nothing here: strangers get no token"),
            Some(field) => field.boolean()?,
            None => false,
        };
        if strangers && !open && !limited && self.tenants.is_empty() {
            let wanted = if self.template { "`allow` or `tenants`" } else { "`allow`" };
            return object.required("profile")?.fail(format!(
                "strangers can get a token for any audience here: say who may enter in {wanted}, or `\"open\": true`"
            ));
        }
        Ok(())
    }

    /// Every spelling of the issuer, the canonical one first.
    pub(crate) fn spellings(&self) -> impl Iterator<Item = &str> {
        core::iter::once(&self.issuer).chain(&self.aliases).map(|name| &**name)
    }

    pub(crate) fn is_issuer(&self, name: &str) -> bool {
        if self.template {
            return self.tenant(name).is_some();
        }
        self.spellings().any(|spelling| spelling == name)
    }

    /// Whether one `iss` could be meant by either.
    pub(super) fn shares_issuer(&self, other: &Self) -> bool {
        self.spellings().any(|ours| other.spellings().any(|theirs| tenant::overlap(ours, theirs)))
    }

    /// The tenant that an `iss` names, if the issuer is a template.
    fn tenant<'i>(&self, iss: &'i str) -> Option<&'i str> {
        if !self.template {
            return None;
        }
        self.spellings().find_map(|spelling| tenant::tenant_in(spelling, iss))
    }

    /// The canonical issuer of this `iss`, in pieces: a template is filled with the tenant.
    pub(crate) fn canonical<'a>(&'a self, iss: &'a str) -> impl Iterator<Item = &'a str> {
        tenant::filled(&self.issuer, self.tenant(iss).unwrap_or_default())
    }

    /// What a token must be before any key is asked: its class, and claims that agree.
    pub(crate) fn check_token(
        &self,
        typ: Typ,
        claims: &Claims<'_>,
        root: Value<'_>,
        subject: &str,
        iss: &str,
    ) -> Result<(), Reason> {
        oidc::check_typ(typ, self.typ)?;
        oidc::check_class(claims, root, &self.class)?;
        if let Some(tenant) = self.tenant(iss) {
            provider::check_tenant(root, tenant)?;
        }
        self.profile.check.map_or(Ok(()), |check| check(root, subject, iss))
    }

    /// Whether a key that is published for one issuer may verify a token of this `iss`. One published
    /// for a template is good for every tenant.
    pub(crate) fn check_key(&self, key_issuer: Option<&str>, iss: &str) -> Result<(), Reason> {
        let fits = |own: &str| tenant::is_template(own) || own == iss;
        if !self.profile.takes_templates() || key_issuer.is_none_or(fits) {
            Ok(())
        } else {
            Err(Reason::IssuerMismatch)
        }
    }

    /// The tenant of a verified token is one of those listed.
    pub(crate) fn check_tenants(&self, root: Value<'_>) -> Result<(), Reason> {
        if self.tenants.is_empty() { Ok(()) } else { provider::check_tenant_listed(root, &self.tenants) }
    }
}

fn read_issuer(field: &Field<'_>, profile: &Profile) -> Result<Box<str>, ConfigError> {
    let issuer = field.string()?;
    if !issuer.ends_with(profile.issuer_suffix) {
        return field.fail(format!("must end with `{}` for this profile", profile.issuer_suffix));
    }
    if !profile.takes_templates() {
        if tenant::is_template(&issuer) {
            return field.fail("a slot for the tenant needs the profile `entra`");
        }
    } else if issuer.replace(tenant::SLOT, "").contains(['{', '}']) {
        return field.fail("the slot for the tenant is `{tenantid}`");
    } else if issuer.split('/').any(|part| matches!(part, "common" | "organizations" | "consumers")) {
        return field.fail("tokens never have this issuer: name a tenant, or use `{tenantid}`");
    }
    Ok(issuer.into())
}

/// The aliases of the document, and the spellings that the provider itself uses.
fn read_aliases(
    object: &Object<'_, '_>,
    profile: &Profile,
    issuer: &str,
) -> Result<Vec<Box<str>>, ConfigError> {
    let mut aliases = Vec::new();
    if let Some(field) = object.optional("issuer_aliases") {
        aliases = field.strings()?;
        if aliases.iter().any(|alias| **alias == *issuer) {
            return field.fail("repeats the issuer");
        }
        for element in field.list()? {
            let alias = read_issuer(&element, profile)?;
            if tenant::is_template(&alias) != tenant::is_template(issuer) {
                return element.fail("issuer and aliases must all have a slot for the tenant, or none");
            }
        }
    }
    if profile.spellings.contains(&issuer) {
        for spelling in profile.spellings {
            if *spelling != issuer && !aliases.iter().any(|alias| **alias == **spelling) {
                aliases.push((*spelling).into());
            }
        }
    }
    Ok(aliases)
}

fn read_tenants(object: &Object<'_, '_>, profile: &Profile) -> Result<Vec<Box<str>>, ConfigError> {
    let Some(field) = object.optional("tenants") else {
        return Ok(Vec::new());
    };
    if !profile.takes_templates() {
        return field.fail("needs the profile `entra`");
    }
    let mut tenants: Vec<Box<str>> = Vec::new();
    for element in field.list()? {
        let tenant = element.string()?.to_ascii_lowercase().into_boxed_str();
        if !tenant::is_guid(&tenant) {
            return element.fail("must be a tenant's id, a GUID");
        }
        if tenants.contains(&tenant) {
            return element.fail("occurs twice");
        }
        tenants.push(tenant);
    }
    Ok(tenants)
}

#[cfg(test)]
mod tests {
    use crate::policy::Policy;
    use crate::verdict::Reason;

    const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";
    const TEMPLATE: &str = "https://login.microsoftonline.com/{tenantid}/v2.0";

    fn attestor(profile: &str, issuer: &str, more: &str) -> String {
        format!(
            r#"{{"id":"a","kind":"oidc","audiences":["x"],"profile":"{profile}","issuer":"{issuer}"{more}}}"#
        )
    }

    fn read(attestors: &str) -> Result<Policy, String> {
        let document = format!(r#"{{"version":1,"attestors":[{attestors}]}}"#);
        Policy::read(document.as_bytes()).map_err(|error| {
            assert_eq!(error.reason(), Reason::ConfigInvalid);
            error.detail().to_owned()
        })
    }

    /// What is wrong, below `$.attestors[0].`; empty if nothing is.
    fn detail(profile: &str, issuer: &str, more: &str) -> String {
        let error = read(&attestor(profile, issuer, more)).err().unwrap_or_default();
        error.strip_prefix("$.attestors[0].").unwrap_or(&error).to_owned()
    }

    #[test]
    fn attestors_open_to_strangers_say_so() {
        let closed = "profile: strangers can get a token for any audience here: \
                      say who may enter in `allow`, or `\"open\": true`";
        let closed_template = closed.replace("`allow`,", "`allow` or `tenants`,");
        let allow = r#","allow":{"subjects":["s"]}"#;
        for profile in ["github", "gitlab", "google"] {
            let detail = |more: &str| detail(profile, "https://i.example", more);
            assert_eq!(detail(""), closed);
            assert_eq!(detail(r#","open":false"#), closed);
            assert_eq!(detail(r#","open":true"#), "");
            assert_eq!(detail(allow), "");
            assert_eq!(detail(r#","allow":{"claims":[{"/ref":["x"]}]}"#), "");
            assert_eq!(detail(r#","open":"true""#), "open: must be a boolean, not a string");
        }
        assert_eq!(detail("entra", TEMPLATE, ""), closed_template);
        assert_eq!(detail("entra", TEMPLATE, allow), "");
        assert_eq!(detail("entra", TEMPLATE, r#","open":true"#), "");
        assert_eq!(detail("entra", TEMPLATE, &format!(r#","tenants":["{TENANT}"]"#)), "");
        assert_eq!(detail("entra", &TEMPLATE.replace("{tenantid}", TENANT), ""), "");
        for profile in ["generic", "kubernetes", "okta", "auth0", "keycloak", "entra"] {
            assert_eq!(
                detail(profile, "https://i.example/", r#","open":true"#),
                "open: means nothing here: strangers get no token"
            );
        }
    }

    #[test]
    fn tenants_and_templates() {
        let concrete = TEMPLATE.replace("{tenantid}", TENANT);
        let tenants = |list: &str| detail("entra", &concrete, &format!(r#","tenants":[{list}]"#));
        assert_eq!(tenants(&format!(r#""{TENANT}""#)), "");
        assert_eq!(tenants(r#""common""#), "tenants[0]: must be a tenant's id, a GUID");
        assert_eq!(
            tenants(&format!(r#""{TENANT}","{}""#, TENANT.to_uppercase())),
            "tenants[1]: occurs twice"
        );
        let generic = format!(r#","tenants":["{TENANT}"]"#);
        assert_eq!(detail("okta", "https://i.example", &generic), "tenants: needs the profile `entra`");
        assert_eq!(
            detail("generic", TEMPLATE, ""),
            "issuer: a slot for the tenant needs the profile `entra`"
        );
        assert_eq!(
            detail("entra", "https://i.example/{tenant}", ""),
            "issuer: the slot for the tenant is `{tenantid}`"
        );
        for name in ["common", "organizations", "consumers"] {
            assert_eq!(
                detail("entra", &TEMPLATE.replace("{tenantid}", name), ""),
                "issuer: tokens never have this issuer: name a tenant, or use `{tenantid}`"
            );
        }
        let open = r#","open":true,"issuer_aliases":["https://sts.windows.net/{tenantid}/"]"#;
        assert_eq!(detail("entra", TEMPLATE, open), "");
        for (issuer, alias) in [(TEMPLATE, &*concrete), (&*concrete, TEMPLATE)] {
            assert_eq!(
                detail("entra", issuer, &format!(r#","issuer_aliases":["{alias}"]"#)),
                "issuer_aliases[0]: issuer and aliases must all have a slot for the tenant, or none"
            );
        }
    }

    #[test]
    fn templates_and_their_tenants_do_not_overlap() {
        let template = attestor("entra", TEMPLATE, r#","open":true"#);
        let one = attestor("entra", &TEMPLATE.replace("{tenantid}", TENANT), "");
        let one = one.replace(r#""id":"a""#, r#""id":"b""#);
        let overlap = "$.attestors[1]: another attestor has the same trust domain or issuer, and audience";
        assert_eq!(read(&format!("{template},{one}")).err().as_deref(), Some(overlap));
        assert_eq!(read(&format!("{one},{template}")).err().as_deref(), Some(overlap));
        let apart = one.replace(r#"["x"]"#, r#"["y"]"#);
        assert!(read(&format!("{template},{apart}")).is_ok());
    }

    #[test]
    fn access_tokens_only_where_there_are_some() {
        let access = r#","token":"access","allow":{"subjects":["s"]}"#;
        let none = "token: this issuer has no access tokens that others can verify";
        for (profile, issuer, expected) in [
            ("generic", "https://i.example", ""),
            ("entra", "https://i.example", ""),
            ("auth0", "https://i.example/", ""),
            ("keycloak", "https://i.example", ""),
            ("okta", "https://i.example/oauth2/default", ""),
            ("okta", "https://i.example", none),
            ("kubernetes", "https://i.example", none),
            ("github", "https://i.example", none),
            ("gitlab", "https://i.example", none),
            ("google", "https://i.example", none),
        ] {
            assert_eq!(detail(profile, issuer, access), expected, "{profile} {issuer}");
        }
    }

    #[test]
    fn spellings_of_providers() {
        assert_eq!(detail("auth0", "https://i.example", ""), "issuer: must end with `/` for this profile");
        assert_eq!(
            detail("auth0", "https://i.example/", r#","issuer_aliases":["https://j.example"]"#),
            "issuer_aliases[0]: must end with `/` for this profile"
        );
        assert_eq!(detail("auth0", "https://i.example/", ""), "");
        assert_eq!(
            detail("oracle", "https://i.example", ""),
            "profile: must be `generic` or `kubernetes` or `github` or `gitlab` or `entra` or `okta` or \
             `auth0` or `keycloak` or `google`"
        );
        let two = |first: &str, second: &str| {
            let google = |issuer| attestor("google", issuer, r#","open":true"#);
            read(&format!("{},{}", google(first), google(second).replace(r#""id":"a""#, r#""id":"b""#)))
        };
        // Either spelling brings the other.
        assert!(two("https://accounts.google.com", "accounts.google.com").is_err());
        assert!(two("https://accounts.google.com", "https://i.example").is_ok());
        let both = r#","open":true,"issuer_aliases":["accounts.google.com"]"#;
        assert_eq!(detail("google", "https://accounts.google.com", both), "");
    }
}

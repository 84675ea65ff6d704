//! What is particular to a provider's tokens, as data: `generic` is the standards and nothing else.

pub(crate) mod field;

use crate::credential::oidc::{ClassRules, TokenClass};
use crate::credential::provider::{self, Check};
pub(super) use field::Field;
use field::{Type, of};

/// One provider.
pub(crate) struct Profile {
    pub(crate) name: &'static str,
    /// Spellings of one issuer: whichever is configured, the others are its aliases.
    pub(super) spellings: &'static [&'static str],
    /// What issuers end with, where that is part of their spelling.
    pub(super) issuer_suffix: &'static str,
    /// Audiences trusted beside ours; `{issuer}` is the configured issuer.
    pub(super) trusted_audiences: &'static [&'static str],
    pub(super) strangers: Strangers,
    /// Issuers that do not contain this keep their access tokens to themselves.
    own_access_unless: &'static str,
    either: ClassRules,
    id: ClassRules,
    access: Access,
    /// Claims that have to agree.
    pub(super) check: Option<Check>,
    fields: &'static [Field],
}

/// Who else can have a token issued for our audience.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Strangers {
    None,
    /// Every customer of the provider.
    All,
    /// Every tenant, if the issuer is a template.
    OfTemplate,
}

/// What makes an access token.
enum Access {
    /// The provider issues none that others may verify.
    None,
    /// As RFC 9068 has it, `typ` `at+jwt`.
    Rfc9068,
    /// By its claims: `typ` may be `JWT` as well.
    Claims(ClassRules),
}

/// Rules of the standards, which the others change.
const STANDARD: Profile = Profile {
    name: "generic",
    spellings: &[],
    issuer_suffix: "",
    trusted_audiences: &[],
    strangers: Strangers::None,
    own_access_unless: "",
    either: ClassRules::NONE,
    id: ClassRules::ID,
    access: Access::Rfc9068,
    check: None,
    fields: &[],
};

const fn with(required: &'static [&'static [&'static str]]) -> ClassRules {
    ClassRules { required, ..ClassRules::NONE }
}

static GENERIC: Profile = STANDARD;

static KUBERNETES: Profile = Profile {
    name: "kubernetes",
    access: Access::None,
    check: Some(provider::kubernetes),
    fields: &[
        Field { name: "namespace", ty: Type::Text, source: field::Source::Namespace },
        Field { name: "service_account", ty: Type::Text, source: field::Source::ServiceAccount },
        of("service_account_uid", Type::Text, &["/kubernetes.io/serviceaccount/uid"]),
        of("pod", Type::Text, &["/kubernetes.io/pod/name"]),
        of("pod_uid", Type::Text, &["/kubernetes.io/pod/uid"]),
        of("node", Type::Text, &["/kubernetes.io/node/name"]),
        of("node_uid", Type::Text, &["/kubernetes.io/node/uid"]),
        Field { name: "stale", ty: Type::Bool, source: field::Source::Stale("/kubernetes.io/warnafter") },
    ],
    ..STANDARD
};

static GITHUB: Profile = Profile {
    name: "github",
    strangers: Strangers::All,
    access: Access::None,
    check: Some(provider::github),
    fields: &[
        of("owner", Type::Text, &["/repository_owner"]),
        of("owner_id", Type::Id, &["/repository_owner_id"]),
        of("repository", Type::Text, &["/repository"]),
        of("repository_id", Type::Id, &["/repository_id"]),
        of("repository_visibility", Type::Text, &["/repository_visibility"]),
        of("ref", Type::Text, &["/ref"]),
        of("ref_type", Type::Text, &["/ref_type"]),
        of("ref_protected", Type::Bool, &["/ref_protected"]),
        of("sha", Type::Text, &["/sha"]),
        of("environment", Type::Text, &["/environment"]),
        of("workflow_ref", Type::Text, &["/workflow_ref"]),
        of("workflow_sha", Type::Text, &["/workflow_sha"]),
        of("job_workflow_ref", Type::Text, &["/job_workflow_ref"]),
        of("job_workflow_sha", Type::Text, &["/job_workflow_sha"]),
        of("event_name", Type::Text, &["/event_name"]),
        of("run_id", Type::Id, &["/run_id"]),
        of("run_attempt", Type::Id, &["/run_attempt"]),
        of("runner_environment", Type::Text, &["/runner_environment"]),
        of("actor", Type::Text, &["/actor"]),
        of("actor_id", Type::Id, &["/actor_id"]),
        of("enterprise", Type::Text, &["/enterprise"]),
        of("enterprise_id", Type::Id, &["/enterprise_id"]),
    ],
    ..STANDARD
};

static GITLAB: Profile = Profile {
    name: "gitlab",
    strangers: Strangers::All,
    access: Access::None,
    fields: &[
        of("project_id", Type::Id, &["/project_id"]),
        of("project_path", Type::Text, &["/project_path"]),
        of("namespace_id", Type::Id, &["/namespace_id"]),
        of("namespace_path", Type::Text, &["/namespace_path"]),
        of("ref", Type::Text, &["/ref"]),
        of("ref_type", Type::Text, &["/ref_type"]),
        of("ref_protected", Type::Bool, &["/ref_protected"]),
        of("sha", Type::Text, &["/sha"]),
        of("environment", Type::Text, &["/environment"]),
        of("environment_protected", Type::Bool, &["/environment_protected"]),
        of("pipeline_id", Type::Id, &["/pipeline_id"]),
        of("pipeline_source", Type::Text, &["/pipeline_source"]),
        of("job_id", Type::Id, &["/job_id"]),
        of("user_id", Type::Id, &["/user_id"]),
        of("user_login", Type::Text, &["/user_login"]),
        of("runner_environment", Type::Text, &["/runner_environment"]),
        of("ci_config_ref_uri", Type::Text, &["/ci_config_ref_uri"]),
    ],
    ..STANDARD
};

static ENTRA: Profile = Profile {
    name: "entra",
    strangers: Strangers::OfTemplate,
    id: ClassRules { foreign: &["appid", "azpacr", "scp"], ..ClassRules::ID },
    access: Access::Claims(with(&[&["appid", "azp"]])),
    check: Some(provider::entra),
    fields: &[
        of("tenant_id", Type::Text, &["/tid"]),
        of("object_id", Type::Text, &["/oid"]),
        of("application_id", Type::Text, &["/appid", "/azp"]),
        of("roles", Type::List, &["/roles"]),
        of("groups", Type::List, &["/groups"]),
        of("idtyp", Type::Text, &["/idtyp"]),
        of("ver", Type::Text, &["/ver"]),
    ],
    ..STANDARD
};

static OKTA: Profile = Profile {
    name: "okta",
    own_access_unless: "/oauth2/",
    id: ClassRules { foreign: &["cid", "scp"], ..ClassRules::ID },
    access: Access::Claims(with(&[&["cid"]])),
    fields: &[
        of("client_id", Type::Text, &["/cid"]),
        of("user_id", Type::Text, &["/uid"]),
        of("scopes", Type::List, &["/scp"]),
    ],
    ..STANDARD
};

static AUTH0: Profile = Profile {
    name: "auth0",
    issuer_suffix: "/",
    trusted_audiences: &["{issuer}userinfo"],
    access: Access::Claims(with(&[&["azp", "client_id"]])),
    fields: &[
        of("client_id", Type::Text, &["/azp", "/client_id"]),
        of("scope", Type::Text, &["/scope"]),
        of("org_id", Type::Text, &["/org_id"]),
        of("permissions", Type::List, &["/permissions"]),
    ],
    ..STANDARD
};

static KEYCLOAK: Profile = Profile {
    name: "keycloak",
    trusted_audiences: &["account"],
    either: ClassRules { kinds: &["ID", "Bearer", "DPoP"], ..ClassRules::NONE },
    id: ClassRules { required: &[&["iat"], &["typ"]], kinds: &["ID"], foreign: &[] },
    // A token bound to a key says DPoP, and `cnf` beside it.
    access: Access::Claims(ClassRules { required: &[&["typ"]], kinds: &["Bearer", "DPoP"], foreign: &[] }),
    fields: &[
        of("client_id", Type::Text, &["/azp", "/client_id"]),
        of("realm_roles", Type::List, &["/realm_access/roles"]),
        of("preferred_username", Type::Text, &["/preferred_username"]),
        of("scope", Type::Text, &["/scope"]),
        of("groups", Type::List, &["/groups"]),
    ],
    ..STANDARD
};

static GOOGLE: Profile = Profile {
    name: "google",
    spellings: &["https://accounts.google.com", "accounts.google.com"],
    strangers: Strangers::All,
    access: Access::None,
    fields: &[
        of("email", Type::Text, &["/email"]),
        of("email_verified", Type::Bool, &["/email_verified"]),
        of("hosted_domain", Type::Text, &["/hd"]),
        of("authorized_party", Type::Text, &["/azp"]),
    ],
    ..STANDARD
};

impl Profile {
    pub(crate) const ALL: [&'static Self; 9] =
        [&GENERIC, &KUBERNETES, &GITHUB, &GITLAB, &ENTRA, &OKTA, &AUTH0, &KEYCLOAK, &GOOGLE];

    pub(super) const DEFAULT: &'static Self = &GENERIC;

    /// Whether issuers may have a slot for the tenant.
    pub(super) fn takes_templates(&self) -> bool {
        self.strangers == Strangers::OfTemplate
    }

    /// What header `typ` and claims a token of this class must have; `None` if the issuer has none of it.
    pub(super) fn class(&self, class: TokenClass, issuer: &str) -> Option<(TokenClass, ClassRules)> {
        let own_access = !issuer.contains(self.own_access_unless);
        match (class, &self.access) {
            (TokenClass::Either, _) if own_access => {
                Some((class, ClassRules { foreign: self.id.foreign, ..self.either }))
            }
            (TokenClass::Either, _) => Some((class, self.either)),
            (TokenClass::Id, _) => Some((class, self.id)),
            (TokenClass::Access, Access::Rfc9068) => Some((class, ClassRules::RFC_9068)),
            (TokenClass::Access, Access::Claims(rules)) if !own_access => Some((TokenClass::Either, *rules)),
            (TokenClass::Access, _) => None,
        }
    }

    /// A typed evidence field of the provider.
    pub(crate) fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The names of its evidence fields, for the operator who wrote another one.
    pub(crate) fn field_names(&self) -> impl Iterator<Item = &'static str> {
        self.fields.iter().map(|field| field.name)
    }
}

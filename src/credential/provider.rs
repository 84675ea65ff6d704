//! What the tokens of some providers must be beyond the standards: claims that have to agree.

use crate::verdict::Reason;
use crate::wire::json::{Kind, Str, Value};

/// A check of a provider's claims: the claims, `sub` and `iss`.
pub(crate) type Check = fn(Value<'_>, &str, &str) -> Result<(), Reason>;

fn string<'a>(root: Value<'a>, name: &str) -> Result<Option<Str<'a>>, Reason> {
    root.get(name).map(|value| value.as_str().ok_or(Reason::ClaimTypeInvalid)).transpose()
}

fn object<'a>(root: Value<'a>, name: &str) -> Result<Value<'a>, Reason> {
    let value = root.get(name).ok_or(Reason::ClaimMissing)?;
    if value.kind() == Kind::Object { Ok(value) } else { Err(Reason::ClaimTypeInvalid) }
}

fn consistent(agrees: bool) -> Result<(), Reason> {
    if agrees { Ok(()) } else { Err(Reason::SubjectInconsistent) }
}

/// `system:serviceaccount:<namespace>:<name>` and the service account of `kubernetes.io` are the same.
pub(crate) fn kubernetes(root: Value<'_>, subject: &str, _: &str) -> Result<(), Reason> {
    let own = object(root, "kubernetes.io")?;
    let account = object(own, "serviceaccount")?;
    let namespace = string(own, "namespace")?.ok_or(Reason::ClaimMissing)?;
    let name = string(account, "name")?.ok_or(Reason::ClaimMissing)?;
    let (sub_namespace, sub_name) = service_account(subject).ok_or(Reason::SubjectInconsistent)?;
    consistent(namespace.is(sub_namespace) && name.is(sub_name))
}

/// The namespace and name in the subject of a Kubernetes service account.
pub(crate) fn service_account(subject: &str) -> Option<(&str, &str)> {
    let (namespace, name) = subject.strip_prefix("system:serviceaccount:")?.split_once(':')?;
    (!namespace.is_empty() && !name.is_empty() && !name.contains(':')).then_some((namespace, name))
}

/// What a GitHub subject that is not customised says, in either of its forms:
/// `repo:owner/name:…` and the immutable `repo:owner@id/name@id:…`.
pub(crate) struct GithubSubject<'s> {
    pub(crate) owner: &'s str,
    pub(crate) name: &'s str,
    /// Owner and repository.
    pub(crate) ids: Option<(&'s str, &'s str)>,
    /// What follows, `ref:…` and the like; a colon within a value is spelled `%3A`.
    pub(crate) context: &'s str,
}

impl<'s> GithubSubject<'s> {
    /// `None` for a subject that the organisation or repository has customised.
    pub(crate) fn read(subject: &'s str) -> Option<Self> {
        let rest = subject.strip_prefix("repo:")?;
        let (repository, context) = rest.split_once(':').unwrap_or((rest, ""));
        let (owner, name) = repository.split_once('/')?;
        let (owner, name, ids) = match (owner.split_once('@'), name.split_once('@')) {
            (None, None) => (owner, name, None),
            (Some((owner, owner_id)), Some((name, id))) => (owner, name, Some((owner_id, id))),
            _ => return None,
        };
        let named = |text: &str| !text.is_empty() && !text.contains(['/', '@']);
        let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let whole = named(owner) && named(name) && ids.is_none_or(|(a, b)| number(a) && number(b));
        whole.then_some(Self { owner, name, ids, context })
    }

    /// The value that the context begins with, if it is that of `name`.
    fn value(&self, name: &str) -> Option<&'s str> {
        self.context.strip_prefix(name)?.strip_prefix(':')?.split(':').next()
    }
}

/// A subject of either usual form and the claims beside it name the same repository and context.
pub(crate) fn github(root: Value<'_>, subject: &str, _: &str) -> Result<(), Reason> {
    let Some(subject) = GithubSubject::read(subject) else {
        return Ok(());
    };
    let full_name = || subject.owner.chars().chain(['/']).chain(subject.name.chars());
    let repository = string(root, "repository")?.is_none_or(|claim| claim.chars().eq(full_name()));
    let owner = string(root, "repository_owner")?.is_none_or(|claim| claim.is(subject.owner));
    consistent(repository && owner)?;
    if let Some((owner_id, id)) = subject.ids {
        let same = |name: &str, id: &str| root.get(name).is_none_or(|claim| is_id(claim, id));
        consistent(same("repository_owner_id", owner_id) && same("repository_id", id))?;
    }
    for name in ["ref", "environment"] {
        if let (Some(value), Some(claim)) = (subject.value(name), string(root, name)?) {
            consistent(without_colons(claim).eq(value.chars()))?;
        }
    }
    Ok(())
}

fn is_id(claim: Value<'_>, id: &str) -> bool {
    claim.as_str().is_some_and(|text| text.is(id)) || claim.as_number() == Some(id)
}

/// A claim as it stands in a subject.
fn without_colons(claim: Str<'_>) -> impl Iterator<Item = char> {
    claim.chars().flat_map(|c| {
        let text = if c == ':' { ['%', '3', 'A'] } else { [c, '\0', '\0'] };
        let length = if c == ':' { 3 } else { 1 };
        text.into_iter().take(length)
    })
}

/// `ver` belongs to the form of issuer: `https://sts.…/` is version 1.0, `…/v2.0` version 2.0.
pub(crate) fn entra(root: Value<'_>, _: &str, issuer: &str) -> Result<(), Reason> {
    let wanted = if issuer.ends_with("/v2.0") {
        "2.0"
    } else if issuer.starts_with("https://sts.") {
        "1.0"
    } else {
        return Ok(());
    };
    match string(root, "ver")? {
        Some(version) if !version.is(wanted) => Err(Reason::IssuerMismatch),
        _ => Ok(()),
    }
}

/// `tid` is the tenant that `iss` names.
pub(crate) fn check_tenant(root: Value<'_>, tenant: &str) -> Result<(), Reason> {
    let tid = string(root, "tid")?.ok_or(Reason::ClaimMissing)?;
    if tid.is(tenant) { Ok(()) } else { Err(Reason::TenantMismatch) }
}

/// `tid` is one of the tenants, which are in lower case.
pub(crate) fn check_tenant_listed(root: Value<'_>, tenants: &[Box<str>]) -> Result<(), Reason> {
    let tid = string(root, "tid")?.ok_or(Reason::ClaimMissing)?;
    let is = |tenant: &str| tid.chars().map(|c| c.to_ascii_lowercase()).eq(tenant.chars());
    if tenants.iter().any(|tenant| is(tenant)) { Ok(()) } else { Err(Reason::TenantMismatch) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::json::{Limits, Tape};
    use proptest::prelude::*;

    fn with<R>(claims: &str, look: impl Fn(Value<'_>) -> R) -> R {
        look(Tape::default().read(claims.as_bytes(), Limits { depth: 16, members: 256 }).unwrap())
    }

    #[test]
    fn kubernetes_subjects_agree_with_their_claims() {
        let check = |subject: &str, own: &str| {
            with(&format!(r#"{{"kubernetes.io":{own}}}"#), |root| kubernetes(root, subject, ""))
        };
        let good = r#"{"namespace":"prod","serviceaccount":{"name":"orders","uid":"u"}}"#;
        assert_eq!(check("system:serviceaccount:prod:orders", good), Ok(()));
        for subject in [
            "system:serviceaccount:prod:other",
            "system:serviceaccount:other:orders",
            "system:serviceaccount:prod:orders:x",
            "system:serviceaccount:prod",
            "system:serviceaccount::orders",
            "system:serviceaccount:prod:",
            "system:node:prod:orders",
            "orders",
        ] {
            assert_eq!(check(subject, good), Err(Reason::SubjectInconsistent), "{subject}");
        }
        for (own, reason) in [
            (r#"{"serviceaccount":{"name":"orders"}}"#, Reason::ClaimMissing),
            (r#"{"namespace":"prod"}"#, Reason::ClaimMissing),
            (r#"{"namespace":"prod","serviceaccount":{}}"#, Reason::ClaimMissing),
            (r#"{"namespace":"prod","serviceaccount":"orders"}"#, Reason::ClaimTypeInvalid),
            (r#"{"namespace":1,"serviceaccount":{"name":"orders"}}"#, Reason::ClaimTypeInvalid),
            (r#"{"namespace":"prod","serviceaccount":{"name":null}}"#, Reason::ClaimTypeInvalid),
        ] {
            assert_eq!(check("system:serviceaccount:prod:orders", own), Err(reason), "{own}");
        }
        let flat = r#"{"kubernetes.io/serviceaccount/namespace":"prod"}"#;
        assert_eq!(
            with(flat, |root| kubernetes(root, "system:serviceaccount:prod:orders", "")),
            Err(Reason::ClaimMissing)
        );
    }

    const CLAIMS: &str = r#"{"repository":"octo/app","repository_owner":"octo","repository_id":"74",
        "repository_owner_id":"65","ref":"refs/heads/a:b","environment":"eu:prod"}"#;

    #[test]
    fn github_subjects_of_both_forms_agree_with_their_claims() {
        for (subject, agrees) in [
            ("repo:octo/app:ref:refs/heads/a%3Ab", true),
            ("repo:octo@65/app@74:ref:refs/heads/a%3Ab", true),
            ("repo:octo/app:environment:eu%3Aprod", true),
            ("repo:octo/app:environment:eu%3Aprod:job_workflow_ref:x", true),
            ("repo:octo/app:pull_request", true),
            ("repo:octo/app", true),
            ("repo:octo/other:pull_request", false),
            ("repo:octo-evil/app:pull_request", false),
            ("repo:octo@66/app@74:pull_request", false),
            ("repo:octo@65/app@75:pull_request", false),
            ("repo:octo/app:ref:refs/heads/other", false),
            ("repo:octo/app:ref:refs/heads/a", false),
            ("repo:octo/app:environment:eu", false),
            ("repo:octo/app:environment:eu%3aprod", false),
            // Customised: nothing to compare.
            ("repository_id:99", true),
            ("job_workflow_ref:x/y/.github/workflows/z.yml@refs/heads/main", true),
            ("repo:octo@65/app:ref:x", true),
            ("repo:octo@x/app@74:ref:x", true),
            ("repo:a/b/c:ref:x", true),
            ("repo:/app:ref:x", true),
            ("", true),
        ] {
            let expected = if agrees { Ok(()) } else { Err(Reason::SubjectInconsistent) };
            assert_eq!(with(CLAIMS, |root| github(root, subject, "")), expected, "{subject}");
        }
        let numbers = CLAIMS.replace("\"74\"", "74");
        assert_eq!(with(&numbers, |root| github(root, "repo:octo@65/app@74:x", "")), Ok(()));
        assert_eq!(with("{}", |root| github(root, "repo:octo@65/app@74:ref:x", "")), Ok(()));
        assert_eq!(
            with(r#"{"repository":7}"#, |root| github(root, "repo:octo/app:x", "")),
            Err(Reason::ClaimTypeInvalid)
        );
    }

    #[test]
    fn entra_versions_fit_the_issuer() {
        let v1 = "https://sts.windows.net/72f988bf-86f1-41af-91ab-2d7cd011db47/";
        let v2 = "https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0";
        let (one, two) = (r#"{"ver":"1.0"}"#, r#"{"ver":"2.0"}"#);
        for (issuer, claims, expected) in [
            (v1, one, Ok(())),
            (v2, two, Ok(())),
            (v1, "{}", Ok(())),
            (v2, "{}", Ok(())),
            (v1, two, Err(Reason::IssuerMismatch)),
            (v2, one, Err(Reason::IssuerMismatch)),
            (v2, r#"{"ver":2.0}"#, Err(Reason::ClaimTypeInvalid)),
            ("https://issuer.example", one, Ok(())),
        ] {
            assert_eq!(with(claims, |root| entra(root, "", issuer)), expected, "{issuer} {claims}");
        }
    }

    #[test]
    fn tenants() {
        let tenant = "72f988bf-86f1-41af-91ab-2d7cd011db47";
        let listed: [Box<str>; 1] = [tenant.into()];
        let claims = format!(r#"{{"tid":"{tenant}"}}"#);
        assert_eq!(with(&claims, |root| check_tenant(root, tenant)), Ok(()));
        assert_eq!(with(&claims, |root| check_tenant_listed(root, &listed)), Ok(()));
        let upper = claims.replace(tenant, &tenant.to_uppercase());
        assert_eq!(with(&upper, |root| check_tenant(root, tenant)), Err(Reason::TenantMismatch));
        assert_eq!(with(&upper, |root| check_tenant_listed(root, &listed)), Ok(()));
        for (claims, reason) in [
            ("{}", Reason::ClaimMissing),
            (r#"{"tid":null}"#, Reason::ClaimTypeInvalid),
            (r#"{"tid":"common"}"#, Reason::TenantMismatch),
            (r#"{"tid":"72f988bf-86f1-41af-91ab-2d7cd011db48"}"#, Reason::TenantMismatch),
        ] {
            assert_eq!(with(claims, |root| check_tenant(root, tenant)), Err(reason), "{claims}");
            assert_eq!(with(claims, |root| check_tenant_listed(root, &listed)), Err(reason), "{claims}");
        }
    }

    proptest! {
        #[test]
        fn any_subject_is_read(subject in "(repo|system:serviceaccount):?.*") {
            let _ = service_account(&subject);
            let _ = with(CLAIMS, |root| github(root, &subject, ""));
        }
    }
}

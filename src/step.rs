//! The checks of a verification as an operator sees them: the one order, step by step.

macro_rules! steps {
    ($($variant:ident => $slug:literal, $doc:literal;)+) => {
        /// One step of the one order.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Step { $(#[doc = $doc] $variant,)+ }

        impl Step {
            /// Every step, in the one order; `Done` is the last.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable machine name.
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$variant => $slug,)+ }
            }

            /// What is looked at.
            pub const fn doc(self) -> &'static str {
                match self { $(Self::$variant => $doc,)+ }
            }
        }
    };
}

steps! {
    Request => "request", "what the host asks, and its clock";
    PassportForm => "passport_form", "the passport's bytes, header, key and claims";
    PassportTime => "passport_time", "the passport is not expired, and for us if it says for whom";
    PassportSignature => "passport_signature", "the passport's signature by its own key";
    Form => "form", "size, three parts, base64url; of a chain, its certificates";
    Header => "header", "JSON, typ, crit, alg";
    Claims => "claims", "JSON, types, duplicates";
    Leaf => "leaf", "the leaf's profile: one URI SAN, no CA, key usages";
    Route => "route", "an attestor of the policy takes this trust domain or issuer";
    Profile => "profile", "the SPIFFE ID's grammar, the issuer's token class, header rules of the attestor";
    Time => "time", "its dates fit the clock and the policy";
    Audience => "audience", "the credential is for us";
    Source => "source", "the trust bundle is there";
    Key => "key", "the bundle has the key that the token names";
    Signature => "signature", "the signature, or the path to an authority";
    Possession => "possession", "the proof that the presenter holds the leaf's key";
    Session => "session", "nonce, authorized party, age of the authentication, at_hash";
    Confirmation => "confirmation", "cnf and the binding to the passport";
    Allow => "allow", "the policy admits the identity";
    Overlay => "overlay", "no entry of the deny overlay names it";
    Map => "map", "the policy maps the identity";
    Done => "done", "all checks passed";
}

/// The kind of credential a result is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
#[non_exhaustive]
pub enum CredentialKind {
    /// A JWT-SVID or an OIDC token that no attestor has taken.
    Token = 0,
    /// A SPIFFE JWT-SVID.
    JwtSvid = 1,
    /// A SPIFFE X.509-SVID.
    X509Svid = 2,
    /// An OIDC ID or access token.
    Oidc = 3,
    /// A native passport, alone.
    Passport = 4,
}

impl CredentialKind {
    /// The name used in evidence.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::JwtSvid => "jwt_svid",
            Self::X509Svid => "x509_svid",
            Self::Oidc => "oidc",
            Self::Passport => "passport",
        }
    }

    /// Whether a credential of this kind goes through the step; `admitted` is one that came with a passport.
    pub(crate) fn has(self, step: Step, admitted: bool) -> bool {
        let (chain, passport) = (self == Self::X509Svid, self == Self::Passport);
        match step {
            Step::PassportForm => admitted || passport,
            Step::PassportTime | Step::PassportSignature => admitted && !passport,
            Step::Header | Step::Claims | Step::Key | Step::Confirmation => !chain && !passport,
            Step::Form | Step::Profile | Step::Source => !passport,
            Step::Leaf | Step::Possession => chain,
            Step::Audience => !chain, // part of its routing
            Step::Session => self == Self::Oidc,
            Step::Done => false,
            _ => true,
        }
    }
}

/// How a step came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepOutcome {
    /// Nothing was wrong.
    Passed,
    /// The verdict fell here.
    Failed,
    /// An earlier step had decided.
    NotReached,
}

//! What a credential of each kind must be, before any key is asked: one file per kind or shared part.

pub(crate) mod claims;
pub(crate) mod confirmation;
pub(crate) mod header;
pub(crate) mod jwt_svid;
pub(crate) mod oidc;
pub(crate) mod passport;
pub(crate) mod provider;
pub(crate) mod spiffe_id;
pub(crate) mod x509_svid;

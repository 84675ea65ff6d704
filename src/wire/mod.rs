//! Bytes nobody trusts, turned into borrowed views. Nothing here knows what a credential means.

pub(crate) mod base64url;
pub(crate) mod der;
pub(crate) mod json;
pub(crate) mod jws;
pub(crate) mod numeric_date;
pub(crate) mod pem;

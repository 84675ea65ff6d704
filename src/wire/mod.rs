//! Bytes nobody trusts, turned into borrowed views. Nothing here knows what a credential means.

#[cfg(target_arch = "x86_64")]
mod avx2;
pub(crate) mod base64url;
pub(crate) mod canonical;
pub(crate) mod certificate;
pub(crate) mod crl;
pub(crate) mod der;
pub(crate) mod json;
pub(crate) mod jws;
mod names;
pub(crate) mod numeric_date;
pub(crate) mod pem;
pub(crate) mod scan;
pub(crate) mod wipe;

#[cfg(test)]
pub(crate) mod minted;

//! The policy: what a host accepts, as one strict document, and the checks it configures.

mod allow;
mod attestor;
mod checks;
mod document;
mod reader;
mod routing;

pub(crate) use attestor::{Attestor, Kind, Nonce, Oidc};
pub(crate) use document::Policy;

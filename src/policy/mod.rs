//! The policy: what a host accepts, as one strict document, and the checks it configures.

mod allow;
mod attestor;
mod checks;
mod document;
mod lint;
mod map;
mod native;
mod oidc;
mod pointer;
mod profile;
mod projection;
mod reader;
mod routing;
mod spiffe;
mod tenant;

pub(crate) use allow::Entry;
pub(crate) use attestor::{Attestor, Binding, Kind};
pub(crate) use document::{NamedSource, Policy};
pub use lint::{Finding, Severity, lint};
pub(crate) use map::{Captures, Rule};
pub(crate) use oidc::{Nonce, Oidc};

//! The policy: what a host accepts, as one strict document, and the checks it configures.

mod checks;
mod document;
mod reader;

pub(crate) use document::{Attestor, Policy};

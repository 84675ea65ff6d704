//! The C ABI: `include/attestor.h`, one file per noun.
//!
//! Every export takes NULL for any pointer, runs inside `boundary`, and does nothing but call the
//! Rust API. Pointers that the header says must not be NULL give `argument_invalid`.

#![allow(non_camel_case_types, clippy::missing_safety_doc)]

mod ask;
mod boundary;
mod health;
mod metrics;
mod overlay;
mod passport;
mod receipt;
mod result;
mod slot;
mod snapshot;
mod source;
mod status;
mod store;
mod structs;
mod types;
mod verifier;

pub use ask::*;
pub use health::*;
pub use metrics::*;
pub use overlay::*;
pub use passport::*;
pub use receipt::*;
pub use result::*;
pub use slot::*;
pub use snapshot::*;
pub use source::*;
pub use status::*;
pub use store::*;
pub use types::*;
pub use verifier::*;

#[cfg(panic = "abort")]
compile_error!("the C ABI turns panics into a status: build it with panic = \"unwind\"");

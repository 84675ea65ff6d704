//! Verify workload identity credentials offline, inside the control plane's own process.
//!
//! A [`BundleStore`] holds the public keys of trust domains, a policy says what may enter, a
//! [`Verifier`] judges a [`Request`] into a reusable [`VerifyResult`]. Follow one credential and you
//! walk the source from left to right: `wire`, `credential`, `trust`, `crypto`, `policy`, `verdict`.
//!
//! The library opens no socket, reads no file and starts no thread; it calls a host's [`Feed`] back only inside a
//! refresh that the host asks for. Every refusal is one [`Reason`], and no error, `Debug` or evidence of a refusal
//! holds credential bytes.
//!
//! ```
//! use attestor::{BundleStore, Format, Now, PutOptions, Request, Source, Verifier, VerifyResult};
//! use std::sync::Arc;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let bundle = include_bytes!("../tests/data/spire/ec-p256/s0.bundle.spiffe.json");
//! # let token = include_bytes!("../tests/data/spire/ec-p256/s0.minted.jwt");
//! let store = Arc::new(BundleStore::new());
//! let domain = Source::trust_domain("example.org");
//! store.put(domain, Format::SpiffeBundle, bundle, &PutOptions::default(), Now::At(1_800_000_000))?;
//!
//! let policy = br#"{"version": 1, "attestors": [{"id": "spiffe", "kind": "spiffe",
//!     "audiences": ["spiffe://example.org/verifier"], "trust_domains": ["example.org"]}]}"#;
//! let verifier = Verifier::new(store, policy)?;
//!
//! let mut result = VerifyResult::new(); // one per thread, reused
//! let request = Request::new(token).at(Now::At(1_800_000_000));
//! assert_eq!(verifier.verify(&request, &mut result)?.identity, "spiffe://example.org/minted");
//! # Ok(())
//! # }
//! ```

mod cache;
mod clock;
mod credential;
mod crypto;
mod error;
mod evidence;
mod held;
pub mod metrics;
mod mint;
mod policy;
pub mod receipt;
mod request;
mod result;
mod step;
mod tally;
mod trust;
pub mod verdict;
mod verifier;
mod wire;

#[cfg(feature = "capi")]
#[allow(unsafe_code)]
pub mod ffi;

#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;

pub use cache::CacheStats;
pub use clock::Now;
pub use crypto::Algorithm;
pub use error::ConfigError;
pub use metrics::{Metrics, Readiness, SourceMetrics, VerdictCount};
pub use mint::{PassportClaims, passport_thumbprint};
pub use policy::{Finding, Severity, lint};
pub use request::{Possession, Request, chain_from_pem, possession_message};
pub use result::{Examined, Rejected, Verified, VerifyResult};
pub use step::{CredentialKind, Step, StepOutcome};
pub use trust::{
    BundleStore, DenyEntry, DenyField, DenyKind, Format, PutOptions, PutReport, Skip, SlotInfo, SlotKind,
    Source, SourceKind,
};
pub use trust::{CertificateFacts, Converted, Dropped, Entry, Inspection, Outcome};
pub use trust::{
    Feed, FetchError, Freshness, Gate, GateAction, GateFinding, KeyTableStats, KeyTables, RefreshReport,
    RestoreReport, Sink, SinkOptions, SnapshotKey, SourceHealth, StoreOptions,
};
pub use verdict::{Class, Reason};
pub use verifier::{Verifier, VerifierOptions};

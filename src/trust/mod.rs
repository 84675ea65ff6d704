//! The bundle cache: sources, their slots, the documents that feed them, and what is denied at run time.

mod bundle;
mod bundle_map;
mod export;
mod inspect;
mod jwk;
mod overlay;
mod published;
mod skip;
mod slot;
mod source;
mod store;

pub use bundle::Format;
pub use export::{Converted, Dropped};
pub use inspect::{CertificateFacts, Entry, Inspection, Outcome};
pub use overlay::{DenyEntry, DenyField, DenyKind};
pub use skip::Skip;
pub use slot::{SlotInfo, SlotKind};
pub use source::{Source, SourceKind};
pub use store::{BundleStore, PutOptions, PutReport};

pub(crate) use bundle::pem_blocks;
pub(crate) use published::Published;
pub(crate) use slot::{Authority, Crl, Key, Slot};

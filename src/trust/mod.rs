//! The bundle cache: sources, their slots, and the documents that feed them.

mod bundle;
mod jwk;
mod published;
mod skip;
mod slot;
mod source;
mod store;

pub use bundle::Format;
pub use skip::Skip;
pub use slot::{SlotInfo, SlotKind};
pub use source::{Source, SourceKind};
pub use store::{BundleStore, PutOptions, PutReport};

pub(crate) use published::Published;
pub(crate) use slot::{Key, Slot};

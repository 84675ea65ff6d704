//! The bundle cache: sources, their slots, the documents that feed them, and what is denied at run time.

mod bundle;
mod bundle_map;
mod demand;
mod export;
mod feed;
mod format;
mod freshness;
mod gate;
mod health;
mod inspect;
mod jwk;
mod lock;
mod overlay;
mod publish;
mod published;
mod put;
mod refresh;
mod skip;
mod slot;
mod snapshot;
mod source;
mod store;
mod stored;
mod sync;

pub use export::{Converted, Dropped};
pub use feed::{Feed, FetchError, Sink, SinkOptions};
pub use format::Format;
pub use freshness::Freshness;
pub use gate::{Gate, GateAction, GateFinding};
pub use health::SourceHealth;
pub use inspect::{CertificateFacts, Entry, Inspection, Outcome};
pub use overlay::{DenyEntry, DenyField, DenyKind};
pub use put::{PutOptions, PutReport};
pub use refresh::RefreshReport;
pub use skip::Skip;
pub use slot::{SlotInfo, SlotKind};
pub use snapshot::{RestoreReport, SnapshotKey};
pub use source::{Source, SourceKind};
pub use store::{BundleStore, StoreOptions};

pub(crate) use bundle::pem_blocks;
pub(crate) use published::Published;
pub(crate) use slot::{Authority, Crl, Key, Origin, Slot};
pub(crate) use stored::StoredSource;

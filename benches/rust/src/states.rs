//! The states in which attestor is measured: the one place that knows how a store is told to be in them.

use attestor::{BundleStore, KeyTables, StoreOptions};

/// What a store has made of its keys, and with which instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// No key has a table.
    Cold,
    /// Every key has its table; no AVX-512 IFMA.
    Portable,
    /// Every key has its table; AVX-512 IFMA.
    Ifma,
}

pub const NO_IFMA: &str = "no avx512ifma on this CPU";

impl State {
    pub const ALL: [Self; 3] = [Self::Cold, Self::Portable, Self::Ifma];

    pub fn name(self) -> &'static str {
        match self {
            Self::Cold => "cold",
            Self::Portable => "portable",
            Self::Ifma => "ifma",
        }
    }

    /// Why it cannot be measured here.
    pub fn obstacle(self) -> Option<&'static str> {
        (self == Self::Ifma && !has_ifma()).then_some(NO_IFMA)
    }

    /// An empty store whose keys will be in this state once they have verified [`WARM`] tokens.
    pub fn store(self) -> BundleStore {
        let mut options = StoreOptions::default();
        match self {
            // As a key is before it is busy: there is no room for its table.
            Self::Cold => options.key_table_bytes = 0,
            Self::Portable | Self::Ifma => options.key_tables = KeyTables::AtLoad,
        }
        options.ifma = self == Self::Ifma;
        BundleStore::with(options)
    }

    /// What checks the signatures of a key: by what the store counted of one of them.
    pub fn kernel(self, checked_by_table: bool) -> &'static str {
        match (checked_by_table, self) {
            (false, _) => "reference",
            (true, Self::Ifma) => "key table, IFMA allowed",
            (true, _) => "key table",
        }
    }
}

/// Accepted tokens after which nothing changes any more.
pub const WARM: usize = 64;

/// Whether the CPU has the instructions of the IFMA kernels.
pub fn has_ifma() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("avx512f")
        && std::arch::is_x86_feature_detected!("avx512vl")
        && std::arch::is_x86_feature_detected!("avx512ifma");
    #[cfg(not(target_arch = "x86_64"))]
    return false;
}

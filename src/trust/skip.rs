//! Why entries of a key set are passed over, and how often each reason did.

macro_rules! skips {
    ($($variant:ident => $slug:literal, $doc:literal;)+) => {
        /// Why an entry of a key set was passed over; the rest of the set is used.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum Skip { $(#[doc = $doc] $variant,)+ }

        impl Skip {
            /// Every skip reason, in the order of `SlotInfo`'s and the C API's counters.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable machine name.
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$variant => $slug,)+ }
            }

            /// The slug with a NUL behind it, for C.
            #[cfg(feature = "capi")]
            pub(crate) const fn slug_nul(self) -> &'static str {
                match self { $(Self::$variant => concat!($slug, "\0"),)+ }
            }

            /// What the reason means.
            pub const fn doc(self) -> &'static str {
                match self { $(Self::$variant => $doc,)+ }
            }
        }
    };
}

skips! {
    NotObject => "not_object", "The entry is not a JSON object.";
    UseIgnored => "use_ignored", "`use` is absent, unknown, or not one the format feeds.";
    KeyTypeUnsupported => "key_type_unsupported", "`kty` or `crv` is not supported (`oct` never is).";
    AlgorithmUnsupported => "algorithm_unsupported", "`alg` is unknown or does not fit the key.";
    OperationUnsupported => "operation_unsupported", "`key_ops` does not contain `verify`.";
    KidMissing => "kid_missing", "A JWT key without a usable `kid`.";
    KidAmbiguous => "kid_ambiguous", "Different keys share a `kid` and nothing tells them apart.";
    KeyInvalid => "key_invalid", "A parameter is missing, malformed, or not a key.";
    KeyTooWeak => "key_too_weak", "An RSA modulus below 2048 bits.";
    KeyTooLarge => "key_too_large", "An RSA modulus above 8192 bits.";
    CertificateMissing => "certificate_missing", "`x5c` is absent or empty.";
    CertificateInvalid => "certificate_invalid", "The first `x5c` value is not a certificate.";
    CertificateKeyMismatch => "certificate_key_mismatch", "The certificate holds another key than the entry.";
    CertificateNotCa => "certificate_not_ca", "The certificate may not sign certificates.";
}

/// Entries that were passed over, by reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct SkipCounts([u32; Skip::ALL.len()]);

impl SkipCounts {
    /// As counted elsewhere, in the order of [`Skip::ALL`]; `None` if no document of a bundle has so many entries.
    pub(crate) fn from_counts(counts: impl Iterator<Item = u32>) -> Option<Self> {
        const MOST: u32 = 1 << 20;
        let mut known = [0; Skip::ALL.len()];
        for (at, count) in counts.enumerate() {
            *known.get_mut(at)? = Some(count).filter(|count| *count <= MOST)?;
        }
        Some(Self(known))
    }

    pub(crate) fn add(&mut self, skip: Skip) {
        self.0[skip as usize] += 1;
    }

    pub(crate) fn get(&self, skip: Skip) -> u32 {
        self.0[skip as usize]
    }

    pub(crate) fn total(&self) -> u32 {
        self.0.iter().sum()
    }
}

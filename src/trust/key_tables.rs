//! Tables for the keys of bundle slots: which keys get one, when it is trusted, and which goes when the budget is spent.

use super::slot::Key;
use super::sync::{AtomicBool, AtomicI64, AtomicU32, AtomicUsize, Mutex, Ordering, RwLock};
use crate::crypto::{Algorithm, Kernels, Message, Prepared};
use crate::verdict::Reason;
use core::sync::atomic::AtomicU64;
use std::sync::{Arc, Weak};

/// Accepted signatures after which a key gets its table: making one costs as much as it saves in ten.
const BUSY: u32 = 32;
/// Bytes: RSA of 4096 bits.
const LONGEST_SIGNATURE: usize = 512;

/// Whether the EC and Ed25519 keys of bundles get tables of their multiples, with which a signature is checked several
/// times faster; and RSA keys what their products need, where the processor has AVX-512 IFMA or BMI2 and ADX.
///
/// Only keys that live in a slot ever do, never those that a credential brings along. A table takes 148 KiB (P-256),
/// 192 KiB (P-384), 392 KiB (P-521), 222 KiB (Ed25519) or at most 2 KiB (RSA), and the base point's of each curve in use
/// 832 KiB, 576 KiB, 2.0 MiB or 696 KiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyTables {
    /// Never.
    Off,
    /// Once a key has accepted a number of signatures. The one verification that makes the table allocates it and takes
    /// some milliseconds; others of the key go on without.
    #[default]
    Auto,
    /// By the update that brings the key, as long as the budget lasts; otherwise like `Auto`.
    AtLoad,
}

/// What was made of the tables of a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyTableStats {
    /// Keys that have a table now.
    pub tables: u64,
    /// Bytes that these take.
    pub bytes: u64,
    /// Tables that were made.
    pub made: u64,
    /// Tables that gave their place to others'.
    pub evicted: u64,
    /// Tables that were dropped because they and the reference disagreed, and self-tests that failed. Anything but 0 is
    /// a defect of this library, the compiler or the processor; every verdict was the reference's.
    pub disagreements: u64,
    /// Signatures that tables checked.
    pub by_table: u64,
    /// Signatures of bundle keys that the reference checked.
    pub by_reference: u64,
    /// Whether tables are worked through by AVX-512 IFMA: the processor has it, and the store's options allow it.
    pub ifma: bool,
}

#[derive(Default)]
struct Counters {
    made: AtomicU64,
    evicted: AtomicU64,
    disagreements: AtomicU64,
    by_table: AtomicU64,
    by_reference: AtomicU64,
}

/// The tables of one store.
pub(crate) struct Tables {
    when: KeyTables,
    /// Bytes that the tables of keys may take together.
    budget: usize,
    kernels: Kernels,
    /// Tried, never waited for: a fork may have taken its holder away.
    made: Mutex<Vec<Weak<Shelf>>>,
    counters: Counters,
}

/// Where a key keeps its table, and how busy it is. Shared by all slots that hold the key one after the other.
#[derive(Default)]
pub(crate) struct Shelf {
    accepted: AtomicU32,
    /// Unix seconds.
    used_at: AtomicI64,
    /// Tried, never waited for.
    table: RwLock<Option<Arc<Tabled>>>,
    /// Bytes of the table; 0 without one.
    bytes: AtomicUsize,
}

struct Tabled {
    key: Prepared,
    /// Whether it took a signature that the reference took, and refused its neighbour.
    proven: AtomicBool,
}

/// A signature and the key that shall have made it.
pub(crate) struct Signed<'a> {
    pub(crate) key: &'a Key,
    pub(crate) algorithm: Algorithm,
    pub(crate) message: &'a Message<'a>,
    pub(crate) signature: &'a [u8],
}

impl Signed<'_> {
    fn by_reference(&self) -> Result<(), Reason> {
        self.key.public.verify(self.algorithm, self.message.bytes(), self.signature)
    }
}

impl Shelf {
    /// The table, if there is one and nobody is just changing that.
    fn table(&self) -> Option<Arc<Tabled>> {
        if self.bytes.load(Ordering::Relaxed) == 0 {
            return None;
        }
        self.table.try_read()?.clone()
    }

    /// Puts a table in place or away, unless somebody is just reading it.
    fn set(&self, table: Option<Arc<Tabled>>, bytes: usize) -> bool {
        let cell = self.table.try_write();
        let found = cell.is_some();
        if let Some(mut cell) = cell {
            *cell = table;
            self.bytes.store(bytes, Ordering::Relaxed);
        }
        found
    }
}

impl Tables {
    pub(super) fn new(when: KeyTables, budget: usize, kernels: Kernels) -> Self {
        let (made, counters) = (Mutex::default(), Counters::default());
        Self { when, budget, kernels, made, counters }
    }

    /// Lets the kernels prove themselves, if there may be tables; see [`Kernels::self_test`].
    pub(crate) fn self_test(&self) {
        if self.when != KeyTables::Off && !self.kernels.self_test() {
            self.counters.disagreements.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn stats(&self) -> KeyTableStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let made = self.made.try_lock();
        let shelves: Vec<_> = made.iter().flat_map(|made| made.iter().filter_map(Weak::upgrade)).collect();
        let held = shelves.iter().map(|shelf| shelf.bytes.load(Ordering::Relaxed)).filter(|bytes| *bytes > 0);
        KeyTableStats {
            tables: held.clone().count() as u64,
            bytes: held.sum::<usize>() as u64,
            made: read(&self.counters.made),
            evicted: read(&self.counters.evicted),
            disagreements: read(&self.counters.disagreements),
            by_table: read(&self.counters.by_table),
            by_reference: read(&self.counters.by_reference),
            ifma: self.kernels.use_ifma(),
        }
    }

    /// Checks a signature: by the key's table if it has a proven one, else by the reference; where `double_check` is
    /// set by both before it is accepted.
    ///
    /// # Errors
    /// Those of `PublicKey::verify`.
    pub(crate) fn verify(&self, signed: &Signed<'_>, double_check: bool, now: i64) -> Result<(), Reason> {
        let place = &signed.key.shelf;
        if self.when == KeyTables::Off || signed.algorithm.key_type() != signed.key.public.key_type() {
            self.counters.by_reference.fetch_add(1, Ordering::Relaxed);
            return signed.by_reference();
        }
        let tabled = place.table();
        if let Some(tabled) = tabled.as_ref().filter(|tabled| tabled.proven.load(Ordering::Acquire)) {
            if place.used_at.load(Ordering::Relaxed) != now {
                place.used_at.store(now, Ordering::Relaxed);
            }
            self.counters.by_table.fetch_add(1, Ordering::Relaxed);
            tabled.key.verify(signed.algorithm, signed.message, signed.signature)?;
            return if double_check { self.check_again(signed) } else { Ok(()) };
        }
        self.counters.by_reference.fetch_add(1, Ordering::Relaxed);
        signed.by_reference()?;
        match tabled {
            Some(fresh) => self.prove(&fresh, signed),
            None => self.count(signed.key, now),
        }
        Ok(())
    }

    /// Asks the reference about a signature that a table has accepted.
    fn check_again(&self, signed: &Signed<'_>) -> Result<(), Reason> {
        self.counters.by_reference.fetch_add(1, Ordering::Relaxed);
        signed.by_reference().inspect_err(|_| self.disown(&signed.key.shelf))
    }

    /// Drops a table for good.
    fn disown(&self, place: &Shelf) {
        self.counters.disagreements.fetch_add(1, Ordering::Relaxed);
        place.accepted.store(BUSY, Ordering::Relaxed);
        place.set(None, 0);
    }

    /// Trusts a fresh table if it agrees on a signature that the reference has accepted, and refuses that signature with
    /// one bit changed.
    fn prove(&self, fresh: &Tabled, signed: &Signed<'_>) {
        let mut changed = [0; LONGEST_SIGNATURE];
        let Some(changed) = changed.get_mut(..signed.signature.len()) else { return };
        changed.copy_from_slice(signed.signature);
        if let Some(last) = changed.last_mut() {
            *last ^= 1;
        }
        let verify = |signature: &[u8]| fresh.key.verify(signed.algorithm, signed.message, signature);
        if verify(signed.signature).is_ok() && verify(changed).is_err() {
            fresh.proven.store(true, Ordering::Release);
        } else {
            self.disown(&signed.key.shelf);
        }
    }

    /// Counts an accepted signature, and makes the table with the one that is enough.
    fn count(&self, key: &Key, now: i64) {
        let worth = self.kernels.bytes(&key.public).is_some_and(|bytes| bytes <= self.budget);
        if worth
            && key.shelf.accepted.fetch_add(1, Ordering::Relaxed) + 1 == BUSY
            && !self.make(key, now, true)
        {
            key.shelf.accepted.store(0, Ordering::Relaxed);
        }
    }

    /// Lets the keys of an update go on with the tables they had in `current`; makes the others' if that is wanted now.
    pub(super) fn take_over(&self, keys: &mut [Key], current: &[Key], now: i64) {
        for key in keys {
            if let Some(same) = current.iter().find(|known| known.thumbprint == key.thumbprint) {
                key.shelf = Arc::clone(&same.shelf);
            } else if self.when == KeyTables::AtLoad {
                self.make(key, now, false);
            }
        }
    }

    /// Makes a key's table if it fits into the budget, or if it may take others' place; whether nobody else was just
    /// making one.
    fn make(&self, key: &Key, now: i64, displace: bool) -> bool {
        let Some(mut made) = self.made.try_lock() else { return false };
        let Some(bytes) = self.kernels.bytes(&key.public) else { return true };
        if !self.make_room(&mut made, bytes, displace) {
            return true;
        }
        let Some(prepared) = self.kernels.prepare(&key.public) else {
            // Only a kernel that has failed its self-test refuses a key of a slot.
            self.counters.disagreements.fetch_add(1, Ordering::Relaxed);
            return true;
        };
        key.shelf.used_at.store(now, Ordering::Relaxed);
        let table = Tabled { key: prepared, proven: AtomicBool::new(false) };
        if key.shelf.set(Some(Arc::new(table)), bytes) {
            self.counters.made.fetch_add(1, Ordering::Relaxed);
            made.push(Arc::downgrade(&key.shelf));
        }
        true
    }

    /// Whether another table of so many bytes fits, once the least recently used ones are dropped if that is allowed.
    fn make_room(&self, made: &mut Vec<Weak<Shelf>>, bytes: usize, displace: bool) -> bool {
        let Some(budget) = self.budget.checked_sub(bytes) else { return false };
        let mut shelves: Vec<Arc<Shelf>> = made.iter().filter_map(Weak::upgrade).collect();
        let size = |shelf: &Arc<Shelf>| shelf.bytes.load(Ordering::Relaxed);
        shelves.retain(|shelf| size(shelf) > 0);
        shelves.sort_by_key(|shelf| core::cmp::Reverse(shelf.used_at.load(Ordering::Relaxed)));
        let mut taken: usize = shelves.iter().map(size).sum();
        for at in (0..shelves.len()).rev().take_while(|_| displace) {
            if taken <= budget {
                break;
            }
            let idle = size(&shelves[at]);
            if shelves[at].set(None, 0) {
                shelves[at].accepted.store(0, Ordering::Relaxed);
                self.counters.evicted.fetch_add(1, Ordering::Relaxed);
                taken -= idle;
                shelves.remove(at);
            }
        }
        *made = shelves.iter().map(Arc::downgrade).collect();
        taken <= budget
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{Curve, PublicKey};
    use crate::trust::{BundleStore, Format, PutOptions, Source, StoreOptions};
    use crate::wire::base64url;
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};

    const NOW: i64 = 1_800_000_000;

    struct Signer {
        pair: EcdsaKeyPair,
        random: SystemRandom,
    }

    impl Signer {
        fn new() -> Self {
            let (random, algorithm) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
            let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
            Self { pair: EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).unwrap(), random }
        }

        fn jwk(&self) -> String {
            let (x, y) = self.pair.public_key().as_ref()[1..].split_at(32);
            let (x, y) = (base64url::encode(x), base64url::encode(y));
            format!(r#"{{"kty":"EC","crv":"P-256","kid":"{x}","x":"{x}","y":"{y}"}}"#)
        }

        fn sign(&self, message: &[u8]) -> Vec<u8> {
            self.pair.sign(&self.random, message).unwrap().as_ref().to_vec()
        }
    }

    /// Bytes of a table.
    const TABLE: usize = 37 * 64 * 64;

    fn table_of(store: &BundleStore, signer: &Signer) -> Prepared {
        let (x, y) = signer.pair.public_key().as_ref()[1..].split_at(32);
        store.tables().kernels.prepare(&PublicKey::ec(Curve::P256, x, y).unwrap()).unwrap()
    }

    fn store(key_tables: KeyTables, key_table_bytes: usize) -> BundleStore {
        BundleStore::with(StoreOptions { key_tables, key_table_bytes, ..StoreOptions::default() })
    }

    fn put(store: &BundleStore, signers: &[&Signer]) {
        let keys: Vec<_> = signers.iter().map(|signer| signer.jwk()).collect();
        let document = format!(r#"{{"keys":[{}]}}"#, keys.join(","));
        let (source, now) = (Source::issuer("https://issuer.example"), crate::Now::At(NOW));
        store.put(source, Format::Jwks, document.as_bytes(), &PutOptions::default(), now).unwrap();
    }

    /// Verifies a good signature and its forgeries with the key at `at`.
    fn judge(store: &BundleStore, at: usize, signer: &Signer, now: i64) {
        let source = store.find(crate::SourceKind::Issuer, "https://issuer.example").unwrap();
        let slot = source.jwt().unwrap();
        let key = &slot.entries[at];
        let verify = |message: &[u8], signature: &[u8]| {
            store.tables().verify(
                &Signed { key, algorithm: Algorithm::Es256, message: &Message::new(message), signature },
                false,
                now,
            )
        };
        let good = signer.sign(b"message");
        assert_eq!(verify(b"message", &good), Ok(()));
        assert_eq!(verify(b"massage", &good), Err(Reason::SignatureInvalid));
        assert_eq!(verify(b"message", &good[1..]), Err(Reason::SignatureMalformed));
        let other_type =
            Signed { key, algorithm: Algorithm::Es384, message: &Message::new(b"m"), signature: &good };
        let other_type = store.tables().verify(&other_type, false, now);
        assert_eq!(other_type, Err(Reason::AlgKeyMismatch));
    }

    /// Whether the key has a table, and whether that is proven.
    fn state(store: &BundleStore, at: usize) -> (bool, bool) {
        let source = store.find(crate::SourceKind::Issuer, "https://issuer.example").unwrap();
        let table = source.jwt().unwrap().entries[at].shelf.table();
        (table.is_some(), table.is_some_and(|tabled| tabled.proven.load(Ordering::Acquire)))
    }

    #[test]
    fn a_busy_key_gets_a_table_and_keeps_it_over_updates() {
        let (store, signer, other) = (store(KeyTables::Auto, 1 << 20), Signer::new(), Signer::new());
        put(&store, &[&signer]);
        for _ in 1..BUSY {
            judge(&store, 0, &signer, NOW);
        }
        assert_eq!(state(&store, 0), (false, false));
        judge(&store, 0, &signer, NOW);
        assert_eq!(state(&store, 0), (true, false));
        judge(&store, 0, &signer, NOW);
        assert_eq!(state(&store, 0), (true, true));
        judge(&store, 0, &signer, NOW);
        put(&store, &[&other, &signer]);
        assert_eq!([state(&store, 0), state(&store, 1)], [(false, false), (true, true)]);
        judge(&store, 1, &signer, NOW);
        judge(&store, 0, &other, NOW);
    }

    #[test]
    fn a_store_that_is_told_to_makes_tables_with_the_update() {
        let (store, signer) = (store(KeyTables::AtLoad, 1 << 20), Signer::new());
        put(&store, &[&signer]);
        assert_eq!(state(&store, 0), (true, false));
        judge(&store, 0, &signer, NOW);
        assert_eq!(state(&store, 0), (true, true));
        judge(&store, 0, &signer, NOW);
    }

    #[test]
    fn no_table_where_none_is_wanted_or_none_fits() {
        for store in [store(KeyTables::Off, 1 << 20), store(KeyTables::Auto, TABLE - 1)] {
            let signer = Signer::new();
            put(&store, &[&signer]);
            for _ in 0..=BUSY {
                judge(&store, 0, &signer, NOW);
            }
            assert_eq!(state(&store, 0), (false, false));
        }
    }

    /// Two tables fit: a third key has to be busy to get one, and then the one that was used last stays.
    #[test]
    fn the_least_recently_used_table_goes_first() {
        let signers = [Signer::new(), Signer::new(), Signer::new()];
        let store = store(KeyTables::AtLoad, 2 * TABLE);
        put(&store, &[&signers[0], &signers[1]]);
        for (at, now) in [(0, NOW + 1), (1, NOW + 1), (1, NOW + 2), (0, NOW + 3)] {
            judge(&store, at, &signers[at], now);
        }
        put(&store, &[&signers[0], &signers[1], &signers[2]]);
        assert_eq!([0, 1, 2].map(|at| state(&store, at).0), [true, true, false]);
        for _ in 0..BUSY {
            judge(&store, 2, &signers[2], NOW + 4);
        }
        assert_eq!([0, 1, 2].map(|at| state(&store, at).0), [true, false, true]);
        for (at, signer) in signers.iter().enumerate() {
            judge(&store, at, signer, NOW + 5);
        }
        assert_eq!(store.tables().made.lock().len(), 2);
    }

    /// Told when a verifier is made, before any table; its keys are left to the reference.
    #[test]
    fn a_kernel_that_fails_its_self_test_is_off() {
        let policy = br#"{"version":1,"attestors":[{"id":"a","kind":"oidc","issuer":"https://issuer.example",
            "audiences":["x"],"algorithms":["ES256"]}]}"#;
        for (key_tables, told) in [(KeyTables::Off, 0), (KeyTables::Auto, 1), (KeyTables::AtLoad, 1)] {
            let options = StoreOptions { key_tables, ..StoreOptions::default() };
            let store = Arc::new(BundleStore::with_kernels(options, Kernels::wrong_about(Curve::P256)));
            crate::Verifier::new(Arc::clone(&store), policy).unwrap();
            assert_eq!(store.key_table_stats().disagreements, told);
            let signer = Signer::new();
            put(&store, &[&signer]);
            for _ in 0..2 * BUSY {
                judge(&store, 0, &signer, NOW);
            }
            assert_eq!(state(&store, 0), (false, false));
        }
    }

    /// A table that says otherwise than the reference is never asked again, and the verdict is the reference's.
    #[test]
    fn a_wrong_table_is_dropped() {
        let (store, signer, other) = (store(KeyTables::Auto, 1 << 20), Signer::new(), Signer::new());
        put(&store, &[&signer]);
        let source = store.find(crate::SourceKind::Issuer, "https://issuer.example").unwrap();
        let slot = source.jwt().unwrap();
        let shelf = &slot.entries[0].shelf;
        let wrong = Tabled { key: table_of(&store, &other), proven: AtomicBool::new(false) };
        assert!(shelf.set(Some(Arc::new(wrong)), TABLE));
        judge(&store, 0, &signer, NOW);
        for _ in 0..2 * BUSY {
            judge(&store, 0, &signer, NOW);
        }
        assert_eq!(state(&store, 0), (false, false));
        assert_eq!(store.key_table_stats().disagreements, 1);
    }

    /// A proven table that goes wrong, of another key here: told from the reference where that is asked as well.
    #[test]
    fn a_doubted_accept_is_asked_again() {
        let (store, signer, other) = (store(KeyTables::Auto, 1 << 20), Signer::new(), Signer::new());
        put(&store, &[&signer]);
        let slot = store.find(crate::SourceKind::Issuer, "https://issuer.example").unwrap().jwt().unwrap();
        let key = &slot.entries[0];
        let wrong = Tabled { key: table_of(&store, &other), proven: AtomicBool::new(true) };
        assert!(key.shelf.set(Some(Arc::new(wrong)), TABLE));
        let signature = &*other.sign(b"message");
        let foreign =
            Signed { key, algorithm: Algorithm::Es256, message: &Message::new(b"message"), signature };
        assert_eq!(store.tables().verify(&foreign, false, NOW), Ok(()));
        assert_eq!(store.tables().verify(&foreign, true, NOW), Err(Reason::SignatureInvalid));
        assert_eq!(state(&store, 0), (false, false));
        let stats = store.key_table_stats();
        assert_eq!([stats.disagreements, stats.by_table, stats.by_reference], [1, 2, 1]);
        judge(&store, 0, &signer, NOW);
    }
}

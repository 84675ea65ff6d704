//! The verified-credential cache: what an allow was made of, so that a credential that comes again costs a hash
//! instead of a signature.
//!
//! It holds claims, but nothing that would authenticate anybody: never the token, never its signature. An entry says
//! under which policy, overlay and key generation it was made, and whoever finds it decides whether that still
//! holds. Nobody waits here: a taken lock is a miss, and an insertion that finds one taken is left out, so a forked
//! child can use the cache whatever its parent was doing.

mod shard;

use crate::crypto::Algorithm;
use crate::policy::{Captures, Entry};
use crate::wire::json::Node;
use core::fmt;
use core::sync::atomic::{AtomicU64, Ordering};
use parking_lot::RwLock;
use shard::Shard;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

/// Most shards: beyond, look-ups hardly ever meet.
const SHARDS: usize = 16;
/// A shard is worth having for this many entries, and this many bytes, of its own.
const SHARD_ENTRIES: usize = 64;
const SHARD_BYTES: usize = 64 * 1024;
/// How often [`Cache::clear`] tries a lock. Locks are held for microseconds, but for ever in a forked child.
const CLEAR_TRIES: usize = 100;

/// SHA-256 of whatever makes an entry another one.
pub(crate) type CacheKey = [u8; 32];

/// What a verdict depends on and consists of, without its texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    /// [`Cache::epoch`] before the verification began, likewise the epochs of its policy and of the deny overlay.
    pub(crate) cache_epoch: u64,
    pub(crate) policy_epoch: u64,
    pub(crate) overlay_epoch: u64,
    /// The attestor that judged, within its policy.
    pub(crate) attestor: usize,
    /// Of the slot of keys that was asked, and the key that verified within it.
    pub(crate) generation: u64,
    pub(crate) key: usize,
    /// The header's.
    pub(crate) algorithm: Algorithm,
    /// Unix seconds at which the verdict holds: `from` and later, before `until`.
    pub(crate) from: i64,
    pub(crate) until: i64,
    /// Unix seconds; the credential itself, without clock skew.
    pub(crate) expires_at: i64,
    /// Where `sub` begins in the identity, and how long the trust domain is in it.
    pub(crate) subject_at: usize,
    pub(crate) trust_domain_len: usize,
    pub(crate) admitted_by: Option<Entry>,
    pub(crate) mapped: Option<(usize, Captures)>,
}

/// An entry, as it is inserted and as it is found.
#[derive(Clone, Copy)]
pub(crate) struct Remembered<'a> {
    pub(crate) facts: &'a Facts,
    pub(crate) identity: &'a str,
    /// Empty if there is none.
    pub(crate) internal_identity: &'a str,
    /// The decoded claims and their structure.
    pub(crate) payload: &'a [u8],
    pub(crate) nodes: &'a [Node],
}

/// What a verified-credential cache has done since it was made, and what it holds.
///
/// Hits, misses and stale look-ups add up to the look-ups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheStats {
    /// Look-ups that found a credential whose verdict still held.
    pub hits: u64,
    /// Look-ups that found nothing, or another thread changing that part of the cache.
    pub misses: u64,
    /// Look-ups that found a credential under another policy, overlay or key generation, or at a time that the
    /// verdict was not made for. It was then judged in full.
    pub stale: u64,
    /// Verdicts taken in; replaced ones count again.
    pub insertions: u64,
    /// Verdicts that made room for others.
    pub evictions: u64,
    /// Verdicts held now.
    pub entries: u64,
    /// Bytes set aside for their texts now, beside a fixed record of less than half a kilobyte each.
    pub bytes: u64,
}

#[derive(Default)]
struct Counters {
    hits: AtomicU64,
    misses: AtomicU64,
    stale: AtomicU64,
    insertions: AtomicU64,
    evictions: AtomicU64,
    entries: AtomicU64,
    bytes: AtomicU64,
}

/// A shard behind its lock. Two never share a line of the processor's cache.
#[repr(align(128))]
struct Guarded {
    shard: RwLock<Shard>,
    counters: Counters,
}

/// A bounded map from credentials to verdicts. Shared: every method takes `&self`, and none waits.
pub(crate) struct Cache {
    /// Whoever chooses keys cannot choose where they lie.
    hasher: RandomState,
    /// Raised by [`Self::clear`]: what was inserted before it, or is still on its way, is stale.
    epoch: AtomicU64,
    shards: Box<[Guarded]>,
}

impl Cache {
    /// A cache of at most so many entries, whose texts take at most so many bytes. Nothing of either is off.
    pub(crate) fn new(entries: usize, bytes: usize) -> Self {
        let shards = match entries.min(bytes) {
            0 => 0,
            _ => (entries / SHARD_ENTRIES).min(bytes / SHARD_BYTES).clamp(1, SHARDS),
        };
        let guarded = |_| Guarded {
            shard: RwLock::new(Shard::new(entries / shards, bytes / shards)),
            counters: Counters::default(),
        };
        let shards = (0..shards).map(guarded).collect();
        Self { hasher: RandomState::new(), epoch: AtomicU64::new(0), shards }
    }

    pub(crate) fn is_off(&self) -> bool {
        self.shards.is_empty()
    }

    /// To be read before a verification begins whose result is inserted.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Looks at the entry of `key`: `look` says what it is worth, and an entry that is worth nothing is dropped.
    pub(crate) fn find<R>(
        &self,
        key: &CacheKey,
        look: impl FnOnce(Remembered<'_>) -> Option<R>,
    ) -> Option<R> {
        let (hash, Guarded { shard, counters }) = self.shard(key)?;
        let epoch = self.epoch();
        let look = |entry: Remembered<'_>| (entry.facts.cache_epoch == epoch).then_some(entry).and_then(look);
        let seen = shard.try_read().and_then(|shard| shard.find(hash, key).map(look));
        let counter = match seen {
            Some(Some(_)) => &counters.hits,
            Some(None) => &counters.stale,
            None => &counters.misses,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        if matches!(seen, Some(None)) {
            self.remove(key);
        }
        seen.flatten()
    }

    /// Takes an entry in, in place of what its key had. Left out are an entry that is larger than a shard, and one
    /// whose shard another thread is using.
    pub(crate) fn insert(&self, key: &CacheKey, entry: Remembered<'_>) {
        let Some((hash, guarded)) = self.shard(key) else { return };
        let Some(mut shard) = guarded.shard.try_write() else { return };
        let counters = &guarded.counters;
        if let Some(evictions) = shard.insert(hash, key, entry) {
            counters.insertions.fetch_add(1, Ordering::Relaxed);
            counters.evictions.fetch_add(evictions, Ordering::Relaxed);
        }
        counters.take_stock(&shard);
    }

    /// Forgets one entry, unless another thread is using its shard.
    pub(crate) fn remove(&self, key: &CacheKey) {
        let Some((hash, guarded)) = self.shard(key) else { return };
        let Some(mut shard) = guarded.shard.try_write() else { return };
        shard.remove(hash, key);
        guarded.counters.take_stock(&shard);
    }

    /// Forgets everything; of a shard that another thread keeps using, only the storage stays.
    pub(crate) fn clear(&self) {
        self.epoch.fetch_add(1, Ordering::Release);
        for Guarded { shard, counters } in &self.shards {
            let tried = (0..CLEAR_TRIES).find_map(|_| {
                let locked = shard.try_write();
                if locked.is_none() {
                    std::thread::yield_now();
                }
                locked
            });
            if let Some(mut shard) = tried {
                shard.clear();
                counters.take_stock(&shard);
            }
        }
    }

    pub(crate) fn stats(&self) -> CacheStats {
        let sum = |counter: fn(&Counters) -> &AtomicU64| {
            self.shards.iter().map(|guarded| counter(&guarded.counters).load(Ordering::Relaxed)).sum()
        };
        CacheStats {
            hits: sum(|counters| &counters.hits),
            misses: sum(|counters| &counters.misses),
            stale: sum(|counters| &counters.stale),
            insertions: sum(|counters| &counters.insertions),
            evictions: sum(|counters| &counters.evictions),
            entries: sum(|counters| &counters.entries),
            bytes: sum(|counters| &counters.bytes),
        }
    }

    /// The shard of a key and the hash that places the key in it; none if the cache is off.
    fn shard(&self, key: &CacheKey) -> Option<(u64, &Guarded)> {
        // Of a SHA-256, half says where.
        let hash = self.hasher.hash_one(u128::from_le_bytes(key.as_chunks().0[0]));
        // The shard is told by other bits than the place within it.
        let at = usize::try_from(hash >> 32).ok()?.checked_rem(self.shards.len())?;
        Some((hash, self.shards.get(at)?))
    }
}

impl Counters {
    /// Tells what the shard holds to those who do not lock it.
    fn take_stock(&self, shard: &Shard) {
        let [entries, bytes] = [shard.entries(), shard.bytes()].map(|n| u64::try_from(n).unwrap_or_default());
        self.entries.store(entries, Ordering::Relaxed);
        self.bytes.store(bytes, Ordering::Relaxed);
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::json::{Limits, Tape};
    use proptest::prelude::*;
    use std::collections::{HashMap, VecDeque};

    /// An entry that says of itself which one it is.
    pub(super) struct Sample {
        facts: Facts,
        identity: String,
        payload: String,
        claims: Tape,
    }

    impl Sample {
        /// The entry of this number, with so many bytes of padding among its claims.
        pub(super) fn new(number: u64, padding: usize) -> Self {
            let payload = format!(r#"{{"number":{number},"padding":"{}"}}"#, "x".repeat(padding));
            let mut claims = Tape::default();
            claims.read(payload.as_bytes(), Limits { depth: 2, members: 2 }).unwrap();
            let facts = Facts {
                cache_epoch: 0,
                policy_epoch: 1,
                overlay_epoch: 2,
                attestor: 3,
                generation: number,
                key: 4,
                algorithm: Algorithm::Es256,
                from: 6,
                until: 7,
                expires_at: 8,
                subject_at: 9,
                trust_domain_len: 10,
                admitted_by: Some(Entry::Prefix(11)),
                mapped: None,
            };
            Self { facts, identity: format!("spiffe://td/{number}"), payload, claims }
        }

        pub(super) fn view(&self) -> Remembered<'_> {
            Remembered {
                facts: &self.facts,
                identity: &self.identity,
                internal_identity: "internal",
                payload: self.payload.as_bytes(),
                nodes: self.claims.nodes(),
            }
        }
    }

    pub(super) fn key(number: u64) -> CacheKey {
        crate::crypto::sha256(&number.to_be_bytes())
    }

    fn insert(cache: &Cache, number: u64, version: u64) {
        let padding = usize::try_from(version % 700).unwrap();
        let mut sample = Sample::new(number * 1_000_000 + version, padding);
        sample.facts.cache_epoch = cache.epoch();
        cache.insert(&key(number), sample.view());
    }

    /// The version found, everything in the entry being of that version.
    fn find(cache: &Cache, number: u64) -> Option<u64> {
        cache.find(&key(number), |found| {
            let whole = found.facts.generation;
            assert_eq!(found.identity, format!("spiffe://td/{whole}"));
            assert_eq!(found.internal_identity, "internal");
            let mut tape = Tape::default();
            tape.restore(found.nodes);
            let claims = tape.again(found.payload).unwrap();
            assert_eq!(claims.get("number").unwrap().as_u64(), Some(whole));
            assert_eq!(whole / 1_000_000, number);
            Some(whole % 1_000_000)
        })
    }

    #[test]
    fn an_entry_comes_back_as_it_went_in() {
        let cache = Cache::new(100, 1 << 20);
        let sample = Sample::new(1, 30);
        assert!(cache.find(&key(1), |_| Some(())).is_none());
        cache.insert(&key(1), sample.view());
        let facts = cache.find(&key(1), |found| {
            assert_eq!(found.payload, sample.payload.as_bytes());
            Some(*found.facts)
        });
        assert_eq!(facts, Some(sample.facts));
        let stats = cache.stats();
        assert_eq!((stats.hits, stats.misses, stats.stale, stats.insertions), (1, 1, 0, 1));
        assert_eq!((stats.entries, stats.evictions), (1, 0));
        assert!(stats.bytes > 0);
        assert!(!format!("{cache:?}").contains("spiffe"));
    }

    #[test]
    fn an_entry_that_is_worth_nothing_is_dropped() {
        let cache = Cache::new(100, 1 << 20);
        insert(&cache, 1, 1);
        assert!(cache.find(&key(1), |_| None::<()>).is_none());
        assert!(find(&cache, 1).is_none());
        let stats = cache.stats();
        assert_eq!((stats.hits, stats.misses, stats.stale, stats.entries), (0, 1, 1, 0));
    }

    #[test]
    fn nothing_of_either_is_off() {
        for (entries, bytes) in [(0, 1 << 20), (100, 0), (0, 0)] {
            let cache = Cache::new(entries, bytes);
            assert!(cache.is_off());
            insert(&cache, 1, 1);
            assert!(find(&cache, 1).is_none());
            cache.remove(&key(1));
            cache.clear();
            assert_eq!(cache.stats(), CacheStats::default());
        }
        let cache = Cache::new(1, 4_096);
        insert(&cache, 1, 1);
        insert(&cache, 2, 1);
        assert!(!cache.is_off() && find(&cache, 2).is_some());
        assert_eq!((cache.stats().entries, cache.stats().evictions), (1, 1));
    }

    #[test]
    fn an_unused_cache_has_made_no_tables() {
        let cache = Cache::new(4_096, 8 << 20);
        assert_eq!(cache.shards.len(), SHARDS);
        assert!(find(&cache, 1).is_none());
        assert_eq!(cache.stats().bytes, 0);
        insert(&cache, 1, 1);
        cache.clear();
        assert!(find(&cache, 1).is_none());
        assert_eq!((cache.stats().entries, cache.stats().bytes), (0, 0));
    }

    /// A taken lock, perhaps for ever: a forked child finds one that a thread of its parent had.
    #[test]
    fn nobody_waits_for_a_lock() {
        let cache = Cache::new(10, 1 << 20);
        insert(&cache, 1, 1);
        let reading = cache.shards[0].shard.read();
        assert_eq!(find(&cache, 1), Some(1));
        insert(&cache, 1, 2);
        drop(reading);
        assert_eq!(find(&cache, 1), Some(1));
        let writing = cache.shards[0].shard.write();
        assert_eq!(find(&cache, 1), None);
        insert(&cache, 2, 1);
        cache.remove(&key(1));
        drop(writing);
        assert_eq!((find(&cache, 1), find(&cache, 2)), (Some(1), None));
        assert_eq!((cache.stats().hits, cache.stats().misses), (3, 2));
    }

    #[test]
    fn a_cleared_cache_gives_nothing_whoever_holds_a_lock() {
        let cache = Cache::new(10, 1 << 20);
        insert(&cache, 1, 1);
        let reading = cache.shards[0].shard.read();
        cache.clear();
        assert_eq!((find(&cache, 1), cache.stats().entries), (None, 1));
        drop(reading);
        assert_eq!((find(&cache, 1), cache.stats().entries), (None, 0));
        assert_eq!((cache.stats().stale, cache.stats().hits), (2, 0));
        // What a verification inserts that began before the cache was cleared.
        let sample = Sample::new(1, 1);
        cache.insert(&key(1), sample.view());
        assert!(cache.find(&key(1), |_| Some(())).is_none());
        let facts = Facts { cache_epoch: cache.epoch(), ..sample.facts };
        cache.insert(&key(1), Remembered { facts: &facts, ..sample.view() });
        assert!(cache.find(&key(1), |_| Some(())).is_some());
    }

    /// The least-recently-used cache that this one is measured against.
    struct Lru(VecDeque<u64>, usize);

    impl Lru {
        fn ask(&mut self, number: u64) -> bool {
            let known = self.0.iter().position(|n| *n == number);
            known.map(|at| self.0.remove(at));
            self.0.push_back(number);
            if self.0.len() > self.1 {
                self.0.pop_front();
            }
            known.is_some()
        }
    }

    fn ask(cache: &Cache, number: u64) -> bool {
        let known = find(cache, number).is_some();
        if !known {
            insert(cache, number, 1);
        }
        known
    }

    #[test]
    fn a_scan_pushes_out_nobody_else() {
        let (cache, mut lru) = (Cache::new(1_024, 16 << 20), Lru(VecDeque::new(), 1_024));
        for _ in 0..4 {
            (0..400).for_each(|number| {
                ask(&cache, number);
                lru.ask(number);
            });
        }
        for number in 1_000..1_000 + 10 * 1_024 {
            assert!(!ask(&cache, number) && !lru.ask(number));
        }
        let left = (0..400).filter(|number| find(&cache, *number).is_some()).count();
        assert!(left >= 390, "{left} of 400 left");
        assert!(!(0..400).any(|number| lru.0.contains(&number)));
        assert!(cache.stats().entries <= 1_024 && cache.stats().evictions > 9_000);
    }

    /// Half of the requests bring a credential that never comes again, half one of 400 of unequal popularity.
    #[test]
    fn more_is_found_than_by_recency_where_much_comes_once() {
        let (cache, mut lru) = (Cache::new(100, 16 << 20), Lru(VecDeque::new(), 100));
        let (mut found, mut by_recency, mut random) = (0, 0, 1u64);
        for step in 0..40_000 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let popular = (random >> 8) % 400 * ((random >> 24) % 400) / 400;
            let number = if random % 2 == 0 { popular } else { 1_000 + step };
            found += u32::from(ask(&cache, number));
            by_recency += u32::from(lru.ask(number));
        }
        assert!(found * 10 > by_recency * 12, "{found} against {by_recency}");
    }

    #[test]
    fn threads_find_whole_entries_only() {
        let cache = Cache::new(200, 200 * 1_024);
        std::thread::scope(|scope| {
            for thread in 0..4u64 {
                let cache = &cache;
                scope.spawn(move || {
                    for step in 0..20_000u64 {
                        let number = (step * (thread + 1) * 7919) % 500;
                        match step % 50 {
                            0 => cache.remove(&key(number)),
                            7 if step % 5_000 == 7 => cache.clear(),
                            n if n % 3 == 0 => insert(cache, number, step),
                            _ => drop(find(cache, number)),
                        }
                    }
                });
            }
        });
        let stats = cache.stats();
        assert!(stats.entries <= 200 && stats.bytes <= 200 * 1_024, "{stats:?}");
        assert!(stats.hits > 0 && stats.insertions > 0);
    }

    #[derive(Clone, Debug)]
    enum Do {
        Insert(u64, u64),
        Find(u64),
        Refuse(u64),
        Remove(u64),
        Clear,
    }

    fn any_deed() -> impl Strategy<Value = Do> {
        prop_oneof![
            8 => (0..60u64, 0..100_000u64).prop_map(|(n, version)| Do::Insert(n, version)),
            8 => (0..60u64).prop_map(Do::Find),
            1 => (0..60u64).prop_map(Do::Refuse),
            1 => (0..60u64).prop_map(Do::Remove),
            1 => Just(Do::Clear),
        ]
    }

    proptest! {
        /// Against a map: never anything else than what went in last under the key, and nothing is missing where
        /// there is room for all.
        #[test]
        fn it_is_a_map_that_forgets(
            deeds in proptest::collection::vec(any_deed(), 1..300),
            entries in prop_oneof![1..200usize, Just(4_096)],
            bytes in prop_oneof![1..200_000usize, Just(8 << 20)],
        ) {
            let (cache, mut map) = (Cache::new(entries, bytes), HashMap::new());
            let roomy = entries == 4_096 && bytes == 8 << 20;
            for deed in deeds {
                match deed {
                    Do::Insert(n, version) => {
                        insert(&cache, n, version);
                        // One that is too large leaves what was there.
                        if find(&cache, n) == Some(version) {
                            map.insert(n, version);
                        }
                    }
                    Do::Find(n) => {
                        let found = find(&cache, n);
                        prop_assert!(found.is_none() || found == map.get(&n).copied());
                        prop_assert!(!roomy || found == map.get(&n).copied());
                    }
                    Do::Refuse(n) => {
                        let _ = cache.find(&key(n), |_| None::<()>);
                        map.remove(&n);
                    }
                    Do::Remove(n) => {
                        cache.remove(&key(n));
                        map.remove(&n);
                    }
                    Do::Clear => {
                        cache.clear();
                        map.clear();
                    }
                }
                let stats = cache.stats();
                prop_assert!(stats.entries <= entries as u64 && stats.bytes <= bytes as u64);
                prop_assert!(!roomy || stats.entries == map.len() as u64);
            }
        }
    }
}

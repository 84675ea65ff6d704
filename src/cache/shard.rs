//! One shard of the cache: a slab of records, found by hash, evicted by S3-FIFO.
//!
//! New entries pass through a small queue; only those that are found again there, or soon after they have left it, get
//! into the main one. A scan of credentials that come once thus pushes out each other and nobody else ("FIFO queues
//! are all you need for cache eviction", SOSP 2023). A look-up changes one counter and no order, so it needs no
//! exclusive lock. Tables are made by the first insertion; then the storage of what leaves serves what comes.

use super::{CacheKey, Facts, Remembered};
use crate::wire::json::Node;
use core::mem::size_of;
use core::sync::atomic::{AtomicU8, Ordering};

const NONE: u32 = u32::MAX;
/// More hits than this make no difference.
const MOST_HITS: u8 = 3;
/// The small queue's share of the whole: a tenth.
const SMALL_SHARE: usize = 10;
/// Storage is set aside in such steps, so that most entries fit into what another one has left.
const STEP: usize = 256;

/// Which queue a record stands in. Every record stands in one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Free,
    Small,
    Main,
}

/// A queue through the records, the oldest first.
#[derive(Clone, Copy)]
struct Queue {
    first: u32,
    last: u32,
    len: usize,
    /// What the storage of its records takes.
    bytes: usize,
}

/// What an entry keeps beyond its facts: overwritten before it goes.
#[derive(Default)]
struct Storage {
    /// Identity, internal identity, payload.
    text: Vec<u8>,
    nodes: Vec<Node>,
    /// Where the internal identity and the payload begin.
    cuts: [usize; 2],
}

struct Record {
    key: CacheKey,
    hash: u64,
    /// None while the record is free.
    facts: Option<Facts>,
    hits: AtomicU8,
    storage: Storage,
    place: Place,
    newer: u32,
    older: u32,
    /// The next record of the same bucket.
    chained: u32,
}

/// Keys that left the small queue not long ago. A hash overwrites another one that falls on its place.
#[derive(Default)]
struct Ghost {
    /// Hashes, and the count of departures at which each was written; zero is no hash.
    left: Vec<(u64, u64)>,
    departures: u64,
}

pub(super) struct Shard {
    most_entries: usize,
    most_bytes: usize,
    records: Vec<Record>,
    /// The first record of each bucket.
    buckets: Vec<u32>,
    free: Queue,
    small: Queue,
    main: Queue,
    ghost: Ghost,
}

impl Shard {
    pub(super) fn new(most_entries: usize, most_bytes: usize) -> Self {
        Self {
            most_entries: most_entries.min(NONE as usize),
            most_bytes,
            records: Vec::new(),
            buckets: Vec::new(),
            free: Queue::EMPTY,
            small: Queue::EMPTY,
            main: Queue::EMPTY,
            ghost: Ghost::default(),
        }
    }

    pub(super) fn entries(&self) -> usize {
        self.small.len + self.main.len
    }

    /// Set aside for entries, those that have left included.
    pub(super) fn bytes(&self) -> usize {
        self.free.bytes + self.small.bytes + self.main.bytes
    }

    /// The entry of `key`, which counts as found.
    pub(super) fn find(&self, hash: u64, key: &CacheKey) -> Option<Remembered<'_>> {
        let record = self.record(self.position(hash, key)?);
        let hits = record.hits.load(Ordering::Relaxed);
        if hits < MOST_HITS {
            // Of two hits at once one may be lost.
            record.hits.store(hits + 1, Ordering::Relaxed);
        }
        record.storage.view(record.facts.as_ref()?)
    }

    /// Takes an entry in; how many had to go for it, or none if it is too large.
    pub(super) fn insert(&mut self, hash: u64, key: &CacheKey, entry: Remembered<'_>) -> Option<u64> {
        let needed = Storage::needed(entry);
        if self.most_entries == 0 || needed > self.most_bytes {
            return None;
        }
        self.remove(hash, key);
        self.make_tables();
        let mut evictions = 0;
        while self.entries() >= self.most_entries
            || self.small.bytes + self.main.bytes + needed > self.most_bytes
        {
            if !self.evict() {
                return None;
            }
            evictions += 1;
        }
        let at = self.take_free(entry);
        let place = if self.ghost.take(hash) { Place::Main } else { Place::Small };
        let fair = self.fair();
        let record = self.record_mut(at);
        (record.key, record.hash, record.facts) = (*key, hash, Some(*entry.facts));
        *record.hits.get_mut() = 0;
        record.storage.fill(entry, fair);
        self.chain(at);
        self.push(at, place);
        Some(evictions)
    }

    /// Forgets the entry of `key`. If that was a popular one it will be again.
    pub(super) fn remove(&mut self, hash: u64, key: &CacheKey) {
        if let Some(at) = self.position(hash, key) {
            if self.record(at).place == Place::Main {
                self.ghost.add(hash);
            }
            self.vacate(at);
        }
    }

    /// Forgets everything and gives all storage back.
    pub(super) fn clear(&mut self) {
        *self = Self::new(self.most_entries, self.most_bytes);
    }

    /// Evicts one entry; false if there is none.
    fn evict(&mut self) -> bool {
        loop {
            let small = &self.small;
            let over = small.len > self.most_entries / SMALL_SHARE
                || small.bytes > self.most_bytes / SMALL_SHARE
                || self.main.len == 0;
            let at = if over && small.len > 0 { small.first } else { self.main.first };
            if at == NONE {
                return false;
            }
            let record = self.record_mut(at);
            let (place, hash) = (record.place, record.hash);
            match (place, record.hits.get_mut()) {
                (Place::Small, hits) if *hits > 1 => *hits = 0,
                (Place::Main, hits) if *hits > 0 => *hits -= 1,
                _ => {
                    if place == Place::Small {
                        self.ghost.add(hash);
                    }
                    self.vacate(at);
                    return true;
                }
            }
            self.unlink(at);
            self.push(at, Place::Main);
        }
    }

    /// A free record out of its queue, whose storage can be filled.
    fn take_free(&mut self, entry: Remembered<'_>) -> u32 {
        let at = match self.free.last {
            NONE => self.add_record(),
            newest => newest,
        };
        // Room was made, but what has left may still hold some of it.
        if self.bytes_with(entry, at) > self.most_bytes {
            let mut other = self.free.first;
            while other != at {
                self.give_back(other);
                other = self.record(other).newer;
            }
            if self.bytes_with(entry, at) > self.most_bytes {
                self.give_back(at);
            }
        }
        self.unlink(at);
        at
    }

    /// What will be set aside once the free record `at` holds the entry.
    fn bytes_with(&self, entry: Remembered<'_>, at: u32) -> usize {
        let storage = &self.record(at).storage;
        self.bytes() - storage.bytes() + storage.bytes_with(entry, self.fair())
    }

    /// Gives the storage of a free record back.
    fn give_back(&mut self, at: u32) {
        let storage = core::mem::take(&mut self.record_mut(at).storage);
        self.free.bytes -= storage.bytes();
    }

    /// An entry's share of the bytes.
    fn fair(&self) -> usize {
        self.most_bytes / self.most_entries.max(1)
    }

    fn add_record(&mut self) -> u32 {
        let at = u32::try_from(self.records.len()).unwrap_or(NONE);
        self.records.push(Record {
            key: [0; 32],
            hash: 0,
            facts: None,
            hits: AtomicU8::new(0),
            storage: Storage::default(),
            place: Place::Free,
            newer: NONE,
            older: NONE,
            chained: NONE,
        });
        self.push(at, Place::Free);
        at
    }

    fn make_tables(&mut self) {
        if self.buckets.is_empty() {
            let buckets = self.most_entries.next_power_of_two();
            self.records.reserve_exact(self.most_entries);
            self.buckets = vec![NONE; buckets];
            self.ghost.left = vec![(0, 0); buckets];
        }
    }

    /// Overwrites an entry; its record and storage are free.
    fn vacate(&mut self, at: u32) {
        self.unchain(at);
        self.unlink(at);
        let record = self.record_mut(at);
        record.facts = None;
        record.storage.wipe();
        self.push(at, Place::Free);
    }
}

/// The links between records. Every number of a record in a link is below the length of the slab.
impl Shard {
    fn record(&self, at: u32) -> &Record {
        &self.records[at as usize]
    }

    fn record_mut(&mut self, at: u32) -> &mut Record {
        &mut self.records[at as usize]
    }

    fn queue(&mut self, place: Place) -> &mut Queue {
        match place {
            Place::Free => &mut self.free,
            Place::Small => &mut self.small,
            Place::Main => &mut self.main,
        }
    }

    fn push(&mut self, at: u32, place: Place) {
        let older = self.queue(place).last;
        let record = self.record_mut(at);
        (record.place, record.older, record.newer) = (place, older, NONE);
        let bytes = record.storage.bytes();
        match older {
            NONE => self.queue(place).first = at,
            older => self.record_mut(older).newer = at,
        }
        let queue = self.queue(place);
        (queue.last, queue.len, queue.bytes) = (at, queue.len + 1, queue.bytes + bytes);
    }

    fn unlink(&mut self, at: u32) {
        let record = self.record(at);
        let (place, older, newer, bytes) = (record.place, record.older, record.newer, record.storage.bytes());
        match older {
            NONE => self.queue(place).first = newer,
            older => self.record_mut(older).newer = newer,
        }
        match newer {
            NONE => self.queue(place).last = older,
            newer => self.record_mut(newer).older = older,
        }
        let queue = self.queue(place);
        (queue.len, queue.bytes) = (queue.len - 1, queue.bytes - bytes);
    }

    fn bucket(&self, hash: u64) -> usize {
        usize::try_from(hash & 0xffff_ffff).unwrap_or_default() & self.buckets.len().wrapping_sub(1)
    }

    fn position(&self, hash: u64, key: &CacheKey) -> Option<u32> {
        let mut at = *self.buckets.get(self.bucket(hash))?;
        while at != NONE {
            let record = self.record(at);
            if record.hash == hash && record.key == *key {
                return Some(at);
            }
            at = record.chained;
        }
        None
    }

    fn chain(&mut self, at: u32) {
        let bucket = self.bucket(self.record(at).hash);
        self.record_mut(at).chained = core::mem::replace(&mut self.buckets[bucket], at);
    }

    fn unchain(&mut self, at: u32) {
        let Record { hash, chained, .. } = *self.record(at);
        let bucket = self.bucket(hash);
        let mut before = self.buckets[bucket];
        if before == at {
            self.buckets[bucket] = chained;
            return;
        }
        while before != NONE {
            let record = self.record_mut(before);
            if record.chained == at {
                record.chained = chained;
                return;
            }
            before = record.chained;
        }
    }
}

impl Queue {
    const EMPTY: Self = Self { first: NONE, last: NONE, len: 0, bytes: 0 };
}

impl Storage {
    /// What an entry takes in new storage.
    fn needed(entry: Remembered<'_>) -> usize {
        let [text, nodes] = Self::sizes(entry);
        text + nodes * size_of::<Node>()
    }

    /// Bytes of text and number of nodes, each rounded up.
    fn sizes(entry: Remembered<'_>) -> [usize; 2] {
        let text = entry.identity.len() + entry.internal_identity.len() + entry.payload.len();
        [text.next_multiple_of(STEP), entry.nodes.len().next_multiple_of(STEP / size_of::<Node>())]
    }

    fn bytes(&self) -> usize {
        self.text.capacity() + self.nodes.capacity() * size_of::<Node>()
    }

    /// What the storage takes once it holds the entry.
    fn bytes_with(&self, entry: Remembered<'_>, fair: usize) -> usize {
        let [text, nodes] = self.capacities(entry, fair);
        text + nodes * size_of::<Node>()
    }

    /// Which capacities suit the entry; those it has, if they can stay.
    fn capacities(&self, entry: Remembered<'_>, fair: usize) -> [usize; 2] {
        let [text, nodes] = Self::sizes(entry);
        let fair = fair / 2;
        [
            refit(self.text.capacity(), text, fair),
            refit(self.nodes.capacity(), nodes, fair / size_of::<Node>()),
        ]
    }

    /// Copies the entry in. The storage is empty or wiped.
    fn fill(&mut self, entry: Remembered<'_>, fair: usize) {
        let [text, nodes] = self.capacities(entry, fair);
        if text != self.text.capacity() {
            self.text = Vec::with_capacity(text);
        }
        if nodes != self.nodes.capacity() {
            self.nodes = Vec::with_capacity(nodes);
        }
        self.text.clear();
        self.text.extend_from_slice(entry.identity.as_bytes());
        self.text.extend_from_slice(entry.internal_identity.as_bytes());
        self.text.extend_from_slice(entry.payload);
        let internal_at = entry.identity.len();
        self.cuts = [internal_at, internal_at + entry.internal_identity.len()];
        self.nodes.extend_from_slice(entry.nodes);
    }

    fn view<'a>(&'a self, facts: &'a Facts) -> Option<Remembered<'a>> {
        let (texts, payload) = self.text.split_at_checked(self.cuts[1])?;
        let (identity, internal_identity) =
            core::str::from_utf8(texts).ok()?.split_at_checked(self.cuts[0])?;
        Some(Remembered { facts, identity, internal_identity, payload, nodes: &self.nodes })
    }

    /// Overwrites the text; its zeros stay where they are.
    fn wipe(&mut self) {
        self.text.fill(0);
        self.nodes.clear();
        self.cuts = [0; 2];
    }
}

/// The capacity for `needed` elements where there is one for `present`. One that is too small is replaced, and so is one
/// that is much too large, lest a few large entries make everybody's room small for ever; a `fair` one never is.
fn refit(present: usize, needed: usize, fair: usize) -> usize {
    if (needed..=fair.max(2 * needed)).contains(&present) { present } else { needed }
}

impl Drop for Storage {
    fn drop(&mut self) {
        self.wipe();
        // The compiler must not find out that nobody reads the zeros.
        core::hint::black_box(&self.text);
    }
}

impl Ghost {
    fn add(&mut self, hash: u64) {
        self.departures += 1;
        let departure = self.departures;
        if let Some(place) = self.place(hash) {
            *place = (hash, departure);
        }
    }

    /// Whether the key left recently, as many departures ago as there are places at most; it is then forgotten here.
    fn take(&mut self, hash: u64) -> bool {
        let oldest = self.departures.saturating_sub(self.left.len() as u64) + 1;
        let Some(place) = self.place(hash) else { return false };
        let known = place.0 == hash && place.1 >= oldest;
        if known {
            *place = (0, 0);
        }
        known
    }

    fn place(&mut self, hash: u64) -> Option<&mut (u64, u64)> {
        let mask = self.left.len().checked_sub(1)?;
        self.left.get_mut(usize::try_from(hash & 0xffff_ffff).ok()? & mask)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::tests::{Sample, key};
    use proptest::prelude::*;
    use std::collections::HashSet;

    /// Everything that holds between two calls.
    fn check(shard: &Shard) {
        let mut seen = HashSet::new();
        for (place, queue) in
            [(Place::Free, shard.free), (Place::Small, shard.small), (Place::Main, shard.main)]
        {
            let (mut at, mut older, mut bytes, mut len) = (queue.first, NONE, 0, 0);
            while at != NONE {
                let record = shard.record(at);
                assert!(seen.insert(at) && record.place == place && record.older == older);
                assert_eq!(record.facts.is_none(), place == Place::Free);
                match place {
                    Place::Free => assert!(record.storage.text.iter().all(|b| *b == 0)),
                    _ => assert_eq!(shard.position(record.hash, &record.key), Some(at)),
                }
                (bytes, len) = (bytes + record.storage.bytes(), len + 1);
                (older, at) = (at, record.newer);
            }
            assert_eq!((queue.last, queue.bytes, queue.len), (older, bytes, len));
        }
        assert_eq!(seen.len(), shard.records.len());
        let mut chained = 0;
        for first in &shard.buckets {
            let mut at = *first;
            while at != NONE {
                (chained, at) = (chained + 1, shard.record(at).chained);
            }
        }
        assert_eq!(chained, shard.entries());
        assert!(shard.entries() <= shard.most_entries && shard.bytes() <= shard.most_bytes);
    }

    fn insert(shard: &mut Shard, number: u64, sample: &Sample) -> Option<u64> {
        shard.insert(number, &key(number), sample.view())
    }

    fn has(shard: &Shard, number: u64) -> bool {
        shard.find(number, &key(number)).is_some()
    }

    #[test]
    fn a_record_is_as_small_as_the_documentation_says() {
        assert!(size_of::<Record>() < 512, "{}", size_of::<Record>());
    }

    #[test]
    fn hashes_that_collide_are_told_apart_by_their_keys() {
        let mut shard = Shard::new(8, 1 << 20);
        for number in 0..8 {
            shard.insert(7, &key(number), Sample::new(number, 10).view());
            check(&shard);
        }
        let found = |shard: &Shard, number| shard.find(7, &key(number)).map(|entry| entry.facts.generation);
        assert!((0..8).all(|number| found(&shard, number) == Some(number)));
        assert_eq!(found(&shard, 8), None);
        for gone in [7, 0, 3] {
            shard.remove(7, &key(gone));
            check(&shard);
            assert_eq!(found(&shard, gone), None);
        }
        assert!([1, 2, 4, 5, 6].into_iter().all(|number| found(&shard, number) == Some(number)));
    }

    /// Ten places, one of them the small queue's. What is found twice there moves on; what is found once does not.
    #[test]
    fn two_hits_are_what_the_main_queue_takes() {
        let mut shard = Shard::new(10, 1 << 20);
        (0..10).for_each(|number| assert_eq!(insert(&mut shard, number, &Sample::new(number, 10)), Some(0)));
        assert!(has(&shard, 0) && has(&shard, 1) && has(&shard, 1));
        for number in 10..100 {
            assert_eq!(insert(&mut shard, number, &Sample::new(number, 10)), Some(1));
            check(&shard);
        }
        assert_eq!([0, 1, 2, 99].map(|number| has(&shard, number)), [false, true, false, true]);
    }

    #[test]
    fn what_comes_again_soon_after_it_left_is_popular() {
        let mut shard = Shard::new(10, 1 << 20);
        (0..11).for_each(|number| assert!(insert(&mut shard, number, &Sample::new(number, 10)).is_some()));
        assert!(!has(&shard, 0));
        insert(&mut shard, 0, &Sample::new(0, 10));
        (11..200).for_each(|number| assert!(insert(&mut shard, number, &Sample::new(number, 10)).is_some()));
        assert!(has(&shard, 0) && !has(&shard, 1));
        // Too long ago.
        insert(&mut shard, 1, &Sample::new(1, 10));
        (200..400).for_each(|number| assert!(insert(&mut shard, number, &Sample::new(number, 10)).is_some()));
        assert!(has(&shard, 0) && !has(&shard, 1));
    }

    #[test]
    fn an_entry_that_is_refused_keeps_its_standing() {
        let mut shard = Shard::new(10, 1 << 20);
        insert(&mut shard, 0, &Sample::new(0, 10));
        assert!(has(&shard, 0) && has(&shard, 0));
        (1..50).for_each(|number| assert!(insert(&mut shard, number, &Sample::new(number, 10)).is_some()));
        shard.remove(0, &key(0));
        assert!(!has(&shard, 0));
        insert(&mut shard, 0, &Sample::new(0, 10));
        (50..100).for_each(|number| assert!(insert(&mut shard, number, &Sample::new(number, 10)).is_some()));
        assert!(has(&shard, 0));
    }

    fn storage(shard: &Shard) -> HashSet<[usize; 2]> {
        let place =
            |record: &Record| [record.storage.text.as_ptr().addr(), record.storage.nodes.as_ptr().addr()];
        shard.records.iter().map(place).collect()
    }

    /// Full of entries, and full of bytes (512 of text and 256 of nodes each): what leaves makes place for what comes.
    #[test]
    fn a_full_shard_allocates_nothing() {
        for (most_entries, most_bytes) in [(20, 1 << 20), (1_000, 20 * 768)] {
            let mut shard = Shard::new(most_entries, most_bytes);
            (0..50)
                .for_each(|number| assert!(insert(&mut shard, number, &Sample::new(number, 300)).is_some()));
            let before = storage(&shard);
            assert_eq!(before.len(), 20);
            for number in 50..1_000 {
                // Not all of one size, but of one step.
                let padding = 280 + usize::try_from(number % 40).unwrap();
                assert_eq!(insert(&mut shard, number, &Sample::new(number, padding)), Some(1));
            }
            assert_eq!(storage(&shard), before);
            check(&shard);
        }
    }

    #[test]
    fn large_entries_do_not_make_the_room_small_for_ever() {
        let mut shard = Shard::new(64, 128 * 1_024);
        for number in 0..64 {
            assert!(insert(&mut shard, number, &Sample::new(number, 12_000)).is_some());
            check(&shard);
        }
        assert!(shard.entries() < 12, "{}", shard.entries());
        for number in 64..256 {
            assert!(insert(&mut shard, number, &Sample::new(number, 300)).is_some());
            check(&shard);
        }
        assert_eq!(shard.entries(), 64);
    }

    #[test]
    fn an_entry_larger_than_the_shard_is_left_out() {
        let mut shard = Shard::new(4, 4_096);
        assert_eq!(insert(&mut shard, 1, &Sample::new(1, 100)), Some(0));
        assert_eq!(insert(&mut shard, 2, &Sample::new(2, 4_096)), None);
        assert!(has(&shard, 1) && !has(&shard, 2));
        assert!(insert(&mut shard, 3, &Sample::new(3, 3_000)).is_some());
        check(&shard);
    }

    #[test]
    fn what_leaves_is_overwritten() {
        let mut shard = Shard::new(2, 1 << 20);
        insert(&mut shard, 1, &Sample::new(1, 100));
        let filled = shard.records[0].storage.text.len();
        assert!(filled > 100 && shard.records[0].storage.text.iter().all(|b| *b != 0));
        shard.remove(1, &key(1));
        let storage = &shard.records[0].storage;
        assert!(storage.text.len() == filled && storage.text.iter().all(|b| *b == 0));
        assert!(storage.nodes.is_empty() && shard.records[0].facts.is_none());
    }

    #[derive(Clone, Debug)]
    enum Do {
        Insert(u64, usize),
        Find(u64),
        Remove(u64),
        Clear,
    }

    fn any_deed() -> impl Strategy<Value = Do> {
        prop_oneof![
            8 => (0..40u64, prop_oneof![9 => 0..900usize, 1 => 0..9_000usize]).prop_map(|(n, size)| Do::Insert(n, size)),
            8 => (0..40u64).prop_map(Do::Find),
            3 => (0..40u64).prop_map(Do::Remove),
            1 => Just(Do::Clear),
        ]
    }

    proptest! {
        /// Whatever is asked of it, in whatever order, with however few hashes.
        #[test]
        fn the_links_and_the_bounds_hold(
            deeds in proptest::collection::vec(any_deed(), 1..200),
            most_entries in 1..30usize,
            most_bytes in 1..20_000usize,
            hashes in 1..40u64,
        ) {
            let mut shard = Shard::new(most_entries, most_bytes);
            for deed in deeds {
                match deed {
                    Do::Insert(n, size) => {
                        shard.insert(n % hashes, &key(n), Sample::new(n, size).view());
                    }
                    Do::Find(n) => {
                        let found = shard.find(n % hashes, &key(n)).map(|entry| entry.facts.generation);
                        prop_assert!(found.is_none_or(|generation| generation == n));
                    }
                    Do::Remove(n) => {
                        shard.remove(n % hashes, &key(n));
                        prop_assert!(shard.find(n % hashes, &key(n)).is_none());
                    }
                    Do::Clear => shard.clear(),
                }
                check(&shard);
            }
        }
    }
}

//! The member names of large objects of one document, indexed by a hash under a random key.
//!
//! Whoever writes a document cannot choose names whose hashes are equal, so finding a duplicate costs
//! what finding none does. The storage is reused.

use core::hash::BuildHasher;
use std::collections::hash_map::{DefaultHasher, RandomState};

/// Slots of the smallest index.
const SMALLEST: usize = 64;
const FREE: u32 = u32::MAX;

#[derive(Clone, Copy)]
struct Entry {
    hash: u64,
    object: u32,
    name: u32,
}

/// An open-addressing index; at most half of the slots are taken.
#[derive(Default)]
pub(super) struct Names {
    key: RandomState,
    entries: Vec<Entry>,
    /// Positions in `entries`, or `FREE`.
    slots: Vec<u32>,
}

impl Names {
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.slots.clear();
    }

    /// What a name is hashed with.
    pub(super) fn hasher(&self) -> DefaultHasher {
        self.key.build_hasher()
    }

    /// The names of `object` with this hash: all but never at most one.
    pub(super) fn of(&self, object: u32, hash: u64) -> impl Iterator<Item = u32> {
        let taken = |slot: usize| self.slots.get(slot).and_then(|at| self.entries.get(*at as usize));
        self.path(hash)
            .map_while(taken)
            .filter(move |entry| entry.hash == hash && entry.object == object)
            .map(|entry| entry.name)
    }

    pub(super) fn insert(&mut self, object: u32, hash: u64, name: u32) {
        self.entries.push(Entry { hash, object, name });
        if self.entries.len() * 2 <= self.slots.len() {
            self.place(self.entries.len() - 1);
            return;
        }
        let larger = SMALLEST.max(self.slots.len() * 2);
        self.slots.clear();
        self.slots.resize(larger, FREE);
        (0..self.entries.len()).for_each(|at| self.place(at));
    }

    fn place(&mut self, at: usize) {
        let free = self.path(self.entries[at].hash).find(|slot| self.slots[*slot] == FREE);
        if let (Some(slot), Ok(at)) = (free, u32::try_from(at)) {
            self.slots[slot] = at;
        }
    }

    /// Every slot once, from the hash's own onward.
    fn path(&self, hash: u64) -> impl Iterator<Item = usize> + use<> {
        let slots = self.slots.len();
        let mask = slots.wrapping_sub(1);
        let first = usize::try_from(hash & 0xffff_ffff).unwrap_or_default();
        (0..slots).map(move |step| first.wrapping_add(step) & mask)
    }
}

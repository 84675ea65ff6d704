//! One pass over a document: its grammar, its bounds, its names.
//!
//! What is common is inlined, and what is rare gets copies and never the reader itself: so its place and its counts
//! stay in registers.

use super::{Kind, Limits, Node, Str, Tape};
use crate::verdict::Reason;
use crate::wire::names::Names;
use crate::wire::{numeric_date, scan};
use core::hash::Hasher;
use core::mem;
use core::ops::Range;

/// Members up to which a new name is compared with each before it; beyond, they are indexed.
const FEW: u32 = 16;

/// Spreads tags over the top bits of a product: 2^32 divided by the golden ratio.
const SPREAD: u32 = 0x9e37_79b9;

/// Masks the first so many of four bytes.
const FIRST: [u32; 5] = [0, 0xff, 0xffff, 0xff_ffff, u32::MAX];

#[cfg(test)]
std::thread_local! {
    /// How often names were compared in full.
    pub(super) static COMPARISONS: core::cell::Cell<usize> = const { core::cell::Cell::new(0) };
}

/// A container that is being read, or the document.
#[derive(Clone, Copy)]
pub(super) struct Open {
    pub(super) node: u32,
    kind: Kind,
    members: u32,
    /// A bit for each of the names' tags, one of 64.
    tags: u64,
}

const DOCUMENT: Open = Open { node: 0, kind: Kind::Null, members: 0, tags: 0 };

/// Reads `text`, of fewer than 2^32 bytes, onto an empty tape.
pub(super) fn read(tape: &mut Tape, text: &str, limits: Limits) -> Result<(), Reason> {
    scan::mark_specials(text.as_bytes(), &mut tape.marks);
    let mut reader = Reader {
        cursor: Cursor { text, marks: &tape.marks, at: 0 },
        nodes: mem::take(&mut tape.nodes),
        count: 0,
        members: 0,
        limits,
        top: DOCUMENT,
        outer: &mut tape.open,
        names: &mut tape.names,
    };
    let read = reader.document();
    let Reader { nodes, count, top, .. } = reader;
    (tape.nodes, tape.count) = (nodes, count as usize);
    if read.is_err() {
        tape.open.push(top);
    }
    read
}

struct Reader<'t> {
    cursor: Cursor<'t>,
    nodes: Vec<Node>,
    /// How many nodes are the document's.
    count: u32,
    members: usize,
    limits: Limits,
    /// The innermost container, and those around it from the document on.
    top: Open,
    outer: &'t mut Vec<Open>,
    names: &'t mut Names,
}

impl Reader<'_> {
    #[inline]
    fn document(&mut self) -> Result<(), Reason> {
        self.cursor.space();
        if self.cursor.peek() != Some(b'{') {
            return Err(Reason::InvalidJson);
        }
        loop {
            if self.top.kind == Kind::Object {
                self.name()?;
            }
            let opened = self.value()?;
            if !opened && self.is_at_end()? {
                break;
            }
        }
        self.cursor.space();
        if self.cursor.peek().is_none() { Ok(()) } else { Err(Reason::InvalidJson) }
    }

    /// Reads a scalar or an empty container, or opens another container: whether it did.
    #[inline]
    fn value(&mut self) -> Result<bool, Reason> {
        self.cursor.space();
        let start = self.cursor.at;
        let kind = match self.cursor.peek().ok_or(Reason::InvalidJson)? {
            b'"' => {
                let (text, escaped) = self.cursor.string()?;
                self.push(Kind::String, text, escaped, None);
                return Ok(false);
            }
            bracket @ (b'{' | b'[') => return self.open(bracket),
            b't' => self.cursor.literal(b"true", Kind::True)?,
            b'f' => self.cursor.literal(b"false", Kind::False)?,
            b'n' => self.cursor.literal(b"null", Kind::Null)?,
            _ => self.cursor.number()?,
        };
        self.push(kind, start..self.cursor.at, false, None);
        Ok(false)
    }

    /// After a value: takes a comma, or closes containers; whether the document is closed.
    #[inline]
    fn is_at_end(&mut self) -> Result<bool, Reason> {
        while !self.outer.is_empty() {
            self.cursor.space();
            match (self.cursor.bump(), self.top.kind) {
                (Some(b','), _) => return Ok(false),
                (Some(b'}'), Kind::Object) | (Some(b']'), Kind::Array) => self.close(),
                _ => return Err(Reason::InvalidJson),
            }
        }
        Ok(true)
    }

    #[inline]
    fn open(&mut self, bracket: u8) -> Result<bool, Reason> {
        if self.outer.len() >= self.limits.depth {
            return Err(Reason::JsonTooDeep);
        }
        let start = self.cursor.at;
        self.cursor.at += 1;
        self.cursor.space();
        let kind = if bracket == b'{' { Kind::Object } else { Kind::Array };
        let is_empty = self.cursor.skip(bracket + 2); // as ASCII has the brackets
        let node = self.push(kind, start..self.cursor.at, false, None);
        if !is_empty {
            self.outer.push(self.top);
            self.top = Open { node, kind, members: 0, tags: 0 };
        }
        Ok(!is_empty)
    }

    /// Ends the innermost container, behind its bracket.
    #[inline]
    fn close(&mut self) {
        let node = &mut self.nodes[self.top.node as usize];
        (node.end, node.next) = (self.cursor.at, self.count);
        self.top = self.outer.pop().unwrap_or(DOCUMENT);
    }

    #[inline]
    fn name(&mut self) -> Result<(), Reason> {
        self.cursor.space();
        if self.cursor.peek() != Some(b'"') {
            return Err(Reason::InvalidJson);
        }
        self.members += 1;
        if self.members > self.limits.members {
            return Err(Reason::InputTooLarge);
        }
        let (text, escaped) = self.cursor.string()?;
        let tag = self.cursor.tag(&text, escaped);
        let name = self.push(Kind::String, text, escaped, Some(tag));
        if !self.is_new(name, tag) {
            return Err(Reason::JsonDuplicateMember);
        }
        self.cursor.space();
        if self.cursor.skip(b':') { Ok(()) } else { Err(Reason::InvalidJson) }
    }

    /// Adds a name, with its tag, or a value.
    #[inline]
    fn push(&mut self, kind: Kind, text: Range<u32>, escaped: bool, tag: Option<u32>) -> u32 {
        let index = self.count;
        self.count += 1;
        if index as usize >= self.nodes.len() {
            self.nodes = grown(mem::take(&mut self.nodes));
        }
        let next = tag.unwrap_or(self.count);
        self.nodes[index as usize] = Node { kind, escaped, start: text.start, end: text.end, next };
        index
    }

    /// Counts a member of the innermost container; whether no other of it has this name.
    #[inline]
    fn is_new(&mut self, name: u32, tag: u32) -> bool {
        let Open { node, members: earlier, tags, .. } = self.top;
        let bit = 1 << (tag.wrapping_mul(SPREAD) >> 26);
        self.top.members += 1;
        self.top.tags |= bit;
        if earlier < FEW && tags & bit == 0 {
            return true;
        }
        let before = Before { text: self.cursor.text, nodes: &self.nodes, object: node };
        if earlier < FEW {
            before.is_new_among_few(name)
        } else {
            before.is_new_among_many(name, earlier, self.names)
        }
    }
}

/// Makes room for more nodes.
#[cold]
fn grown(mut nodes: Vec<Node>) -> Vec<Node> {
    nodes.resize(32.max(nodes.len() * 2), Node::NONE);
    nodes
}

/// What has been read of an object.
#[derive(Clone, Copy)]
struct Before<'t> {
    text: &'t str,
    nodes: &'t [Node],
    object: u32,
}

impl Before<'_> {
    fn is_new_among_few(self, name: u32) -> bool {
        let tag = self.nodes[name as usize].next;
        !self.names(name).any(|at| self.nodes[at as usize].next == tag && self.is_same(at, name))
    }

    fn is_new_among_many(self, name: u32, earlier: u32, names: &mut Names) -> bool {
        if earlier == FEW {
            self.names(name).for_each(|at| names.insert(self.object, self.keyed_hash(at, names), at));
        }
        let hash = self.keyed_hash(name, names);
        if names.of(self.object, hash).any(|known| self.is_same(known, name)) {
            return false;
        }
        names.insert(self.object, hash, name);
        true
    }

    /// The object's names before this one.
    fn names(self, before: u32) -> impl Iterator<Item = u32> {
        let name = move |at: u32| (at < before).then_some(at);
        core::iter::successors(name(self.object + 1), move |at| name(self.nodes[*at as usize + 1].next))
    }

    fn keyed_hash(self, name: u32, names: &Names) -> u64 {
        let mut hasher = names.hasher();
        self.str_of(name).chars().for_each(|c| hasher.write_u32(c.into()));
        hasher.finish()
    }

    fn is_same(self, one: u32, other: u32) -> bool {
        #[cfg(test)]
        COMPARISONS.set(COMPARISONS.get() + 1);
        self.str_of(one) == self.str_of(other)
    }

    fn str_of(&self, index: u32) -> Str<'_> {
        let node = self.nodes[index as usize];
        // Never empty for that reason: quotes are ASCII.
        let raw = self.text.get(node.start as usize..node.end as usize).unwrap_or_default();
        Str { raw, escaped: node.escaped }
    }
}

/// A place in a text.
#[derive(Clone, Copy)]
struct Cursor<'t> {
    /// Fewer than 2^32 bytes.
    text: &'t str,
    /// Of [`scan::mark_specials`].
    marks: &'t [u64],
    at: u32,
}

impl Cursor<'_> {
    /// Reads a string from its quote on: where its text is, and whether that holds an escape.
    #[inline]
    fn string(&mut self) -> Result<(Range<u32>, bool), Reason> {
        let start = self.at + 1;
        self.at = scan::next_marked(self.marks, start).ok_or(Reason::InvalidJson)?;
        let escaped = self.peek() != Some(b'"');
        if escaped {
            self.at = self.end_of_escaped()?;
        }
        self.at += 1;
        Ok((start..self.at - 1, escaped))
    }

    /// The closing quote of a string, from within it.
    #[cold]
    fn end_of_escaped(mut self) -> Result<u32, Reason> {
        loop {
            match self.bump().ok_or(Reason::InvalidJson)? {
                b'"' => return Ok(self.at - 1),
                b'\\' => self.escape()?,
                _ => return Err(Reason::InvalidJson),
            }
            self.at = scan::next_marked(self.marks, self.at).ok_or(Reason::InvalidJson)?;
        }
    }

    fn escape(&mut self) -> Result<(), Reason> {
        match self.bump().ok_or(Reason::InvalidJson)? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(()),
            b'u' => match self.hex4()? {
                0xd800..=0xdbff => {
                    let low = self.bump() == Some(b'\\') && self.bump() == Some(b'u');
                    if low && (0xdc00..=0xdfff).contains(&self.hex4()?) {
                        Ok(())
                    } else {
                        Err(Reason::InvalidJson)
                    }
                }
                0xdc00..=0xdfff => Err(Reason::InvalidJson),
                _ => Ok(()),
            },
            _ => Err(Reason::InvalidJson),
        }
    }

    fn hex4(&mut self) -> Result<u32, Reason> {
        let mut value = 0;
        for _ in 0..4 {
            let digit = self.bump().and_then(|b| char::from(b).to_digit(16)).ok_or(Reason::InvalidJson)?;
            value = value * 16 + digit;
        }
        Ok(value)
    }

    #[inline]
    fn number(&mut self) -> Result<Kind, Reason> {
        self.skip(b'-');
        if !self.skip(b'0') {
            self.digits()?;
        }
        if self.skip(b'.') {
            self.digits()?;
        }
        if self.skip(b'e') || self.skip(b'E') {
            let _ = self.skip(b'+') || self.skip(b'-');
            self.digits()?;
        }
        Ok(Kind::Number)
    }

    #[inline]
    fn digits(&mut self) -> Result<(), Reason> {
        let start = self.at;
        if self.chunk(start).is_some_and(numeric_date::are_digits) {
            self.at += 8;
        }
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { Err(Reason::InvalidJson) }
    }

    fn literal(&mut self, word: &[u8], kind: Kind) -> Result<Kind, Reason> {
        if word.iter().all(|byte| self.skip(*byte)) { Ok(kind) } else { Err(Reason::InvalidJson) }
    }

    #[inline]
    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// The [`Str::tag`] of a name.
    #[inline]
    fn tag(&self, name: &Range<u32>, escaped: bool) -> u32 {
        match self.chunk(name.start) {
            Some(first) if !escaped => {
                u32::from_le_bytes(first) & FIRST[(name.end - name.start).min(4) as usize]
            }
            _ => {
                let raw = self.text.get(name.start as usize..name.end as usize).unwrap_or_default();
                Str { raw, escaped }.tag()
            }
        }
    }

    /// So many bytes from there on, if there are as many.
    #[inline]
    fn chunk<const N: usize>(&self, at: u32) -> Option<[u8; N]> {
        self.text.as_bytes().get(at as usize..)?.first_chunk().copied()
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at as usize).copied()
    }

    #[inline]
    fn bump(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    #[inline]
    fn skip(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += u32::from(found);
        found
    }
}

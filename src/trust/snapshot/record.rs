//! One slot in a snapshot.

use super::super::bundle::{self, REFRESH_HINT};
use super::super::export;
use super::super::format::Format;
use super::super::freshness::{Ages, LONGEST};
use super::super::gate::GateFinding;
use super::super::skip::{Skip, SkipCounts};
use super::super::slot::{Authority, Baseline, Crl, Key, Known, Origin, Slot};
use super::super::source::Source;
use super::bytes::{Broken, Reader, Writer};
use std::sync::Arc;

/// Most keys of a slot: more than the largest document holds.
const MAX_KEYS: usize = 10_000;
/// Makes whatever is given this age stale.
const TOO_OLD: i64 = u32::MAX as i64;

/// Entries as documents that are read as an update is.
pub(super) trait Kept: Sized {
    /// Whether documents of the format feed such slots.
    fn is_fed_by(format: Format) -> bool;

    fn documents(entries: &[Self]) -> Vec<Vec<u8>>;

    /// The entries, if an update would take every one of them.
    fn read(documents: &[&[u8]]) -> Option<Vec<Self>>;
}

impl Kept for Key {
    fn is_fed_by(format: Format) -> bool {
        format.has_keys()
    }

    /// One for each key: a slot may hold more than one document does.
    fn documents(entries: &[Self]) -> Vec<Vec<u8>> {
        entries.iter().map(|key| export::key_set_of(key).into_bytes()).collect()
    }

    fn read(documents: &[&[u8]]) -> Option<Vec<Self>> {
        if documents.len() > MAX_KEYS {
            return None;
        }
        let mut keys = Vec::new();
        let mut skips = SkipCounts::default();
        for document in documents {
            let bundle = bundle::read("", Format::Jwks, document).ok()?;
            let [key] = <[Key; 1]>::try_from(bundle.keys?).ok()?;
            keys.push(key);
        }
        let unique = Slot::drop_ambiguous(keys, &mut skips);
        (unique.len() == documents.len()).then_some(unique)
    }
}

impl Kept for Authority {
    fn is_fed_by(format: Format) -> bool {
        format.has_authorities()
    }

    fn documents(entries: &[Self]) -> Vec<Vec<u8>> {
        one_document(entries.iter().map(|authority| &*authority.der))
    }

    fn read(documents: &[&[u8]]) -> Option<Vec<Self>> {
        let Some((document, [])) = documents.split_first() else { return no_document(documents) };
        let bundle = bundle::read("", Format::X509Der, document).ok()?;
        bundle.authorities.filter(|_| bundle.skips.total() == 0)
    }
}

impl Kept for Crl {
    fn is_fed_by(format: Format) -> bool {
        format == Format::X509Crl
    }

    fn documents(entries: &[Self]) -> Vec<Vec<u8>> {
        one_document(entries.iter().map(|list| &*list.der))
    }

    fn read(documents: &[&[u8]]) -> Option<Vec<Self>> {
        let Some((document, [])) = documents.split_first() else { return no_document(documents) };
        bundle::read("", Format::X509Crl, document).ok()?.crls
    }
}

fn one_document<'a>(entries: impl Iterator<Item = &'a [u8]>) -> Vec<Vec<u8>> {
    let document = entries.collect::<Vec<_>>().concat();
    if document.is_empty() { Vec::new() } else { vec![document] }
}

fn no_document<T>(documents: &[&[u8]]) -> Option<Vec<T>> {
    documents.is_empty().then(Vec::new)
}

pub(super) fn write<T: Kept>(out: &mut Writer, slot: &Slot<T>) {
    let origin = &slot.origin;
    out.u64(origin.feed);
    out.u32(origin.format as u32);
    out.i64(origin.confirmed_at);
    out.optional(origin.ages.soft, Writer::u64);
    out.optional(origin.ages.hard, Writer::u64);
    out.optional(origin.sequence, Writer::u64);
    out.optional(origin.refresh_hint, Writer::u64);
    out.0.extend(origin.digest);
    out.count(Skip::ALL.len());
    for skip in Skip::ALL {
        out.u32(origin.skips.get(*skip));
    }
    out.u32(origin.findings);
    out.u32(origin.withheld);
    out.optional(origin.baseline.as_deref(), write_baseline);
    let documents = T::documents(&slot.entries);
    out.count(documents.len());
    for document in documents {
        out.bytes(&document);
    }
}

/// Without its baseline a held update would pass after a restart.
fn write_baseline(out: &mut Writer, baseline: &Baseline) {
    out.count(baseline.entries.len());
    for known in &baseline.entries {
        out.optional(known.kid.as_deref(), |out, kid| out.bytes(kid.as_bytes()));
        out.bytes(&known.identity);
    }
}

pub(super) fn read<T: Kept>(bytes: &mut Reader<'_>, source: Source<'_>, now: i64) -> Result<Slot<T>, Broken> {
    let origin = read_origin(bytes, now)?;
    let documents = bytes.list(Reader::bytes)?;
    let fits = origin.format.feeds(source.kind) && T::is_fed_by(origin.format);
    let entries = T::read(&documents).filter(|_| fits).ok_or(Broken)?;
    Ok(Slot { entries: Arc::new(entries), origin })
}

fn read_origin(bytes: &mut Reader<'_>, now: i64) -> Result<Origin, Broken> {
    Ok(Origin {
        generation: 0, // the restoring store's own
        feed: bytes.u64()?,
        format: read_format(bytes)?,
        confirmed_at: clamp(bytes.i64()?, now),
        ages: read_ages(bytes)?,
        sequence: bytes.optional(Reader::u64)?,
        refresh_hint: bytes.optional(Reader::u64)?.map(|hint| hint.clamp(REFRESH_HINT.0, REFRESH_HINT.1)),
        digest: bytes.array()?,
        skips: SkipCounts::from_counts(bytes.list(Reader::u32)?.into_iter()).ok_or(Broken)?,
        restored: true,
        findings: read_findings(bytes)?,
        withheld: bytes.u32()?,
        baseline: bytes.optional(read_baseline)?.map(Arc::new),
    })
}

fn read_format(bytes: &mut Reader<'_>) -> Result<Format, Broken> {
    let number = bytes.u32()?;
    Format::ALL.iter().copied().find(|format| *format as u32 == number).ok_or(Broken)
}

/// A time that has not come yet says nothing about an age: the material counts as stale.
fn clamp(confirmed_at: i64, now: i64) -> i64 {
    if confirmed_at > now { now.saturating_sub(TOO_OLD) } else { confirmed_at }
}

/// Nothing that is restored is used for ever.
fn read_ages(bytes: &mut Reader<'_>) -> Result<Ages, Broken> {
    let [soft, hard] = [bytes.optional(Reader::u64)?, bytes.optional(Reader::u64)?];
    Ok(Ages {
        soft: soft.map(|soft| soft.clamp(1, LONGEST)),
        hard: Some(hard.unwrap_or(LONGEST).clamp(1, LONGEST)),
    })
}

fn read_findings(bytes: &mut Reader<'_>) -> Result<u32, Broken> {
    let known = GateFinding::ALL.iter().fold(0, |bits, finding| bits | *finding as u32);
    let findings = bytes.u32()?;
    if findings & !known == 0 { Ok(findings) } else { Err(Broken) }
}

fn read_baseline(bytes: &mut Reader<'_>) -> Result<Baseline, Broken> {
    let entries = bytes.list(|bytes| {
        let kid = bytes.optional(|bytes| bytes.text().map(Box::from))?;
        Ok(Known { kid, identity: bytes.bytes()?.into() })
    })?;
    Ok(Baseline { entries })
}

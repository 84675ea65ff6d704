//! What the command reads: files of a bounded size, `-` for standard input, names of sources.

use crate::output::Failure;
use attestor::{Source, SourceKind};
use std::fs::File;
use std::io::{Read, stdin};
use std::path::Path;

/// No bundle or policy document is longer; one byte more is enough to say so.
pub(crate) const MAX_DOCUMENT: u64 = (1 << 20) + 1;

/// A file's bytes, `most` at most.
pub(crate) fn read(path: &Path, most: u64) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes));
    read.map(|_| bytes).map_err(|error| Failure::io(path, &error))
}

/// A document's bytes; `-` is standard input.
pub(crate) fn read_document(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    open(path)?
        .take(MAX_DOCUMENT)
        .read_to_end(&mut bytes)
        .map(|_| bytes)
        .map_err(|error| Failure::io(path, &error))
}

/// A file, or standard input for `-`.
pub(crate) fn open(path: &Path) -> Result<Box<dyn Read>, Failure> {
    if path == Path::new("-") {
        return Ok(Box::new(stdin()));
    }
    let file = File::open(path).map_err(|error| Failure::io(path, &error))?;
    Ok(Box::new(file))
}

/// `https://…` and `issuer:ANYTHING` name issuers, everything else a trust domain.
pub(crate) fn source(name: &str) -> Source<'_> {
    if let Some(name) = name.strip_prefix("issuer:") {
        return Source::issuer(name);
    }
    let kind = if name.starts_with("https://") { SourceKind::Issuer } else { SourceKind::TrustDomain };
    Source { kind, name }
}

//! Storage of text that is reused, and holds nothing meanwhile.

/// Overwrites and empties a string whose storage is kept.
pub(crate) fn wipe(text: &mut String) {
    if text.is_empty() {
        return;
    }
    let mut bytes = core::mem::take(text).into_bytes();
    bytes.fill(0);
    bytes.clear();
    *text = String::from_utf8(bytes).unwrap_or_default();
}

//! Canonical JSON, what evidence and receipts are written in: members sorted by the bytes of their names, no white
//! space, only the escapes that JSON demands, numbers as their source text.

#![allow(clippy::inline_always)] // of a literal's length only its caller knows

use super::json::{Kind, Str, Value, write_str};
use super::scan;
use core::fmt::Write as _;

/// A JSON object being written, member by member, in the order of the names.
pub(crate) struct Object<'o> {
    out: &'o mut String,
    first: bool,
}

impl<'o> Object<'o> {
    pub(crate) fn begin(out: &'o mut String) -> Self {
        out.push('{');
        Self { out, first: true }
    }

    /// A member whose name needs no escape. In line, so that a name is written by its own few stores.
    #[inline(always)]
    pub(crate) fn member(&mut self, name: &'static str) -> &mut String {
        debug_assert!(scan::find_special(name.as_bytes()).is_none());
        self.out.reserve(name.len() + 4);
        if !core::mem::take(&mut self.first) {
            self.out.push(',');
        }
        self.out.push('"');
        self.out.push_str(name);
        self.out.push_str("\":");
        self.out
    }

    /// A member of any name.
    pub(crate) fn any_member(&mut self, name: &str) -> &mut String {
        if !core::mem::take(&mut self.first) {
            self.out.push(',');
        }
        write_str(self.out, name);
        self.out.push(':');
        self.out
    }

    #[inline(always)]
    pub(crate) fn string(&mut self, name: &'static str, value: &str) {
        write_str(self.member(name), value);
    }

    #[inline(always)]
    pub(crate) fn hex(&mut self, name: &'static str, bytes: &[u8]) {
        let out = self.member(name);
        out.push('"');
        push_hex(out, bytes);
        out.push('"');
    }

    #[inline(always)]
    pub(crate) fn optional(&mut self, name: &'static str, value: Option<&str>) {
        if let Some(value) = value {
            self.string(name, value);
        }
    }

    #[inline(always)]
    pub(crate) fn number(&mut self, name: &'static str, value: i64) {
        // Writing to a string cannot fail.
        let _ = write!(self.member(name), "{value}");
    }

    #[inline(always)]
    pub(crate) fn raw(&mut self, name: &'static str, json: &str) {
        self.member(name).push_str(json);
    }

    pub(crate) fn end(self) {
        self.out.push('}');
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    push_hex(&mut text, bytes);
    text
}

/// Appends lower-case hexadecimal.
pub(crate) fn push_hex(out: &mut String, bytes: &[u8]) {
    // Without a table, so that many are made at once.
    let digit = |nibble: u8| nibble + if nibble < 10 { b'0' } else { b'a' - 10 };
    for piece in bytes.chunks(32) {
        let mut text = [0; 64];
        let (pairs, _) = text.as_chunks_mut::<2>();
        for (pair, byte) in pairs.iter_mut().zip(piece) {
            *pair = [digit(byte >> 4), digit(byte & 15)];
        }
        out.push_str(core::str::from_utf8(&text[..2 * piece.len()]).unwrap_or_default());
    }
}

/// Appends an array of strings.
pub(crate) fn write_strings<'s>(out: &mut String, strings: impl Iterator<Item = &'s str>) {
    out.push('[');
    for (at, text) in strings.enumerate() {
        if at > 0 {
            out.push(',');
        }
        write_str(out, text);
    }
    out.push(']');
}

/// The 32 bytes that 64 lower-case hexadecimal digits mean.
pub(crate) fn unhex32(text: &str) -> Option<[u8; 32]> {
    let digit = |c: u8| match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; 32];
    if text.len() != 2 * bytes.len() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        if let [high, low] = pair {
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
    }
    Some(bytes)
}

/// Whether `text`, which was read as `value`, is its canonical spelling.
pub(crate) fn is_canonical(text: &[u8], value: Value<'_>) -> bool {
    let mut out = String::with_capacity(text.len());
    write(&mut out, value);
    out.as_bytes() == text
}

/// Appends `value` in its canonical form. Nesting is bounded by the limits the document was read with.
pub(crate) fn write(out: &mut String, value: Value<'_>) {
    match value.kind() {
        Kind::Object => {
            let mut members: Vec<_> =
                value.members().map(|(name, value)| (name.text().decode(), value)).collect();
            members.sort_unstable_by(|a, b| a.0.cmp(&b.0));
            let mut object = Object::begin(out);
            for (name, value) in members {
                write(object.any_member(&name), value);
            }
            object.end();
        }
        Kind::Array => {
            out.push('[');
            for (at, element) in value.elements().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write(out, element);
            }
            out.push(']');
        }
        Kind::String => write_str(out, &value.as_str().map(Str::decode).unwrap_or_default()),
        Kind::Number => out.push_str(value.as_number().unwrap_or_default()),
        Kind::True => out.push_str("true"),
        Kind::False => out.push_str("false"),
        Kind::Null => out.push_str("null"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::json::{Limits, Tape};

    fn canonical(text: &str) -> bool {
        let mut tape = Tape::default();
        let value = tape.read(text.as_bytes(), Limits { depth: 8, members: 64 }).unwrap();
        is_canonical(text.as_bytes(), value)
    }

    #[test]
    fn one_spelling_of_a_document() {
        for text in [
            "{}",
            r#"{"":0,"A":[1,"x",{}],"a":{"b":true,"c":null},"é":1.50e+1}"#,
            r#"{"a":"\"\\\n\u0001/é"}"#,
            r#"{"a":[]}"#,
        ] {
            assert!(canonical(text), "{text}");
        }
        for text in [
            " {}",
            "{ }",
            "{}\n",
            r#"{"b":1,"a":2}"#,
            r#"{"a":{"d":1,"c":2}}"#,
            r#"{"a":[{"d":1,"c":2}]}"#,
            r#"{"a": 1}"#,
            r#"{"a":"\/"}"#,
            r#"{"a":"\u0041"}"#,
            r#"{"\u0061":1}"#,
            r#"{"a":"\u000A"}"#,
            r#"{"a":"\u001F"}"#,
        ] {
            assert!(!canonical(text), "{text}");
        }
    }

    #[test]
    fn hexadecimal_is_lower_case_and_whole() {
        let text = "00ff10".to_owned() + &"7f".repeat(29);
        let bytes = unhex32(&text).unwrap();
        assert_eq!((bytes[0], bytes[1], bytes[2], bytes[31]), (0, 255, 16, 127));
        assert_eq!(hex(&bytes), text);
        for wrong in [
            "",
            "00",
            &text.to_uppercase(),
            &format!("{text}0"),
            &text.replace("ff", "é"),
            &text.replace("ff", " 1"),
        ] {
            assert_eq!(unhex32(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn one_form_for_every_spelling() {
        for (text, expected) in [
            (r#"{ "b" : 1.0e2, "a" : [ true , null, {} , [] ] }"#, r#"{"a":[true,null,{},[]],"b":1.0e2}"#),
            (r#"{"\u0062":"\u0041\/\u00e9\n","B":-0}"#, "{\"B\":-0,\"b\":\"A/é\\n\"}"),
            (r#"{"z":{"y":9007199254740993,"x":false}}"#, r#"{"z":{"x":false,"y":9007199254740993}}"#),
        ] {
            let mut tape = Tape::default();
            let root = tape.read(text.as_bytes(), Limits { depth: 8, members: 32 }).unwrap();
            let mut out = String::new();
            write(&mut out, root);
            assert_eq!(out, expected);
        }
    }
}

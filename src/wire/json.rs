//! One strict JSON reader (RFC 8259) for every document: token headers, claims, bundles, policies.
//!
//! A document becomes a flat tape of nodes in storage that is reused, so a warm read allocates
//! nothing. Duplicate member names are refused at any depth, compared after unescaping, at a cost
//! that stays in line with the length whatever the names are. Depth and member count are bounded
//! while reading, and nothing recurses.

mod reader;

use super::names::Names;
use super::scan;
use crate::verdict::Reason;
use core::fmt;
use reader::Open;

/// Bounds of one document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Nested containers; the top one counts.
    pub(crate) depth: usize,
    /// Object members in the whole document.
    pub(crate) members: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Object,
    Array,
    String,
    Number,
    True,
    False,
    Null,
}

impl Kind {
    /// The name an error message gives the type.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Object => "an object",
            Self::Array => "an array",
            Self::String => "a string",
            Self::Number => "a number",
            Self::True | Self::False => "a boolean",
            Self::Null => "null",
        }
    }
}

/// One value or member name of a document; its text is elsewhere.
#[derive(Clone, Copy)]
pub(crate) struct Node {
    kind: Kind,
    /// A string holds at least one escape.
    escaped: bool,
    /// The text: of a string without quotes, of a container from bracket to bracket.
    start: u32,
    end: u32,
    /// The node behind this subtree; of a member name, its [`Str::tag`].
    next: u32,
}

impl Node {
    const NONE: Self = Self { kind: Kind::Null, escaped: false, start: 0, end: 0, next: 0 };
}

/// Reusable storage of one document's structure.
#[derive(Default)]
pub(crate) struct Tape {
    /// The document's, and behind them what others have left.
    nodes: Vec<Node>,
    /// How many are the document's.
    count: usize,
    /// Of a document that was refused: the containers in which reading stopped, and one for the document itself.
    open: Vec<Open>,
    names: Names,
    /// Where the text has what ends a string.
    marks: Vec<u64>,
}

impl Tape {
    /// Reads `text` as one JSON object.
    pub(crate) fn read<'a>(&'a mut self, text: &'a [u8], limits: Limits) -> Result<Value<'a>, Reason> {
        self.clear();
        if u32::try_from(text.len()).is_err() {
            return Err(Reason::InputTooLarge);
        }
        let text = scan::utf8(text).ok_or(Reason::InvalidUtf8)?;
        reader::read(self, text, limits)?;
        Ok(Value { text, nodes: self.nodes(), at: 0 })
    }

    /// The document that was read last, given what may be its text; `None` if it cannot be, or none was read.
    pub(crate) fn again<'a>(&'a self, text: &'a [u8]) -> Option<Value<'a>> {
        let text = scan::utf8(text)?;
        let nodes = self.nodes();
        let same = nodes.iter().all(|node| text.get(node.start as usize..node.end as usize).is_some());
        (same && !nodes.is_empty()).then_some(Value { text, nodes, at: 0 })
    }

    /// The structure of the document that was read last.
    pub(crate) fn nodes(&self) -> &[Node] {
        &self.nodes[..self.count]
    }

    /// Takes over the structure of a document that some tape has read: [`Self::again`] then looks at it.
    pub(crate) fn restore(&mut self, nodes: &[Node]) {
        self.clear();
        if self.nodes.len() < nodes.len() {
            self.nodes.resize(nodes.len(), Node::NONE);
        }
        self.nodes[..nodes.len()].copy_from_slice(nodes);
        self.count = nodes.len();
    }

    /// Forgets the document; the storage stays.
    pub(crate) fn clear(&mut self) {
        self.count = 0;
        self.open.clear();
        self.names.clear();
    }

    /// After a refusal of `text`: the root's member in whose object, and no deeper, reading stopped.
    pub(crate) fn stopped_in<'a>(&self, text: &'a [u8]) -> Option<Str<'a>> {
        let [_document, _root, member] = self.open[..] else { return None };
        let name = self.nodes().get((member.node as usize).checked_sub(1)?)?;
        let raw = core::str::from_utf8(text.get(name.start as usize..name.end as usize)?).ok()?;
        Some(Str { raw, escaped: name.escaped })
    }
}

/// One value of a document.
#[derive(Clone, Copy)]
pub(crate) struct Value<'a> {
    text: &'a str,
    nodes: &'a [Node],
    at: u32,
}

impl<'a> Value<'a> {
    fn node(self) -> Node {
        self.nodes[self.at as usize]
    }

    fn sibling(self, at: u32) -> Self {
        Self { at, ..self }
    }

    fn span(self) -> &'a str {
        let node = self.node();
        &self.text[node.start as usize..node.end as usize]
    }

    pub(crate) fn kind(self) -> Kind {
        self.node().kind
    }

    /// The text of an object, from brace to brace.
    pub(crate) fn as_object_text(self) -> Option<&'a str> {
        (self.kind() == Kind::Object).then(|| self.span())
    }

    pub(crate) fn as_str(self) -> Option<Str<'a>> {
        (self.kind() == Kind::String).then(|| Str { raw: self.span(), escaped: self.node().escaped })
    }

    /// The number's own text.
    pub(crate) fn as_number(self) -> Option<&'a str> {
        (self.kind() == Kind::Number).then(|| self.span())
    }

    /// A number that is written as a plain non-negative integer.
    pub(crate) fn as_u64(self) -> Option<u64> {
        self.as_number()?.parse().ok()
    }

    pub(crate) fn as_bool(self) -> Option<bool> {
        match self.kind() {
            Kind::True => Some(true),
            Kind::False => Some(false),
            _ => None,
        }
    }

    /// The members of an object, in order; nothing for any other kind.
    pub(crate) fn members(self) -> impl Iterator<Item = (Name<'a>, Value<'a>)> {
        let mut at = self.at + 1;
        let end = if self.kind() == Kind::Object { self.node().next } else { at };
        core::iter::from_fn(move || {
            if at >= end {
                return None;
            }
            let name = Name(self.sibling(at));
            let value = self.sibling(at + 1);
            at = value.node().next;
            Some((name, value))
        })
    }

    /// The elements of an array, in order; nothing for any other kind.
    pub(crate) fn elements(self) -> impl Iterator<Item = Value<'a>> {
        let mut at = self.at + 1;
        let end = if self.kind() == Kind::Array { self.node().next } else { at };
        core::iter::from_fn(move || {
            if at >= end {
                return None;
            }
            let value = self.sibling(at);
            at = value.node().next;
            Some(value)
        })
    }

    pub(crate) fn get(self, name: &str) -> Option<Value<'a>> {
        self.members().find(|(n, _)| n.is(name)).map(|(_, value)| value)
    }
}

/// A member's name.
#[derive(Clone, Copy)]
pub(crate) struct Name<'a>(Value<'a>);

impl<'a> Name<'a> {
    /// Inlined, so that a comparison with a literal is one of numbers.
    #[inline]
    pub(crate) fn is(self, other: &str) -> bool {
        let node = self.0.node();
        if node.next != tag(other) {
            return false;
        }
        // A tag of up to four bytes, as they stand, is all of them.
        let is_all = other.len() <= 4 && !node.escaped && (node.end - node.start) as usize == other.len();
        is_all || self.means(other)
    }

    #[inline(never)]
    fn means(self, other: &str) -> bool {
        self.text().is(other)
    }

    pub(crate) fn text(self) -> Str<'a> {
        Str { raw: self.0.span(), escaped: self.0.node().escaped }
    }
}

/// As [`Str::tag`].
#[inline]
fn tag(name: &str) -> u32 {
    match *name.as_bytes() {
        [a, b, c] => u32::from_le_bytes([a, b, c, 0]),
        [a, b, c, d, ..] => u32::from_le_bytes([a, b, c, d]),
        [a, b] => u32::from_le_bytes([a, b, 0, 0]),
        [a] => a.into(),
        [] => 0,
    }
}

/// A string of a document, compared and copied as what it means, not as it is spelled.
#[derive(Clone, Copy)]
pub(crate) struct Str<'a> {
    raw: &'a str,
    escaped: bool,
}

impl<'a> Str<'a> {
    /// Text that means itself.
    pub(crate) fn of(text: &'a str) -> Self {
        Self { raw: text, escaped: false }
    }

    /// The text, if it is spelled without escapes.
    pub(crate) fn plain(self) -> Option<&'a str> {
        (!self.escaped).then_some(self.raw)
    }

    /// Inlined, so that a comparison with a literal is one of a few registers.
    #[inline]
    pub(crate) fn is(self, other: &str) -> bool {
        if self.escaped { self.means(other) } else { self.raw == other }
    }

    #[cold]
    fn means(self, other: &str) -> bool {
        self.chars().eq(other.chars())
    }

    pub(crate) fn is_empty(self) -> bool {
        self.raw.is_empty()
    }

    pub(crate) fn starts_with(self, prefix: &str) -> bool {
        let mut chars = self.chars();
        prefix.chars().all(|c| chars.next() == Some(c))
    }

    /// Whether the text is `first` with `second` behind it.
    pub(crate) fn is_joined(self, first: &str, second: &str) -> bool {
        self.chars().eq(first.chars().chain(second.chars()))
    }

    /// The text: as it is spelled, or decoded into `storage`, which is empty.
    pub(crate) fn text(self, storage: &'a mut String) -> &'a str {
        if self.escaped {
            self.push_to(storage);
            storage
        } else {
            self.raw
        }
    }

    pub(crate) fn push_to(self, out: &mut String) {
        if self.escaped {
            out.extend(self.chars());
        } else {
            out.push_str(self.raw);
        }
    }

    pub(crate) fn decode(self) -> String {
        let mut out = String::new();
        self.push_to(&mut out);
        out
    }

    pub(crate) fn chars(self) -> impl Iterator<Item = char> + 'a {
        let mut rest = self.raw.chars();
        core::iter::from_fn(move || match rest.next()? {
            '\\' => unescape(&mut rest),
            c => Some(c),
        })
    }

    /// The first four bytes of what it means, the lowest first: where names are few, two of one tag only cost a comparison.
    #[cold]
    fn tag(self) -> u32 {
        let mut first = [0; 4];
        let bytes = self.chars().flat_map(|c| {
            let mut bytes = [0; 4];
            let length = c.encode_utf8(&mut bytes).len();
            bytes.into_iter().take(length)
        });
        first.iter_mut().zip(bytes).for_each(|(first, byte)| *first = byte);
        u32::from_le_bytes(first)
    }
}

impl PartialEq for Str<'_> {
    fn eq(&self, other: &Self) -> bool {
        match other.plain() {
            Some(text) => self.is(text),
            None => self.chars().eq(other.chars()),
        }
    }
}

impl fmt::Debug for Str<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Str(..)") // a claim value: never shown
    }
}

/// What stands behind a backslash. The reader has checked the escape.
fn unescape(rest: &mut core::str::Chars<'_>) -> Option<char> {
    Some(match rest.next()? {
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => {
            let unit = hex4(rest)?;
            let code = if (0xd800..0xdc00).contains(&unit) {
                rest.nth(1)?; // the second backslash and its u
                0x1_0000 + ((unit - 0xd800) << 10) + hex4(rest)?.checked_sub(0xdc00)?
            } else {
                unit
            };
            return char::from_u32(code);
        }
        itself => itself,
    })
}

fn hex4(rest: &mut core::str::Chars<'_>) -> Option<u32> {
    (0..4).try_fold(0, |value, _| Some(value * 16 + rest.next()?.to_digit(16)?))
}

/// Appends `text` as a canonical JSON string: only what must be escaped is.
pub(crate) fn write_str(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = scan::find_special(rest.as_bytes()) {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        let mut chars = special.chars();
        match chars.next() {
            Some('"') => out.push_str("\\\""),
            Some('\\') => out.push_str("\\\\"),
            Some('\u{8}') => out.push_str("\\b"),
            Some('\u{c}') => out.push_str("\\f"),
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some(control) => {
                out.push_str("\\u00");
                out.push(if control < '\u{10}' { '0' } else { '1' });
                out.extend(char::from_digit(control as u32 & 15, 16));
            }
            None => {}
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMITS: Limits = Limits { depth: 16, members: 256 };

    fn check(text: &str) -> Result<(), Reason> {
        Tape::default().read(text.as_bytes(), LIMITS).map(|_| ())
    }

    #[test]
    fn accepts_the_grammar() {
        for text in [
            "{}",
            " {\t\"a\" : [ 1 , -0.5e+10 , true, false, null, {} , [] ] \r\n} ",
            r#"{"a":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"}"#,
            r#"{"":"\u0000"}"#,
            "{\"a\":1e400}",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn refuses_everything_else() {
        for text in [
            "",
            " ",
            "[]",
            "null",
            "\"a\"",
            "1",
            "{",
            "}",
            "{}}",
            "{}{}",
            "{} x",
            "{,}",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{\"a\":1 \"b\":2}",
            "{a:1}",
            "{'a':1}",
            "{\"a\":[1,]}",
            "{\"a\":[,1]}",
            "{\"a\":[1}",
            "{\"a\":[1]]",
            "{\"a\":01}",
            "{\"a\":+1}",
            "{\"a\":1.}",
            "{\"a\":.5}",
            "{\"a\":1e}",
            "{\"a\":-}",
            "{\"a\":NaN}",
            "{\"a\":Infinity}",
            "{\"a\":tru}",
            "{\"a\":\"\t\"}",
            "{\"a\":\"",
            "{\"a\":\"\\x\"}",
            "{\"a\":\"\\u12\"}",
            "{\"a\":\"\\ud800\"}",
            "{\"a\":\"\\udc00\"}",
            "{\"a\":\"\\ud800\\u0041\"}",
            "\u{feff}{}",
            "{\u{a0}}",
            "{\"a\":1}\0",
            "{/**/}",
            "{\"a\":0x1}",
            "{\"a\":1_0}",
        ] {
            assert_eq!(check(text), Err(Reason::InvalidJson), "{text}");
        }
    }

    #[test]
    fn duplicate_names_at_any_depth_after_unescaping() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"b":{"x":[1,{"y":2}],"c":3,"\u0078":4}}"#,
            r#"{"alg":1,"\u0061lg":2}"#,
            r#"{"a/b":1,"a\/b":2}"#,
            r#"{"\ud83d\ude00":1,"😀":2}"#,
            r#"[{"a":[{"k":0},{"k":0,"k":0}]}]"#.trim_matches(['[', ']']),
        ] {
            assert_eq!(check(text), Err(Reason::JsonDuplicateMember), "{text}");
        }
        assert_eq!(check(r#"{"a":{"a":{"a":1}},"A":2,"b":[{"a":1},{"a":1}]}"#), Ok(()));
    }

    /// A document of one object with these members, each 0.
    fn object<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
        let members: Vec<_> = names.into_iter().map(|name| format!("\"{name}\":0")).collect();
        format!("{{{}}}", members.join(","))
    }

    /// How often names were compared in full while `text` was read, and the verdict on it.
    fn comparisons(text: &str) -> (usize, Result<(), Reason>) {
        let before = reader::COMPARISONS.get();
        let verdict =
            Tape::default().read(text.as_bytes(), Limits { depth: 16, members: 1 << 20 }).map(|_| ());
        (reader::COMPARISONS.get() - before, verdict)
    }

    #[test]
    fn duplicates_among_few_and_many_names() {
        for n in [2, 15, 16, 17, 18, 33, 64, 65, 200] {
            let names: Vec<_> = (0..n).map(|i| format!("n{i}")).collect();
            assert_eq!(check(&object(names.iter().map(String::as_str))), Ok(()), "{n}");
            for copied in [0, (n - 1) / 2, n - 2] {
                let mut names = names.clone();
                names[n - 1] = format!("\\u006e{copied}");
                let text = object(names.iter().map(String::as_str));
                assert_eq!(check(&text), Err(Reason::JsonDuplicateMember), "{n} {copied}");
                // What comes behind is not read any more.
                assert_eq!(check(&text.replace('}', ",")), Err(Reason::JsonDuplicateMember));
            }
        }
    }

    #[test]
    fn large_objects_inside_each_other_stay_apart() {
        let names: Vec<_> = (0..40).map(|i| format!("n{i}")).collect();
        let inner = object(names.iter().map(String::as_str));
        let outer = inner.replacen(":0", &format!(":{inner}"), 1);
        let both = outer.replace("\"n39\":0", &format!("\"n39\":[{outer},{inner}]"));
        assert_eq!(comparisons(&outer).1, Ok(()));
        assert_eq!(comparisons(&both).1, Ok(()));
        let again = format!("{},\"n7\":1}}", &both[..both.len() - 1]);
        assert_eq!(comparisons(&again).1, Err(Reason::JsonDuplicateMember));
    }

    #[test]
    fn fifty_thousand_names_are_hardly_compared() {
        let prefix = "a".repeat(60);
        let names: Vec<_> = (0..50_000).map(|i| format!("{prefix}{i}")).collect();
        let text = object(names.iter().map(String::as_str));
        let (count, verdict) = comparisons(&text);
        assert_eq!(verdict, Ok(()));
        assert!(count < 16 * 16, "{count}");
        let repeated = format!("{},\"{prefix}25000\":0}}", &text[..text.len() - 1]);
        assert_eq!(comparisons(&repeated).1, Err(Reason::JsonDuplicateMember));
    }

    /// However names are spelled, those that mean the same have one tag.
    #[test]
    fn a_tag_is_of_what_a_name_means() {
        for [one, other] in [
            ["sub", r"\u0073ub"],
            ["audience", r"\u0061\u0075dience"],
            ["é€", r"\u00e9\u20ac"],
            ["😀x", r"\ud83d\ude00x"],
            [r"\n\/", r"\u000a\u002f"],
            ["", ""],
        ] {
            let tag = |raw: &str| Str { raw, escaped: raw.contains('\\') }.tag();
            assert_eq!(tag(one), tag(other), "{one}");
            assert_eq!(check(&object([one, other].into_iter())), Err(Reason::JsonDuplicateMember), "{one}");
        }
    }

    #[test]
    fn a_refusal_says_in_which_member_it_arose() {
        for (text, member) in [
            (r#"{"a":1,"a":2}"#, None),
            (r#"{"x":{},"a":{"b":1,"b":2}}"#, Some("a")),
            (r#"{"x":{"y":1},"\u0061":{"b":1,"b":2}}"#, Some("a")),
            (r#"{"a":{"b":{"c":1,"c":2}}}"#, None),
            (r#"{"a":[{"c":1,"c":2}]}"#, None),
        ] {
            let mut tape = Tape::default();
            assert_eq!(tape.read(text.as_bytes(), LIMITS).err(), Some(Reason::JsonDuplicateMember));
            let found = tape.stopped_in(text.as_bytes()).map(Str::decode);
            assert_eq!(found.as_deref(), member, "{text}");
        }
    }

    #[test]
    fn objects_have_their_own_text() {
        let mut tape = Tape::default();
        let text = r#" {"a": { "b" : [1, {}] } ,"c":{ },"d":[]}"#;
        let root = tape.read(text.as_bytes(), LIMITS).unwrap();
        assert_eq!(root.as_object_text(), Some(text.trim()));
        assert_eq!(root.get("a").unwrap().as_object_text(), Some(r#"{ "b" : [1, {}] }"#));
        assert_eq!(root.get("c").unwrap().as_object_text(), Some("{ }"));
        assert_eq!(root.get("d").unwrap().as_object_text(), None);
    }

    #[test]
    fn limits_hold_at_the_boundary() {
        let nested = |n: usize| format!("{}{}{}", "{\"a\":".repeat(n - 1), "[]", "}".repeat(n - 1));
        assert_eq!(check(&nested(16)), Ok(()));
        assert_eq!(check(&nested(17)), Err(Reason::JsonTooDeep));
        let members =
            |n: usize| format!("{{{}}}", (0..n).map(|i| format!("\"{i}\":0")).collect::<Vec<_>>().join(","));
        assert_eq!(check(&members(256)), Ok(()));
        assert_eq!(check(&members(257)), Err(Reason::InputTooLarge));
        let open = "[".repeat(1 << 20);
        assert_eq!(check(&format!("{{\"a\":{open}")), Err(Reason::JsonTooDeep));
    }

    #[test]
    fn utf8_is_checked_first() {
        for text in [&b"{\"a\":\"\xff\"}"[..], b"{\"\xc0\xaf\":1}", b"{\"a\":\"\xed\xa0\x80\"}"] {
            let mut tape = Tape::default();
            assert_eq!(tape.read(text, LIMITS).err(), Some(Reason::InvalidUtf8));
        }
    }

    #[test]
    fn views() {
        let mut tape = Tape::default();
        let text = r#"{"s":"a\/b","n":12,"b":true,"l":["x",{"y":null}],"z":"plain"}"#;
        let root = tape.read(text.as_bytes(), LIMITS).unwrap();
        assert!(root.get("s").unwrap().as_str().unwrap().is("a/b"));
        assert_eq!(root.get("n").unwrap().as_u64(), Some(12));
        assert_eq!(root.get("b").unwrap().as_bool(), Some(true));
        assert_eq!(root.get("l").unwrap().elements().count(), 2);
        assert_eq!(root.get("z").unwrap().as_str().unwrap().plain(), Some("plain"));
        assert!(root.get("absent").is_none());
        assert_eq!(format!("{:?}", root.get("z").unwrap().as_str()), "Some(Str(..))");
    }

    proptest! {
        /// The verdict on any text is serde_json's, duplicates aside.
        #[test]
        fn agrees_with_serde_json(text in r#"[{}\[\]",:0-9eE.+\-\\/untrfalseb \t]{0,40}"#) {
            let text = format!("{{\"k\":{text}}}");
            let theirs = serde_json::from_str::<serde_json::Value>(&text);
            match check(&text) {
                // serde_json refuses numbers beyond f64; the grammar does not.
                Ok(()) => prop_assert!(theirs.is_ok() || theirs.unwrap_err().to_string().contains("out of range")),
                Err(Reason::JsonDuplicateMember) => {}
                Err(_) => prop_assert!(theirs.is_err()),
            }
        }

        #[test]
        fn strings_mean_what_serde_json_says(value in any::<String>()) {
            let mut text = String::new();
            write_str(&mut text, &value);
            prop_assert_eq!(&text, &serde_json::to_string(&value).unwrap());
            let ascii: String = value.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
            let mut tape = Tape::default();
            let document = format!("{{\"plain\":{text},\"escaped\":\"{ascii}\"}}");
            let root = tape.read(document.as_bytes(), LIMITS).unwrap();
            for name in ["plain", "escaped"] {
                prop_assert_eq!(root.get(name).unwrap().as_str().unwrap().decode(), value.as_str());
                prop_assert!(root.get(name).unwrap().as_str().unwrap().is(&value));
            }
        }

        /// Against a set of names, for objects of few and of many members.
        #[test]
        fn duplicates_are_those_of_a_set(
            names in proptest::collection::vec((0..60u8, any::<bool>()), 0..40),
        ) {
            let spell = |(n, escaped): &(u8, bool)| if *escaped { format!("\\u006e{n}") } else { format!("n{n}") };
            let spelled: Vec<_> = names.iter().map(spell).collect();
            let distinct: std::collections::HashSet<_> = names.iter().map(|(n, _)| n).collect();
            let unique = distinct.len() == names.len();
            let expected = if unique { Ok(()) } else { Err(Reason::JsonDuplicateMember) };
            let text = object(spelled.iter().map(String::as_str));
            prop_assert_eq!(check(&text), expected);
            let nested = format!("{{\"n1\":[{text}],\"n2\":0}}");
            prop_assert_eq!(check(&nested), expected);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Tape::default().read(&bytes, LIMITS);
        }
    }
}

//! Receipts: what a host did with a verdict, one canonical JSON object a line, each line naming the one before it.
//!
//! A line is made here, so that it has the same bytes in every language, and checked here, so that no wrapper parses
//! one. `docs/receipts.md` has the format and says what a chain of lines proves, and what it does not.

use crate::crypto::sha256;
use crate::error::ConfigError;
use crate::verdict::Reason;
use crate::wire::canonical::{Object, hex, is_canonical, unhex32};
use crate::wire::json::{Kind, Limits, Str, Tape, Value, write_str};
use core::fmt;
use core::str::FromStr;
use ring::hmac;

/// Longest line, in bytes, without its newline.
pub const MAX_LINE: usize = 1 << 20;
/// Shortest key of a `mac`, in bytes.
pub const MIN_KEY: usize = 16;
/// Most members of `host`.
pub const MAX_HOST: usize = 64;

const MAX_NAME: usize = 64;
const EVIDENCE: Limits = Limits { depth: 31, members: 2048 };
const LINE: Limits = Limits { depth: EVIDENCE.depth + 1, members: EVIDENCE.members + MAX_HOST + 8 };

/// Where a log has got to: the last line's number and the SHA-256 of its bytes.
///
/// Its text is `<seq>:<64 hexadecimal digits>`. Saved elsewhere, it is what shows a cut off log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Lines so far, rotated files included.
    pub seq: u64,
    /// SHA-256 of the last line without its newline; zeros if there is none.
    pub digest: [u8; 32],
}

impl Head {
    /// The head of a log without lines.
    pub const EMPTY: Self = Self { seq: 0, digest: [0; 32] };

    /// Both or neither: a line has a number and a digest.
    fn is_possible(self) -> bool {
        (self.seq == 0) == (self.digest == [0; 32])
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seq, hex(&self.digest))
    }
}

impl FromStr for Head {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let parts = text.split_once(':').and_then(|(seq, digest)| Some((decimal(seq)?, unhex32(digest)?)));
        parts.map(|(seq, digest)| Self { seq, digest }).filter(|head| head.is_possible()).ok_or_else(|| {
            invalid("a head is the number of a line, a colon and 64 lower-case hexadecimal digits")
        })
    }
}

/// One line to be written.
#[derive(Clone, Copy)]
pub struct Receipt<'a> {
    /// The line it follows.
    pub after: Head,
    /// When it happened, Unix seconds; positive.
    pub at: i64,
    /// What happened, such as `agent.register.allow`: 1 to 64 of `a-z 0-9 . _ -`.
    pub event: &'a str,
    /// The verdict's evidence, as the library wrote it; empty if the event is none of a verdict.
    pub evidence: &'a str,
    /// What only the host knows: at most 64 names (1 to 64 of `a-z 0-9 _`) and values, in any order.
    pub host: &'a [(&'a str, &'a str)],
    /// Adds a `mac` under this key, at least 16 bytes.
    pub key: Option<&'a [u8]>,
}

impl Receipt<'_> {
    /// Appends the line, without a newline; returns the head it makes.
    ///
    /// # Errors
    /// `argument_invalid`, `clock_invalid`; the detail names the member. `out` is then as it was.
    pub fn write(&self, out: &mut String) -> Result<Head, ConfigError> {
        let host = self.check()?;
        let seq = self.after.seq.checked_add(1).ok_or_else(|| invalid("seq: no number is left"))?;
        let start = out.len();
        self.write_body(&host, out);
        let tail = tail(seq, &self.after.digest);
        if let Some(key) = self.key {
            let tag = mac(key, &out[start..], &tail);
            out.push_str(&mac_member(tag.as_ref()));
        }
        out.push_str(&tail);
        if out.len() - start > MAX_LINE {
            out.truncate(start);
            return Err(invalid("the line would be longer than 1 MiB"));
        }
        Ok(Head { seq, digest: sha256(&out.as_bytes()[start..]) })
    }

    /// The host's members, sorted.
    fn check(&self) -> Result<Vec<(&str, &str)>, ConfigError> {
        if !self.after.is_possible() {
            return Err(invalid("seq, prev: zeros are what precedes line 1, and only that"));
        }
        if self.at <= 0 {
            return Err(ConfigError::new(Reason::ClockInvalid, "at: must be positive"));
        }
        if !is_event(self.event) {
            return Err(invalid("event: must be 1 to 64 of a-z 0-9 . _ -"));
        }
        if !self.evidence.is_empty() && !is_canonical_object(self.evidence.as_bytes()) {
            return Err(invalid("evidence: must be the canonical JSON object the library wrote"));
        }
        if self.key.is_some_and(|key| key.len() < MIN_KEY) {
            return Err(invalid("key: must be at least 16 bytes"));
        }
        if self.host.len() > MAX_HOST {
            return Err(invalid("host: more than 64 members"));
        }
        let mut host = self.host.to_vec();
        host.sort_unstable();
        if !host.iter().all(|(name, _)| is_host_name(name)) {
            return Err(invalid("host: a name must be 1 to 64 of a-z 0-9 _"));
        }
        if host.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(invalid("host: a name occurs twice"));
        }
        Ok(host)
    }

    /// What stands before `mac`: `{"at":…,"event":…,"evidence":…,"host":…`.
    fn write_body(&self, host: &[(&str, &str)], out: &mut String) {
        let mut line = Object::begin(out);
        line.number("at", self.at);
        line.string("event", self.event);
        if !self.evidence.is_empty() {
            line.raw("evidence", self.evidence);
        }
        if !host.is_empty() {
            let mut object = Object::begin(line.member("host"));
            for (name, value) in host {
                write_str(object.any_member(name), value);
            }
            object.end();
        }
    }
}

/// What stands behind `mac`.
fn tail(seq: u64, prev: &[u8; 32]) -> String {
    format!(",\"prev\":\"{}\",\"seq\":{seq},\"v\":1}}", hex(prev))
}

fn mac_member(tag: &[u8]) -> String {
    format!(",\"mac\":\"{}\"", hex(tag))
}

/// HMAC-SHA-256 over the line without its `mac`.
fn mac(key: &[u8], body: &str, tail: &str) -> hmac::Tag {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    context.update(body.as_bytes());
    context.update(tail.as_bytes());
    context.sign()
}

fn invalid(what: &str) -> ConfigError {
    ConfigError::new(Reason::ArgumentInvalid, what)
}

fn is_event(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-');
    (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(plain)
}

fn is_host_name(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(plain)
}

fn is_canonical_object(text: &[u8]) -> bool {
    text.len() <= MAX_LINE
        && Tape::default().read(text, EVIDENCE).is_ok_and(|evidence| is_canonical(text, evidence))
}

/// A number in its only spelling.
fn decimal(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}

/// Why a line is not the next one of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LineError {
    /// Longer than [`MAX_LINE`].
    TooLong,
    /// Not one JSON object with a receipt's members.
    NotReceipt,
    /// A receipt in another spelling than the one it was written in.
    NotCanonical,
    /// `seq` is not one more than the line before.
    Sequence,
    /// `prev` is not the digest of the line before: that line, or this one, is another than was written.
    Previous,
    /// A key was given and the line has no `mac`.
    MacMissing,
    /// `mac` was not made with the key over this line.
    MacMismatch,
}

impl LineError {
    /// The stable machine name.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::TooLong => "line_too_long",
            Self::NotReceipt => "not_a_receipt",
            Self::NotCanonical => "not_canonical",
            Self::Sequence => "seq_mismatch",
            Self::Previous => "prev_mismatch",
            Self::MacMissing => "mac_missing",
            Self::MacMismatch => "mac_mismatch",
        }
    }

    /// The sentence for people. It never depends on the line.
    pub const fn phrase(self) -> &'static str {
        match self {
            Self::TooLong => "the line is longer than 1 MiB",
            Self::NotReceipt => "the line is not a receipt",
            Self::NotCanonical => "the line is not spelled as it was written",
            Self::Sequence => "the line's number does not follow the line before",
            Self::Previous => "the line does not name the line before by its digest",
            Self::MacMissing => "the line has no mac, and a key was given",
            Self::MacMismatch => "the line's mac was not made with this key over this line",
        }
    }
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.phrase())
    }
}

impl core::error::Error for LineError {}

impl From<LineError> for ConfigError {
    fn from(error: LineError) -> Self {
        Self::new(Reason::ReceiptInvalid, error.phrase())
    }
}

/// Follows a log line by line, over rotated files too. Total: any bytes are a good line or a [`LineError`].
#[derive(Default)]
pub struct Chain {
    tape: Tape,
    /// Before the first line that was taken.
    start: Option<Head>,
    head: Option<Head>,
    lines: u64,
    unchecked_macs: u64,
}

impl Chain {
    /// Starts behind `after`; with `None`, wherever the first line says it stands.
    pub fn new(after: Option<Head>) -> Self {
        Self { start: after, head: after, ..Self::default() }
    }

    /// Takes the next line, without its newline. With a key its `mac` must be there and right.
    ///
    /// # Errors
    /// Why it is not the next line; the chain is then as it was.
    pub fn push(&mut self, line: &[u8], key: Option<&[u8]>) -> Result<(), LineError> {
        let parsed = Line::read(&mut self.tape, line)?;
        let before = self.head.unwrap_or(parsed.before);
        if parsed.before.seq != before.seq {
            return Err(LineError::Sequence);
        }
        if parsed.before.digest != before.digest {
            return Err(LineError::Previous);
        }
        if let Some(key) = key {
            parsed.check_mac(key)?;
        }
        self.unchecked_macs += u64::from(key.is_none() && parsed.mac.is_some());
        self.start.get_or_insert(before);
        self.head = Some(parsed.head);
        self.lines += 1;
        Ok(())
    }

    /// The head after the lines so far.
    pub fn head(&self) -> Head {
        self.head.unwrap_or(Head::EMPTY)
    }

    /// What the first line follows; `None` before it, unless it was given.
    pub fn start(&self) -> Option<Head> {
        self.start
    }

    /// Lines taken.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// Lines with a `mac` that no key was given for.
    pub fn unchecked_macs(&self) -> u64 {
        self.unchecked_macs
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chain").field("head", &self.head).field("lines", &self.lines).finish_non_exhaustive()
    }
}

/// A line that is a receipt by itself.
struct Line<'a> {
    before: Head,
    head: Head,
    body: &'a str,
    mac: Option<[u8; 32]>,
    tail: String,
}

impl<'a> Line<'a> {
    fn read(tape: &mut Tape, line: &'a [u8]) -> Result<Self, LineError> {
        if line.len() > MAX_LINE {
            return Err(LineError::TooLong);
        }
        let value = tape.read(line, LINE).map_err(|_| LineError::NotReceipt)?;
        let members = Members::read(value).ok_or(LineError::NotReceipt)?;
        let text = core::str::from_utf8(line).map_err(|_| LineError::NotReceipt)?;
        // Sorted names put `mac`, if any, at one place: where the bytes its key signed are cut.
        let tail = tail(members.seq, &members.prev);
        let mac = members.mac.map_or(String::new(), |mac| mac_member(&mac));
        let body = text.strip_suffix(&*tail).and_then(|rest| rest.strip_suffix(&*mac));
        let body = body.filter(|_| is_canonical(line, value)).ok_or(LineError::NotCanonical)?;
        Ok(Self {
            before: Head { seq: members.seq - 1, digest: members.prev },
            head: Head { seq: members.seq, digest: sha256(line) },
            body,
            mac: members.mac,
            tail,
        })
    }

    fn check_mac(&self, key: &[u8]) -> Result<(), LineError> {
        let mac = self.mac.ok_or(LineError::MacMissing)?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        // In constant time.
        hmac::verify(&key, [self.body, &self.tail].concat().as_bytes(), &mac)
            .map_err(|_| LineError::MacMismatch)
    }
}

/// What a line's members say, each of its type; nothing else may be there.
struct Members {
    seq: u64,
    prev: [u8; 32],
    mac: Option<[u8; 32]>,
}

impl Members {
    fn read(line: Value<'_>) -> Option<Self> {
        let string = |value: Value<'_>| value.as_str().map(Str::decode);
        let number = |name: &str| line.get(name)?.as_number().and_then(decimal);
        let known = ["at", "event", "evidence", "host", "mac", "prev", "seq", "v"];
        let at = number("at").and_then(|at| i64::try_from(at).ok())?;
        let good = at > 0
            && number("v") == Some(1)
            && is_event(&line.get("event").and_then(string)?)
            && line.get("evidence").is_none_or(|evidence| evidence.kind() == Kind::Object)
            && line.get("host").is_none_or(is_host)
            && line.members().all(|(name, _)| known.iter().any(|known| name.is(known)));
        let mac = line.get("mac").map(|mac| string(mac).and_then(|text| unhex32(&text)));
        let prev = unhex32(&string(line.get("prev")?)?)?;
        let before = Head { seq: number("seq")?.checked_sub(1)?, digest: prev };
        let mac = if let Some(mac) = mac { Some(mac?) } else { None };
        (good && before.is_possible()).then_some(Self { seq: before.seq + 1, prev, mac })
    }
}

fn is_host(host: Value<'_>) -> bool {
    let count = host.members().count();
    host.kind() == Kind::Object
        && (1..=MAX_HOST).contains(&count)
        && host
            .members()
            .all(|(name, value)| is_host_name(&name.text().decode()) && value.kind() == Kind::String)
}

/// The head that one line makes, whatever it follows: for a writer that opens its log again.
///
/// # Errors
/// Why it is not a receipt.
pub fn head_of(line: &[u8]) -> Result<Head, LineError> {
    Line::read(&mut Tape::default(), line).map(|line| line.head)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";
    const EVIDENCE: &str = r#"{"attestor_id":"spiffe","verified_at":1800000000}"#;

    // What Python's json, hashlib and hmac make of the same receipts.
    const FIRST: &str = "{\"at\":1800000000,\"event\":\"agent.register.allow\",\"evidence\":{\"attestor_id\":\"spiffe\",\
        \"verified_at\":1800000000},\"host\":{\"agent_id\":\"a\\n\\\"é\",\"swarm_id\":\"s\"},\
        \"mac\":\"2ef4c0b2c6ac86811b4fa4a10639b9cd402585e068c06b93c953439304befbec\",\
        \"prev\":\"0000000000000000000000000000000000000000000000000000000000000000\",\"seq\":1,\"v\":1}";
    const FIRST_HEAD: &str = "1:a09068946eabdf3c70dd507e986b31809c9d062494581ce45c98c0f2ac9a4a22";
    const SECOND: &str = "{\"at\":1800000001,\"event\":\"log.torn\",\
        \"host\":{\"bytes\":\"12\",\"moved_to\":\"x.torn\",\"sha256\":\"ab\"},\
        \"prev\":\"a09068946eabdf3c70dd507e986b31809c9d062494581ce45c98c0f2ac9a4a22\",\"seq\":2,\"v\":1}";
    const SECOND_HEAD: &str = "2:ca59c49fb39357ed3a21b215fe9f7179ee88d6af033fa2b1ce16a91a2a22d85d";

    fn first() -> Receipt<'static> {
        Receipt {
            after: Head::EMPTY,
            at: 1_800_000_000,
            event: "agent.register.allow",
            evidence: EVIDENCE,
            host: &[("swarm_id", "s"), ("agent_id", "a\n\"é")],
            key: Some(KEY),
        }
    }

    fn head(text: &str) -> Head {
        text.parse().unwrap()
    }

    #[test]
    fn lines_are_what_another_implementation_writes() {
        let mut out = String::from("kept");
        assert_eq!(first().write(&mut out), Ok(head(FIRST_HEAD)));
        assert_eq!(out, format!("kept{FIRST}"));
        let second = Receipt {
            after: head(FIRST_HEAD),
            at: 1_800_000_001,
            event: "log.torn",
            evidence: "",
            host: &[("sha256", "ab"), ("moved_to", "x.torn"), ("bytes", "12")],
            key: None,
        };
        out.clear();
        assert_eq!(second.write(&mut out).unwrap().to_string(), SECOND_HEAD);
        assert_eq!(out, SECOND);
        assert_eq!(head_of(FIRST.as_bytes()), Ok(head(FIRST_HEAD)));
    }

    #[test]
    fn what_cannot_be_a_line_is_refused_by_name() {
        let good = first();
        let long = "x".repeat(65);
        let many: Vec<String> = (0..65).map(|n| format!("n{n}")).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|name| (&**name, "")).collect();
        let large = "\u{1}".repeat(MAX_LINE / 6);
        let after = |seq, digest| Head { seq, digest };
        for (receipt, member) in [
            (Receipt { after: after(0, [1; 32]), ..good }, "seq, prev:"),
            (Receipt { after: after(1, [0; 32]), ..good }, "seq, prev:"),
            (Receipt { after: after(u64::MAX, [1; 32]), ..good }, "seq:"),
            (Receipt { at: 0, ..good }, "at:"),
            (Receipt { at: i64::MIN, ..good }, "at:"),
            (Receipt { event: "", ..good }, "event:"),
            (Receipt { event: "Allow", ..good }, "event:"),
            (Receipt { event: "a\nb", ..good }, "event:"),
            (Receipt { event: &long, ..good }, "event:"),
            (Receipt { evidence: "[]", ..good }, "evidence:"),
            (Receipt { evidence: "{ }", ..good }, "evidence:"),
            (Receipt { evidence: r#"{"b":1,"a":2}"#, ..good }, "evidence:"),
            (Receipt { evidence: "{}\n", ..good }, "evidence:"),
            (Receipt { evidence: "{}{}", ..good }, "evidence:"),
            (Receipt { key: Some(b""), ..good }, "key:"),
            (Receipt { key: Some(&KEY[..15]), ..good }, "key:"),
            (Receipt { host: &many, ..good }, "host:"),
            (Receipt { host: &[("", "x")], ..good }, "host:"),
            (Receipt { host: &[("Agent", "x")], ..good }, "host:"),
            (Receipt { host: &[("a-b", "x")], ..good }, "host:"),
            (Receipt { host: &[(&long, "x")], ..good }, "host:"),
            (Receipt { host: &[("a", "x"), ("b", "x"), ("a", "y")], ..good }, "host:"),
            (Receipt { host: &[("a", &large)], ..good }, "the line"),
        ] {
            let mut out = String::from("kept");
            let error = receipt.write(&mut out).unwrap_err();
            assert!(error.detail().starts_with(member), "{error} {member}");
            assert_eq!(out, "kept");
        }
    }

    #[test]
    fn heads_have_one_text() {
        assert_eq!(head(FIRST_HEAD).to_string(), FIRST_HEAD);
        let zeros = "0".repeat(64);
        assert_eq!(head(&format!("0:{zeros}")), Head::EMPTY);
        let digest = &FIRST_HEAD[2..];
        for wrong in [
            String::new(),
            "1".into(),
            "1:".into(),
            format!(":{digest}"),
            format!("01:{digest}"),
            format!("+1:{digest}"),
            format!("-1:{digest}"),
            format!("1:{}", &digest[1..]),
            format!("1:{digest}\n"),
            format!("1:{}", digest.to_uppercase()),
            format!("0:{digest}"),
            format!("1:{zeros}"),
            format!("18446744073709551616:{digest}"),
        ] {
            assert!(wrong.parse::<Head>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_chain_is_followed_and_may_begin_behind_a_head() {
        let mut chain = Chain::new(None);
        assert_eq!((chain.head(), chain.start()), (Head::EMPTY, None));
        chain.push(FIRST.as_bytes(), Some(KEY)).unwrap();
        assert_eq!(chain.push(SECOND.as_bytes(), Some(KEY)), Err(LineError::MacMissing));
        chain.push(SECOND.as_bytes(), None).unwrap();
        assert_eq!((chain.head(), chain.start()), (head(SECOND_HEAD), Some(Head::EMPTY)));
        assert_eq!((chain.lines(), chain.unchecked_macs()), (2, 0));

        let mut rotated = Chain::new(None);
        rotated.push(SECOND.as_bytes(), None).unwrap();
        assert_eq!(rotated.start(), Some(head(FIRST_HEAD)));
        assert_eq!(Chain::new(Some(head(FIRST_HEAD))).push(SECOND.as_bytes(), None), Ok(()));
        assert_eq!(
            Chain::new(Some(head(SECOND_HEAD))).push(SECOND.as_bytes(), None),
            Err(LineError::Sequence)
        );
        let other = Head { seq: 1, digest: [7; 32] };
        assert_eq!(Chain::new(Some(other)).push(SECOND.as_bytes(), None), Err(LineError::Previous));

        let mut keyless = Chain::new(None);
        keyless.push(FIRST.as_bytes(), None).unwrap();
        assert_eq!(keyless.unchecked_macs(), 1);
        assert_eq!(keyless.push(FIRST.as_bytes(), None), Err(LineError::Sequence));
        assert_eq!(keyless.head(), head(FIRST_HEAD));
    }

    fn refusal(line: &str) -> LineError {
        Chain::new(None).push(line.as_bytes(), None).unwrap_err()
    }

    #[test]
    fn every_other_line_is_refused() {
        let edits: &[(&str, &str, LineError)] = &[
            ("\"at\":1800000000", "\"at\":-1", LineError::NotReceipt),
            ("\"at\":1800000000", "\"at\":0", LineError::NotReceipt),
            ("\"at\":1800000000", "\"at\":1.8e9", LineError::NotReceipt),
            ("\"at\":1800000000,", "", LineError::NotReceipt),
            ("\"event\"", "\"events\"", LineError::NotReceipt),
            ("agent.register.allow", "agent register", LineError::NotReceipt),
            ("\"v\":1", "\"v\":2", LineError::NotReceipt),
            (",\"v\":1", "", LineError::NotReceipt),
            (",\"v\":1", ",\"v\":1,\"w\":1", LineError::NotReceipt),
            ("\"seq\":1", "\"seq\":0", LineError::NotReceipt),
            ("\"seq\":1", "\"seq\":\"1\"", LineError::NotReceipt),
            ("\"seq\":1", "\"seq\":01", LineError::NotReceipt),
            ("\"seq\":1", "\"seq\":2", LineError::NotReceipt),
            ("\"swarm_id\":\"s\"", "\"swarm_id\":7", LineError::NotReceipt),
            ("\"swarm_id\"", "\"Swarm_id\"", LineError::NotReceipt),
            ("\"mac\":\"2e", "\"mac\":\"2E", LineError::NotReceipt),
            ("\"mac\":\"2e", "\"mac\":\"", LineError::NotReceipt),
            ("\"prev\":\"00", "\"prev\":\"", LineError::NotReceipt),
            ("\"agent_id\":\"a", "\"agent_id\":\"\\u0061", LineError::NotCanonical),
            ("\"swarm_id\":\"s\"", "\"swarm_id\": \"s\"", LineError::NotCanonical),
            ("\"v\":1}", "\"v\":1} ", LineError::NotCanonical),
            ("\"v\":1}", "\"v\":1}\r", LineError::NotCanonical),
            ("\"seq\":1,\"v\":1", "\"v\":1,\"seq\":1", LineError::NotCanonical),
            (
                "\"attestor_id\":\"spiffe\",\"verified_at\":1800000000",
                "\"verified_at\":1,\"attestor_id\":\"spiffe\"",
                LineError::NotCanonical,
            ),
        ];
        for (from, to, error) in edits {
            assert!(FIRST.contains(from), "{from}");
            assert_eq!(refusal(&FIRST.replace(from, to)), *error, "{to}");
        }
        for text in ["", "{}", "null", "[]", "x", "{\"seq\":1}", "\u{feff}{}"] {
            assert_eq!(refusal(text), LineError::NotReceipt, "{text}");
        }
        assert_eq!(refusal(&" ".repeat(MAX_LINE + 1)), LineError::TooLong);
    }

    #[test]
    fn a_mac_is_of_one_key_and_one_line() {
        let check = |line: &str, key: &[u8]| Chain::new(None).push(line.as_bytes(), Some(key));
        assert_eq!(check(FIRST, KEY), Ok(()));
        assert_eq!(check(FIRST, &KEY[1..]), Err(LineError::MacMismatch));
        assert_eq!(check(&FIRST.replace(":\"s\"", ":\"t\""), KEY), Err(LineError::MacMismatch));
        assert_eq!(check(&FIRST.replace("\"mac\":\"2e", "\"mac\":\"2f"), KEY), Err(LineError::MacMismatch));
    }

    proptest! {
        #[test]
        fn any_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Chain::new(None).push(&bytes, Some(KEY));
            if let Ok(text) = core::str::from_utf8(&bytes) {
                let _ = text.parse::<Head>();
                let _ = Receipt { evidence: text, event: text, ..first() }.write(&mut String::new());
            }
        }

        /// One byte of a line with a `mac` cannot be changed unseen.
        #[test]
        fn any_changed_byte_is_seen(at in 0..FIRST.len(), byte in any::<u8>()) {
            let mut line = FIRST.as_bytes().to_vec();
            prop_assume!(line[at] != byte);
            line[at] = byte;
            prop_assert!(Chain::new(None).push(&line, Some(KEY)).is_err());
        }

        #[test]
        fn what_is_written_is_read(
            seq in 1..u64::MAX, digest in proptest::array::uniform32(1u8..), at in 1..i64::MAX,
            event in "[a-z0-9._-]{1,64}", value in ".{0,40}", keyed in any::<bool>(),
        ) {
            let after = Head { seq, digest };
            let host = [("x", &*value)];
            let key = keyed.then_some(KEY);
            let mut line = String::new();
            let head = Receipt { after, at, event: &event, evidence: "{}", host: &host, key }.write(&mut line).unwrap();
            prop_assert!(!line.contains('\n'));
            let mut chain = Chain::new(Some(after));
            chain.push(line.as_bytes(), key).unwrap();
            prop_assert_eq!(chain.head(), head);
            prop_assert_eq!(head.to_string().parse::<Head>().unwrap(), head);
        }
    }
}

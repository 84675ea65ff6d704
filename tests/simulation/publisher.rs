//! A trust domain or an issuer: its keys through their lives, its documents, its tokens.

use super::material::{ED25519, Token, jwk, pem, thumbprint};
use super::oracle::{Key, Kind, Material};
use super::random::Random;
use attestor::Format;
use std::fmt::Write as _;
use std::sync::Arc;

pub(crate) const US: &str = "urn:simulation:us";
pub(crate) const OLD_US: &str = "urn:simulation:us-before";
const ELSEWHERE: &str = "urn:simulation:elsewhere";

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// How a publisher writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    SpiffeBundle,
    WorkloadApi,
    KeySet,
    StaticKeys,
}

/// A document, and in plain words what it says.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) format: Format,
    /// Tells documents of one publisher apart.
    pub(crate) version: u64,
    pub(crate) said: Vec<Said>,
    pub(crate) max_age: Option<i64>,
}

/// What a document says of one source.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) source: String,
    pub(crate) kind: Kind,
    pub(crate) material: Material,
    pub(crate) sequence: Option<u64>,
    pub(crate) hint: Option<i64>,
}

/// What can be wrong with a document for once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spoiled {
    Malformed,
    Private,
    Unusable,
    Empty,
    RolledBack,
    Rekeyed,
}

impl Spoiled {
    pub(crate) const ALL: [Self; 6] =
        [Self::Malformed, Self::Private, Self::Unusable, Self::Empty, Self::RolledBack, Self::Rekeyed];
}

/// What is unusual about a rotation: the gate holds what comes of it until somebody forces it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mishap {
    /// The publisher came back from a backup: its sequence is an old one.
    OldSequence,
    /// The new key has the name of the old one.
    SameKid,
}

pub(crate) struct Publisher {
    pub(crate) name: String,
    pub(crate) style: Style,
    pub(crate) hint: Option<i64>,
    pub(crate) max_age: Option<i64>,
    keys: Vec<Key>,
    next: Option<Key>,
    tainted: Option<Key>,
    sequence: u64,
    /// Tells its documents apart.
    pub(crate) version: u64,
    made: u32,
    first_number: u32,
    minted: u32,
    /// Of the key that signs.
    pub(crate) tokens: Vec<Token>,
    /// Of keys that no longer sign, the last of them.
    pub(crate) past: Vec<Token>,
}

impl Publisher {
    pub(crate) fn new(name: String, style: Style, hint: Option<i64>, random: &mut Random, now: i64) -> Self {
        let first_number = u32::try_from(random.below(1 << 16)).expect("small");
        let mut publisher = Self {
            name,
            style,
            hint,
            max_age: None,
            keys: Vec::new(),
            next: None,
            tainted: None,
            sequence: 10,
            version: 0,
            made: 0,
            first_number,
            minted: 0,
            tokens: Vec::new(),
            past: Vec::new(),
        };
        let key = publisher.make_key();
        publisher.keys.push(key.clone());
        publisher.mint_all(&key, random, now);
        publisher
    }

    pub(crate) fn is_issuer(&self) -> bool {
        self.style == Style::KeySet
    }

    fn make_key(&mut self) -> Key {
        self.made += 1;
        let nth = self.first_number.wrapping_add(self.made);
        // Some issuers sign with Ed25519.
        let number = if self.is_issuer() && self.first_number.is_multiple_of(2) {
            ED25519 + nth % 40
        } else {
            nth % ED25519
        };
        let kid = match self.style {
            Style::StaticKeys => thumbprint(number),
            _ => format!("key-{}", self.made),
        };
        Key { kid, number }
    }

    fn publish_anew(&mut self) {
        self.version += 1;
        self.sequence += 1;
    }

    /// The new key is published beside the old one.
    pub(crate) fn prepare(&mut self, mishap: Option<Mishap>) {
        let mut key = self.make_key();
        if mishap == Some(Mishap::SameKid) {
            key.kid.clone_from(&self.keys[0].kid);
            self.keys.clear();
        }
        self.keys.push(key.clone());
        self.next = Some(key);
        self.publish_anew();
        if mishap == Some(Mishap::OldSequence) {
            self.sequence -= 5;
        }
    }

    /// The new key signs.
    pub(crate) fn activate(&mut self, random: &mut Random, now: i64) {
        let Some(key) = self.next.take() else { return };
        self.tainted = self.keys.iter().find(|old| **old != key).cloned();
        let old = std::mem::take(&mut self.tokens);
        self.past.extend(old.into_iter().filter(|token| token.audience == US));
        let surplus = self.past.len().saturating_sub(8);
        self.past.drain(..surplus);
        self.mint_all(&key, random, now);
    }

    /// The old key is gone.
    pub(crate) fn revoke(&mut self) {
        let Some(old) = self.tainted.take() else { return };
        self.keys.retain(|key| *key != old);
        self.publish_anew();
    }

    fn mint_all(&mut self, key: &Key, random: &mut Random, now: i64) {
        let later = now + random.length(HOUR, 3 * DAY);
        let soon = now + random.length(HOUR, 7 * DAY);
        self.tokens = [
            (US, now - 10, now + 800 * DAY),
            (US, now - 10, soon),
            (US, later, now + 800 * DAY),
            (OLD_US, now - 10, now + 800 * DAY),
            (ELSEWHERE, now - 10, now + 800 * DAY),
        ]
        .map(|(audience, not_before, expires)| self.mint(key, audience, not_before, expires))
        .to_vec();
    }

    fn mint(&mut self, key: &Key, audience: &str, not_before: i64, expires: i64) -> Token {
        self.minted += 1;
        let workload = self.minted % 3;
        let subject = match self.style {
            Style::KeySet => format!("workload-{workload}"),
            _ => format!("spiffe://{}/workload-{workload}", self.name),
        };
        let token = Token {
            bytes: Vec::new(),
            source: self.name.clone(),
            is_issuer: self.is_issuer(),
            kid: key.kid.clone(),
            signed_by: None,
            audience: audience.to_owned(),
            subject,
            jti: format!("{}#{}", self.name, self.minted),
            not_before,
            expires,
        };
        token.sign(key.number)
    }

    /// What is published now.
    pub(crate) fn document(&self) -> Document {
        self.document_of(&self.keys, self.sequence, self.version)
    }

    /// A document that is published by mistake.
    pub(crate) fn spoiled(&self, how: Spoiled) -> Document {
        let version = u64::MAX - self.version;
        let stranger = Key { kid: "stranger".to_owned(), number: stranger_to(self.keys[0].number) };
        let with = |material, keys: &str| Document {
            bytes: self.write(keys, self.sequence).into_bytes().into(),
            version,
            said: vec![Said { material, ..self.says(Vec::new(), self.sequence) }],
            ..self.document()
        };
        match how {
            Spoiled::Malformed => with(Material::Malformed, "7,"),
            Spoiled::Private => with(Material::Private, &jwk(&stranger, r#""use":"jwt-svid","d":"AAAA","#)),
            Spoiled::Unusable => with(Material::Unusable, r#"{"use":"jwt-svid","kty":"AKP","kid":"pq"}"#),
            Spoiled::Empty => self.document_of(&[], self.sequence, version),
            Spoiled::RolledBack => {
                let keys = [&self.keys[..], &[stranger]].concat();
                self.document_of(&keys, self.sequence.saturating_sub(3), version)
            }
            Spoiled::Rekeyed => {
                let kid = self.keys[0].kid.clone();
                self.document_of(&[Key { kid, ..stranger }], self.sequence, version)
            }
        }
    }

    fn document_of(&self, keys: &[Key], sequence: u64, version: u64) -> Document {
        let (text, format) = match self.style {
            Style::StaticKeys => (keys.iter().map(|key| pem(key.number)).collect(), Format::PublicKeyPem),
            Style::KeySet => (self.write(&list(keys, r#""use":"sig","#), sequence), Format::Jwks),
            Style::WorkloadApi => (self.write(&list(keys, ""), sequence), Format::WorkloadApiJwks),
            Style::SpiffeBundle => {
                (self.write(&list(keys, r#""use":"jwt-svid","#), sequence), Format::SpiffeBundle)
            }
        };
        Document {
            bytes: text.into_bytes().into(),
            format,
            version,
            said: vec![self.says(keys.to_vec(), sequence)],
            max_age: self.max_age,
        }
    }

    fn write(&self, keys: &str, sequence: u64) -> String {
        let mut text = String::from("{");
        if self.style == Style::SpiffeBundle {
            let _ = write!(text, r#""spiffe_sequence":{sequence},"#);
        }
        if let Some(hint) = self.hint {
            let _ = write!(text, r#""spiffe_refresh_hint":{hint},"#);
        }
        text + r#""keys":["# + keys + "]}"
    }

    fn says(&self, keys: Vec<Key>, sequence: u64) -> Said {
        Said {
            source: self.name.clone(),
            kind: match self.style {
                Style::SpiffeBundle | Style::WorkloadApi => Kind::Spiffe,
                Style::KeySet => Kind::KeySet,
                Style::StaticKeys => Kind::StaticKeys,
            },
            material: Material::Keys(keys),
            sequence: (self.style == Style::SpiffeBundle).then_some(sequence),
            hint: self.hint,
        }
    }
}

fn list(keys: &[Key], more: &str) -> String {
    keys.iter().map(|key| jwk(key, more)).collect::<Vec<_>>().join(",")
}

/// A key of the same type that no rotation of this year comes to.
fn stranger_to(number: u32) -> u32 {
    if number < ED25519 { (number + 80) % ED25519 } else { ED25519 + (number - ED25519 + 20) % 40 }
}

/// The bundle map of several publishers (Trust Domain and Bundle section 5).
pub(crate) fn bundle_map(documents: &[(&str, Document)], max_age: i64, version: u64) -> Document {
    let (mut members, mut said) = (Vec::new(), Vec::new());
    for (name, document) in documents {
        let bundle = String::from_utf8(document.bytes.to_vec()).expect("a document is UTF-8");
        members.push(format!(r#""{name}":{bundle}"#));
        said.extend(document.said.iter().cloned());
    }
    let text = format!(r#"{{"trust_domains":{{{}}}}}"#, members.join(","));
    let format = Format::BundleMap;
    Document { bytes: text.into_bytes().into(), format, version, said, max_age: Some(max_age) }
}

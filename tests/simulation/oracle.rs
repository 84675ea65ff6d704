//! What must be answered, from the text of the design and nothing of the library.
//!
//! Every source has the plain list of what happened to it, and every question is answered by reading that list from
//! its beginning. It is slow and simple: there is nothing in it that could be out of date.

use std::collections::BTreeMap;

/// An allow, or the name of the reason.
pub(crate) type Verdict = Result<(), &'static str>;

const DAY: i64 = 24 * 3600;

/// A key as a publisher names it; the number says which key it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) kid: String,
    pub(crate) number: u32,
}

/// What kind of document an update is: the ages, and what no keys mean, depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Spiffe,
    KeySet,
    StaticKeys,
}

/// What an update says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Material {
    Keys(Vec<Key>),
    /// No document at all.
    Malformed,
    /// A key with its secret.
    Private,
    /// Entries, and not one that can be used.
    Unusable,
}

/// An update on its way into a source. Times are Unix seconds, lengths of time seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Update {
    pub(crate) at: i64,
    pub(crate) feed: u64,
    pub(crate) kind: Kind,
    pub(crate) material: Material,
    pub(crate) sequence: Option<u64>,
    pub(crate) hint: Option<i64>,
    pub(crate) max_age: Option<i64>,
    pub(crate) force: bool,
    pub(crate) permanent: bool,
}

/// What happened to a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Update(Update),
    /// The feed says that nothing is new.
    Confirm {
        at: i64,
        feed: u64,
    },
    /// Everything of the feed is to go.
    Withdraw {
        feed: u64,
    },
    Remove,
    /// The host began anew with what it had saved.
    Restore {
        at: i64,
    },
}

/// Who may enter, and how old the keys may be.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) clock_skew: i64,
    pub(crate) attestors: Vec<Attestor>,
}

#[derive(Clone, Debug)]
pub(crate) struct Attestor {
    pub(crate) sources: Vec<String>,
    pub(crate) audiences: Vec<String>,
    pub(crate) max_staleness: Option<i64>,
}

/// What the deny overlay compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Subject,
    TokenId,
    KeyId,
}

/// An entry of the deny overlay, or its end.
#[derive(Clone, Debug)]
pub(crate) struct Denial {
    /// None is every source of the kind.
    pub(crate) source: Option<String>,
    pub(crate) is_issuer: bool,
    pub(crate) field: Field,
    pub(crate) value: String,
    pub(crate) expires: Option<i64>,
    pub(crate) lifted: bool,
}

impl Denial {
    fn is_live(&self, now: i64) -> bool {
        !self.lifted && self.expires.is_none_or(|end| now < end)
    }

    fn is_about_same(&self, other: &Self) -> bool {
        (&self.source, self.is_issuer, self.field, &self.value)
            == (&other.source, other.is_issuer, other.field, &other.value)
    }
}

/// A credential, as far as anyone can see.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question<'a> {
    pub(crate) source: &'a str,
    pub(crate) is_issuer: bool,
    pub(crate) kid: &'a str,
    /// The number of the key that made the signature; none is a forgery.
    pub(crate) signed_by: Option<u32>,
    pub(crate) audience: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) token_id: &'a str,
    pub(crate) not_before: i64,
    pub(crate) expires: i64,
}

/// Everything that happened.
#[derive(Debug, Default)]
pub(crate) struct Oracle {
    sources: BTreeMap<String, Vec<Event>>,
    denials: Vec<Denial>,
    rules: Vec<Rules>,
}

/// What a host had at one time.
#[derive(Clone, Debug)]
pub(crate) struct Saved {
    sources: BTreeMap<String, Vec<Event>>,
    denials: Vec<Denial>,
}

/// What a source holds.
#[derive(Clone, Debug)]
struct Slot<'a> {
    feed: u64,
    confirmed: i64,
    soft: Option<i64>,
    hard: Option<i64>,
    keys: Vec<&'a Key>,
    /// The last update that passed the gate: what is known.
    known: Vec<&'a Key>,
    sequence: Option<u64>,
}

impl Oracle {
    /// Notes an update; what must be answered to it.
    pub(crate) fn update(&mut self, source: &str, update: Update) -> Verdict {
        let answer = match &update.material {
            Material::Malformed => Err("bundle_malformed"),
            Material::Private => Err("bundle_private_key"),
            Material::Unusable => Err("no_usable_keys"),
            // Only SPIFFE knows a document that revokes everything.
            Material::Keys(keys) if keys.is_empty() && update.kind != Kind::Spiffe => Err("no_usable_keys"),
            Material::Keys(keys) => {
                let held = self.slot(source).and_then(|slot| slot.holds(&update, keys));
                held.map_or(Ok(()), Err)
            }
        };
        if answer.is_ok()
            || answer.is_err_and(|reason| matches!(reason, "bundle_rollback" | "bundle_rekeyed"))
        {
            self.note(source, Event::Update(update));
        }
        answer
    }

    /// Notes a confirmation; what must be answered to it.
    pub(crate) fn confirm(&mut self, source: &str, feed: u64, at: i64) -> Verdict {
        if self.owner(source) != Some(feed) {
            return Err("bundle_unavailable");
        }
        self.note(source, Event::Confirm { at, feed });
        Ok(())
    }

    /// Notes that a feed's material is gone; whether there was any.
    pub(crate) fn withdraw(&mut self, source: &str, feed: u64) -> bool {
        let had = self.owner(source) == Some(feed);
        if had {
            self.note(source, Event::Withdraw { feed });
        }
        had
    }

    pub(crate) fn remove(&mut self, source: &str) {
        self.note(source, Event::Remove);
    }

    /// What the host saves: all that it holds, but for denials that have ended.
    pub(crate) fn save(&self, at: i64) -> Saved {
        Saved { sources: self.sources.clone(), denials: self.live_denials(at) }
    }

    /// The host begins anew with what it had saved.
    pub(crate) fn restore(&mut self, saved: Saved, at: i64) {
        (self.sources, self.denials) = (saved.sources, saved.denials);
        self.denials = self.live_denials(at);
        for source in self.sources.keys().cloned().collect::<Vec<_>>() {
            if self.slot(&source).is_some() {
                self.note(&source, Event::Restore { at });
            }
        }
    }

    /// The last words on what is denied.
    fn live_denials(&self, now: i64) -> Vec<Denial> {
        let all = self.denials.iter().enumerate();
        let last = all
            .filter(|(at, denial)| !self.denials[at + 1..].iter().any(|later| later.is_about_same(denial)));
        last.map(|(_, denial)| denial).filter(|denial| denial.is_live(now)).cloned().collect()
    }

    pub(crate) fn denied(&self) -> usize {
        self.denials.len()
    }

    /// The host begins anew with nothing.
    pub(crate) fn forget_everything(&mut self) {
        self.sources.clear();
        self.denials.clear();
    }

    pub(crate) fn deny(&mut self, denial: Denial) {
        self.denials.push(denial);
    }

    pub(crate) fn set_rules(&mut self, rules: Rules) {
        self.rules.push(rules);
    }

    /// Whose the keys of a source are.
    pub(crate) fn owner(&self, source: &str) -> Option<u64> {
        self.slot(source).map(|slot| slot.feed)
    }

    /// When the keys of a source were confirmed, and from when on they are too old, by the rules there are.
    pub(crate) fn ages(&self, source: &str) -> Option<(i64, Option<i64>)> {
        let slot = self.slot(source)?;
        Some((slot.confirmed, slot.hard_age(self.attestor_of(source)?.max_staleness)))
    }

    /// The verdict on a credential.
    pub(crate) fn judge(&self, question: &Question<'_>, now: i64) -> Verdict {
        let Some(rules) = self.rules.last() else { return Err("no rules") };
        let unknown = if question.is_issuer { "issuer_unknown" } else { "trust_domain_unknown" };
        let attestor = self.attestor_of(question.source).ok_or(unknown)?;
        if now >= question.expires + rules.clock_skew {
            return Err("token_expired");
        }
        if now < question.not_before - rules.clock_skew {
            return Err("token_not_yet_valid");
        }
        if !attestor.audiences.iter().any(|audience| audience == question.audience) {
            return Err("audience_mismatch");
        }
        let slot = self.slot(question.source).ok_or("bundle_unavailable")?;
        if slot.hard_age(attestor.max_staleness).is_some_and(|hard| slot.age(now) >= hard) {
            return Err("bundle_stale");
        }
        let key = slot.keys.iter().find(|key| key.kid == question.kid).ok_or("kid_not_found")?;
        if question.signed_by != Some(key.number) {
            return Err("signature_invalid");
        }
        if self.is_denied(question, now) {
            return Err("overlay_denied");
        }
        Ok(())
    }

    /// Whether an allow must say that a refresh is due.
    pub(crate) fn is_due(&self, source: &str, now: i64) -> bool {
        self.slot(source).is_some_and(|slot| slot.soft.is_some_and(|soft| slot.age(now) >= soft))
    }

    fn attestor_of(&self, source: &str) -> Option<&Attestor> {
        let rules = self.rules.last()?;
        rules.attestors.iter().find(|attestor| attestor.sources.iter().any(|known| known == source))
    }

    fn is_denied(&self, question: &Question<'_>, now: i64) -> bool {
        let fields = [
            (Field::Subject, question.subject),
            (Field::TokenId, question.token_id),
            (Field::KeyId, question.kid),
        ];
        let sources = [Some(question.source), None];
        fields.into_iter().any(|(field, value)| {
            sources.into_iter().any(|source| {
                let about = |denial: &&Denial| {
                    denial.field == field
                        && denial.value == value
                        && denial.is_issuer == question.is_issuer
                        && denial.source.as_deref() == source
                };
                // Of several entries for one thing the last one counts.
                let last = self.denials.iter().rev().find(about);
                last.is_some_and(|denial| denial.is_live(now))
            })
        })
    }

    /// Of two things that differ in their time only, the later one says all that the earlier one said.
    fn note(&mut self, source: &str, event: Event) {
        let events = self.sources.entry(source.to_owned()).or_default();
        if events.last().is_some_and(|last| last.is_repeated_by(&event)) {
            events.pop();
        }
        events.push(event);
    }

    /// What a source holds: everything that happened to it, from the beginning.
    fn slot(&self, source: &str) -> Option<Slot<'_>> {
        let mut slot = None;
        for event in self.sources.get(source)? {
            slot = match event {
                Event::Update(update) => Some(Slot::after(slot, update)),
                Event::Confirm { at, feed } => slot.map(|slot: Slot<'_>| {
                    let confirmed = if slot.feed == *feed { *at } else { slot.confirmed };
                    Slot { confirmed, ..slot }
                }),
                Event::Withdraw { feed } => slot.filter(|slot| slot.feed != *feed),
                Event::Remove => None,
                Event::Restore { at } => slot.map(|slot| slot.restored(*at)),
            };
        }
        slot
    }
}

impl Event {
    fn is_repeated_by(&self, later: &Self) -> bool {
        match (self, later) {
            (Self::Update(one), Self::Update(other)) => Update { at: other.at, ..one.clone() } == *other,
            (Self::Confirm { feed, .. }, Self::Confirm { feed: other, .. }) => feed == other,
            _ => false,
        }
    }
}

impl Update {
    fn keys(&self) -> &[Key] {
        match &self.material {
            Material::Keys(keys) => keys,
            _ => &[],
        }
    }

    /// Soft and hard age.
    fn ages(&self) -> (Option<i64>, Option<i64>) {
        if self.permanent {
            return (None, None);
        }
        match self.kind {
            Kind::Spiffe => {
                let soft = self.hint.map(|hint| hint.clamp(10, DAY)).or(self.max_age).unwrap_or(300);
                (Some(soft), Some((2 * soft).clamp(60, DAY)))
            }
            Kind::KeySet => (Some(self.max_age.unwrap_or(3600).clamp(300, DAY)), Some(DAY)),
            Kind::StaticKeys => (None, None),
        }
    }
}

impl<'a> Slot<'a> {
    fn age(&self, now: i64) -> i64 {
        (now - self.confirmed).max(0)
    }

    /// Where the rules say how long after the soft age the keys may be used, that is the hard age.
    fn hard_age(&self, max_staleness: Option<i64>) -> Option<i64> {
        match (self.soft, max_staleness) {
            (Some(soft), Some(most)) => Some(soft + most),
            _ => self.hard,
        }
    }

    /// Why the rotation gate holds an update back, by its default rules. Empty and removal-only updates pass.
    fn holds(&self, update: &Update, keys: &[Key]) -> Option<&'static str> {
        let nothing_new = keys.iter().all(|key| self.has(key.number));
        if update.force || keys.is_empty() || (nothing_new && keys.len() < self.keys.len()) {
            return None;
        }
        if update.sequence.is_some_and(|new| self.sequence.is_some_and(|known| new < known)) {
            return Some("bundle_rollback");
        }
        let rekeyed = keys.iter().any(|key| {
            let named = || self.known.iter().filter(|known| known.kid == key.kid);
            named().next().is_some() && named().all(|known| known.number != key.number)
        });
        rekeyed.then_some("bundle_rekeyed")
    }

    fn has(&self, number: u32) -> bool {
        self.keys.iter().any(|key| key.number == number)
    }

    fn after(slot: Option<Self>, update: &'a Update) -> Self {
        let keys: Vec<&Key> = update.keys().iter().collect();
        match slot {
            // Removals count at once, additions wait; what is left has been confirmed.
            Some(slot) if slot.holds(update, update.keys()).is_some() => {
                let kept = keys.into_iter().filter(|key| slot.has(key.number)).collect();
                Self { keys: kept, confirmed: update.at, ..slot }
            }
            slot => {
                let (soft, hard) = update.ages();
                let sequence = match &slot {
                    // An older update that passes does not make older ones pass.
                    Some(slot) if !update.force && update.sequence.is_some() => {
                        update.sequence.max(slot.sequence)
                    }
                    _ => update.sequence,
                };
                let (feed, confirmed, known) = (update.feed, update.at, keys.clone());
                Self { feed, confirmed, soft, hard, keys, known, sequence }
            }
        }
    }

    /// From a snapshot: a time that has not come makes it stale by any rule, and nothing lasts for ever.
    fn restored(self, at: i64) -> Self {
        let confirmed = if self.confirmed > at { at - 10_000 * DAY } else { self.confirmed };
        Self { confirmed, hard: Some(self.hard.unwrap_or(DAY)), ..self }
    }
}

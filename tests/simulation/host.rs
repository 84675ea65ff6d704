//! The control plane: a store and a verifier, and beside every call of theirs the oracle's word.

use super::material::Token;
use super::oracle::{Denial, Field, Oracle, Update, Verdict};
use super::outages::Outages;
use super::policy::Plan;
use super::publisher::{Document, Said};
use super::report::Report;
use super::restart::Copy;
use super::wire::{PERMISSION_DENIED, Wire};
use attestor::{
    BundleStore, DenyEntry, DenyField, DenyKind, Format, Now, PutOptions, Request, Source, Verifier,
    VerifyResult,
};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// Seconds between two fetches for keys that a source did not have.
pub(crate) const COOLDOWN: i64 = 10;
/// How much of a source's past a disagreement shows.
const REMEMBERED: usize = 24;

/// A callback that the host registered; the empty name is the world.
#[derive(Clone, Debug)]
struct Line {
    name: String,
    is_issuer: bool,
    feed: u64,
}

/// How the host puts a document that it has itself.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Put {
    pub(crate) feed: u64,
    pub(crate) force: bool,
    pub(crate) permanent: bool,
}

pub(crate) struct Host {
    pub(crate) store: Arc<BundleStore>,
    verifier: Verifier,
    result: VerifyResult,
    pub(crate) wire: Wire,
    pub(crate) oracle: Oracle,
    pub(crate) report: Report,
    pub(crate) disagreements: Vec<String>,
    outages: Outages,
    lines: Vec<Line>,
    plan: Plan,
    saved: Option<Copy>,
    /// The last things that happened to each source.
    journal: HashMap<String, VecDeque<String>>,
    /// When a verification last marked a source.
    marks: HashMap<String, i64>,
    /// When a callback was last called, by the host's clock.
    attempts: HashMap<String, i64>,
}

pub(crate) fn source_of(name: &str, is_issuer: bool) -> Source<'_> {
    if is_issuer { Source::issuer(name) } else { Source::trust_domain(name) }
}

/// What a host may find out by verifying.
pub(crate) fn is_outage(verdict: Verdict) -> bool {
    matches!(verdict, Err("bundle_unavailable" | "bundle_stale"))
}

impl Host {
    pub(crate) fn new(plan: Plan) -> Self {
        let store = Arc::new(BundleStore::new());
        let verifier = Verifier::new(Arc::clone(&store), &plan.document()).expect("a policy");
        let mut oracle = Oracle::default();
        oracle.set_rules(plan.rules());
        Self {
            store,
            verifier,
            result: VerifyResult::new(),
            wire: Wire::default(),
            oracle,
            report: Report::default(),
            disagreements: Vec::new(),
            outages: Outages::default(),
            lines: Vec::new(),
            plan,
            saved: None,
            journal: HashMap::new(),
            marks: HashMap::new(),
            attempts: HashMap::new(),
        }
    }

    pub(crate) fn remember(&mut self, source: &str, now: i64, what: &str) {
        let lines = self.journal.entry(source.to_owned()).or_default();
        if lines.len() == REMEMBERED {
            lines.pop_front();
        }
        lines.push_back(format!("{now}: {what}"));
    }

    fn disagree(&mut self, source: &str, now: i64, what: &str) {
        self.report.disagreements += 1;
        if self.disagreements.len() < 5 {
            let past: Vec<_> = self.journal.get(source).into_iter().flatten().map(String::as_str).collect();
            self.disagreements.push(format!("{source} at {now}: {what}\n  {}", past.join("\n  ")));
        }
    }

    /// Compares what the library answered with what it must have answered.
    fn compare(&mut self, source: &str, now: i64, what: &str, got: Verdict, expected: Verdict) {
        if got != expected {
            self.disagree(source, now, &format!("{what}: the library says {got:?}, the oracle {expected:?}"));
        }
    }

    // ---- feeding ----------------------------------------------------------------------------------------

    /// Puts a document.
    pub(crate) fn put(&mut self, document: &Document, how: Put, now: i64) -> Verdict {
        let Said { source, kind, .. } = &document.said[0];
        let is_issuer = *kind == super::oracle::Kind::KeySet;
        let mut options = PutOptions::default();
        (options.feed, options.force, options.permanent) = (how.feed, how.force, how.permanent);
        options.max_age = document.max_age.and_then(|seconds| u64::try_from(seconds).ok());
        let target = source_of(source, is_issuer);
        let put = self.store.put(target, document.format, &document.bytes, &options, Now::At(now));
        let got = put.map(|_| ()).map_err(|error| error.reason().slug());
        self.report.forced += u64::from(how.force);
        self.take_update(document, how, now, got);
        got
    }

    /// Tells the oracle of an update that the library has answered.
    fn take_update(&mut self, document: &Document, how: Put, now: i64, got: Verdict) {
        let mut expected = Ok(());
        for said in &document.said {
            let update = Update {
                at: now,
                feed: how.feed,
                kind: said.kind,
                material: said.material.clone(),
                sequence: said.sequence,
                hint: said.hint,
                max_age: document.max_age,
                force: how.force,
                permanent: how.permanent,
            };
            self.remember(&said.source, now, &format!("{update:?}"));
            let one = self.oracle.update(&said.source, update);
            let is_held = one.is_err_and(|reason| reason.starts_with("bundle_r"));
            self.report.held += u64::from(is_held);
            self.report.refused += u64::from(one.is_err() && !is_held);
            if one.is_ok() || is_held {
                self.outages.delivered(&said.source, now);
            }
            expected = expected.and(one);
        }
        self.compare(&document.said[0].source, now, "update", got, expected);
    }

    /// Says that nothing is new, for one source or for all of the feed.
    pub(crate) fn touch(&mut self, source: &str, members: &[String], feed: u64, now: i64) -> Verdict {
        let target = source_of(source, source.starts_with("https://"));
        let touched = self.store.touch(target, feed, Now::At(now));
        let got = touched.map_err(|error| error.reason().slug());
        self.take_confirmation(source, members, feed, now, got);
        got
    }

    fn take_confirmation(&mut self, source: &str, members: &[String], feed: u64, now: i64, got: Verdict) {
        let mut expected = Err("bundle_unavailable");
        for member in members {
            if self.oracle.confirm(member, feed, now).is_ok() {
                expected = Ok(());
                self.remember(member, now, "confirmed");
                self.outages.delivered(member, now);
            }
        }
        self.report.confirmations += u64::from(got.is_ok());
        self.compare(source, now, &format!("confirmation by feed {feed}"), got, expected);
    }

    /// Everything of a feed is to go.
    pub(crate) fn withdraw(&mut self, feed: u64, members: &[String], now: i64) {
        let got = self.store.withdraw(feed).expect("the store is whole");
        let gone: Vec<_> = members.iter().filter(|member| self.oracle.withdraw(member, feed)).collect();
        for member in &gone {
            self.remember(member, now, "withdrawn");
            self.outages.emptied(member);
            self.marks.remove(*member);
        }
        self.report.withdrawals += 1;
        if got != gone.len() {
            let what = format!("withdraw: the library emptied {got}, the oracle {}", gone.len());
            self.disagree(members.first().map_or("", String::as_str), now, &what);
        }
    }

    /// Forgets a source, its callback too.
    pub(crate) fn remove(&mut self, source: &str, is_issuer: bool, now: i64) {
        self.store.remove(source_of(source, is_issuer)).expect("the store is whole");
        self.lines.retain(|line| line.name != source);
        self.oracle.remove(source);
        self.outages.emptied(source);
        self.marks.remove(source);
        self.attempts.remove(source);
        self.wire.forget(source);
        self.report.removals += 1;
        self.remember(source, now, "removed");
    }

    // ---- callbacks --------------------------------------------------------------------------------------

    /// Registers a callback; the empty name is the world.
    pub(crate) fn set_feed(&mut self, name: &str, is_issuer: bool, feed: u64) {
        self.lines.retain(|line| line.name != name);
        self.lines.push(Line { name: name.to_owned(), is_issuer, feed });
        self.register(name, is_issuer, feed);
    }

    fn register(&self, name: &str, is_issuer: bool, feed: u64) {
        let callback = self.wire.feed(name);
        self.store.set_feed(source_of(name, is_issuer), feed, callback).expect("a name");
    }

    /// Calls one callback back. `members` are the sources that the feed has filled.
    pub(crate) fn refresh(&mut self, name: &str, is_issuer: bool, members: &[String], now: i64) -> Verdict {
        let target = source_of(name, is_issuer);
        let refreshed = self.store.refresh_source(target, Now::At(now));
        let refreshed = refreshed.map_err(|error| error.reason().slug());
        self.attempts.insert(name.to_owned(), now);
        self.take_happenings(members, now);
        let health = self.store.health(target, Now::At(now)).expect("a name");
        if let Some(health) = health {
            let failed = refreshed.is_err();
            if failed != (health.failures_in_a_row > 0) {
                self.disagree(name, now, &format!("refresh: {refreshed:?}, and {health:?}"));
            }
            if health.host_code == PERMISSION_DENIED && failed {
                let feed = self.lines.iter().find(|line| line.name == name).map_or(0, |line| line.feed);
                self.withdraw(feed, members, now);
                self.wire.forget(name);
            }
        }
        refreshed
    }

    /// Whether no callback is between its calls: each was called at `now`, or is overdue.
    pub(crate) fn is_all_overdue(&self, now: i64) -> bool {
        self.lines
            .iter()
            .all(|line| self.attempts.get(&line.name) == Some(&now) || self.is_overdue(line, now))
    }

    /// A day is the longest pause; a time that has not come says nothing.
    fn is_overdue(&self, line: &Line, now: i64) -> bool {
        self.attempts.get(&line.name).is_none_or(|at| *at > now || now - at >= 24 * 3600)
    }

    /// Calls every overdue callback back.
    pub(crate) fn refresh_all(&mut self, members: &[String], now: i64) {
        let overdue: Vec<_> = self.lines.iter().filter(|line| self.is_overdue(line, now)).cloned().collect();
        let report = self.store.refresh(Now::At(now)).expect("no callback calls");
        for line in &overdue {
            self.attempts.insert(line.name.clone(), now);
        }
        self.take_happenings(members, now);
        let called = report.succeeded + report.failed;
        if called != overdue.len() {
            self.disagree("", now, &format!("refresh: {called} of {} callbacks called", overdue.len()));
        }
    }

    /// Tells the oracle what callbacks have done.
    fn take_happenings(&mut self, members: &[String], now: i64) {
        for happened in self.wire.take() {
            let feed =
                self.lines.iter().find(|line| line.name == happened.endpoint).map_or(0, |line| line.feed);
            match happened.put {
                None if happened.endpoint.is_empty() => {
                    self.take_confirmation("", members, feed, now, happened.answer);
                }
                None => {
                    let one = [happened.endpoint.clone()];
                    self.take_confirmation(&happened.endpoint, &one, feed, now, happened.answer);
                }
                Some(document) => {
                    if document.format == Format::BundleMap {
                        self.drop_absent(&document, members, feed, now);
                    }
                    self.take_update(&document, Put { feed, ..Put::default() }, now, happened.answer);
                }
            }
        }
    }

    /// A map is the state of the world of its feed.
    fn drop_absent(&mut self, map: &Document, members: &[String], feed: u64, now: i64) {
        for member in members {
            let is_absent = map.said.iter().all(|said| said.source != *member);
            if is_absent && self.oracle.withdraw(member, feed) {
                self.remember(member, now, "no longer in the map");
                self.outages.emptied(member);
                self.marks.remove(member);
            }
        }
    }

    // ---- policy and overlay -----------------------------------------------------------------------------

    pub(crate) fn set_policy(&mut self, plan: Plan) {
        self.verifier.set_policy(&plan.document()).expect("a policy");
        self.oracle.set_rules(plan.rules());
        self.plan = plan;
        self.outages.begin_anew();
        self.report.policies += 1;
    }

    pub(crate) fn clock_was_set(&mut self) {
        self.outages.begin_anew();
        self.report.clock_steps += 1;
    }

    /// Denies, or lifts.
    pub(crate) fn deny(&mut self, denial: Denial, now: i64) {
        let entry = DenyEntry {
            kind: if denial.is_issuer { DenyKind::Issuer } else { DenyKind::TrustDomain },
            source: denial.source.as_deref().unwrap_or("*"),
            field: match denial.field {
                Field::Subject => DenyField::Sub,
                Field::TokenId => DenyField::Jti,
                Field::KeyId => DenyField::Kid,
            },
            value: &denial.value,
            expires_at: denial.expires,
        };
        if denial.lifted {
            self.store.lift(entry).expect("an entry");
        } else {
            self.store.deny(entry, Now::At(now)).expect("an entry");
            self.report.denials += 1;
        }
        if let Some(source) = denial.source.clone() {
            self.remember(&source, now, &format!("{denial:?}"));
        }
        self.oracle.deny(denial);
    }

    // ---- restart ----------------------------------------------------------------------------------------

    /// Takes a snapshot for a restart.
    pub(crate) fn save(&mut self, now: i64) {
        self.saved = Some(Copy::new(&self.store, self.oracle.save(now), self.outages.clone(), now));
    }

    /// Begins anew, from the last snapshot if that is not lost. `at` is a byte of it that an accident changes.
    pub(crate) fn restart(&mut self, is_lost: bool, at: usize, now: i64) {
        self.store = Arc::new(BundleStore::new());
        let saved = self.saved.take().filter(|_| !is_lost);
        let is_restored = saved.is_some();
        if let Some(saved) = saved {
            let denials = saved.restore(&self.store, at, now);
            self.oracle.restore(saved.oracle, now);
            self.outages.restore(saved.outages, now);
            if denials != self.oracle.denied() {
                let what = format!("{denials} denials restored, the oracle knows {}", self.oracle.denied());
                self.disagree("", now, &what);
            }
            self.report.restored += 1;
        } else {
            self.oracle.forget_everything();
            self.outages = Outages::default();
        }
        self.verifier = Verifier::new(Arc::clone(&self.store), &self.plan.document()).expect("a policy");
        self.marks.clear();
        self.attempts.clear();
        self.wire.forget_all();
        for line in &self.lines {
            self.register(&line.name, line.is_issuer, line.feed);
        }
        let sources: Vec<_> = self.journal.keys().cloned().collect();
        for source in sources {
            self.remember(&source, now, if is_restored { "restarted from a snapshot" } else { "restarted" });
        }
        self.report.restarts += 1;
    }

    // ---- verifying --------------------------------------------------------------------------------------

    /// Verifies, without fetching.
    pub(crate) fn verify(&mut self, token: &Token, now: i64) -> Verdict {
        let request = Request::new(&token.bytes).at(Now::At(now));
        let mut result = std::mem::take(&mut self.result);
        let verdict = self.verifier.verify(&request, &mut result);
        let got = verdict.map(|verified| verified.identity.to_owned());
        self.judge(token, got.map_err(|rejected| rejected.reason.slug()), &result, now);
        let verdict = result.reason().map_or(Ok(()), |reason| Err(reason.slug()));
        self.result = result;
        verdict
    }

    /// Verifies, and lets a callback fetch what is missing. `fed_as` is the callback that there is for the source.
    pub(crate) fn verify_refreshing(&mut self, token: &Token, fed_as: &str, members: &[String], now: i64) {
        let request = Request::new(&token.bytes).at(Now::At(now));
        let mut result = std::mem::take(&mut self.result);
        let before = self.wire.fetches();
        let verdict = self.verifier.verify_refreshing(&request, &mut result);
        let got = verdict.map(|verified| verified.identity.to_owned());
        let got = got.map_err(|rejected| rejected.reason.slug());
        let fetches = self.wire.fetches() - before;
        self.take_happenings(members, now);
        if fetches > 0 {
            self.report.refreshed += fetches;
            if !result.is_refresh_wanted() {
                // The mark that made it fetch is the first verification's, whose result is not seen.
                self.marks.insert(token.source.clone(), now);
            }
            let last = self.attempts.insert(fed_as.to_owned(), now);
            if fetches > 1 || last.is_some_and(|last| (0..COOLDOWN).contains(&(now - last))) {
                self.disagree(&token.source, now, &format!("{fetches} fetches, the last one at {last:?}"));
            }
        }
        self.judge(token, got, &result, now);
        self.result = result;
    }

    /// Whether a verification that finds no key makes the callback run, whatever the store has planned.
    pub(crate) fn would_fetch(&self, source: &str, fed_as: &str, now: i64) -> bool {
        let long_ago = |times: &HashMap<String, i64>, name: &str, seconds| {
            times.get(name).is_none_or(|at| now - at > seconds)
        };
        long_ago(&self.attempts, fed_as, 400) && long_ago(&self.marks, source, COOLDOWN)
    }

    fn judge(&mut self, token: &Token, got: Result<String, &'static str>, result: &VerifyResult, now: i64) {
        let expected = self.oracle.judge(&token.question(), now);
        let source = &token.source;
        let verdict = got.as_ref().map(|_| ()).map_err(|reason| *reason);
        self.count(verdict, result);
        if verdict != expected {
            let what = format!("verification of {:?}", token.question());
            self.compare(source, now, &what, verdict, expected);
            return;
        }
        let identity =
            if token.is_issuer { format!("oidc:{source}:{}", token.subject) } else { token.subject.clone() };
        if got.is_ok_and(|got| got != identity) {
            self.disagree(source, now, "an allow of another identity");
        }
        let is_proven = matches!(expected, Ok(()) | Err("overlay_denied"));
        if result.authenticated() != is_proven {
            self.disagree(source, now, &format!("{expected:?}, and authenticated is {}", !is_proven));
        }
        if expected.is_ok() && result.is_bundle_due() != self.oracle.is_due(source, now) {
            self.disagree(source, now, &format!("an allow, and due is {}", result.is_bundle_due()));
        }
        self.check_mark(source, expected, result.is_refresh_wanted(), now);
        self.check_outage(source, expected, now);
    }

    fn count(&mut self, verdict: Verdict, result: &VerifyResult) {
        self.report.verifications += 1;
        self.report.cached += u64::from(result.is_from_cache());
        match verdict {
            Ok(()) => self.report.allows += 1,
            _ if is_outage(verdict) => self.report.unavailable += 1,
            Err(_) => self.report.denies += 1,
        }
    }

    /// A missing key marks its source at most once in a cooldown, and nothing else does.
    fn check_mark(&mut self, source: &str, verdict: Verdict, is_marked: bool, now: i64) {
        if !is_marked {
            return;
        }
        let last = self.marks.insert(source.to_owned(), now);
        let too_soon = last.is_some_and(|last| (0..COOLDOWN).contains(&(now - last)));
        if verdict != Err("kid_not_found") || too_soon {
            self.disagree(
                source,
                now,
                &format!("{verdict:?} wants a refresh; the last mark was at {last:?}"),
            );
        }
    }

    fn check_outage(&mut self, source: &str, verdict: Verdict, now: i64) {
        let is_about_source = !matches!(
            verdict,
            Err("trust_domain_unknown"
                | "issuer_unknown"
                | "token_expired"
                | "token_not_yet_valid"
                | "audience_mismatch")
        );
        if is_about_source {
            let hard = self.oracle.ages(source).and_then(|(_, hard)| hard);
            if let Some(wrong) = self.outages.seen(source, is_outage(verdict), hard, now) {
                self.disagree(source, now, &wrong);
            }
        }
    }
}

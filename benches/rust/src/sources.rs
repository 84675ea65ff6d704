//! Stores of one to a hundred thousand sources: looking one up, replacing one, and what each holds in memory.
//!
//! Every source has the bundle of a SPIRE server: an X.509 authority and a JWT key, both P-256.

use crate::algorithm::Algorithm;
use crate::allocator::bytes_of;
use crate::material::{AUDIENCE, Material, Result, encode, signing_input, svid_policy};
use crate::rounds::{self, Case, summary};
use crate::turns;
use attestor::{
    BundleStore, Format, Now, PutOptions, Reason, Request, Source, Verifier, VerifierOptions, VerifyResult,
};
use serde_json::Value;
use std::fs;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

const BUNDLE: &str = include_str!("../../../tests/data/spire/ec-p256/s0.bundle.spiffe.json");
const SIZES: [usize; 4] = [1, 100, 10_000, 100_000];
/// Tokens that take turns, spread over the sources.
const TOKENS: usize = 1024;

/// Named figures.
type Figures = Vec<(String, f64)>;

struct Filled {
    sources: usize,
    bytes: usize,
    verifier: Rc<Verifier>,
}

impl Filled {
    fn new(sources: usize) -> Result<Self> {
        let store = BundleStore::new();
        let (filled, bytes) = bytes_of(|| (0..sources).try_for_each(|n| put(&store, n, BUNDLE)));
        filled?;
        let mut options = VerifierOptions::default();
        options.cache_entries = 0;
        let verifier = Verifier::with(Arc::new(store), svid_policy("*").as_bytes(), options)?;
        Ok(Self { sources, bytes, verifier: Rc::new(verifier) })
    }

    /// Refuses one token after the other: first those whose source has another type of key, then those refused just
    /// before their source is looked up. What the first take longer is the look-up.
    fn refusals(&self, spread: bool) -> Result<[impl FnMut() -> bool + use<>; 2]> {
        let [after, before] = self.tokens(spread)?;
        Ok([(after, Reason::AlgKeyMismatch), (before, Reason::AudienceMismatch)].map(|(tokens, reason)| {
            let (verifier, mut result, mut at) = (Rc::clone(&self.verifier), VerifyResult::new(), 0);
            move || {
                at = (at + 1) % tokens.len();
                let verdict = verifier.verify(&Request::new(tokens[at].as_bytes()), &mut result);
                verdict.is_err_and(|rejected| rejected.reason == reason)
            }
        }))
    }

    /// Tokens of all sources, or of one; the second ones are for another audience.
    fn tokens(&self, spread: bool) -> Result<[Vec<String>; 2]> {
        let kid = jwt_kid()?;
        let issued = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() - 60;
        let of = |audience: &str| {
            let token = |n: usize| {
                let (n, source) = if spread { (n, n * self.sources / TOKENS) } else { (0, self.sources / 2) };
                let subject = format!("spiffe://{}/ns/payments/sa/w{n:04}", domain(source));
                let signed = signing_input("ES384", &kid, &subject, audience, issued);
                format!("{signed}.{}", encode(&[1; 96]))
            };
            // In no order that memory could foresee.
            (0..if spread { TOKENS } else { 1 }).map(|n| token(n * 389 % TOKENS)).collect()
        };
        Ok([of(AUDIENCE), of(&AUDIENCE.replace("orders", "reders"))])
    }
}

fn domain(n: usize) -> String {
    format!("td{n:06}.example.org")
}

fn put(store: &BundleStore, n: usize, document: &str) -> Result<()> {
    let mut options = PutOptions::default();
    options.permanent = true;
    let name = domain(n);
    store.put(
        Source::trust_domain(&name),
        Format::SpiffeBundle,
        document.as_bytes(),
        &options,
        Now::System,
    )?;
    Ok(())
}

fn jwt_kid() -> Result<String> {
    let bundle: Value = serde_json::from_str(BUNDLE)?;
    let keys = bundle["keys"].as_array().ok_or("no keys")?;
    let key = keys.iter().find(|key| key["use"] == "jwt-svid").ok_or("no JWT key")?;
    Ok(key["kid"].as_str().ok_or("no kid")?.to_owned())
}

/// The bundle with one more JWT key.
fn grown(jwk: &str) -> Result<String> {
    let mut bundle: Value = serde_json::from_str(BUNDLE)?;
    let mut key: Value = serde_json::from_str(jwk)?;
    key["use"] = "jwt-svid".into();
    bundle["keys"].as_array_mut().ok_or("no keys")?.push(key);
    Ok(bundle.to_string())
}

/// Everything that depends on how many sources there are.
pub fn measure(material: &Material, rounds: usize, calls: usize, puts: usize) -> Result<Figures> {
    debug_assert_eq!(material.algorithm, Algorithm::Es256);
    let stores = SIZES.into_iter().map(Filled::new).collect::<Result<Vec<_>>>()?;
    let mut figures = look_ups(&stores, rounds, calls)?;
    let documents = [grown(&material.jwk)?, BUNDLE.to_owned()];
    for filled in &stores {
        #[allow(clippy::cast_precision_loss)] // far below 2^52
        let bytes = filled.bytes as f64 / filled.sources as f64;
        figures.push((format!("sources/{}/bytes", filled.sources), bytes));
        figures.extend(updates(filled, &documents, puts)?);
    }
    Ok(figures)
}

/// What looking a source up takes: one that was just asked, and one that nobody has asked for long.
fn look_ups(stores: &[Filled], rounds: usize, calls: usize) -> Result<Figures> {
    let mut figures = Vec::new();
    let mut cases = Vec::new();
    for filled in stores {
        let name = |what: &str| format!("sources/{}/lookup/{what}", filled.sources);
        let [mut after, mut before] = filled.refusals(false)?;
        figures.push((name("same"), turns::difference(&mut after, &mut before, calls)?));
        let [after, before] = filled.refusals(true)?;
        cases.push(Case::new(name("after"), true, after));
        cases.push(Case::new(name("before"), true, before));
    }
    let timings = rounds::measure(cases, rounds)?;
    let median = |name: &str| timings.iter().find(|t| t.name == name).map_or(f64::NAN, |t| t.median);
    for sources in SIZES {
        let [after, before] =
            ["after", "before"].map(|end| median(&format!("sources/{sources}/lookup/{end}")));
        figures.push((format!("sources/{sources}/lookup/spread"), after - before));
    }
    Ok(figures)
}

/// Replaces sources one after the other while another thread reads: how long an update takes, and what the reader
/// notices of it.
fn updates(filled: &Filled, documents: &[String; 2], puts: usize) -> Result<Figures> {
    let name = |what: &str| format!("sources/{}/{what}", filled.sources);
    let [tokens, _] = filled.tokens(true)?;
    let verifier: &Verifier = &filled.verifier;
    let mut times = Vec::with_capacity(puts);
    let start = Instant::now();
    let updating = while_reading(verifier, &tokens, || {
        for n in 0..puts {
            // Each source grows a key, and loses it at once.
            let (source, document) = ((n / 2 * 7919) % filled.sources, &documents[n % 2]);
            let start = Instant::now();
            put(verifier.store(), source, document)?;
            times.push(start.elapsed().as_secs_f64() * 1e9);
        }
        Ok(())
    })?;
    let took = start.elapsed();
    let quiet = while_reading(verifier, &tokens, || {
        thread::sleep(took);
        Ok(())
    })?;
    let (min, median) = summary(times);
    let mut figures = vec![(name("put/min"), min), (name("put/median"), median)];
    for (when, seen) in [("updating", updating), ("quiet", quiet)] {
        figures.push((name(&format!("reader/{when}/calls")), seen.calls));
        figures.push((name(&format!("reader/{when}/waits")), seen.waits));
        figures.push((name(&format!("reader/{when}/p99.9")), seen.late));
    }
    Ok(figures)
}

/// What a reading thread saw.
struct Seen {
    calls: f64,
    /// How often the kernel put the thread to sleep because it waited for something.
    waits: f64,
    /// Nanoseconds that 999 of 1,000 calls stay below.
    late: f64,
}

/// Reads in another thread while `work` runs.
fn while_reading(verifier: &Verifier, tokens: &[String], work: impl FnOnce() -> Result<()>) -> Result<Seen> {
    let (begun, done) = (Barrier::new(2), AtomicBool::new(false));
    let read = || {
        let (mut result, mut times) = (VerifyResult::new(), Vec::with_capacity(1 << 22));
        begun.wait();
        let before = waits();
        for token in tokens.iter().cycle() {
            let start = Instant::now();
            let _ = verifier.verify(&Request::new(token.as_bytes()), &mut result);
            times.push(start.elapsed().as_secs_f64() * 1e9);
            if done.load(Ordering::Relaxed) {
                break;
            }
        }
        (times, waits() - before)
    };
    let (mut times, waits) = thread::scope(|scope| -> Result<_> {
        let reader = scope.spawn(read);
        begun.wait();
        let worked = work();
        done.store(true, Ordering::Relaxed);
        let seen = reader.join().map_err(|_| "the reader panicked")?;
        worked.map(|()| seen)
    })?;
    times.sort_by(f64::total_cmp);
    let last = times.len().checked_sub(1).ok_or("nothing was read")?;
    #[allow(clippy::cast_precision_loss)] // far below 2^52
    let calls = times.len() as f64;
    Ok(Seen { calls, waits, late: times[last - last / 1000] })
}

/// How often this thread has given up the processor of its own accord: it does so to wait, and for nothing else.
fn waits() -> f64 {
    let status = fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    line.and_then(|count| count.trim().parse().ok()).unwrap_or(f64::NAN)
}

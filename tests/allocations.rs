//! The allocation contract: none on a warm result, but for RSA (at most five, all ring's).

use attestor::{BundleStore, Format, Now, PutOptions, Reason, Request, Source, Verifier, VerifyResult};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fs;
use std::path::Path;
use std::sync::Arc;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

#[allow(unsafe_code)]
// SAFETY: every call is passed on to the system allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: the caller's contract.
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's contract.
        unsafe { System.realloc(ptr, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn counted<R>(run: impl FnOnce() -> R) -> (R, usize) {
    let before = COUNT.with(Cell::get);
    let result = run();
    (result, COUNT.with(Cell::get) - before)
}

/// The most an algorithm's verification may allocate; what comes before the signature allocates nothing.
fn allowance(credential: &[u8], reason: Option<Reason>) -> usize {
    let header = credential.split(|b| *b == b'.').next().unwrap_or_default();
    let rsa = [&b"eyJhbGciOiJSUz"[..], b"eyJhbGciOiJQUz"].iter().any(|start| header.starts_with(start));
    let reached_signature = reason.is_none_or(|r| (1201..1300).contains(&r.code()));
    if rsa && reached_signature { 5 } else { 0 }
}

/// Every case of the corpus, judged a second time on the same result.
#[test]
fn a_warm_verdict_allocates_nothing() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let cases = fs::read_to_string(folder.join("cases.tsv")).expect("the corpus");
    let mut result = VerifyResult::new();
    let (mut judged, mut rsa) = (0, 0);
    for line in cases.lines().skip(1) {
        let columns: Vec<_> = line.split('\t').collect();
        let [id, _, now, policy, bundles, credential, ..] = columns[..] else { panic!("ten columns") };
        let now = Now::At(now.parse().expect("a time"));
        let store = Arc::new(BundleStore::new());
        for item in bundles.split(',').filter(|item| *item != "-") {
            let parts: Vec<_> = item.trim_start_matches('?').splitn(3, '=').collect();
            let document = fs::read(folder.join("bundles").join(parts[2])).expect("the bundle");
            let format = Format::from_name(parts[1]).expect("a format");
            let source = match parts[0].strip_prefix("issuer:") {
                Some(name) => Source::issuer(name),
                None if parts[0].starts_with("https://") => Source::issuer(parts[0]),
                None => Source::trust_domain(parts[0]),
            };
            let _ = store.put(source, format, &document, &PutOptions::default(), now);
        }
        let policy = fs::read(folder.join("policies").join(policy)).expect("the policy");
        let Ok(verifier) = Verifier::new(store, &policy) else { continue };
        let credential = fs::read(folder.join("credentials").join(credential)).expect("the credential");
        let request = Request::new(&credential).at(now);
        let cold = verifier.verify(&request, &mut result).map(|_| ());
        let (warm, count) = counted(|| verifier.verify(&request, &mut result).map(|_| ()));
        assert_eq!(cold, warm, "{id}");
        let most = allowance(&credential, result.reason());
        assert!(count <= most, "{id}: {count} allocations, at most {most} allowed");
        judged += 1;
        rsa += usize::from(most > 0);
    }
    assert!(judged > 300 && rsa > 0, "{judged} judged, {rsa} of them RSA");
}

#[test]
fn hostile_input_allocates_nothing_and_does_no_work() {
    let store = Arc::new(BundleStore::new());
    let policy =
        br#"{"version":1,"attestors":[{"id":"a","kind":"spiffe","audiences":["x"],"trust_domains":["td"]}]}"#;
    let verifier = Verifier::new(store, policy).expect("the policy");
    let mut result = VerifyResult::new();
    let dots = vec![b'.'; 1 << 20];
    let deep = [b"eyJh".as_slice(), &vec![b'W'; 12_000], b".e30.AA"].concat();
    for credential in [&dots[..], &dots[..16_000], &deep] {
        let request = Request::new(credential);
        let _ = verifier.verify(&request, &mut result);
        let (verdict, count) = counted(|| verifier.verify(&request, &mut result).is_err());
        assert!(verdict);
        assert_eq!(count, 0);
    }
}

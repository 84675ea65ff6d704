//! A million random `kid`s against one source: one fetch in a cooldown, no memory, and the good are let in.

use crate::material::*;
use attestor::{BundleStore, Reason, Request, VerifyResult};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::{Arc, Mutex};

mod material;

const SECONDS: i64 = 1_000;
const IN_A_SECOND: usize = 1_000;
const COOLDOWN: i64 = 10;

thread_local! {
    /// Bytes that this thread holds.
    static HELD: Cell<isize> = const { Cell::new(0) };
}

struct Counting;

fn count(bytes: usize, sign: isize) {
    HELD.with(|held| held.set(held.get() + sign * isize::try_from(bytes).unwrap_or(isize::MAX)));
}

#[allow(unsafe_code)]
// SAFETY: every call is passed on to the system allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 1);
        // SAFETY: the caller's contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        count(layout.size(), -1);
        // SAFETY: the caller's contract.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Tokens that differ in their `kid` only: the key is missed before the signature is looked at.
struct Forger {
    rest: Vec<u8>,
    token: Vec<u8>,
    state: u64,
}

impl Forger {
    fn new() -> Self {
        let template = token("td", "any", 1);
        let dot = template.iter().position(|byte| *byte == b'.').expect("a header");
        Self { rest: template[dot..].to_vec(), token: vec![0; 1024], state: 0x9E37_79B9_7F4A_7C15 }
    }

    /// The next one (xorshift64; no two of a million are the same).
    fn forge(&mut self) -> &[u8] {
        use std::io::Write as _;
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        let mut header = [0; 64];
        let mut free = &mut header[..];
        write!(free, r#"{{"alg":"ES256","kid":"{:016x}"}}"#, self.state).expect("room");
        let left = free.len();
        let written = URL_SAFE_NO_PAD.encode_slice(&header[..64 - left], &mut self.token).expect("room");
        let end = written + self.rest.len();
        self.token[written..end].copy_from_slice(&self.rest);
        &self.token[..end]
    }
}

#[test]
fn a_million_random_kids_are_one_fetch_in_a_cooldown() {
    let store = Arc::new(BundleStore::new());
    let verifier = verifier(&store, &["td"]);
    let fetched = Arc::new(Mutex::new(Vec::with_capacity(1_000)));
    let (clock, log) = (Arc::new(Mutex::new(0)), Arc::clone(&fetched));
    let (told, document) = (Arc::clone(&clock), bundle(&[jwk("good", 1)]));
    let fetch = feed(move |_, sink| {
        log.lock().expect("no panic").push(*told.lock().expect("no panic"));
        give(sink, &document)
    });
    store.set_feed(domain("td"), 1, fetch).expect("a callback");
    store.refresh(at(0)).expect("a refresh");

    let (good, mut forger, mut result) = (token("td", "good", 1), Forger::new(), VerifyResult::new());
    let (mut marks, mut judged, mut warm) = (0, 0, 0);
    for second in 0..SECONDS {
        *clock.lock().expect("no panic") = second;
        for _ in 0..IN_A_SECOND {
            let request = Request::new(forger.forge()).at(at(second));
            let refused = verifier.verify(&request, &mut result).expect_err("no such key");
            assert_eq!(refused.reason, Reason::KidNotFound);
            judged += 1;
            if result.is_refresh_wanted() {
                marks += 1;
                store.refresh(at(second)).expect("a refresh");
            }
        }
        let allowed = verifier.verify(&Request::new(&good).at(at(second)), &mut result);
        assert!(allowed.is_ok(), "second {second}");
        let held = HELD.with(Cell::get);
        if second == 2 * COOLDOWN {
            warm = held;
        }
        assert!(second < 2 * COOLDOWN || held <= warm + 1_024, "second {second}: {warm} bytes, now {held}");
    }
    let fetched = fetched.lock().expect("no panic");
    assert_eq!(judged, 1_000_000);
    assert!(fetched.windows(2).all(|pair| pair[1] - pair[0] >= COOLDOWN), "{fetched:?}");
    // At 0, and whenever the mark and the cooldown of the fetch before it come together.
    assert!((90..=100).contains(&fetched.len()), "{}", fetched.len());
    assert!((90..=100).contains(&marks), "{marks}");
    let health = store.health(domain("td"), at(SECONDS)).expect("a name").expect("health");
    assert_eq!((health.refreshes, health.failures), (u64::try_from(fetched.len()).expect("few"), 0));
}

//! attestor in every state: cold, with tables, remembered; and what it refuses.

use crate::allocator::allocations;
use crate::material::{ISSUER, Material, Result, TOKENS, TRUST_DOMAIN, WORKLOADS};
use crate::rounds::Case;
use crate::states::{State, WARM};
use attestor::{Format, Now, PutOptions, Request, Source, Verifier, VerifierOptions, VerifyResult};
use std::rc::Rc;
use std::sync::Arc;

/// A verifier of the material's bundle whose keys are in `state`, without a cache unless asked for.
pub fn verifier(material: &Material, state: State, cache: bool) -> Result<Verifier> {
    let store = state.store();
    let (source, format) = if material.algorithm.is_of_svids() {
        (Source::trust_domain(TRUST_DOMAIN), Format::SpiffeBundle)
    } else {
        (Source::issuer(ISSUER), Format::Jwks)
    };
    store.put(source, format, material.bundle.as_bytes(), &PutOptions::default(), Now::System)?;
    let mut options = VerifierOptions::default();
    if !cache {
        options.cache_entries = 0;
    }
    let verifier = Verifier::with(Arc::new(store), material.policy.as_bytes(), options)?;
    let (token, mut result) = (material.token("valid").as_bytes(), VerifyResult::new());
    for _ in 0..WARM {
        verifier.verify(&Request::new(token), &mut result).map_err(|_| "refused")?;
    }
    Ok(verifier)
}

/// One verification with everything made beforehand; whether it was let in.
pub fn check(verifier: Rc<Verifier>, token: &str) -> impl FnMut() -> bool + use<> {
    check_in_turn(verifier, vec![token.to_owned()])
}

/// Likewise, each time of the next of several tokens.
fn check_in_turn(verifier: Rc<Verifier>, tokens: Vec<String>) -> impl FnMut() -> bool + use<> {
    let (mut result, mut next) = (VerifyResult::new(), 0);
    move || {
        let request = Request::new(tokens[next].as_bytes());
        next = if next + 1 < tokens.len() { next + 1 } else { 0 };
        verifier.verify(&request, &mut result).is_ok_and(|verified| !verified.identity.is_empty())
    }
}

/// Likewise, and the evidence of the verdict is written.
fn check_with_evidence(verifier: Rc<Verifier>, token: &str) -> impl FnMut() -> bool + use<> {
    let (mut result, token, mut evidence) = (VerifyResult::new(), token.to_owned(), String::new());
    move || {
        let request = Request::new(token.as_bytes());
        let allowed = verifier.verify(&request, &mut result).is_ok();
        evidence.clear();
        result.write_evidence(&mut evidence);
        allowed && !evidence.is_empty()
    }
}

pub fn cases(material: &Material, absent: &mut Vec<(String, String)>) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    let algorithm = material.algorithm.name();
    for state in State::ALL {
        let name = |what: &str| format!("attestor/{algorithm}/{}/{what}", state.name());
        if let Some(why) = state.obstacle() {
            absent.push((name("valid"), why.into()));
            continue;
        }
        let verifier = Rc::new(verifier(material, state, false)?);
        for (token, expected) in TOKENS {
            let check = check(Rc::clone(&verifier), material.token(token));
            cases.push(Case::new(name(token), expected, check));
        }
        cases.push(in_turn(name("distinct"), Rc::clone(&verifier), material));
        let check = check_with_evidence(verifier, material.token("valid"));
        cases.push(Case::new(name("evidence"), true, check));
    }
    let remembering = Rc::new(verifier(material, State::Portable, true)?);
    let repeated = check(Rc::clone(&remembering), material.token("valid"));
    cases.push(Case::new(format!("attestor/{algorithm}/cached/valid"), true, repeated));
    cases.push(in_turn(format!("attestor/{algorithm}/cached/distinct"), remembering, material));
    Ok(cases)
}

/// The case of good tokens of as many workloads.
fn in_turn(name: String, verifier: Rc<Verifier>, material: &Material) -> Case {
    Case::in_turn(name, WORKLOADS, check_in_turn(verifier, material.distinct.clone()))
}

/// What checks the signatures in each state.
pub fn kernels(material: &Material) -> Result<Vec<(String, String)>> {
    let mut kernels = Vec::new();
    for state in State::ALL.into_iter().filter(|state| state.obstacle().is_none()) {
        let verifier = Rc::new(verifier(material, state, false)?);
        let by_table = || verifier.store().key_table_stats().by_table;
        let before = by_table();
        check(Rc::clone(&verifier), material.token("valid"))();
        let name = format!("{}/{}", material.algorithm.name(), state.name());
        kernels.push((name, state.kernel(by_table() > before).to_owned()));
    }
    Ok(kernels)
}

/// Heap allocations of one warm verdict, by state and token.
pub fn allocations_of(material: &Material) -> Result<Vec<(String, f64)>> {
    let mut counted = Vec::new();
    for state in State::ALL.into_iter().filter(|state| state.obstacle().is_none()) {
        let verifier = Rc::new(verifier(material, state, false)?);
        for (token, _) in TOKENS {
            let mut check = check(Rc::clone(&verifier), material.token(token));
            check();
            let count = allocations(|| {
                check();
            });
            let name = format!("allocations/{}/{}/{token}", material.algorithm.name(), state.name());
            counted.push((name, f64::from(u32::try_from(count)?)));
        }
    }
    Ok(counted)
}

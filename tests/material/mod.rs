//! Keys that a test makes, the bundles they are in, and tokens they sign.

#![allow(dead_code)] // each test uses its part

use attestor::{
    BundleStore, FetchError, Format, Now, PutOptions, PutReport, Reason, Request, Sink, SinkOptions,
    SlotInfo, SlotKind, Source, Verifier, VerifyResult,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use std::sync::Arc;

/// The second at which a test begins.
pub(crate) const START: i64 = 1_800_000_000;
const DAYS: i64 = 86_400;

pub(crate) fn at(seconds: i64) -> Now {
    Now::At(START + seconds)
}

fn signing_key(n: u8) -> SigningKey {
    SigningKey::from_slice(&[n; 32]).expect("a scalar from 1 to 255")
}

/// The `n`th key as a JWK.
pub(crate) fn jwk(kid: &str, n: u8) -> String {
    let point = signing_key(n).verifying_key().to_encoded_point(false);
    let [x, y] = [point.x(), point.y()].map(|half| URL_SAFE_NO_PAD.encode(half.expect("not infinity")));
    format!(r#"{{"use":"jwt-svid","kid":"{kid}","kty":"EC","crv":"P-256","x":"{x}","y":"{y}"}}"#)
}

pub(crate) fn bundle(keys: &[String]) -> String {
    format!(r#"{{"keys":[{}]}}"#, keys.join(","))
}

pub(crate) fn bundle_at(sequence: u64, keys: &[String]) -> String {
    format!(r#"{{"spiffe_sequence":{sequence},"keys":[{}]}}"#, keys.join(","))
}

pub(crate) fn map_of(domains: &[(&str, String)]) -> String {
    let members: Vec<_> = domains.iter().map(|(name, bundle)| format!("\"{name}\":{bundle}")).collect();
    format!(r#"{{"trust_domains":{{{}}}}}"#, members.join(","))
}

/// A JWT-SVID of `domain` for ten days, signed by the `n`th key under the name `kid`.
pub(crate) fn token(domain: &str, kid: &str, n: u8) -> Vec<u8> {
    sign(&format!(r#""sub":"spiffe://{domain}/workload""#), kid, n)
}

/// Likewise an ID token of `issuer`.
pub(crate) fn id_token(issuer: &str, kid: &str, n: u8) -> Vec<u8> {
    sign(&format!(r#""sub":"workload","iss":"{issuer}","iat":{START}"#), kid, n)
}

fn sign(members: &str, kid: &str, n: u8) -> Vec<u8> {
    let header = URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"ES256","kid":"{kid}"}}"#));
    let expires = START + 10 * DAYS;
    let claims = format!(r#"{{{members},"aud":["here"],"exp":{expires}}}"#);
    let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims));
    let signature: Signature = signing_key(n).sign(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes())).into_bytes()
}

pub(crate) fn policy(domains: &[&str]) -> String {
    let domains: Vec<_> = domains.iter().map(|name| format!("\"{name}\"")).collect();
    let domains = domains.join(",");
    format!(
        r#"{{"version":1,"attestors":[{{"id":"a","kind":"spiffe","audiences":["here"],"trust_domains":[{domains}]}}]}}"#
    )
}

pub(crate) fn verifier(store: &Arc<BundleStore>, domains: &[&str]) -> Verifier {
    Verifier::new(Arc::clone(store), policy(domains).as_bytes()).expect("the policy")
}

pub(crate) fn verdict(verifier: &Verifier, token: &[u8], seconds: i64) -> Result<(), Reason> {
    let mut result = VerifyResult::new();
    let verdict = verifier.verify(&Request::new(token).at(at(seconds)), &mut result);
    verdict.map(|_| ()).map_err(|rejected| rejected.reason)
}

pub(crate) fn domain(name: &str) -> Source<'_> {
    Source::trust_domain(name)
}

pub(crate) fn of_feed(feed: u64) -> PutOptions {
    let mut options = PutOptions::default();
    options.feed = feed;
    options
}

/// Puts a SPIFFE bundle for the trust domain `name`.
pub(crate) fn put(
    store: &BundleStore,
    name: &str,
    feed: u64,
    document: &str,
    seconds: i64,
) -> Result<PutReport, Reason> {
    let put = store.put(domain(name), Format::SpiffeBundle, document.as_bytes(), &of_feed(feed), at(seconds));
    put.map_err(|error| error.reason())
}

pub(crate) fn jwt_slot(store: &BundleStore, name: &str) -> Option<SlotInfo> {
    store.info(domain(name), SlotKind::Jwt).expect("a name")
}

/// Gives a closure the type of a callback.
pub(crate) fn feed<F>(fetch: F) -> F
where
    F: Fn(Source<'_>, &mut Sink<'_>) -> Result<(), FetchError> + Send + Sync,
{
    fetch
}

/// Hands a SPIFFE bundle to the sink; a refusal is the store's to note.
#[allow(clippy::unnecessary_wraps)] // it ends a callback
pub(crate) fn give(sink: &mut Sink<'_>, document: &str) -> Result<(), FetchError> {
    let _ = sink.put(Format::SpiffeBundle, document.as_bytes(), &SinkOptions::default());
    Ok(())
}

//! What the tables of keys take in memory: of one key, and of more keys than the budget has room for.

use crate::allocator::bytes_of;
use crate::material::{ISSUER, Material, Result, encode};
use crate::ours::verifier;
use crate::states::State;
use attestor::{BundleStore, Format, Now, PutOptions, Source};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::json;

/// Keys that want a table: 32 MiB have room for fewer.
const KEYS: usize = 500;

#[allow(clippy::cast_precision_loss)] // far below 2^52
fn figure(name: String, bytes: usize) -> (String, f64) {
    (name, bytes as f64)
}

/// What the tables of the bundle's two keys and of what they share take.
pub fn bytes(material: &Material) -> Result<Vec<(String, f64)>> {
    let mut bytes = Vec::new();
    let (_cold, without) = bytes_of(|| verifier(material, State::Cold, false));
    for state in [State::Portable, State::Ifma].into_iter().filter(|state| state.obstacle().is_none()) {
        let (warm, with) = bytes_of(|| verifier(material, state, false));
        let name = |what: &str| format!("tables/{}/{}/{what}", material.algorithm.name(), state.name());
        let counted = warm?.store().key_table_stats().bytes;
        bytes.push(figure(name("counted"), usize::try_from(counted)?));
        bytes.push(figure(name("allocated"), with.saturating_sub(without)));
    }
    Ok(bytes)
}

/// What the tables of many keys take under the default budget, beside those of the base points.
pub fn budget() -> Result<Vec<(String, f64)>> {
    let document = key_set(KEYS)?;
    let of_one = key_set(1)?;
    let tables = |document: &str| -> Result<(usize, u64)> {
        let (cold, without) = bytes_of(|| filled(State::Cold, document));
        let (warm, with) = bytes_of(|| filled(State::Portable, document));
        cold?;
        Ok((with.saturating_sub(without), warm?.key_table_stats().bytes))
    };
    let ((many, counted), (one, counted_of_one)) = (tables(&document)?, tables(&of_one)?);
    let shared = one.saturating_sub(usize::try_from(counted_of_one)?);
    Ok(vec![
        figure("tables/many/allocated".into(), many.saturating_sub(shared)),
        figure("tables/many/counted".into(), usize::try_from(counted)?),
        figure("tables/many/shared".into(), shared),
        figure("tables/many/keys".into(), KEYS),
    ])
}

fn filled(state: State, document: &str) -> Result<BundleStore> {
    let store = state.store();
    let options = PutOptions::default();
    store.put(Source::issuer(ISSUER), Format::Jwks, document.as_bytes(), &options, Now::System)?;
    Ok(store)
}

fn key_set(keys: usize) -> Result<String> {
    let key = |n: usize| {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
        let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
        Ok(json!({"kty": "EC", "crv": "P-256", "kid": n.to_string(), "x": encode(x), "y": encode(y)}))
    };
    Ok(json!({"keys": (0..keys).map(key).collect::<Result<Vec<_>>>()?}).to_string())
}

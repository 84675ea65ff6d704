//! SHA-256 of a whole token, by whoever is fastest: what a remembered credential is measured by.

use crate::material::Material;
use crate::rounds::Case;
use ring::digest::{SHA256, digest};
use sha2::{Digest as _, Sha256};
use std::hint::black_box;

pub fn cases(material: &Material) -> Vec<Case> {
    let name = |library: &str| format!("{library}/{}/sha256", material.algorithm.name());
    let token = || material.token("valid").to_owned();
    let (of_ring, of_sha2) = (token(), token());
    vec![
        Case::new(name("ring"), true, move || {
            black_box(digest(&SHA256, black_box(of_ring.as_bytes()))).as_ref().len() == 32
        }),
        Case::new(name("sha2"), true, move || {
            black_box(Sha256::digest(black_box(of_sha2.as_bytes()))).len() == 32
        }),
    ]
}

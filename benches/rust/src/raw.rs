//! The floor: the bare signature check of ring and of aws-lc-rs, hash included, parts decoded beforehand.

use crate::material::{Material, Result};
use crate::rounds::Case;
use aws_lc_rs::signature::ParsedPublicKey;
use ring::signature::UnparsedPublicKey;

pub fn cases(material: &Material, absent: &mut Vec<(String, String)>) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    let algorithm = material.algorithm;
    for (token, expected) in [("valid", true), ("bad-signature", false)] {
        let name = |library: &str| format!("{library}/{}/{token}", algorithm.name());
        let (message, signature) = material.signed(token)?;
        let key = ParsedPublicKey::new(algorithm.of_aws(), &material.public)?;
        let of_aws = move || key.verify_sig(&message, &signature).is_ok();
        cases.push(Case::new(name("aws-lc-rs"), expected, of_aws));
        match ring_check(material, token)? {
            Some(check) => cases.push(Case::new(name("ring"), expected, check)),
            None => absent.push((name("ring"), "ring has no P-521".into())),
        }
    }
    Ok(cases)
}

/// ring parses the key at each call: it has no other way.
pub fn ring_check(material: &Material, token: &str) -> Result<Option<impl FnMut() -> bool + 'static>> {
    let Some(algorithm) = material.algorithm.of_ring() else { return Ok(None) };
    let key = UnparsedPublicKey::new(algorithm, material.public.clone());
    let (message, signature) = material.signed(token)?;
    Ok(Some(move || key.verify(&message, &signature).is_ok()))
}

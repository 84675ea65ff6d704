//! Everything but hash and signature: what a whole verification takes longer than ring's bare check of the same
//! signature, while ring is also what the verification asks (no key has a table).

use crate::material::{Material, Result};
use crate::ours::{check, verifier};
use crate::raw::ring_check;
use crate::states::State;
use crate::turns;
use std::rc::Rc;

/// Nanoseconds; `calls` of each.
pub fn measure(material: &Material, calls: usize) -> Result<f64> {
    let verifier = Rc::new(verifier(material, State::Cold, false)?);
    let mut whole = check(verifier, material.token("valid"));
    let mut bare = ring_check(material, "valid")?.ok_or("ring has no such signature")?;
    turns::difference(&mut whole, &mut bare, calls)
}

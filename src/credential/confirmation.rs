//! `cnf` (RFC 7800): a credential bound to a key is worth nothing without proof of that key.

use crate::verdict::Reason;
use crate::wire::json::{Kind, Value};

/// Judges the claim of a credential that was presented without a proof.
pub(crate) fn without_proof(confirmation: Option<Value<'_>>) -> Result<(), Reason> {
    let Some(confirmation) = confirmation else {
        return Ok(());
    };
    let mut members = confirmation.members();
    match (members.next(), members.next()) {
        (Some((name, value)), None) => {
            let wanted = if name.is("jwk") {
                Kind::Object
            } else if name.is("jkt") || name.is("x5t#S256") {
                Kind::String
            } else {
                return Err(Reason::CnfInvalid);
            };
            Err(if value.kind() == wanted { Reason::PopRequired } else { Reason::CnfInvalid })
        }
        _ => Err(Reason::CnfInvalid),
    }
}

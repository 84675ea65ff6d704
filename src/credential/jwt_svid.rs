//! The JWT-SVID profile (JWT-SVID sections 2-3).

use crate::credential::header::Typ;
use crate::verdict::Reason;

/// Section 2.3: `typ` is absent, or exactly `JWT` or `JOSE`.
pub(crate) fn check_typ(typ: Typ) -> Result<(), Reason> {
    match typ {
        Typ::Absent | Typ::Jwt | Typ::Jose => Ok(()),
        _ => Err(Reason::TypMismatch),
    }
}

//! The JWT-SVID profile (JWT-SVID sections 2-3). The nine algorithms are all there are in `crypto`.

use crate::credential::header::{self, Header};
use crate::verdict::Reason;
use crate::wire::json::{Str, Value};

/// Reads the header of a JWT-SVID.
pub(crate) fn read_header(root: Value<'_>) -> Result<Header<'_>, Reason> {
    header::read(root, is_typ)
}

/// Section 2.3: exactly `JWT` or `JOSE`.
fn is_typ(typ: Str<'_>) -> bool {
    typ.is("JWT") || typ.is("JOSE")
}

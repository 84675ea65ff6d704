//! JSON Pointers (RFC 6901) of the policy into the claims.

use crate::wire::json::Value;

/// A pointer that leads through objects.
pub(crate) struct Pointer(Vec<Box<str>>);

impl Pointer {
    /// Reads a pointer to a member; `None` if `text` is none.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut rest = text;
        while let Some(at) = rest.find('~') {
            rest = rest[at + 1..].strip_prefix(['0', '1'])?;
        }
        let names = text.strip_prefix('/')?.split('/');
        Some(Self(names.map(|name| name.replace("~1", "/").replace("~0", "~").into()).collect()))
    }

    pub(crate) fn find<'a>(&self, root: Value<'a>) -> Option<Value<'a>> {
        self.0.iter().try_fold(root, |value, name| value.get(name))
    }
}

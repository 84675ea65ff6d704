//! What a refused configuration call says: a reason, and where in the document it arose.

use crate::verdict::Reason;
use core::fmt;

/// A configuration call (policy, put, option) that was refused; nothing was changed.
///
/// `detail` names paths and kinds of a configuration document, never a value of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    reason: Reason,
    detail: String,
}

impl ConfigError {
    pub(crate) fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }

    /// The reason, always of class misuse.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// Where and what, for the operator; may be empty.
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

impl From<Reason> for ConfigError {
    fn from(reason: Reason) -> Self {
        Self::new(reason, "")
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason.phrase())?;
        if self.detail.is_empty() { Ok(()) } else { write!(f, ": {}", self.detail) }
    }
}

impl core::error::Error for ConfigError {}

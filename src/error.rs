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
    host_code: i32,
}

impl ConfigError {
    pub(crate) fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into(), host_code: 0 }
    }

    /// Of a fetch for which the host's callback returned `host_code`.
    pub(crate) fn of_callback(reason: Reason, host_code: i32) -> Self {
        Self { host_code, ..reason.into() }
    }

    /// The reason, always of class misuse.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// Where and what, for the operator; may be empty.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// What the host's callback returned, of a refresh; 0 if it returned nothing.
    pub fn host_code(&self) -> i32 {
        self.host_code
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

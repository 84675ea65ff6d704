//! Time is an input; the system clock is read only when the host asks for it.

use crate::verdict::Reason;
use std::time::{SystemTime, UNIX_EPOCH};

/// The time a call is judged at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Now {
    /// The system clock.
    #[default]
    System,
    /// Unix seconds; must be positive.
    At(i64),
}

impl Now {
    /// Unix seconds. A clock at or before 1970 is an error, never time zero.
    pub(crate) fn resolve(self) -> Result<i64, Reason> {
        let seconds = match self {
            Self::At(seconds) => Some(seconds),
            Self::System => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .ok()
                .and_then(|d| i64::try_from(d.as_secs()).ok()),
        };
        seconds.filter(|s| *s > 0).ok_or(Reason::ClockInvalid)
    }
}

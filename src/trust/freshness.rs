//! How old trust material may get: a soft age, from which on a refresh is due, and a hard one, at which it is no
//! longer used.
//!
//! Age counts from the time at which a feed last confirmed the material, be it that nothing had changed.

use super::format::Format;
use crate::verdict::Reason;

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;
/// Soft age of SPIFFE material without a refresh hint (Trust Domain and Bundle section 6.1).
const SPIFFE_SOFT: u64 = 300;
/// Bounds of the hard age of SPIFFE material.
const SPIFFE_HARD: (u64, u64) = (60, DAY);
/// Soft age of a key set whose host gave no lifetime, and the bounds of one that it gave.
const KEY_SET_SOFT: u64 = HOUR;
const KEY_SET_BOUNDS: (u64, u64) = (300, DAY);
/// Hard age of key sets, and of restored material that would have none.
pub(super) const LONGEST: u64 = DAY;

/// The two ages of a slot, in seconds; none is for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Ages {
    pub(crate) soft: Option<u64>,
    pub(crate) hard: Option<u64>,
}

impl Ages {
    /// Of a document that `hint`s at its refresh, and whose host says how long it may be kept.
    pub(super) fn of(format: Format, hint: Option<u64>, max_age: Option<u64>) -> Self {
        match format {
            Format::SpiffeBundle | Format::WorkloadApiJwks | Format::X509Der | Format::BundleMap => {
                let soft = hint.or(max_age).unwrap_or(SPIFFE_SOFT).clamp(1, DAY);
                Self { soft: Some(soft), hard: Some((2 * soft).clamp(SPIFFE_HARD.0, SPIFFE_HARD.1)) }
            }
            Format::Jwks => Self::of_key_set(max_age.unwrap_or(KEY_SET_SOFT)),
            // What an operator keeps in files ages only if its host says so.
            Format::PublicKeyPem | Format::X509Pem => max_age.map(Self::of_key_set).unwrap_or_default(),
            // A revocation list says itself until when it counts.
            Format::X509Crl => Self::default(),
        }
    }

    fn of_key_set(max_age: u64) -> Self {
        let (least, most) = KEY_SET_BOUNDS;
        Self { soft: Some(max_age.clamp(least, most)), hard: Some(LONGEST) }
    }

    /// When to fetch again: at the soft age, or while there is time for a second attempt.
    pub(super) fn refresh_after(self) -> Option<u64> {
        self.soft.map(|soft| self.hard.map_or(soft, |hard| soft.min(hard / 2)))
    }

    /// Where a policy says how long after the soft age the material may be used, that is the hard age.
    fn hard(self, max_staleness: Option<u64>) -> Option<u64> {
        self.soft.zip(max_staleness).map(|(soft, most)| soft.saturating_add(most)).or(self.hard)
    }

    /// Whether a refresh is due for material that was confirmed at `confirmed_at`.
    ///
    /// # Errors
    /// `bundle_stale` from the hard age on.
    pub(crate) fn check(
        self,
        confirmed_at: i64,
        max_staleness: Option<u64>,
        now: i64,
    ) -> Result<bool, Reason> {
        let age = age(confirmed_at, now);
        if self.hard(max_staleness).is_some_and(|hard| age >= hard) {
            return Err(Reason::BundleStale);
        }
        Ok(self.soft.is_some_and(|soft| age >= soft))
    }
}

/// Seconds since `confirmed_at`; none if the clock has gone back.
pub(crate) fn age(confirmed_at: i64, now: i64) -> u64 {
    u64::try_from(now.saturating_sub(confirmed_at)).unwrap_or_default()
}

/// How fresh a slot is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u32)]
pub enum Freshness {
    /// Within its soft age, or without one.
    Fresh = 1,
    /// Past its soft age: still used, a refresh is due.
    Due = 2,
    /// At its hard age: no longer used, `bundle_stale`.
    Stale = 3,
}

impl Freshness {
    /// What [`Ages::check`] says.
    pub(crate) fn of(check: Result<bool, Reason>) -> Self {
        match check {
            Ok(false) => Self::Fresh,
            Ok(true) => Self::Due,
            Err(_) => Self::Stale,
        }
    }

    /// The name used in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Due => "due",
            Self::Stale => "stale",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ages(soft: u64, hard: u64) -> Ages {
        Ages { soft: Some(soft), hard: Some(hard) }
    }

    #[test]
    fn defaults_of_every_format() {
        let none = Ages::default();
        for (format, hint, max_age, expected) in [
            (Format::SpiffeBundle, None, None, ages(300, 600)),
            (Format::SpiffeBundle, Some(10), None, ages(10, 60)),
            (Format::SpiffeBundle, Some(3600), Some(5), ages(3600, 7200)),
            (Format::SpiffeBundle, Some(86_400), None, ages(86_400, 86_400)),
            (Format::WorkloadApiJwks, None, None, ages(300, 600)),
            (Format::X509Der, None, Some(60), ages(60, 120)),
            (Format::BundleMap, None, None, ages(300, 600)),
            (Format::Jwks, None, None, ages(3600, 86_400)),
            (Format::Jwks, None, Some(0), ages(300, 86_400)),
            (Format::Jwks, None, Some(7 * 86_400), ages(86_400, 86_400)),
            (Format::PublicKeyPem, None, None, none),
            (Format::PublicKeyPem, None, Some(600), ages(600, 86_400)),
            (Format::X509Pem, None, None, none),
            (Format::X509Crl, Some(1), Some(1), none),
        ] {
            assert_eq!(Ages::of(format, hint, max_age), expected, "{format:?} {hint:?} {max_age:?}");
        }
    }

    #[test]
    fn a_fetch_leaves_time_for_another_one() {
        for (soft, hard, expected) in
            [(300, 600, 300), (10, 60, 10), (86_400, 86_400, 43_200), (50_000, 86_400, 43_200)]
        {
            assert_eq!(ages(soft, hard).refresh_after(), Some(expected));
        }
        assert_eq!(Ages { soft: Some(9), hard: None }.refresh_after(), Some(9));
        assert_eq!(Ages::default().refresh_after(), None);
    }

    #[test]
    fn the_soft_age_is_due_and_the_hard_age_is_stale() {
        for (now, expected) in [
            (1_000, Ok(false)),
            (1_299, Ok(false)),
            (1_300, Ok(true)),
            (1_599, Ok(true)),
            (1_600, Err(Reason::BundleStale)),
            (i64::MAX, Err(Reason::BundleStale)),
            (1, Ok(false)), // the clock went back
        ] {
            assert_eq!(ages(300, 600).check(1_000, None, now), expected, "{now}");
        }
        assert_eq!(Ages::default().check(1, None, i64::MAX), Ok(false));
        assert_eq!(ages(300, 600).check(i64::MIN, None, 1), Err(Reason::BundleStale));
    }

    #[test]
    fn a_policy_counts_staleness_from_the_soft_age() {
        assert_eq!(ages(300, 600).check(0, Some(0), 299), Ok(false));
        assert_eq!(ages(300, 600).check(0, Some(0), 300), Err(Reason::BundleStale));
        assert_eq!(ages(300, 600).check(0, Some(900), 1_199), Ok(true));
        assert_eq!(ages(300, 600).check(0, Some(900), 1_200), Err(Reason::BundleStale));
        assert_eq!(Ages::default().check(0, Some(0), i64::MAX), Ok(false));
        let restored = Ages { soft: None, hard: Some(LONGEST) };
        assert_eq!(restored.check(0, Some(900), 86_399), Ok(false));
        assert_eq!(restored.check(0, Some(900), 86_400), Err(Reason::BundleStale));
    }
}

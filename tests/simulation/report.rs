//! What a simulated year was made of.

use std::fmt;

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Report {
    pub(crate) days: i64,
    pub(crate) steps: u64,
    pub(crate) verifications: u64,
    pub(crate) rotations: u64,
    pub(crate) revocations: u64,
    pub(crate) outages: u64,
    pub(crate) restarts: u64,
    pub(crate) restored: u64,
    pub(crate) clock_steps: u64,
    pub(crate) held: u64,
    pub(crate) refused: u64,
    pub(crate) forced: u64,
    pub(crate) withdrawals: u64,
    pub(crate) removals: u64,
    pub(crate) denials: u64,
    pub(crate) policies: u64,
    pub(crate) confirmations: u64,
    pub(crate) edges: u64,
    pub(crate) replays: u64,
    pub(crate) forged: u64,
    pub(crate) random_kids: u64,
    pub(crate) refreshed: u64,
    pub(crate) cached: u64,
    pub(crate) allows: u64,
    pub(crate) denies: u64,
    pub(crate) unavailable: u64,
    pub(crate) disagreements: u64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [
            ("days", self.days.unsigned_abs()),
            ("steps", self.steps),
            ("verifications", self.verifications),
            ("rotations", self.rotations),
            ("revocations", self.revocations),
            ("outages", self.outages),
            ("restarts", self.restarts),
            ("restored", self.restored),
            ("clock steps", self.clock_steps),
            ("held updates", self.held),
            ("refused updates", self.refused),
            ("forced updates", self.forced),
            ("withdrawals", self.withdrawals),
            ("removals", self.removals),
            ("denials", self.denials),
            ("policies", self.policies),
            ("confirmations", self.confirmations),
            ("hard ages met to the second", self.edges),
            ("replays", self.replays),
            ("forged", self.forged),
            ("random kids", self.random_kids),
            ("refreshed", self.refreshed),
            ("cached", self.cached),
            ("allows", self.allows),
            ("denies", self.denies),
            ("unavailable", self.unavailable),
            ("disagreements", self.disagreements),
        ];
        let counts: Vec<_> = counts.map(|(what, count)| format!("{what} {count}")).into();
        write!(f, "simulation: {}", counts.join(", "))
    }
}

impl Report {
    /// A year in which these did not happen proves nothing.
    pub(crate) fn check_that_enough_happened(&self) {
        for (what, count, least) in [
            ("steps", self.steps, 250_000),
            ("verifications", self.verifications, 100_000),
            ("rotations", self.rotations, 2_000),
            ("revocations", self.revocations, 2_000),
            ("outages", self.outages, 300),
            ("restarts", self.restarts, 20),
            ("restored", self.restored, 12),
            ("clock steps", self.clock_steps, 60),
            ("held updates", self.held, 100),
            ("refused updates", self.refused, 100),
            ("forced updates", self.forced, 50),
            ("withdrawals", self.withdrawals, 30),
            ("removals", self.removals, 50),
            ("denials", self.denials, 500),
            ("policies", self.policies, 50),
            ("confirmations", self.confirmations, 100_000),
            ("hard ages met to the second", self.edges, 100),
            ("replays", self.replays, 8_000),
            ("forged", self.forged, 5_000),
            ("random kids", self.random_kids, 10_000),
            ("refreshed", self.refreshed, 100),
            ("cached", self.cached, 5_000),
            ("allows", self.allows, 30_000),
            ("denies", self.denies, 30_000),
            ("unavailable", self.unavailable, 1_000),
        ] {
            assert!(count >= least, "only {count} {what}");
        }
    }
}

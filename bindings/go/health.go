package attestor

import "time"

// SourceHealth is what is known of the feeding of a source.
type SourceHealth struct {
	// HasFeed says that a [Feed] fetches it.
	HasFeed bool
	// Wanted says that a verification asked for a key that the source does not have, and nobody has fetched since.
	Wanted bool
	// InFlight says that it is being fetched.
	InFlight bool
	// EmptyUpdate says that the last update had nothing usable in it, and that nothing has succeeded since.
	EmptyUpdate bool
	// ClockWentBack says that the material was confirmed in the future.
	ClockWentBack bool
	// Refreshes counts the updates and confirmations that succeeded.
	Refreshes uint64
	// Failures counts the updates and fetches that failed.
	Failures uint64
	// FailuresInARow counts those since the last success.
	FailuresInARow int
	// LastFailure is why the last one failed; [OK] if nothing has failed since the last success.
	LastFailure Reason
	// JWT is how old the keys are that verify JWTs.
	JWT Freshness
	// X509 is how old the X.509 authorities are.
	X509 Freshness
	// SucceededAt is when an update or confirmation last succeeded, in UTC; the zero Time for never.
	SucceededAt time.Time
	// FailedAt is when one last failed, likewise.
	FailedAt time.Time
	// NextRefresh is when the feed is due, in the past if it is overdue; the zero Time for never.
	NextRefresh time.Time
}

// Readiness is whether the sources that a policy names can be used.
type Readiness struct {
	// Ready says that all of them can.
	Ready bool
	// Sources counts them.
	Sources int
	// Fresh counts those within their soft age.
	Fresh int
	// Due counts those past it: still used.
	Due int
	// Stale counts those with a slot at its hard age.
	Stale int
	// Missing counts those that nothing has fed.
	Missing int
}

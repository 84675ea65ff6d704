package attestor

import "time"

// Metrics is what a verifier has counted since it was made. Attestors and sources have a name here only if the
// policy has them, so that nobody outside can make labels.
type Metrics struct {
	// Allowed counts the credentials that were let in.
	Allowed uint64
	// Denied counts those that were refused.
	Denied uint64
	// Unavailable counts the refusals for want of trust material.
	Unavailable uint64
	// Misused counts the verifications that the host asked for wrongly.
	Misused uint64
	// Cache is about the verified credentials that are remembered.
	Cache CacheMetrics
	// KeyTables is about the tables of the store's keys.
	KeyTables KeyTableMetrics
	// Verdicts has the same verdicts by attestor and reason; what never occurred is left out.
	Verdicts []VerdictCount
	// Sources has the sources that the policy names, and last all others together.
	Sources []SourceMetrics
}

// CacheMetrics is about the verified credentials that a verifier remembers.
type CacheMetrics struct {
	// Hits counts the credentials that were remembered.
	Hits uint64
	// Misses counts those that were not.
	Misses uint64
	// Insertions counts those that were taken up.
	Insertions uint64
	// Evictions counts those that gave way to others.
	Evictions uint64
	// Stale counts those that were dropped because what they rested on had changed or aged: keys, policy, denials.
	Stale uint64
	// Entries is how many there are.
	Entries int
	// Bytes is the memory they take.
	Bytes int
}

// KeyTableMetrics is about the tables of a store's keys, whichever verifier asked.
type KeyTableMetrics struct {
	// Held is how many keys have one.
	Held int
	// Bytes is the memory they take.
	Bytes int
	// Made counts those that were made.
	Made uint64
	// Evicted counts those that gave way to others.
	Evicted uint64
	// Disagreements counts those that the reference contradicted, and self-tests that failed: anything but 0 is a
	// defect of the library or the machine. Every verdict was the reference's.
	Disagreements uint64
	// ByTable counts the signatures that tables checked.
	ByTable uint64
	// ByReference counts those that the reference checked.
	ByReference uint64
	// IFMA says whether AVX-512 IFMA is used: the processor has it, and the store was not made [WithoutIFMA].
	IFMA bool
}

// VerdictCount is how often one attestor came to one verdict.
type VerdictCount struct {
	// AttestorID is empty where no attestor took the credential, and "other" of those that the policy no longer
	// has.
	AttestorID string
	// Reason is the verdict; [OK] is an allow.
	Reason Reason
	// Count is how often.
	Count uint64
}

// SourceMetrics is what is known of a source, as numbers.
type SourceMetrics struct {
	// Source is a source that the policy names; the zero Source is all others together.
	Source Source
	// Sources is 1, or how many the others are.
	Sources int
	// JWT is how old the keys are that verify JWTs; of the others, the worst.
	JWT Freshness
	// X509 is how old the X.509 authorities are, likewise.
	X509 Freshness
	// Age is the time since the older of both was confirmed; negative if there is none.
	Age time.Duration
	// Keys counts the usable keys.
	Keys int
	// Authorities counts the usable X.509 authorities.
	Authorities int
	// Skipped counts the entries of documents that were passed over.
	Skipped uint64
	// Refreshes counts the updates and confirmations that succeeded.
	Refreshes uint64
	// Failures counts the updates and fetches that failed.
	Failures uint64
}

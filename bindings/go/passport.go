package attestor

import "time"

// PassportClaims is what a passport says beside its key. Times are in whole seconds.
type PassportClaims struct {
	// ExpiresAt is from when on the passport is expired, without leeway.
	ExpiresAt time.Time
	// IssuedAt is when it was made; the zero Time leaves it out. A policy may bound the lifetime and then
	// needs it.
	IssuedAt time.Time
	// Audiences is whom it is for, at most 64; a policy may require one. Without any, the passport proves
	// possession of its key when it was signed, to nobody in particular.
	Audiences []string
	// ID is a unique id; may be empty.
	ID string
}

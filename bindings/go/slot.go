package attestor

import "time"

// Slot is one kind of trust material of a source.
type Slot uint32

// The slots of a trust domain; an issuer has SlotJWT.
const (
	// SlotJWT holds the keys that verify JWTs.
	SlotJWT Slot = 1
	// SlotX509 holds the X.509 authorities.
	SlotX509 Slot = 2
	// SlotCRL holds the revocation lists of the X.509 authorities.
	SlotCRL Slot = 3
)

// SlotInfo is what is known of a filled slot.
type SlotInfo struct {
	// Generation counts the store's updates: a higher number is newer.
	Generation uint64
	// Feed filled the slot.
	Feed uint64
	// ConfirmedAt is when the feed last confirmed the material, in UTC.
	ConfirmedAt time.Time
	// Sequence is the document's spiffe_sequence; meaningful if HasSequence.
	Sequence uint64
	// HasSequence says that the document has a spiffe_sequence.
	HasSequence bool
	// RefreshHint is the document's spiffe_refresh_hint, within 10 s and 24 h; 0 if it has none.
	RefreshHint time.Duration
	// Entries counts usable keys or authorities; 0 means that all were revoked.
	Entries int
	// Digest is the SHA-256 of the document.
	Digest [32]byte
	// SoftAge is the age, from ConfirmedAt on, at which a refresh is due; 0 for never.
	SoftAge time.Duration
	// HardAge is the age at which the material is no longer used, unless a policy has max_staleness_secs; 0 for
	// never.
	HardAge time.Duration
	// Restored says that the material is of a snapshot, and that no feed has spoken since.
	Restored bool
	// Findings is what the [RotationGate] found in the last update.
	Findings Finding
	// Withheld counts the keys or authorities of the last update that the gate held back.
	Withheld int
	// Skipped counts entries of the document that were passed over, by the slug of the reason.
	Skipped map[string]int
}

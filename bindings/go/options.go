package attestor

import "time"

// A VerifyOption changes one verification: [At], [Attestor] or [WithEvidence].
type VerifyOption interface{ verifyOption() }

// A PutOption changes one update of the store: [At], [Feed], [Force] or a [Format].
type PutOption interface{ putOption() }

// A TimeOption is what [At] returns.
type TimeOption interface {
	VerifyOption
	PutOption
}

// At sets the time of the call, in place of the system clock. Times before 1970, the zero Time among them,
// are [ClockInvalid].
func At(t time.Time) TimeOption {
	return instant(max(t.Unix(), 0))
}

// Attestor makes the attestor with this id judge, instead of the one that routing finds.
func Attestor(id string) VerifyOption {
	return forcedAttestor(id)
}

// WithEvidence asks for the evidence of the verdict, in [Identity] or [VerdictError].
func WithEvidence() VerifyOption {
	return evidence{}
}

// Format is the form of a bundle document. As a [PutOption] it replaces the default, SPIFFEBundle.
type Format uint32

// The formats of a bundle document.
const (
	// SPIFFEBundle is a SPIFFE bundle: each entry's use decides; feeds both slots.
	SPIFFEBundle Format = 1
	// WorkloadAPIJWKS is a JWT bundle as the Workload API gives it; feeds the JWT slot.
	WorkloadAPIJWKS Format = 2
)

// Feed says which feed speaks: a slot belongs to the feed that filled it last. The default is 0.
func Feed(id uint64) PutOption {
	return feed(id)
}

// Force takes the update although its sequence went back.
func Force() PutOption {
	return force{}
}

type (
	instant        int64
	forcedAttestor string
	evidence       struct{}
	feed           uint64
	force          struct{}
)

func (instant) verifyOption()        {}
func (forcedAttestor) verifyOption() {}
func (evidence) verifyOption()       {}

func (instant) putOption() {}
func (feed) putOption()    {}
func (force) putOption()   {}
func (Format) putOption()  {}

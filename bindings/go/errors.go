package attestor

import "errors"

// What to tell apart with [errors.Is].
var (
	// ErrDenied matches every refusal of a credential.
	ErrDenied error = classError(ClassDeny)
	// ErrUnavailable matches every refusal because our own trust material is missing or too old.
	ErrUnavailable error = classError(ClassUnavailable)
	// ErrMisuse matches every programming or configuration error of the host.
	ErrMisuse error = classError(ClassMisuse)
	// ErrClosed matches the use of a store or verifier after its Close.
	ErrClosed error = HandleClosed
	// ErrReceipt matches every verdict that could not be recorded; see [WithReceipts]. Nobody enters.
	ErrReceipt = errors.New("receipt not written")
	// ErrCGORequired is all that a program built without cgo gets.
	ErrCGORequired = errors.New("attestor: built without cgo")
)

// Class says whose problem an outcome is, and so what the host does.
type Class int32

// The classes of a [Reason].
const (
	// ClassAllow lets the workload in.
	ClassAllow Class = iota
	// ClassDeny refuses the credential.
	ClassDeny
	// ClassUnavailable refuses because our own trust material is missing or too old.
	ClassUnavailable
	// ClassMisuse is a programming or configuration error of the host.
	ClassMisuse
)

// String is the class's stable machine name.
func (c Class) String() string {
	switch c {
	case ClassAllow:
		return "allow"
	case ClassDeny:
		return "deny"
	case ClassUnavailable:
		return "unavailable"
	default:
		return "misuse"
	}
}

// classError is a class as a target of errors.Is.
type classError Class

func (c classError) Error() string {
	switch Class(c) {
	case ClassDeny:
		return "credential denied"
	case ClassUnavailable:
		return "trust material unavailable"
	default:
		return "misuse or misconfiguration"
	}
}

// Reason is why an outcome is what it is: the stable status codes of the library. Codes, slugs and phrases
// are append-only, so a newer library may report one that has no constant here.
type Reason int32

// Slug is the stable machine name, for metrics and logs.
func (r Reason) Slug() string {
	slug, _ := r.text()
	return slug
}

// String is the stable sentence for people.
func (r Reason) String() string {
	_, phrase := r.text()
	return phrase
}

// Error is String: every reason is a target of [errors.Is] and [errors.As].
func (r Reason) Error() string {
	return r.String()
}

// Class is read off the code, of reasons without a constant too. An unassigned code is never an allow.
func (r Reason) Class() Class {
	switch {
	case r == OK:
		return ClassAllow
	case r >= 1000 && r < 2000:
		return ClassDeny
	case r >= 2000 && r < 2100:
		return ClassUnavailable
	default:
		return ClassMisuse
	}
}

// Is matches the class of the reason, such as [ErrDenied].
func (r Reason) Is(target error) bool {
	class, ok := target.(classError)
	return ok && Class(class) == r.Class()
}

func (r Reason) text() (slug, phrase string) {
	if known, ok := reasonTable[r]; ok {
		return known[0], known[1]
	}
	return libraryText(r)
}

// VerdictError is a refusal: its class is deny or unavailable.
type VerdictError struct {
	// Reason is why nobody enters.
	Reason Reason
	// Authenticated says that the signature was verified nevertheless.
	Authenticated bool
	// AboutPassport says that the passport was refused, not the credential beside it.
	AboutPassport bool
	// AttestorID is the attestor that judged; empty if routing found none.
	AttestorID string
	// RefreshWanted says that this verification asked for a refresh of the source, for a key that it did not have:
	// [BundleStore.NextRefresh] is soon.
	RefreshWanted bool
	// Shadow is what the shadow policy would have said; meaningful if Shadowed.
	Shadow Reason
	// Shadowed says that a shadow policy judged too.
	Shadowed bool
	// Evidence is one canonical JSON object for an auditor; nil unless [WithEvidence] or [WithReceipts] asked
	// for it.
	Evidence []byte
}

// Error is the reason's phrase.
func (e *VerdictError) Error() string {
	return e.Reason.String()
}

// Unwrap gives the reason to [errors.Is] and [errors.As].
func (e *VerdictError) Unwrap() error {
	return e.Reason
}

// ConfigError is a call that cannot be carried out as the host made it: its class is misuse. Nothing was
// changed, and nobody enters.
type ConfigError struct {
	// Reason is what is wrong.
	Reason Reason
	// Detail names the place in a policy or bundle document and a kind, never a value; may be empty.
	Detail string
}

// Error is the reason's phrase, and the detail if there is one.
func (e *ConfigError) Error() string {
	if e.Detail == "" {
		return e.Reason.String()
	}
	return e.Reason.String() + ": " + e.Detail
}

// Unwrap gives the reason to [errors.Is] and [errors.As].
func (e *ConfigError) Unwrap() error {
	return e.Reason
}

// ReceiptError is a verdict that could not be recorded, and so nobody enters: it matches [ErrReceipt].
type ReceiptError struct {
	// Verdict is the refusal that could not be recorded; nil if it was an allow.
	Verdict error
	// Cause is what kept the receipt from being written.
	Cause error
}

// Error tells of the refusal, if it was one, and of the cause.
func (e *ReceiptError) Error() string {
	text := ErrReceipt.Error() + ": " + e.Cause.Error()
	if e.Verdict != nil {
		text = e.Verdict.Error() + "; " + text
	}
	return text
}

// Is matches [ErrReceipt].
func (e *ReceiptError) Is(target error) bool {
	return target == ErrReceipt
}

// Unwrap gives the refusal, or else the cause, to [errors.Is] and [errors.As].
func (e *ReceiptError) Unwrap() error {
	if e.Verdict != nil {
		return e.Verdict
	}
	return e.Cause
}

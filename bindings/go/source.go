package attestor

// SourceKind says what the name of a [Source] is the name of.
type SourceKind uint32

// The kinds of a [Source].
const (
	// SourceTrustDomain is a SPIFFE trust domain.
	SourceTrustDomain SourceKind = 1
	// SourceIssuer is a token issuer.
	SourceIssuer SourceKind = 2
)

// String is the kind's name in evidence.
func (k SourceKind) String() string {
	switch k {
	case SourceTrustDomain:
		return "trust_domain"
	case SourceIssuer:
		return "issuer"
	default:
		return "unknown"
	}
}

// Source is whose trust material is spoken of: made by [TrustDomain], [Issuer] or [World].
type Source struct {
	// Kind is what Name is the name of.
	Kind SourceKind
	// Name is a trust domain, or an issuer in the spelling that policies have; empty of [World].
	Name string
}

// TrustDomain is the source of a trust domain, such as example.org.
func TrustDomain(name string) Source {
	return Source{SourceTrustDomain, name}
}

// Issuer is the source of a token issuer.
func Issuer(name string) Source {
	return Source{SourceIssuer, name}
}

// World is every trust domain that one feed delivers, as bundle maps.
func World() Source {
	return Source{Kind: SourceTrustDomain}
}

// String is the name; that of the world is *.
func (s Source) String() string {
	if s == World() {
		return "*"
	}
	return s.Name
}

// Freshness is how old the material of a slot is.
type Freshness uint32

// The values of [Freshness].
const (
	// Unfilled is of a slot that nothing has fed.
	Unfilled Freshness = iota
	// Fresh is within the soft age, or without one.
	Fresh
	// Due is past the soft age: still used, a refresh is due.
	Due
	// Stale is at the hard age: no longer used.
	Stale
)

// String is the name used in metrics.
func (f Freshness) String() string {
	switch f {
	case Unfilled:
		return "unfilled"
	case Fresh:
		return "fresh"
	case Due:
		return "due"
	case Stale:
		return "stale"
	default:
		return "unknown"
	}
}

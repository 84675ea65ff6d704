//go:build cgo && linux && amd64 && !attestor_pkgconfig

// Package linux_amd64 is the folder of libattestor.a; it has no code.
package linux_amd64

import _ "embed" // for the directive below

// The build cache does not look at what cgo links, but it does at what is embedded: a new library is noticed,
// and vendoring keeps it. Nothing refers to the variable, so the linker leaves it out.
//
//go:embed libattestor.a
var _ string

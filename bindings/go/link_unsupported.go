//go:build cgo && !attestor_pkgconfig && !(linux && amd64)

package attestor

// #error "attestor: no library is part of this module for your platform; install libattestor and build with -tags attestor_pkgconfig"
import "C"

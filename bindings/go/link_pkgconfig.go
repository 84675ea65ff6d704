//go:build cgo && attestor_pkgconfig

package attestor

// #cgo pkg-config: attestor
import "C"

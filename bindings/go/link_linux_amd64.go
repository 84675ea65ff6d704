//go:build cgo && linux && amd64 && !attestor_pkgconfig

package attestor

// #cgo LDFLAGS: ${SRCDIR}/lib/linux_amd64/libattestor.a -lm -ldl -lpthread
import "C"

// Vendoring keeps only folders that are imported.
import _ "github.com/libattestor/attestor/bindings/go/lib/linux_amd64"

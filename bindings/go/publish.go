//go:build cgo

package attestor

// #cgo noescape attestor_go_store_allow_publishing
// #cgo nocallback attestor_go_store_allow_publishing
// #cgo noescape attestor_go_store_publish
// #cgo nocallback attestor_go_store_publish
// #include "shim.h"
import "C"

// AllowPublishing puts a source on the list of those that [BundleStore.Publish] gives out, or takes it off. No source
// is on it unless it was put there.
func (s *BundleStore) AllowPublishing(source Source, allowed bool) error {
	store, err := s.enter()
	if err != nil {
		return err
	}
	defer s.handle.leave()
	name, nameLen := stringData(source.Name)
	flag := C.uint32_t(0)
	if allowed {
		flag = 1
	}
	report := C.attestor_go_store_allow_publishing(store, C.uint32_t(source.Kind), name, nameLen, flag)
	return callError(&report)
}

// Publish writes the public keys of a source as a document of the format, made anew of what the store has read. The
// format is any but [BundleMap] and [X509CRL]. [SourceNotPublished] unless [BundleStore.AllowPublishing] was called.
func (s *BundleStore) Publish(source Source, format Format, opts ...TimeOption) ([]byte, error) {
	now, err := readInstant(opts)
	if err != nil {
		return nil, err
	}
	store, err := s.enter()
	if err != nil {
		return nil, err
	}
	defer s.handle.leave()
	name, nameLen := stringData(source.Name)
	return written(make([]byte, 4096), func(buf *C.uint8_t, size C.size_t) C.attestor_go_written {
		return C.attestor_go_store_publish(store, C.uint32_t(source.Kind), name, nameLen, C.uint32_t(format),
			C.int64_t(now), buf, size)
	})
}

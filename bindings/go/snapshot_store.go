//go:build cgo

package attestor

// #cgo noescape attestor_go_store_snapshot
// #cgo nocallback attestor_go_store_snapshot
// #cgo noescape attestor_go_store_restore
// #cgo nocallback attestor_go_store_restore
// #include "shim.h"
import "C"

// Snapshot writes down what the store holds, for a restart while nothing can be fetched. The key, at least 32 secret
// bytes, keeps others from making one; the option [Unkeyed] is in its place.
func (s *BundleStore) Snapshot(key []byte, opts ...SnapshotOption) ([]byte, error) {
	now, err := readSnapshotOptions(key, opts)
	if err != nil {
		return nil, err
	}
	store, err := s.enter()
	if err != nil {
		return nil, err
	}
	defer s.handle.leave()
	secret, secretLen := bytesData(key)
	return written(make([]byte, 4096), func(buf *C.uint8_t, size C.size_t) C.attestor_go_written {
		return C.attestor_go_store_snapshot(store, secret, secretLen, C.int64_t(now), buf, size)
	})
}

// Restore takes a snapshot that was made under the same key. It fills only what nothing has fed yet, and ages on: no
// slot of it is used beyond its hard age, and none for more than a day. [SnapshotInvalid] if a byte of it is not what
// it was; nothing is then restored.
func (s *BundleStore) Restore(key, snapshot []byte, opts ...SnapshotOption) (RestoreReport, error) {
	now, err := readSnapshotOptions(key, opts)
	if err != nil {
		return RestoreReport{}, err
	}
	store, err := s.enter()
	if err != nil {
		return RestoreReport{}, err
	}
	defer s.handle.leave()
	secret, secretLen := bytesData(key)
	data, dataLen := bytesData(snapshot)
	restored := C.attestor_go_store_restore(store, secret, secretLen, data, dataLen, C.int64_t(now))
	if err := callError(&restored.error); err != nil {
		return RestoreReport{}, err
	}
	return RestoreReport{
		Slots:   int(restored.report.slots),
		Skipped: int(restored.report.skipped),
		Denials: int(restored.report.denials),
	}, nil
}

//go:build cgo

package attestor

// #cgo noescape attestor_go_store_deny
// #cgo nocallback attestor_go_store_deny
// #cgo noescape attestor_go_store_lift
// #cgo nocallback attestor_go_store_lift
// #cgo noescape attestor_go_store_clear_denials
// #cgo nocallback attestor_go_store_clear_denials
// #include "shim.h"
import "C"

// Deny refuses what carries the entry's value, from the next verification on. Denying again replaces the
// entry's expiry. [OverlayFull] means 100,000 entries that have not expired.
func (s *BundleStore) Deny(entry DenyEntry, opts ...DenyOption) error {
	now, err := readInstant(opts)
	if err != nil {
		return err
	}
	store, err := s.enter()
	if err != nil {
		return err
	}
	defer s.handle.leave()
	report := C.attestor_go_store_deny(store, entry.forC(), C.int64_t(now))
	return callError(&report)
}

// Lift takes an entry back, whatever its expiry, and says whether it was there.
func (s *BundleStore) Lift(entry DenyEntry) (bool, error) {
	store, err := s.enter()
	if err != nil {
		return false, err
	}
	defer s.handle.leave()
	report := C.attestor_go_store_lift(store, entry.forC())
	return report.lifted == 1, callError(&report.error)
}

// ClearDenials takes every entry back.
func (s *BundleStore) ClearDenials() error {
	store, err := s.enter()
	if err != nil {
		return err
	}
	defer s.handle.leave()
	report := C.attestor_go_store_clear_denials(store)
	return callError(&report)
}

// Denials counts the entries; expired ones count until their room is needed.
func (s *BundleStore) Denials() (int, error) {
	store, err := s.enter()
	if err != nil {
		return 0, err
	}
	defer s.handle.leave()
	return int(C.attestor_store_denials(store)), nil
}

func (e *DenyEntry) forC() C.attestor_deny_entry {
	entry := C.attestor_deny_entry{
		struct_size: C.sizeof_attestor_deny_entry,
		kind:        C.uint32_t(e.Kind),
		field:       C.uint32_t(e.Field),
	}
	entry.source, entry.source_len = stringData(e.Source)
	entry.value, entry.value_len = stringData(e.Value)
	if !e.ExpiresAt.IsZero() {
		// 0 is never.
		entry.expires_at = C.int64_t(max(e.ExpiresAt.Unix(), 1))
	}
	return entry
}

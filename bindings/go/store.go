//go:build cgo

package attestor

// #cgo noescape attestor_go_store_put
// #cgo nocallback attestor_go_store_put
// #cgo noescape attestor_go_store_touch
// #cgo nocallback attestor_go_store_touch
// #cgo noescape attestor_go_store_info
// #cgo nocallback attestor_go_store_info
// #include "shim.h"
import "C"

import (
	"time"
	"unsafe"
)

// BundleStore is the bundle cache: trust domains, each with slots of keys, and token issuers with theirs. An
// issuer named like a trust domain is another source. Made by [NewBundleStore]; the zero BundleStore is
// closed. Safe for concurrent use: an update replaces a slot at once, or nothing, and no verification waits
// for it.
type BundleStore struct {
	handle *handle
	err    error
}

// NewBundleStore makes an empty store. If the library cannot be used, or an option is wrong, every method says so.
func NewBundleStore(opts ...StoreOption) *BundleStore {
	if err := libraryFits(); err != nil {
		return &BundleStore{err: err}
	}
	o, err := readStoreOptions(opts)
	if err != nil {
		return &BundleStore{err: err}
	}
	flags := C.uint32_t(0)
	if o.withoutIFMA {
		flags |= C.ATTESTOR_STORE_NO_IFMA
	}
	made := C.attestor_go_store_new(C.uint32_t(o.gate.Rollback), C.uint32_t(o.gate.Rekeyed),
		C.uint32_t(o.gate.Replaced), C.uint32_t(o.cooldown), flags, C.uint32_t(o.keyTables),
		C.uint64_t(o.keyTableBytes))
	if err := callError(&made.error); err != nil {
		return &BundleStore{err: err}
	}
	store := &BundleStore{}
	store.handle = newHandle(store, unsafe.Pointer(made.store), func(ptr unsafe.Pointer) {
		C.attestor_store_free((*C.attestor_store)(ptr))
	})
	return store
}

// Put takes a bundle document for a trust domain (example.org or spiffe://example.org): a SPIFFE bundle, if
// no [Format] says otherwise. All slots it speaks for are replaced at once; on an error the last good
// material stays, but for what the [RotationGate] finds removed. {"keys": []} revokes, in the SPIFFE formats.
// Material that is the same as before is only confirmed: its age begins anew.
func (s *BundleStore) Put(trustDomain string, document []byte, opts ...PutOption) error {
	return s.put(C.ATTESTOR_SOURCE_TRUST_DOMAIN, trustDomain, document, SPIFFEBundle, opts)
}

// PutIssuer takes the keys of a token issuer, by the spelling that policies have as issuer: a JWKS, if no
// [Format] says otherwise; [PublicKeyPEM] is the other one that issuers take. On an error the last good keys
// stay.
func (s *BundleStore) PutIssuer(issuer string, document []byte, opts ...PutOption) error {
	return s.put(C.ATTESTOR_SOURCE_ISSUER, issuer, document, JWKS, opts)
}

// PutMap takes a SPIFFE bundle map, the bundles of several trust domains by name. All of it is taken, or
// nothing.
func (s *BundleStore) PutMap(document []byte, opts ...PutOption) error {
	return s.put(C.ATTESTOR_SOURCE_TRUST_DOMAIN, "", document, BundleMap, opts)
}

func (s *BundleStore) put(kind C.uint32_t, source string, document []byte, format Format, opts []PutOption) error {
	o, err := readPutOptions(opts, format)
	if err != nil {
		return err
	}
	store, err := s.enter()
	if err != nil {
		return err
	}
	defer s.handle.leave()
	flags := C.uint32_t(0)
	if o.force {
		flags |= C.ATTESTOR_PUT_FORCE
	}
	if o.permanent {
		flags |= C.ATTESTOR_PUT_PERMANENT
	}
	name, nameLen := stringData(source)
	data, dataLen := bytesData(document)
	report := C.attestor_go_store_put(store, kind, name, nameLen, C.uint32_t(o.format), data, dataLen,
		flags, C.uint64_t(o.feed), C.uint64_t(o.keepSeconds), C.int64_t(o.now))
	return callError(&report)
}

// Touch confirms what a feed put for a trust domain: nothing is new there, such as after an HTTP 304. Its age begins
// anew. [BundleUnavailable] if the domain has nothing of this feed.
func (s *BundleStore) Touch(trustDomain string, opts ...TouchOption) error {
	if trustDomain == "" {
		// To the library, the world.
		return &ConfigError{Reason: SourceNameInvalid}
	}
	return s.touch(C.ATTESTOR_SOURCE_TRUST_DOMAIN, trustDomain, opts)
}

// TouchIssuer confirms what a feed put for a token issuer, as Touch does.
func (s *BundleStore) TouchIssuer(issuer string, opts ...TouchOption) error {
	return s.touch(C.ATTESTOR_SOURCE_ISSUER, issuer, opts)
}

// TouchAll confirms everything that a feed put, as Touch does.
func (s *BundleStore) TouchAll(feed uint64, opts ...TouchOption) error {
	return s.touch(C.ATTESTOR_SOURCE_TRUST_DOMAIN, "", append(opts[:len(opts):len(opts)], FeedID(feed)))
}

func (s *BundleStore) touch(kind C.uint32_t, source string, opts []TouchOption) error {
	feed, now, err := readTouchOptions(opts)
	if err != nil {
		return err
	}
	store, err := s.enter()
	if err != nil {
		return err
	}
	defer s.handle.leave()
	name, nameLen := stringData(source)
	report := C.attestor_go_store_touch(store, kind, name, nameLen, C.uint64_t(feed), C.int64_t(now))
	return callError(&report)
}

// Withdraw forgets everything that a feed put, at once: its host may no longer use it. It says how many sources that
// emptied.
func (s *BundleStore) Withdraw(feed uint64) (int, error) {
	store, err := s.enter()
	if err != nil {
		return 0, err
	}
	defer s.handle.leave()
	report := C.attestor_go_store_withdraw(store, C.uint64_t(feed))
	return int(report.count), callError(&report.error)
}

// Remove forgets a trust domain, and its [Feed]: the next verification finds it unavailable. An unknown one is
// fine.
func (s *BundleStore) Remove(trustDomain string) error {
	return s.remove(C.ATTESTOR_SOURCE_TRUST_DOMAIN, trustDomain)
}

// RemoveIssuer forgets a token issuer, as Remove does a trust domain.
func (s *BundleStore) RemoveIssuer(issuer string) error {
	return s.remove(C.ATTESTOR_SOURCE_ISSUER, issuer)
}

func (s *BundleStore) remove(kind C.uint32_t, source string) error {
	store, err := s.enter()
	if err != nil {
		return err
	}
	defer s.handle.leave()
	name, nameLen := stringData(source)
	report := C.attestor_go_store_remove(store, kind, name, nameLen)
	return callError(&report)
}

// Info says what is known of a slot; [BundleUnavailable] if nothing has fed it.
func (s *BundleStore) Info(trustDomain string, slot Slot) (SlotInfo, error) {
	return s.info(C.ATTESTOR_SOURCE_TRUST_DOMAIN, trustDomain, slot)
}

// IssuerInfo says what is known of the keys of a token issuer; [BundleUnavailable] if nothing has fed them.
func (s *BundleStore) IssuerInfo(issuer string) (SlotInfo, error) {
	return s.info(C.ATTESTOR_SOURCE_ISSUER, issuer, SlotJWT)
}

func (s *BundleStore) info(kind C.uint32_t, source string, slot Slot) (SlotInfo, error) {
	store, err := s.enter()
	if err != nil {
		return SlotInfo{}, err
	}
	defer s.handle.leave()
	name, nameLen := stringData(source)
	report := C.attestor_go_store_info(store, kind, name, nameLen, C.uint32_t(slot))
	if err := statusError(report.status, ""); err != nil {
		return SlotInfo{}, err
	}
	return newSlotInfo(&report.info), nil
}

// Close gives the store up; verifiers made of it go on with what it holds, its feeds too. It waits for nobody: calls under
// way finish, later ones get [ErrClosed]. It always returns nil, and may be called again.
func (s *BundleStore) Close() error {
	s.handle.close()
	return nil
}

// String tells nothing of the contents.
func (s *BundleStore) String() string { return "attestor.BundleStore" }

// GoString is String.
func (s *BundleStore) GoString() string { return s.String() }

func (s *BundleStore) enter() (*C.attestor_store, error) {
	if s.err != nil {
		return nil, s.err
	}
	ptr, err := s.handle.enter()
	return (*C.attestor_store)(ptr), err
}

func newSlotInfo(info *C.attestor_slot_info) SlotInfo {
	out := SlotInfo{
		Generation:  uint64(info.generation),
		Feed:        uint64(info.feed),
		ConfirmedAt: time.Unix(int64(info.confirmed_at), 0).UTC(),
		Sequence:    uint64(info.sequence),
		HasSequence: info.flags&C.ATTESTOR_SLOT_HAS_SEQUENCE != 0,
		RefreshHint: time.Duration(info.refresh_hint) * time.Second,
		Entries:     int(info.entries),
		SoftAge:     time.Duration(info.soft_age_secs) * time.Second,
		HardAge:     time.Duration(info.hard_age_secs) * time.Second,
		Restored:    info.flags&C.ATTESTOR_SLOT_RESTORED != 0,
		Findings:    Finding(info.findings),
		Withheld:    int(info.withheld),
	}
	for i, octet := range info.digest {
		out.Digest[i] = byte(octet)
	}
	for i, count := range info.skipped {
		if count == 0 {
			continue
		}
		if out.Skipped == nil {
			out.Skipped = make(map[string]int)
		}
		out.Skipped[C.GoString(C.attestor_skip_slug(C.uint32_t(i)))] = int(count)
	}
	return out
}

//go:build cgo

package attestor

// #cgo noescape attestor_go_store_health
// #cgo nocallback attestor_go_store_health
// #cgo noescape attestor_go_verifier_readiness
// #cgo nocallback attestor_go_verifier_readiness
// #include "shim.h"
import "C"

// Health says what is known of the feeding of a source; [BundleUnavailable] of one that nothing has fed and that has
// no [Feed].
func (s *BundleStore) Health(source Source, opts ...TimeOption) (SourceHealth, error) {
	now, err := readInstant(opts)
	if err != nil {
		return SourceHealth{}, err
	}
	store, err := s.enter()
	if err != nil {
		return SourceHealth{}, err
	}
	defer s.handle.leave()
	name, nameLen := stringData(source.Name)
	report := C.attestor_go_store_health(store, C.uint32_t(source.Kind), name, nameLen, C.int64_t(now))
	if err := callError(&report.error); err != nil {
		return SourceHealth{}, err
	}
	health := &report.health
	return SourceHealth{
		HasFeed:        health.flags&C.ATTESTOR_HEALTH_HAS_CALLBACK != 0,
		Wanted:         health.flags&C.ATTESTOR_HEALTH_WANTED != 0,
		InFlight:       health.flags&C.ATTESTOR_HEALTH_IN_FLIGHT != 0,
		EmptyUpdate:    health.flags&C.ATTESTOR_HEALTH_EMPTY_UPDATE != 0,
		ClockWentBack:  health.flags&C.ATTESTOR_HEALTH_CLOCK_WENT_BACK != 0,
		Refreshes:      uint64(health.refreshes),
		Failures:       uint64(health.failures),
		FailuresInARow: int(health.failures_in_a_row),
		LastFailure:    Reason(health.last_failure),
		JWT:            Freshness(health.jwt_freshness),
		X509:           Freshness(health.x509_freshness),
		SucceededAt:    instantOf(int64(health.succeeded_at)),
		FailedAt:       instantOf(int64(health.failed_at)),
		NextRefresh:    instantOf(int64(health.next_refresh)),
	}, nil
}

// Readiness says whether the sources that the policy names can be used. Where a policy takes every trust domain of a
// feed, it names none.
func (v *Verifier) Readiness(opts ...TimeOption) (Readiness, error) {
	now, err := readInstant(opts)
	if err != nil {
		return Readiness{}, err
	}
	verifier, err := v.handle.enter()
	if err != nil {
		return Readiness{}, err
	}
	defer v.handle.leave()
	report := C.attestor_go_verifier_readiness((*C.attestor_verifier)(verifier), C.int64_t(now))
	if err := callError(&report.error); err != nil {
		return Readiness{}, err
	}
	readiness := &report.readiness
	return Readiness{
		Ready:   readiness.ready == 1,
		Sources: int(readiness.sources),
		Fresh:   int(readiness.fresh),
		Due:     int(readiness.due),
		Stale:   int(readiness.stale),
		Missing: int(readiness.missing),
	}, nil
}

//go:build cgo

package attestor

// #cgo noescape attestor_go_verifier_metrics
// #cgo nocallback attestor_go_verifier_metrics
// #cgo noescape attestor_go_verifier_verdict_counts
// #cgo nocallback attestor_go_verifier_verdict_counts
// #cgo noescape attestor_go_verifier_source_metrics
// #cgo nocallback attestor_go_verifier_source_metrics
// #include "shim.h"
import "C"

import (
	"time"
	"unsafe"
)

// Metrics says what was counted. It is cheap enough for every scrape, and no verification waits for it.
func (v *Verifier) Metrics(opts ...TimeOption) (Metrics, error) {
	now, err := readInstant(opts)
	if err != nil {
		return Metrics{}, err
	}
	ptr, err := v.handle.enter()
	if err != nil {
		return Metrics{}, err
	}
	defer v.handle.leave()
	verifier := (*C.attestor_verifier)(ptr)
	report := C.attestor_go_verifier_metrics(verifier)
	if err := callError(&report.error); err != nil {
		return Metrics{}, err
	}
	counters := &report.metrics
	metrics := Metrics{
		Allowed:     uint64(counters.allowed),
		Denied:      uint64(counters.denied),
		Unavailable: uint64(counters.unavailable),
		Misused:     uint64(counters.misused),
		Cache: CacheMetrics{
			Hits:       uint64(counters.cache_hits),
			Misses:     uint64(counters.cache_misses),
			Insertions: uint64(counters.cache_insertions),
			Evictions:  uint64(counters.cache_evictions),
			Stale:      uint64(counters.cache_stale),
			Entries:    int(counters.cache_entries),
			Bytes:      int(counters.cache_bytes),
		},
		KeyTables: KeyTableMetrics{
			Held:          int(counters.key_tables_held),
			Bytes:         int(counters.key_tables_bytes),
			Made:          uint64(counters.key_tables_made),
			Evicted:       uint64(counters.key_tables_evicted),
			Disagreements: uint64(counters.key_tables_disagreements),
			ByTable:       uint64(counters.key_tables_by_table),
			ByReference:   uint64(counters.key_tables_by_reference),
			IFMA:          counters.flags&C.ATTESTOR_METRICS_IFMA != 0,
		},
	}
	if metrics.Verdicts, err = verdictCounts(verifier); err != nil {
		return Metrics{}, err
	}
	metrics.Sources, err = sourceMetrics(verifier, now)
	return metrics, err
}

func verdictCounts(verifier *C.attestor_verifier) ([]VerdictCount, error) {
	rows := make([]C.attestor_verdict_count, 32)
	for {
		report := C.attestor_go_verifier_verdict_counts(verifier, unsafe.SliceData(rows), C.size_t(len(rows)))
		size := int(report.len)
		if report.error.code == C.ATTESTOR_BUFFER_TOO_SMALL && size > len(rows) {
			rows = make([]C.attestor_verdict_count, size)
			continue
		}
		if err := callError(&report.error); err != nil {
			return nil, err
		}
		counts := make([]VerdictCount, min(size, len(rows)))
		for at := range counts {
			row := &rows[at]
			counts[at] = VerdictCount{C.GoString(&row.attestor_id[0]), Reason(row.code), uint64(row.count)}
		}
		return counts, nil
	}
}

func sourceMetrics(verifier *C.attestor_verifier, now int64) ([]SourceMetrics, error) {
	const longestName = 2048
	name := make([]byte, longestName)
	var all []SourceMetrics
	for {
		report := C.attestor_go_verifier_source_metrics(verifier, C.uint64_t(len(all)), C.int64_t(now),
			(*C.char)(unsafe.Pointer(unsafe.SliceData(name))), C.size_t(len(name)))
		if report.error.code == C.ATTESTOR_ARGUMENT_INVALID && len(all) > 0 {
			all = all[:0] // the policy was swapped for one with fewer
			continue
		}
		if err := callError(&report.error); err != nil {
			return nil, err
		}
		source := &report.metrics
		all = append(all, SourceMetrics{
			Source:      Source{SourceKind(source.kind), string(name[:min(int(report.name_len), len(name))])},
			Sources:     int(source.sources),
			JWT:         Freshness(source.jwt_freshness),
			X509:        Freshness(source.x509_freshness),
			Age:         time.Duration(source.age_secs) * time.Second,
			Keys:        int(source.keys),
			Authorities: int(source.authorities),
			Skipped:     uint64(source.skipped),
			Refreshes:   uint64(source.refreshes),
			Failures:    uint64(source.failures),
		})
		if source.kind == 0 {
			return all, nil // the others are the last
		}
	}
}

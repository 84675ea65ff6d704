package attestor

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"
)

// label is a name and a value, which is escaped when it is written.
type label struct{ name, value string }

// sample is one line of a metric.
type sample struct {
	labels []label
	value  uint64
}

// WritePrometheus writes the metrics in the text format of Prometheus (version 0.0.4), as a scrape answers it.
func (m Metrics) WritePrometheus(w io.Writer) error {
	text := bufio.NewWriter(w)
	m.writeVerdicts(text)
	m.writeCache(text)
	m.writeKeyTables(text)
	m.writeSources(text)
	return text.Flush()
}

func (m Metrics) writeVerdicts(w *bufio.Writer) {
	var samples []sample
	for _, row := range m.Verdicts {
		labels := []label{{"attestor", row.AttestorID}, {"reason", row.Reason.Slug()}}
		samples = append(samples, sample{labels, row.Count})
	}
	writeFamily(w, "verdicts_total", "counter", "Verdicts, by attestor and reason; ok is an allow.", samples)
}

func (m Metrics) writeCache(w *bufio.Writer) {
	for _, family := range []struct {
		name, kind, what string
		value            uint64
	}{
		{"hits_total", "counter", "Credentials that were remembered.", m.Cache.Hits},
		{"misses_total", "counter", "Credentials that were not remembered.", m.Cache.Misses},
		{"insertions_total", "counter", "Credentials that were taken up.", m.Cache.Insertions},
		{"evictions_total", "counter", "Credentials that gave way to others.", m.Cache.Evictions},
		{"stale_total", "counter", "Remembered credentials for which something had changed.", m.Cache.Stale},
		{"entries", "gauge", "Credentials that are remembered now.", uint64(m.Cache.Entries)},
		{"bytes", "gauge", "Memory that they take.", uint64(m.Cache.Bytes)},
	} {
		writeFamily(w, "cache_"+family.name, family.kind, family.what, []sample{{value: family.value}})
	}
}

func (m Metrics) writeKeyTables(w *bufio.Writer) {
	var ifma uint64
	if m.KeyTables.IFMA {
		ifma = 1
	}
	for _, family := range []struct {
		name, kind, what string
		value            uint64
	}{
		{"held", "gauge", "Keys of the store that have a table now.", uint64(m.KeyTables.Held)},
		{"bytes", "gauge", "Memory that the tables take.", uint64(m.KeyTables.Bytes)},
		{"made_total", "counter", "Tables that were made.", m.KeyTables.Made},
		{"evicted_total", "counter", "Tables that gave way to others.", m.KeyTables.Evicted},
		{"disagreements_total", "counter", "Tables that the reference contradicted, and self-tests that failed: a defect.", m.KeyTables.Disagreements},
		{"signatures_total", "counter", "Signatures that tables checked.", m.KeyTables.ByTable},
		{"reference_signatures_total", "counter", "Signatures that the reference checked.", m.KeyTables.ByReference},
		{"ifma", "gauge", "1 if AVX-512 IFMA is used, else 0.", ifma},
	} {
		writeFamily(w, "key_tables_"+family.name, family.kind, family.what, []sample{{value: family.value}})
	}
}

func (m Metrics) writeSources(w *bufio.Writer) {
	var ages, slots []sample
	for _, source := range m.Sources {
		labels := source.labels()
		if source.Age >= 0 {
			ages = append(ages, sample{labels, uint64(source.Age / time.Second)})
		}
		slots = append(slots,
			sample{append(labels[:2:2], label{"slot", "jwt"}), uint64(source.JWT)},
			sample{append(labels[:2:2], label{"slot", "x509"}), uint64(source.X509)})
	}
	writeFamily(w, "source_age_seconds", "gauge", "Seconds since the older slot of the source was confirmed.", ages)
	writeFamily(w, "source_freshness", "gauge", "0 not there, 1 fresh, 2 past the soft age, 3 at the hard age.", slots)
	for _, family := range []struct {
		name, kind, what string
		value            func(SourceMetrics) uint64
	}{
		{"keys", "gauge", "Usable keys for tokens.", func(s SourceMetrics) uint64 { return uint64(s.Keys) }},
		{"authorities", "gauge", "Usable X.509 authorities.", func(s SourceMetrics) uint64 { return uint64(s.Authorities) }},
		{"skipped", "gauge", "Entries of the documents that were passed over.", func(s SourceMetrics) uint64 { return s.Skipped }},
		{"refreshes_total", "counter", "Updates and confirmations that succeeded.", func(s SourceMetrics) uint64 { return s.Refreshes }},
		{"failures_total", "counter", "Updates and fetches that failed.", func(s SourceMetrics) uint64 { return s.Failures }},
	} {
		samples := make([]sample, len(m.Sources))
		for at, source := range m.Sources {
			samples[at] = sample{source.labels(), family.value(source)}
		}
		writeFamily(w, "source_"+family.name, family.kind, family.what, samples)
	}
}

func (s SourceMetrics) labels() []label {
	if s.Source == (Source{}) {
		return []label{{"kind", "other"}, {"name", "other"}}
	}
	return []label{{"kind", s.Source.Kind.String()}, {"name", s.Source.Name}}
}

var labelEscaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// Errors of a bufio.Writer stay until it is flushed.
func writeFamily(w *bufio.Writer, name, kind, what string, samples []sample) {
	if len(samples) == 0 {
		return
	}
	fmt.Fprintf(w, "# HELP attestor_%s %s\n# TYPE attestor_%s %s\n", name, what, name, kind)
	for _, sample := range samples {
		fmt.Fprintf(w, "attestor_%s", name)
		for at, label := range sample.labels {
			fmt.Fprintf(w, `%c%s="%s"`, "{,"[min(at, 1)], label.name, labelEscaper.Replace(label.value))
		}
		if len(sample.labels) > 0 {
			w.WriteByte('}')
		}
		fmt.Fprintf(w, " %d\n", sample.value)
	}
}

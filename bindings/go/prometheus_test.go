package attestor

import (
	"errors"
	"math"
	"os"
	"strings"
	"testing"
	"time"
)

func TestPrometheusText(t *testing.T) {
	expected, err := os.ReadFile("../../tests/data/prometheus.txt")
	if err != nil {
		t.Fatal(err)
	}
	metrics := Metrics{
		Cache:     CacheMetrics{Hits: 5, Misses: 4, Insertions: 3, Evictions: 2, Stale: 1, Entries: 6, Bytes: 7000},
		KeyTables: KeyTableMetrics{Held: 8, Bytes: 90000, Made: 10, Evicted: 2, ByTable: 11, ByReference: 12, IFMA: true},
		Verdicts: []VerdictCount{
			{"", MalformedToken, 3},
			{"spiffe", OK, math.MaxUint64},
			{"other", BundleStale, 1},
		},
		Sources: []SourceMetrics{
			{Source: TrustDomain("example.org"), Sources: 1, JWT: Fresh, X509: Stale, Age: 42 * time.Second,
				Keys: 2, Authorities: 1, Skipped: 9, Refreshes: 10, Failures: 11},
			{Source: Issuer("https://a.example/\"\\\n"), Sources: 1, Age: -time.Second, Failures: 12},
			{Age: -time.Second},
		},
	}
	var text strings.Builder
	if err := metrics.WritePrometheus(&text); err != nil {
		t.Fatal(err)
	}
	if text.String() != string(expected) {
		t.Errorf("got:\n%s", text.String())
	}
}

var errFull = errors.New("full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestPrometheusTextThatCannotBeWritten(t *testing.T) {
	if err := (Metrics{}).WritePrometheus(full{}); !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
}

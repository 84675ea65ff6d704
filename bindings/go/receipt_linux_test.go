//go:build cgo

package attestor

import (
	"bytes"
	"errors"
	"os/signal"
	"slices"
	"syscall"
	"testing"
)

// A write that stops half-way leaves the log as it was, and usable when there is room again.
func TestHalfWrittenLine(t *testing.T) {
	log, path := newLog(t)
	if _, err := log.Append("first", nil, nil); err != nil {
		t.Fatal(err)
	}
	before := mustRead(t, path)
	signal.Ignore(syscall.SIGXFSZ)
	defer signal.Reset(syscall.SIGXFSZ)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	tight := syscall.Rlimit{Cur: uint64(len(before)) + 20, Max: limit.Max}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &tight); err != nil {
		t.Fatal(err)
	}
	_, err := log.Append("second", nil, nil)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(err, syscall.EFBIG) {
		t.Fatalf("got %v", err)
	}
	if !bytes.Equal(mustRead(t, path), before) {
		t.Error("half a line was left")
	}
	if _, err := log.Append("third", nil, nil); err != nil {
		t.Fatal(err)
	}
	if records, _ := chain(t, nil, path); !slices.Equal(events(records), []string{"first", "third"}) {
		t.Errorf("got %q", events(records))
	}
}

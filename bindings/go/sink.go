//go:build cgo

package attestor

// #cgo noescape attestor_go_sink_put
// #cgo nocallback attestor_go_sink_put
// #cgo noescape attestor_go_sink_confirm
// #cgo nocallback attestor_go_sink_confirm
// #include "callbacks.h"
import "C"

import "sync"

// Sink is where a [Feed] puts what it fetched, in the goroutine of Fetch; on others it is [ArgumentInvalid], and
// after Fetch [ErrClosed].
type Sink struct {
	mu sync.Mutex
	// ptr is nil once Fetch has returned.
	ptr    *C.attestor_sink
	thread C.uintptr_t
	taken  bool
	// refused is the last refusal.
	refused error
}

// Put puts a document for the source that is fetched, as [BundleStore.Put] does, at the time of the call that
// fetches.
func (s *Sink) Put(format Format, document []byte, opts ...SinkOption) error {
	return s.give(opts, func(o *sinkOptions) C.attestor_error {
		data, dataLen := bytesData(document)
		return C.attestor_go_sink_put(s.ptr, s.thread, C.uint32_t(format), data, dataLen,
			o.flags(), C.uint64_t(o.keepSeconds), C.uint64_t(o.refreshSeconds))
	})
}

// Confirm says that nothing is new: what the feed put before is confirmed, as by [BundleStore.Touch].
func (s *Sink) Confirm(opts ...SinkOption) error {
	return s.give(opts, func(o *sinkOptions) C.attestor_error {
		return C.attestor_go_sink_confirm(s.ptr, s.thread,
			o.flags(), C.uint64_t(o.keepSeconds), C.uint64_t(o.refreshSeconds))
	})
}

func (s *Sink) give(opts []SinkOption, give func(*sinkOptions) C.attestor_error) error {
	o, err := readSinkOptions(opts)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ptr == nil {
		return &ConfigError{Reason: HandleClosed}
	}
	report := give(&o)
	if err := callError(&report); err != nil {
		s.refused = err
		return err
	}
	s.taken = true
	return nil
}

// outcome is why a fetch without an error was none.
func (s *Sink) outcome() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refused == nil && !s.taken {
		return &ConfigError{Reason: CallbackFailed, Detail: "the feed neither put nor confirmed anything"}
	}
	return s.refused
}

// end takes the library's sink away, once a call under way elsewhere has left it.
func (s *Sink) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ptr = nil
}

// String tells nothing of the contents.
func (s *Sink) String() string { return "attestor.Sink" }

// GoString is String.
func (s *Sink) GoString() string { return s.String() }

func (o *sinkOptions) flags() C.uint32_t {
	if o.force {
		return C.ATTESTOR_PUT_FORCE
	}
	return 0
}

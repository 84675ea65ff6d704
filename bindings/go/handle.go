//go:build cgo

package attestor

import (
	"math"
	"runtime"
	"sync/atomic"
	"unsafe"
)

// closed is the sign bit of a handle's state; the other bits count the calls under way.
const closed = math.MinInt64

// handle owns an object of the library and frees it once: when it is closed and the last call has left.
type handle struct {
	state atomic.Int64
	ptr   unsafe.Pointer
	free  func(unsafe.Pointer)
}

// newHandle takes ptr over for owner. If owner is dropped without a Close, the collector closes.
func newHandle[T any](owner *T, ptr unsafe.Pointer, free func(unsafe.Pointer)) *handle {
	h := &handle{ptr: ptr, free: free}
	runtime.AddCleanup(owner, (*handle).close, h)
	return h
}

// enter gives the object for one call, or ErrClosed. Each success is paired with a leave.
func (h *handle) enter() (unsafe.Pointer, error) {
	if h != nil {
		for n := h.state.Load(); n >= 0; n = h.state.Load() {
			if h.state.CompareAndSwap(n, n+1) {
				return h.ptr, nil
			}
		}
	}
	return nil, &ConfigError{Reason: HandleClosed}
}

func (h *handle) leave() {
	if h.state.Add(-1) == closed {
		h.free(h.ptr)
	}
}

func (h *handle) close() {
	if h != nil && h.state.Or(closed) == 0 {
		h.free(h.ptr)
	}
}

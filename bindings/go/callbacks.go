//go:build cgo

package attestor

// #include "attestor.h"
import "C"

import (
	"context"
	"runtime/cgo"
	"runtime/debug"
	"sync/atomic"
)

// What a fetch returns to the library.
const (
	fetched    = 0
	failed     = 1
	panicked   = 2
	unexpected = 3
)

// registration is a feed as the library holds it: a handle of it is the library's userdata.
type registration struct{ feed Feed }

// registrations counts those that the library has not given back.
var registrations atomic.Int64

func newRegistration(feed Feed) cgo.Handle {
	registrations.Add(1)
	return cgo.NewHandle(&registration{feed})
}

func dropRegistration(h cgo.Handle) {
	registrations.Add(-1)
	h.Delete()
}

// call is a call that may call back, as the feeds see it.
type call struct {
	ctx context.Context
	// errs is why feeds failed.
	errs  map[Source]error
	panic *FeedPanic
}

// callingBack makes such a call, by do. The first panic of a feed goes on here, where no frame of the library is on
// the stack.
func callingBack(ctx context.Context, do func(handle cgo.Handle)) *call {
	c := &call{ctx: ctx}
	h := cgo.NewHandle(c)
	defer h.Delete()
	do(h)
	if c.panic != nil {
		panic(c.panic)
	}
	return c
}

// fetch calls the feed. No panic leaves it.
func (c *call) fetch(feed Feed, source Source, sink *Sink) (code int32) {
	defer sink.end()
	defer func() {
		if value := recover(); value != nil {
			code = panicked
			p := &FeedPanic{Source: source, Value: value, Stack: debug.Stack()}
			if c.panic == nil {
				c.panic = p
			}
			c.fail(source, p)
		}
	}()
	if err := feed.Fetch(c.ctx, source, sink); err != nil {
		c.fail(source, err)
		return failed
	}
	if err := sink.outcome(); err != nil {
		c.fail(source, err)
	}
	return fetched
}

func (c *call) fail(source Source, err error) {
	if c.errs == nil {
		c.errs = make(map[Source]error)
	}
	c.errs[source] = err
}

//export attestorGoFetch
func attestorGoFetch(registered, called, thread C.uintptr_t, kind C.uint32_t, name *C.char, nameLen C.size_t,
	sink *C.attestor_sink) (code C.int32_t) {
	defer func() {
		if recover() != nil {
			code = unexpected
		}
	}()
	c := cgo.Handle(called).Value().(*call)
	feed := cgo.Handle(registered).Value().(*registration).feed
	source := Source{SourceKind(kind), C.GoStringN(name, C.int(nameLen))}
	return C.int32_t(c.fetch(feed, source, &Sink{ptr: sink, thread: thread}))
}

//export attestorGoDrop
func attestorGoDrop(registered C.uintptr_t) {
	defer func() { _ = recover() }()
	dropRegistration(cgo.Handle(registered))
}

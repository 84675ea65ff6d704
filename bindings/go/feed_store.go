//go:build cgo

package attestor

// #cgo noescape attestor_go_store_next_refresh
// #cgo nocallback attestor_go_store_next_refresh
// #include "callbacks.h"
import "C"

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime/cgo"
	"time"
)

// SetFeed lets feed fetch a source, in place of the feed there was, from the next [BundleStore.Refresh] on, when it
// is due at once. What it puts belongs to the feed of the option [FeedID].
//
// The store holds the feed until the source gets another one or is removed, or until the store and its verifiers are
// closed. One that is never closed and that its own feed refers to is never collected.
func (s *BundleStore) SetFeed(source Source, feed Feed, opts ...FeedOption) error {
	if feed == nil {
		return errOption("the feed is nil")
	}
	id, err := readFeedOptions(opts)
	if err != nil {
		return err
	}
	registered := newRegistration(feed)
	if err := s.setFeed(source, C.uintptr_t(registered), id); err != nil {
		dropRegistration(registered) // it never was the library's
		return err
	}
	return nil
}

// CloseFeed takes the feed of a source away, if it has one. What it put stays, and ages.
func (s *BundleStore) CloseFeed(source Source) error {
	return s.setFeed(source, 0, 0)
}

func (s *BundleStore) setFeed(source Source, registered C.uintptr_t, id uint64) error {
	store, err := s.enter()
	if err != nil {
		return err
	}
	defer s.handle.leave()
	name, nameLen := stringData(source.Name)
	report := C.attestor_go_store_set_source(store, C.uint32_t(source.Kind), name, nameLen, registered, C.uint64_t(id))
	return callError(&report)
}

// Refresh lets the feeds of all sources fetch whose time has come, one after the other, with ctx. Sources that
// another goroutine is fetching are left to it. What feeds did wrong is in the report; an error means that there was
// no refresh, such as [RefreshReentrant] in a Fetch of the same store.
func (s *BundleStore) Refresh(ctx context.Context, opts ...TimeOption) (RefreshReport, error) {
	store, now, err := s.enterRefresh(ctx, opts)
	if err != nil {
		return RefreshReport{}, err
	}
	defer s.handle.leave()
	var refreshed C.attestor_go_refreshed
	called := callingBack(ctx, func(call cgo.Handle) {
		refreshed = C.attestor_go_store_refresh(store, C.int64_t(now), C.uintptr_t(call))
	})
	if err := callError(&refreshed.error); err != nil {
		return RefreshReport{}, err
	}
	return RefreshReport{
		Succeeded: int(refreshed.report.succeeded),
		Failed:    int(refreshed.report.failed),
		Busy:      int(refreshed.report.busy),
		Errors:    called.errs,
	}, nil
}

// RefreshSource lets the feed of one source fetch, with ctx, be it due or not. An error of the feed, or of its sink,
// is in the error; [RefreshBusy] if another goroutine is fetching the source, or it has no feed.
func (s *BundleStore) RefreshSource(ctx context.Context, source Source, opts ...TimeOption) error {
	store, now, err := s.enterRefresh(ctx, opts)
	if err != nil {
		return err
	}
	defer s.handle.leave()
	name, nameLen := stringData(source.Name)
	var report C.attestor_error
	called := callingBack(ctx, func(call cgo.Handle) {
		report = C.attestor_go_store_refresh_source(store, C.uint32_t(source.Kind), name, nameLen, C.int64_t(now),
			C.uintptr_t(call))
	})
	err = callError(&report)
	for _, cause := range called.errs {
		if err == nil || errors.Is(cause, Reason(report.code)) {
			return cause
		}
		return fmt.Errorf("%w: %w", err, cause)
	}
	return err
}

func (s *BundleStore) enterRefresh(ctx context.Context, opts []TimeOption) (*C.attestor_store, int64, error) {
	if ctx == nil {
		return nil, 0, errNoContext()
	}
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	now, err := readInstant(opts)
	if err != nil {
		return nil, 0, err
	}
	store, err := s.enter()
	return store, now, err
}

// NextRefresh is when [BundleStore.Refresh] next has something to do, in the past if that is overdue: for the host's
// timer, which asks again after every refresh. It is false if there is nothing to wait for, as of a closed store.
func (s *BundleStore) NextRefresh(opts ...TimeOption) (time.Time, bool) {
	now, err := readInstant(opts)
	if err != nil {
		return time.Time{}, false
	}
	store, err := s.enter()
	if err != nil {
		return time.Time{}, false
	}
	defer s.handle.leave()
	next := int64(C.attestor_go_store_next_refresh(store, C.int64_t(now)))
	return instantOf(next), next != math.MaxInt64
}

// instantOf is a time of the library; the zero Time for never.
func instantOf(seconds int64) time.Time {
	if seconds == 0 || seconds == math.MaxInt64 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

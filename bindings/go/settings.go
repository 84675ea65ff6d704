//go:build cgo

package attestor

import (
	"context"
	"math"
	"time"
)

// systemClock is the time of a call without [At].
const systemClock = math.MinInt64

// What the options of a verification amount to.
type verifyOptions struct {
	now           int64
	attestor      optional
	passport      optional
	peer          []byte
	audience      optional
	nonce         optional
	accessToken   optional
	maxAgeSeconds uint64
	evidence      bool
	receipts      receipts
	// refreshing is the context of a call that may call back; nil if it may not.
	refreshing context.Context
}

// optional is a text that may be absent, which is not the same as empty.
type optional struct {
	text  string
	given bool
}

// Type switches, not methods: options then stay on the caller's stack.
func (o *verifyOptions) read(opts []VerifyOption) error {
	for _, opt := range opts {
		switch opt := opt.(type) {
		case instant:
			o.now = int64(opt)
		case forcedAttestor:
			o.attestor = optional{string(opt), true}
		case evidence:
			o.evidence = true
		case receipts:
			if opt.log == nil {
				return errNoLog()
			}
			o.receipts = opt
		case passportToken:
			o.passport = optional{string(opt), true}
		case peerCertificate:
			if opt.certificate == nil || len(opt.certificate.Raw) == 0 {
				return errOption("the peer certificate is nil or was not parsed")
			}
			o.peer = opt.certificate.Raw
		case presentedTo:
			o.audience = optional{string(opt), true}
		case expectedNonce:
			o.nonce = optional{string(opt), true}
		case accessToken:
			o.accessToken = optional{string(opt), true}
		case maxAge:
			age := time.Duration(opt)
			if age <= 0 || age%time.Second != 0 {
				return errOption("the maximal age is not a positive number of whole seconds")
			}
			o.maxAgeSeconds = uint64(age / time.Second)
		case refreshing:
			if opt.ctx == nil {
				return errNoContext()
			}
			o.refreshing = opt.ctx
		default:
			return errOption("an option is nil")
		}
	}
	return nil
}

// What the options of a store amount to.
type storeOptions struct {
	gate          RotationGate
	cooldown      uint32
	keyTables     KeyTables
	keyTableBytes keyTableBytes
	withoutIFMA   bool
}

func readStoreOptions(opts []StoreOption) (o storeOptions, err error) {
	for _, opt := range opts {
		switch opt := opt.(type) {
		case RotationGate:
			o.gate = opt
		case cooldown:
			pause := time.Duration(opt)
			if pause <= 0 || pause%time.Second != 0 || pause/time.Second > math.MaxUint32 {
				return o, errOption("the cooldown is not a positive number of whole seconds")
			}
			o.cooldown = uint32(pause / time.Second)
		case KeyTables:
			o.keyTables = opt
		case keyTableBytes:
			if opt < 0 {
				return o, errOption("the bytes of key tables are negative")
			}
			o.keyTableBytes = opt
		case withoutIFMA:
			o.withoutIFMA = true
		default:
			return o, errOption("an option is nil")
		}
	}
	return o, nil
}

// What the options of an update amount to.
type putOptions struct {
	now         int64
	format      Format
	feed        uint64
	force       bool
	permanent   bool
	keepSeconds uint64
}

func readPutOptions(opts []PutOption, format Format) (o putOptions, err error) {
	o = putOptions{now: systemClock, format: format}
	for _, opt := range opts {
		switch opt := opt.(type) {
		case instant:
			o.now = int64(opt)
		case Format:
			o.format = opt
		case feedID:
			o.feed = uint64(opt)
		case force:
			o.force = true
		case permanent:
			o.permanent = true
		case keepFor:
			if o.keepSeconds, err = said(time.Duration(opt)); err != nil {
				return o, err
			}
		default:
			return o, errOption("an option is nil")
		}
	}
	return o, nil
}

// What the options of a feed's update amount to.
type sinkOptions struct {
	force          bool
	keepSeconds    uint64
	refreshSeconds uint64
}

func readSinkOptions(opts []SinkOption) (o sinkOptions, err error) {
	for _, opt := range opts {
		switch opt := opt.(type) {
		case force:
			o.force = true
		case keepFor:
			o.keepSeconds, err = said(time.Duration(opt))
		case refreshAfter:
			o.refreshSeconds, err = said(time.Duration(opt))
		default:
			err = errOption("an option is nil")
		}
		if err != nil {
			return o, err
		}
	}
	return o, nil
}

// said is a duration in seconds. The library takes 0 as not said, and one second as it would none.
func said(d time.Duration) (seconds uint64, err error) {
	if d < 0 {
		return 0, errOption("a duration is negative")
	}
	return uint64(max(d/time.Second, 1)), nil
}

func readTouchOptions(opts []TouchOption) (feed uint64, now int64, err error) {
	now = systemClock
	for _, opt := range opts {
		switch opt := opt.(type) {
		case instant:
			now = int64(opt)
		case feedID:
			feed = uint64(opt)
		default:
			return feed, now, errOption("an option is nil")
		}
	}
	return feed, now, nil
}

func readFeedOptions(opts []FeedOption) (feed uint64, err error) {
	for _, opt := range opts {
		switch opt := opt.(type) {
		case feedID:
			feed = uint64(opt)
		default:
			return feed, errOption("an option is nil")
		}
	}
	return feed, nil
}

func readSnapshotOptions(key []byte, opts []SnapshotOption) (now int64, err error) {
	now = systemClock
	keyed := true
	for _, opt := range opts {
		switch opt := opt.(type) {
		case instant:
			now = int64(opt)
		case unkeyed:
			keyed = false
		default:
			return now, errOption("an option is nil")
		}
	}
	// To the library, no key is Unkeyed.
	if keyed != (len(key) > 0) {
		return now, errOption("a snapshot has either a key or the option Unkeyed")
	}
	return now, nil
}

// readInstant is for calls that take nothing but the time.
func readInstant[Option any](opts []Option) (now int64, err error) {
	now = systemClock
	for _, opt := range opts {
		at, ok := any(opt).(instant)
		if !ok {
			return now, errOption("an option is nil")
		}
		now = int64(at)
	}
	return now, nil
}

// What the options of a verifier amount to.
type verifierOptions struct {
	receipts    receipts
	cache       cacheSize
	doubleCheck bool
}

func readVerifierOptions(opts []VerifierOption) (o verifierOptions, err error) {
	for _, opt := range opts {
		switch opt := opt.(type) {
		case receipts:
			if opt.log == nil {
				return o, errNoLog()
			}
			o.receipts = opt
		case cacheSize:
			if opt.entries < 0 || opt.bytes < 0 {
				return o, errOption("the size of the cache is negative")
			}
			o.cache = opt
		case doubleCheck:
			o.doubleCheck = true
		default:
			return o, errOption("an option is nil")
		}
	}
	return o, nil
}

func errNoLog() error {
	return errOption("the receipt log is nil")
}

func errNoContext() error {
	return errOption("the context is nil")
}

func errOption(detail string) error {
	return &ConfigError{Reason: ArgumentInvalid, Detail: detail}
}

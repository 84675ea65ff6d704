//go:build cgo

package attestor

import (
	"math"
	"time"
)

// systemClock is the time of a call without [At].
const systemClock = math.MinInt64

// What the options of a verification amount to.
type verifyOptions struct {
	now           int64
	attestor      optional
	nonce         optional
	accessToken   optional
	maxAgeSeconds uint64
	evidence      bool
}

// optional is a text that may be absent, which is not the same as empty.
type optional struct {
	text  string
	given bool
}

// Type switches, not methods: options then stay on the caller's stack.
func readVerifyOptions(opts []VerifyOption) (verifyOptions, error) {
	o := verifyOptions{now: systemClock}
	for _, opt := range opts {
		switch opt := opt.(type) {
		case instant:
			o.now = int64(opt)
		case forcedAttestor:
			o.attestor = optional{string(opt), true}
		case evidence:
			o.evidence = true
		case expectedNonce:
			o.nonce = optional{string(opt), true}
		case accessToken:
			o.accessToken = optional{string(opt), true}
		case maxAge:
			age := time.Duration(opt)
			if age <= 0 || age%time.Second != 0 {
				return o, errOption("the maximal age is not a positive number of whole seconds")
			}
			o.maxAgeSeconds = uint64(age / time.Second)
		default:
			return o, errOption("an option is nil")
		}
	}
	return o, nil
}

// What the options of an update amount to.
type putOptions struct {
	now    int64
	format Format
	feed   uint64
	force  bool
}

func readPutOptions(opts []PutOption, format Format) (putOptions, error) {
	o := putOptions{now: systemClock, format: format}
	for _, opt := range opts {
		switch opt := opt.(type) {
		case instant:
			o.now = int64(opt)
		case Format:
			o.format = opt
		case feed:
			o.feed = uint64(opt)
		case force:
			o.force = true
		default:
			return o, errOption("an option is nil")
		}
	}
	return o, nil
}

func errOption(detail string) error {
	return &ConfigError{Reason: ArgumentInvalid, Detail: detail}
}

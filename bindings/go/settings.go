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
	passport      optional
	peer          []byte
	audience      optional
	nonce         optional
	accessToken   optional
	maxAgeSeconds uint64
	evidence      bool
	receipts      receipts
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
		case receipts:
			if opt.log == nil {
				return o, errNoLog()
			}
			o.receipts = opt
		case passportToken:
			o.passport = optional{string(opt), true}
		case peerCertificate:
			if opt.certificate == nil || len(opt.certificate.Raw) == 0 {
				return o, errOption("the peer certificate is nil or was not parsed")
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

func readDenyOptions(opts []DenyOption) (now int64, err error) {
	now = systemClock
	for _, opt := range opts {
		switch opt := opt.(type) {
		case instant:
			now = int64(opt)
		default:
			return now, errOption("an option is nil")
		}
	}
	return now, nil
}

func readVerifierOptions(opts []VerifierOption) (r receipts, err error) {
	for _, opt := range opts {
		switch opt := opt.(type) {
		case receipts:
			if opt.log == nil {
				return r, errNoLog()
			}
			r = opt
		default:
			return r, errOption("an option is nil")
		}
	}
	return r, nil
}

func errNoLog() error {
	return errOption("the receipt log is nil")
}

func errOption(detail string) error {
	return &ConfigError{Reason: ArgumentInvalid, Detail: detail}
}

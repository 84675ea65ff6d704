//go:build cgo

package attestor

import "math"

// systemClock is the time of a call without [At].
const systemClock = math.MinInt64

// What the options of a verification amount to.
type verifyOptions struct {
	now      int64
	attestor string
	forced   bool
	evidence bool
}

// Type switches, not methods: options then stay on the caller's stack.
func readVerifyOptions(opts []VerifyOption) (verifyOptions, error) {
	o := verifyOptions{now: systemClock}
	for _, opt := range opts {
		switch opt := opt.(type) {
		case instant:
			o.now = int64(opt)
		case forcedAttestor:
			o.attestor, o.forced = string(opt), true
		case evidence:
			o.evidence = true
		default:
			return o, errNilOption()
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

func readPutOptions(opts []PutOption) (putOptions, error) {
	o := putOptions{now: systemClock, format: SPIFFEBundle}
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
			return o, errNilOption()
		}
	}
	return o, nil
}

func errNilOption() error {
	return &ConfigError{Reason: ArgumentInvalid, Detail: "an option is nil"}
}

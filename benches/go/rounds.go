package main

import (
	"fmt"
	"runtime"
	"slices"
	"time"
)

// How long one batch is to last, and how long a case runs before it is measured.
const (
	batchTime = 400 * time.Microsecond
	warmTime  = 5 * time.Millisecond
)

// timedCase is one thing that is timed; run must return expected each time.
type timedCase struct {
	name     string
	expected bool
	run      func() bool
	calls    int
	rounds   []float64
}

// timing is what was measured of a case, in nanoseconds a call.
type timing struct {
	Min    float64 `json:"min"`
	Median float64 `json:"median"`
}

// measure lets all cases take turns in rounds, a short batch each.
func measure(cases []*timedCase, rounds int) (map[string]timing, error) {
	for _, c := range cases {
		if err := c.prepare(); err != nil {
			return nil, err
		}
	}
	for range rounds {
		for _, c := range cases {
			if err := c.batch(); err != nil {
				return nil, err
			}
		}
	}
	timings := map[string]timing{}
	for _, c := range cases {
		slices.Sort(c.rounds)
		timings[c.name] = timing{Min: c.rounds[0], Median: c.rounds[len(c.rounds)/2]}
	}
	return timings, nil
}

// prepare warms the case up, and finds out how many calls make a batch.
func (c *timedCase) prepare() error {
	if c.run() != c.expected {
		return fmt.Errorf("%s: not the verdict that was expected", c.name)
	}
	start, calls := time.Now(), 0
	for calls == 0 || time.Since(start) < warmTime {
		c.run()
		calls++
	}
	one := time.Since(start) / time.Duration(calls)
	c.calls = max(1, int(batchTime/max(1, one)))
	return nil
}

func (c *timedCase) batch() error {
	// The first call finds the caches as the case before left them.
	asExpected := c.run() == c.expected
	start := time.Now()
	for range c.calls {
		asExpected = c.run() == c.expected && asExpected
	}
	elapsed := time.Since(start)
	c.rounds = append(c.rounds, float64(elapsed.Nanoseconds())/float64(c.calls))
	if !asExpected {
		return fmt.Errorf("%s: another verdict", c.name)
	}
	return nil
}

// allocations are those of one call.
func allocations(run func() bool) float64 {
	const calls = 1000
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range calls {
		run()
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / calls
}

// Command go measures attestor and its Go peers on the same tokens.
//
// usage: go FOLDER RESULT [--quick]
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
)

// Rounds of the protocol: enough for a figure, or enough for a good one.
const (
	quickRounds = 20
	fullRounds  = 150
)

// results is the one format of all programs: nanoseconds a call, figures, and why something is absent.
type results struct {
	Language string             `json:"language"`
	Versions map[string]string  `json:"versions"`
	Timings  map[string]timing  `json:"timings"`
	Figures  map[string]float64 `json:"figures"`
	Absent   map[string]string  `json:"absent"`
	Kernels  map[string]string  `json:"kernels"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "go:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 2 || len(args) > 3 || len(args) == 3 && args[2] != "--quick" {
		return fmt.Errorf("usage: go FOLDER RESULT [--quick]")
	}
	rounds := fullRounds
	if len(args) == 3 {
		rounds = quickRounds
	}
	out := &results{
		Language: "go", Versions: versions(),
		Figures: map[string]float64{}, Absent: map[string]string{}, Kernels: map[string]string{},
	}
	var cases []*timedCase
	for _, name := range algorithms {
		m, err := readMaterial(args[0], name)
		if err != nil {
			return err
		}
		ours, err := ownCases(m, out)
		if err != nil {
			return err
		}
		cases = append(cases, ours...)
		theirs, err := peerCases(m, out)
		if err != nil {
			return err
		}
		cases = append(cases, theirs...)
	}
	var err error
	if out.Timings, err = measure(cases, rounds); err != nil {
		return err
	}
	text, err := json.Marshal(out)
	if err != nil {
		return err
	}
	return os.WriteFile(args[1], text, 0o644)
}

// versions are those that the binary was built from.
func versions() map[string]string {
	found := map[string]string{"go": runtime.Version()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return found
	}
	for _, module := range info.Deps {
		if library := libraryOf[module.Path]; library != "" {
			found[library] = module.Version
		}
	}
	return found
}

//go:build cgo && race

package attestor

const raceEnabled = true

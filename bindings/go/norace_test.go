//go:build cgo && !race

package attestor

const raceEnabled = false

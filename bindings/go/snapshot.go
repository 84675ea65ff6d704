package attestor

// RestoreReport is what a restoration came to.
type RestoreReport struct {
	// Slots counts the slots that were filled.
	Slots int
	// Skipped counts those that a feed had filled meanwhile.
	Skipped int
	// Denials counts the denials that were taken up.
	Denials int
}

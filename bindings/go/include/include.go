// Package include is the folder of attestor.h; it has no code.
package include

import _ "embed" // for the directive below

// The build cache does not look at headers of other folders, but it does at what is embedded.
//
//go:embed attestor.h
var _ string

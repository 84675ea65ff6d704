//go:build cgo && (!unix || solaris || illumos || aix)

package attestor

import (
	"errors"
	"io/fs"
	"os"
)

// lock refuses: two writers would fork the log.
func lock(*os.File) error { return errors.ErrUnsupported }

func isRemoved(fs.FileInfo) bool { return false }

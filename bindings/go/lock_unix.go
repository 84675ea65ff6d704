//go:build cgo && unix && !solaris && !illumos && !aix

package attestor

import (
	"io/fs"
	"os"
	"syscall"
)

// lock takes the file for this process alone, until it is closed; it never waits.
func lock(file *os.File) error {
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err != syscall.EINTR {
			return err
		}
	}
}

// isRemoved says that no name leads to the file.
func isRemoved(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && stat.Nlink == 0
}

//go:build cgo

package attestor

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
)

// ReceiptLog is a file of receipts, one JSON object a line, each naming the one before it by its SHA-256. It
// shows edits by anyone who cannot rewrite all that follows, and a cut off end only against a saved
// [ReceiptLog.Head]. Made by [OpenReceiptLog]; the zero ReceiptLog is closed. Safe for concurrent use.
type ReceiptLog struct {
	options receiptOptions

	mutex sync.Mutex
	file  *os.File
	size  int64
	head  ReceiptHead
	line  []byte
	// broken is why no line can follow: what the file holds is not known.
	broken error
}

type receiptOptions struct {
	key    func(seq uint64) []byte
	noSync bool
}

// OpenReceiptLog opens a log for this process alone, or makes it. The last line is checked and goes on being
// followed; `attestor receipts verify` checks all. A line that a crash cut off was of no verdict that was
// given: it is moved to <path>.torn-<number>, and that is recorded as log.torn.
//
// An error is an [*os.PathError], or a [*ConfigError] such as [ReceiptInvalid] if the file is no receipt log.
func OpenReceiptLog(path string, opts ...ReceiptOption) (*ReceiptLog, error) {
	if err := libraryFits(); err != nil {
		return nil, err
	}
	o, err := readReceiptOptions(opts)
	if err != nil {
		return nil, err
	}
	file, err := openLocked(path, os.O_CREATE)
	if err != nil {
		return nil, err
	}
	l := &ReceiptLog{options: o, file: file}
	if err := l.resume(); err != nil {
		_ = file.Close()
		return nil, err
	}
	return l, nil
}

func readReceiptOptions(opts []ReceiptOption) (receiptOptions, error) {
	var o receiptOptions
	for _, opt := range opts {
		switch opt := opt.(type) {
		case receiptKey:
			if opt == nil {
				return o, errOption("the receipt key is nil")
			}
			o.key = opt
		case withoutSync:
			o.noSync = true
		default:
			return o, errOption("an option is nil")
		}
	}
	return o, nil
}

// Append records an event of the host's own: 1 to 64 of a-z 0-9 . _ -, and at most 64 members, their names
// of a-z 0-9 _. The evidence is that of a verdict, or nil.
func (l *ReceiptLog) Append(event string, evidence []byte, host map[string]string) (ReceiptHead, error) {
	return l.append(systemClock, event, evidence, host)
}

// Head is where the log has got to.
func (l *ReceiptLog) Head() ReceiptHead {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.head
}

// Rotate goes on in a new file, whose first line, log.rotated, follows the last one of the old. On an error
// the old file stays.
func (l *ReceiptLog) Rotate(newPath string) error {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if err := l.usable(); err != nil {
		return err
	}
	if err := l.file.Sync(); err != nil {
		l.broken = err
		return err
	}
	file, err := openLocked(newPath, os.O_CREATE|os.O_EXCL)
	if err != nil {
		return err
	}
	next := &ReceiptLog{options: l.options, file: file, head: l.head}
	if err := next.begin(filepath.Base(l.file.Name())); err != nil {
		_ = file.Close()
		_ = os.Remove(newPath)
		return err
	}
	_ = l.file.Close() // was synced
	l.file, l.size, l.head = next.file, next.size, next.head
	return nil
}

// Close gives the log up. It may be called again.
func (l *ReceiptLog) Close() error {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.file == nil {
		return nil
	}
	file := l.file
	l.file = nil
	return errors.Join(file.Sync(), file.Close())
}

// Format tells nothing of the contents, whatever the verb.
func (l *ReceiptLog) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "attestor.ReceiptLog") }

// record gives the verdict, once it stands in the log.
func (r receipts) record(now int64, admission bool, identity *Identity, verdict error) (*Identity, error) {
	var refused *VerdictError
	var evidence []byte
	outcome := ".deny"
	switch {
	case verdict == nil:
		outcome, evidence = ".allow", identity.Evidence
	case errors.As(verdict, &refused):
		evidence = refused.Evidence
	default:
		return nil, verdict
	}
	event := "credential.verify"
	if admission {
		event = "agent.register"
	}
	var host map[string]string
	if r.host != nil {
		host = r.host(identity, verdict)
	}
	if _, err := r.log.append(now, event+outcome, evidence, host); err != nil {
		return nil, &ReceiptError{Verdict: verdict, Cause: err}
	}
	return identity, verdict
}

func (l *ReceiptLog) append(at int64, event string, evidence []byte, host map[string]string) (ReceiptHead, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if err := l.usable(); err != nil {
		return ReceiptHead{}, err
	}
	if err := l.write(at, event, evidence, host); err != nil {
		return ReceiptHead{}, err
	}
	return l.head, nil
}

func (l *ReceiptLog) usable() error {
	if l.file == nil {
		return &ConfigError{Reason: HandleClosed}
	}
	return l.broken
}

// begin writes the first line of a file that goes on where previous ended.
func (l *ReceiptLog) begin(previous string) error {
	if err := l.write(systemClock, "log.rotated", nil, map[string]string{"from": previous}); err != nil {
		return err
	}
	return l.syncFolder()
}

// write appends one line, or leaves the file as it was. Where that is not certain the log is broken.
func (l *ReceiptLog) write(at int64, event string, evidence []byte, host map[string]string) error {
	next, err := l.compose(at, event, evidence, host)
	if err != nil {
		return err
	}
	if err := l.unchanged(); err != nil {
		l.broken = err
		return err
	}
	_, err = l.file.Write(l.line)
	if err == nil && !l.options.noSync {
		if err = l.file.Sync(); err != nil {
			// What a failed sync has left on the disk is not known.
			l.broken = err
		}
	}
	if err != nil {
		if undone := l.file.Truncate(l.size); undone != nil {
			l.broken = undone
		}
		return err
	}
	l.size += int64(len(l.line))
	l.head = next
	return nil
}

// unchanged says no if somebody else wrote into the file or removed it, lock or no lock.
func (l *ReceiptLog) unchanged() error {
	info, err := l.file.Stat()
	if err != nil {
		return err
	}
	if info.Size() != l.size || isRemoved(info) {
		return &os.PathError{Op: "append", Path: l.file.Name(), Err: errors.New("the log was changed by somebody else")}
	}
	return nil
}

// compose makes the next line, newline included, and the head it makes.
func (l *ReceiptLog) compose(at int64, event string, evidence []byte, host map[string]string) (ReceiptHead, error) {
	line, err := receiptLine(l.line[:cap(l.line)], l.head, at, event, evidence, host, l.options.key)
	if err != nil {
		return ReceiptHead{}, err
	}
	l.line = append(line, '\n')
	return ReceiptHead{Seq: l.head.Seq + 1, Digest: sha256.Sum256(line)}, nil
}

// maxReceiptLine is the longest line the library writes, in bytes, without its newline.
const maxReceiptLine = 1 << 20

// resume finds the last line of the file, and moves aside what a crash left behind it.
func (l *ReceiptLog) resume() error {
	info, err := l.file.Stat()
	if err != nil {
		return err
	}
	// A line, and a torn one, each with the newline before it.
	from := max(0, info.Size()-2*(maxReceiptLine+1))
	end := make([]byte, info.Size()-from)
	if _, err := l.file.ReadAt(end, from); err != nil && err != io.EOF {
		return err
	}
	whole, torn := cutLast(end)
	_, line := cutLast(whole[:max(0, len(whole)-1)])
	if len(torn) > maxReceiptLine || len(line) > maxReceiptLine {
		return &ConfigError{Reason: ReceiptInvalid, Detail: "the last line is longer than any receipt"}
	}
	if len(whole) > 0 {
		if l.head, err = receiptHead(line); err != nil {
			return err
		}
	}
	l.size = info.Size() - int64(len(torn))
	if info.Size() == 0 {
		return l.syncFolder()
	}
	if len(torn) > 0 {
		return l.moveAside(torn)
	}
	return nil
}

// cutLast cuts behind the last newline.
func cutLast(text []byte) (whole, rest []byte) {
	at := len(text)
	for at > 0 && text[at-1] != '\n' {
		at--
	}
	return text[:at], text[at:]
}

// moveAside leaves the torn end in a file of its own before it is cut off here, and records that.
func (l *ReceiptLog) moveAside(torn []byte) error {
	aside, err := createAside(l.file.Name(), l.head.Seq+1)
	if err != nil {
		return err
	}
	_, err = aside.Write(torn)
	if err := errors.Join(err, aside.Sync(), aside.Close(), l.syncFolder()); err != nil {
		return err
	}
	if err := l.file.Truncate(l.size); err != nil {
		return err
	}
	digest := sha256.Sum256(torn)
	return l.write(systemClock, "log.torn", nil, map[string]string{
		"bytes":    strconv.Itoa(len(torn)),
		"moved_to": filepath.Base(aside.Name()),
		"sha256":   hex.EncodeToString(digest[:]),
	})
}

// createAside makes a file that takes the place of no other, named by the number of the line or a later one.
func createAside(path string, number uint64) (*os.File, error) {
	for {
		name := path + ".torn-" + strconv.FormatUint(number, 10)
		file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if !errors.Is(err, fs.ErrExist) {
			return file, err
		}
		number++
	}
}

// syncFolder makes the file's name as lasting as its lines.
func (l *ReceiptLog) syncFolder() error {
	if l.options.noSync {
		return nil
	}
	folder, err := os.Open(filepath.Dir(l.file.Name()))
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}

// openLocked opens a regular file for this process alone.
func openLocked(path string, flags int) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|flags, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lockAlone(file, path); err != nil {
		_ = file.Close()
		return nil, &os.PathError{Op: "lock", Path: path, Err: err}
	}
	return file, nil
}

// lockAlone fails, too, if the path has come to name another file meanwhile.
func lockAlone(file *os.File, path string) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("not a regular file")
	}
	if err := lock(file); err != nil {
		return fmt.Errorf("in use: %w", err)
	}
	named, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !os.SameFile(info, named) {
		return errors.New("the file was replaced")
	}
	return nil
}

//go:build cgo

package attestor

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

var receiptSecret = []byte("a key of the host, 32 bytes long")

// receiptRecord is what a test reads of a line.
type receiptRecord struct {
	At       int64             `json:"at"`
	Event    string            `json:"event"`
	Evidence json.RawMessage   `json:"evidence"`
	Host     map[string]string `json:"host"`
	Mac      string            `json:"mac"`
	Prev     string            `json:"prev"`
	Seq      uint64            `json:"seq"`
}

func openLog(t testing.TB, path string, opts ...ReceiptOption) *ReceiptLog {
	t.Helper()
	log, err := OpenReceiptLog(path, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	return log
}

func newLog(t testing.TB, opts ...ReceiptOption) (*ReceiptLog, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "log.jsonl")
	return openLog(t, path, opts...), path
}

var macMember = regexp.MustCompile(`,"mac":"[0-9a-f]{64}"`)

// chain reads files of a log, oldest first, and follows the chain with nothing of this package.
func chain(t testing.TB, secret []byte, paths ...string) (records []receiptRecord, head string) {
	t.Helper()
	head = "0:" + strings.Repeat("0", 64)
	for _, path := range paths {
		text := string(mustRead(t, path))
		if text != "" && !strings.HasSuffix(text, "\n") {
			t.Fatalf("%s is torn", path)
		}
		for line := range strings.Lines(text) {
			line = strings.TrimSuffix(line, "\n")
			var record receiptRecord
			if err := json.Unmarshal([]byte(line), &record); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			if before := fmt.Sprintf("%d:%s", record.Seq-1, record.Prev); before != head {
				t.Fatalf("%s follows %s", line, head)
			}
			if secret != nil {
				mac := hmac.New(sha256.New, secret)
				mac.Write([]byte(macMember.ReplaceAllString(line, "")))
				if record.Mac != hex.EncodeToString(mac.Sum(nil)) {
					t.Fatalf("the mac of %s", line)
				}
			}
			head = fmt.Sprintf("%d:%x", record.Seq, sha256.Sum256([]byte(line)))
			records = append(records, record)
		}
	}
	return records, head
}

func events(records []receiptRecord) []string {
	var events []string
	for _, record := range records {
		events = append(events, record.Event)
	}
	return events
}

func TestReceipts(t *testing.T) {
	a := newAdmission(t)
	passport, credential := a.agent.passport(t, passportClaims()), a.authority.mint(t, "k1", svid())
	log, path := newLog(t, ReceiptKey(func(uint64) []byte { return receiptSecret }))
	var told []string
	host := func(identity *Identity, err error) map[string]string {
		if err != nil {
			told = append(told, err.Error())
			return map[string]string{"claimed_agent_id": "a-1"}
		}
		told = append(told, identity.ID)
		return map[string]string{"agent_id": identity.PassportThumbprint, "swarm_id": "s \"1\"\n"}
	}
	opts := []VerifyOption{At(issued), WithReceipts(log, host)}
	admitted, err := a.verifier.Admit(passport, credential, opts...)
	if err != nil {
		t.Fatal(err)
	}
	_, denied := a.verifier.Admit(passport, credential, At(issued.Add(2*time.Hour)), opts[1])
	if !errors.Is(denied, TokenExpired) {
		t.Fatal(denied)
	}
	if _, err := a.verifier.Verify(credential, At(issued), WithReceipts(log, nil)); err != nil {
		t.Fatal(err)
	}
	if err := a.store.Remove(domain); err != nil {
		t.Fatal(err)
	}
	if _, err := a.verifier.Verify(credential, At(issued), WithReceipts(log, nil)); !errors.Is(err, ErrUnavailable) {
		t.Fatal(err)
	}
	if _, err := a.verifier.Verify(credential, append(opts, Attestor("none"))...); !errors.Is(err, AttestorUnknown) {
		t.Fatal(err)
	}
	if _, err := log.Append("agent.expire", nil, map[string]string{"agent_id": "a-1"}); err != nil {
		t.Fatal(err)
	}

	records, head := chain(t, receiptSecret, path)
	want := []string{"agent.register.allow", "agent.register.deny", "credential.verify.allow", "credential.verify.deny", "agent.expire"}
	if !slices.Equal(events(records), want) {
		t.Fatalf("got %q, want %q", events(records), want)
	}
	if head != log.Head().String() || log.Head().Seq != 5 {
		t.Errorf("head %v, want %s", log.Head(), head)
	}
	allow, deny := records[0], records[1]
	if !bytes.Equal(allow.Evidence, admitted.Evidence) || allow.At != issued.Unix() ||
		allow.Host["agent_id"] != a.agent.thumbprint || allow.Host["swarm_id"] != "s \"1\"\n" {
		t.Errorf("allow: %+v", allow)
	}
	var refused *VerdictError
	if !errors.As(denied, &refused) || !bytes.Equal(deny.Evidence, refused.Evidence) || len(refused.Evidence) == 0 ||
		deny.At != issued.Add(2*time.Hour).Unix() || deny.Host["claimed_agent_id"] != "a-1" {
		t.Errorf("deny: %+v", deny)
	}
	if !slices.Equal(told, []string{agent, TokenExpired.String()}) {
		t.Errorf("the host was told %q", told)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

// A verifier with a log records what no call can forget; a call's own log goes first.
func TestReceiptsOfAVerifier(t *testing.T) {
	a := newAdmission(t)
	log, path := newLog(t)
	host := func(*Identity, error) map[string]string { return map[string]string{"swarm_id": "s"} }
	verifier, err := NewVerifier(a.store, admissionPolicy(a.agent.thumbprint), WithReceipts(log, host))
	if err != nil {
		t.Fatal(err)
	}
	defer verifier.Close()
	passport, credential := a.agent.passport(t, passportClaims()), a.authority.mint(t, "k1", svid())
	if _, err := verifier.Verify(credential, At(issued)); err != nil {
		t.Error(err)
	}
	if _, err := verifier.Admit(passport+"A", "", At(issued)); !errors.Is(err, ErrDenied) {
		t.Error(err)
	}
	if _, err := verifier.VerifyChallenge(nil, challenge, "orders", nil, At(issued)); !errors.Is(err, ErrDenied) {
		t.Error(err)
	}
	other, otherPath := newLog(t)
	if _, err := verifier.Verify(credential, At(issued), WithReceipts(other, nil)); err != nil {
		t.Error(err)
	}
	records, _ := chain(t, nil, path)
	want := []string{"credential.verify.allow", "agent.register.deny", "credential.verify.deny"}
	if !slices.Equal(events(records), want) || records[0].Host["swarm_id"] != "s" {
		t.Errorf("got %+v", records)
	}
	if records, _ := chain(t, nil, otherPath); len(records) != 1 {
		t.Errorf("got %+v", records)
	}
	log.Close()
	if identity, err := verifier.Verify(credential, At(issued)); identity != nil || !errors.Is(err, ErrReceipt) {
		t.Errorf("closed: %v", err)
	}
	for _, opt := range []VerifierOption{nil, WithReceipts(nil, nil)} {
		if made, err := NewVerifier(a.store, policyFor("orders"), opt); made != nil || !errors.Is(err, ArgumentInvalid) {
			t.Errorf("option %v: %v", opt, err)
		}
	}
}

// What cannot be recorded is not given, and a refusal stays one.
func TestNothingIsGivenUnrecorded(t *testing.T) {
	a := newAdmission(t)
	credential := a.authority.mint(t, "k1", svid())
	for name, spoil := range map[string]func(*testing.T, *ReceiptLog, string) VerifyOption{
		"closed": func(_ *testing.T, log *ReceiptLog, _ string) VerifyOption {
			log.Close()
			return WithReceipts(log, nil)
		},
		"the zero log": func(*testing.T, *ReceiptLog, string) VerifyOption { return WithReceipts(&ReceiptLog{}, nil) },
		"removed": func(t *testing.T, log *ReceiptLog, path string) VerifyOption {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			return WithReceipts(log, nil)
		},
		"written by somebody else": func(t *testing.T, log *ReceiptLog, path string) VerifyOption {
			if err := os.WriteFile(path, []byte("{}\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			return WithReceipts(log, nil)
		},
		"a bad member of the host": func(_ *testing.T, log *ReceiptLog, _ string) VerifyOption {
			return WithReceipts(log, func(*Identity, error) map[string]string { return map[string]string{"A B": ""} })
		},
		"too many members": func(_ *testing.T, log *ReceiptLog, _ string) VerifyOption {
			return WithReceipts(log, func(*Identity, error) map[string]string {
				members := make(map[string]string)
				for i := range 65 {
					members[fmt.Sprintf("m%d", i)] = ""
				}
				return members
			})
		},
		"a short key": func(_ *testing.T, log *ReceiptLog, _ string) VerifyOption {
			log.options.key = func(uint64) []byte { return receiptSecret[:15] }
			return WithReceipts(log, nil)
		},
		"no key": func(_ *testing.T, log *ReceiptLog, _ string) VerifyOption {
			log.options.key = func(uint64) []byte { return nil }
			return WithReceipts(log, nil)
		},
		"a file that cannot be written": func(t *testing.T, log *ReceiptLog, path string) VerifyOption {
			file, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			log.file.Close()
			log.file = file
			return WithReceipts(log, nil)
		},
	} {
		log, path := newLog(t)
		opt := spoil(t, log, path)
		identity, err := a.verifier.Verify(credential, At(issued), opt)
		var unrecorded *ReceiptError
		if identity != nil || !errors.Is(err, ErrReceipt) || !errors.As(err, &unrecorded) || unrecorded.Verdict != nil ||
			errors.Is(err, ErrDenied) {
			t.Errorf("%s: an allow: %v, %v", name, identity, err)
		}
		_, err = a.verifier.Verify(credential, At(issued.Add(2*time.Hour)), opt)
		if !errors.Is(err, ErrReceipt) || !errors.Is(err, TokenExpired) || !errors.Is(err, ErrDenied) {
			t.Errorf("%s: a refusal: %v", name, err)
		}
	}
	if identity, err := a.verifier.Verify(credential, At(issued), WithReceipts(nil, nil)); identity != nil || !errors.Is(err, ArgumentInvalid) {
		t.Errorf("no log: %v", err)
	}
}

func TestReceiptsGoOnAfterReopening(t *testing.T) {
	log, path := newLog(t)
	if log.Head() != (ReceiptHead{}) || log.Head().String() != "0:"+strings.Repeat("0", 64) {
		t.Errorf("the head of nothing: %v", log.Head())
	}
	var saved ReceiptHead
	for _, opt := range [][]ReceiptOption{nil, {WithoutSync()}, nil} {
		if log.Head() != saved {
			t.Errorf("head %v, want %v", log.Head(), saved)
		}
		head, err := log.Append("event", nil, nil)
		if err != nil || head != log.Head() {
			t.Fatal(head, err)
		}
		saved = head
		if second, err := OpenReceiptLog(path); second != nil || !errors.Is(err, syscall.EWOULDBLOCK) {
			t.Errorf("opened twice: %v", err)
		}
		for range 2 {
			if err := log.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := log.Append("event", nil, nil); !errors.Is(err, ErrClosed) {
			t.Errorf("closed: %v", err)
		}
		if err := log.Rotate(path + ".1"); !errors.Is(err, ErrClosed) {
			t.Errorf("closed: %v", err)
		}
		log = openLog(t, path, opt...)
	}
	if _, head := chain(t, nil, path); head != log.Head().String() {
		t.Errorf("head %v, want %s", log.Head(), head)
	}
}

func TestTornLine(t *testing.T) {
	for name, whole := range map[string]int{"the only line": 0, "behind others": 3} {
		log, path := newLog(t)
		// One that an earlier crash left.
		if err := os.WriteFile(fmt.Sprintf("%s.torn-%d", path, whole+1), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		for range whole {
			if _, err := log.Append("event", nil, nil); err != nil {
				t.Fatal(err)
			}
		}
		log.Close()
		torn := []byte(`{"at":1800000000,"eve`)
		if err := os.WriteFile(path, append(mustRead(t, path), torn...), 0o600); err != nil {
			t.Fatal(err)
		}
		log = openLog(t, path)
		if _, err := log.Append("event", nil, nil); err != nil {
			t.Fatal(err)
		}
		records, _ := chain(t, nil, path)
		if len(records) != whole+2 || records[whole].Event != "log.torn" {
			t.Fatalf("%s: got %q", name, events(records))
		}
		host := records[whole].Host
		if host["bytes"] != "21" || host["sha256"] != fmt.Sprintf("%x", sha256.Sum256(torn)) ||
			host["moved_to"] != fmt.Sprintf("log.jsonl.torn-%d", whole+2) {
			t.Errorf("%s: got %v", name, host)
		}
		if moved := mustRead(t, filepath.Join(filepath.Dir(path), host["moved_to"])); !bytes.Equal(moved, torn) {
			t.Errorf("%s: moved %q", name, moved)
		}
	}
}

func TestLongLinesAreFollowed(t *testing.T) {
	log, path := newLog(t)
	long := map[string]string{"text": strings.Repeat("a", 1<<20-200)}
	for range 2 {
		if _, err := log.Append("event", nil, long); err != nil {
			t.Fatal(err)
		}
	}
	saved := log.Head()
	log.Close()
	torn := strings.Repeat("{", 1<<20)
	if err := os.WriteFile(path, append(mustRead(t, path), torn...), 0o600); err != nil {
		t.Fatal(err)
	}
	if log = openLog(t, path); log.Head().Seq != saved.Seq+1 {
		t.Errorf("head %v after %v", log.Head(), saved)
	}
	chain(t, nil, path)
}

func TestNotAReceiptLog(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string]string{
		"text": "hello\n", "an empty line": "\n", "endless": strings.Repeat("a", 3<<20),
		"an endless line": strings.Repeat("a", 3<<20) + "\n", "JSON": "{}\n",
	} {
		path := filepath.Join(folder, "file")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if log, err := OpenReceiptLog(path); log != nil || !errors.Is(err, ReceiptInvalid) || !errors.Is(err, ErrMisuse) {
			t.Errorf("%s: %v", name, err)
		}
		if string(mustRead(t, path)) != text {
			t.Errorf("%s was changed", name)
		}
	}
	for name, path := range map[string]string{"a folder": folder, "a device": "/dev/null", "nowhere": filepath.Join(folder, "a", "b")} {
		var failed *fs.PathError
		if log, err := OpenReceiptLog(path); log != nil || !errors.As(err, &failed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, opt := range []ReceiptOption{nil, ReceiptKey(nil)} {
		if log, err := OpenReceiptLog(filepath.Join(folder, "new"), opt); log != nil || !errors.Is(err, ArgumentInvalid) {
			t.Errorf("option %v: %v", opt, err)
		}
	}
}

func TestRotate(t *testing.T) {
	log, first := newLog(t)
	second, third := first+".2", first+".3"
	for _, next := range []string{second, third} {
		if _, err := log.Append("event", nil, nil); err != nil {
			t.Fatal(err)
		}
		if err := log.Rotate(next); err != nil {
			t.Fatal(err)
		}
	}
	saved := log.Head()
	if err := log.Rotate(first); !errors.Is(err, fs.ErrExist) {
		t.Errorf("into a file that is there: %v", err)
	}
	if err := log.Rotate(filepath.Join(first, "x")); err == nil {
		t.Error("rotated into nowhere")
	}
	if log.Head() != saved {
		t.Error("a failed rotation moved the head")
	}
	log.Close()
	log = openLog(t, third)
	if _, err := log.Append("event", nil, nil); err != nil {
		t.Fatal(err)
	}
	records, head := chain(t, nil, first, second, third)
	if want := []string{"event", "log.rotated", "event", "log.rotated", "event"}; !slices.Equal(events(records), want) {
		t.Errorf("got %q", events(records))
	}
	if records[1].Host["from"] != "log.jsonl" || head != log.Head().String() {
		t.Errorf("got %v, head %s, want %v", records[1].Host, head, log.Head())
	}
	if old := openLog(t, first); old.Head().Seq != 1 {
		t.Errorf("the old file is at %v", old.Head())
	}
}

func TestConcurrentReceipts(t *testing.T) {
	a := newAdmission(t)
	credential := a.authority.mint(t, "k1", svid())
	log, path := newLog(t, WithoutSync())
	var users sync.WaitGroup
	for range 8 {
		users.Add(1)
		go func() {
			defer users.Done()
			for range 25 {
				if _, err := a.verifier.Verify(credential, At(issued), WithReceipts(log, nil)); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	next := path + ".2"
	if err := log.Rotate(next); err != nil {
		t.Error(err)
	}
	users.Wait()
	if records, head := chain(t, nil, path, next); len(records) != 201 || head != log.Head().String() {
		t.Errorf("%d records, head %s, want %v", len(records), head, log.Head())
	}
}

package attestor

import (
	"encoding/hex"
	"strconv"
)

// ReceiptHead is where a [ReceiptLog] has got to. Saved elsewhere, it is what shows a log that was cut off.
type ReceiptHead struct {
	// Seq is the last line's number; rotated files count.
	Seq uint64
	// Digest is the SHA-256 of the last line without its newline; zeros if there is none.
	Digest [32]byte
}

// String is <seq>:<digest, hex>, as `attestor receipts verify --expect-head` takes it.
func (h ReceiptHead) String() string {
	return strconv.FormatUint(h.Seq, 10) + ":" + hex.EncodeToString(h.Digest[:])
}

// A ReceiptOption changes a receipt log: [ReceiptKey] or [WithoutSync].
type ReceiptOption interface{ receiptOption() }

// ReceiptKey adds a mac to every line, under a key that the host has for the line's number: at least 16 bytes.
// It must not use the log.
func ReceiptKey(key func(seq uint64) []byte) ReceiptOption {
	return receiptKey(key)
}

// WithoutSync leaves it to the system when a line reaches the disk: a crash of the machine may then lose lines
// of verdicts that were given.
func WithoutSync() ReceiptOption {
	return withoutSync{}
}

type (
	receiptKey  func(seq uint64) []byte
	withoutSync struct{}
)

func (receiptKey) receiptOption()  {}
func (withoutSync) receiptOption() {}

// receipts is what [WithReceipts] asks for.
type receipts struct {
	log  *ReceiptLog
	host func(*Identity, error) map[string]string
}

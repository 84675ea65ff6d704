//go:build cgo

package attestor

// #cgo noescape attestor_go_receipt_write
// #cgo nocallback attestor_go_receipt_write
// #cgo noescape attestor_go_receipt_head
// #cgo nocallback attestor_go_receipt_head
// #include "shim.h"
import "C"

// receiptLine makes the line after head, without its newline, in buf or in a larger one. A nil key is none.
func receiptLine(buf []byte, head ReceiptHead, at int64, event string, evidence []byte, host map[string]string,
	key func(seq uint64) []byte) ([]byte, error) {
	if len(host) > maxTexts {
		return nil, errOption("host: more than 64 members")
	}
	seq := head.Seq + 1
	receipt := C.attestor_receipt{struct_size: C.sizeof_attestor_receipt, seq: C.uint64_t(seq), at: C.int64_t(at)}
	for i, octet := range head.Digest {
		receipt.prev[i] = C.uint8_t(octet)
	}
	receipt.event, receipt.event_len = stringData(event)
	receipt.evidence, receipt.evidence_len = bytesData(evidence)
	if key != nil {
		// No key for this line is refused like a short one.
		receipt.key, receipt.key_len = presentBytes(key(seq))
	}
	var members texts
	for name, value := range host {
		members.add(name)
		members.add(value)
	}
	all, lens := members.data()
	return written(buf, func(data *C.uint8_t, room C.size_t) C.attestor_go_written {
		return C.attestor_go_receipt_write(receipt, all, lens, C.size_t(len(host)), data, room)
	})
}

// receiptHead checks a line, without its newline, and gives the head it makes.
func receiptHead(line []byte) (ReceiptHead, error) {
	data, size := bytesData(line)
	report := C.attestor_go_receipt_head(data, size)
	if err := callError(&report.error); err != nil {
		return ReceiptHead{}, err
	}
	head := ReceiptHead{Seq: uint64(report.seq)}
	for i, octet := range report.digest {
		head.Digest[i] = byte(octet)
	}
	return head, nil
}

package catcher

import (
	"bufio"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"time"

	"github.com/fibonacco/fibonacco"
)

// A segment is a head and then records:
//
//	head    "fibonacco mail 1\n"
//	record  length uint32 · CRC-32C of the rest uint32 · at int64 (Unix µs) · from · to · subject · message
//
// where from, to and subject are preceded by their length (uint16), and all numbers are
// little-endian. The number of a mail is the segment's first (in its name) plus its place in it.
const (
	head       = "fibonacco mail 1\n"
	recordHead = 8
	maxRecord  = 64 << 20 // a length beyond this is not a length
	maxField   = 2000     // longer subjects are cut in the index
)

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	errTorn    = errors.New("torn record")
)

// entry is one mail in the index.
type entry struct {
	fibonacco.CaughtMail
	search string // recipient and subject, lower case
	offset int64  // of the message in its segment
}

// appendRecord appends a mail's record to buf and returns where in it the message begins.
func appendRecord(buf []byte, e *entry, message []byte) (_ []byte, body int) {
	start := len(buf)
	buf = append(buf, make([]byte, recordHead)...)
	buf = binary.LittleEndian.AppendUint64(buf, uint64(e.At.UnixMicro()))
	for _, field := range []string{e.From, e.To, e.Subject} {
		buf = binary.LittleEndian.AppendUint16(buf, uint16(len(field)))
		buf = append(buf, field...)
	}
	body = len(buf)
	buf = append(buf, message...)
	payload := buf[start+recordHead:]
	binary.LittleEndian.PutUint32(buf[start:], uint32(len(payload)))
	binary.LittleEndian.PutUint32(buf[start+4:], crc32.Checksum(payload, castagnoli))
	return buf, body
}

// readRecord reads the next record, with scratch memory that it may grow. It returns io.EOF at the
// end of the segment and errTorn for anything that is not a whole record.
func readRecord(r *bufio.Reader, scratch []byte) (e entry, body int, payload []byte, err error) {
	var prefix [recordHead]byte
	if _, err := io.ReadFull(r, prefix[:]); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = errTorn
		}
		return e, 0, scratch, err
	}
	length := int(binary.LittleEndian.Uint32(prefix[:]))
	if length > maxRecord {
		return e, 0, scratch, errTorn
	}
	if cap(scratch) < length {
		// The length may be garbage: do not believe it before the bytes are there.
		if _, err := r.Peek(min(length, r.Size())); err != nil {
			return e, 0, scratch, errTorn
		}
		scratch = make([]byte, length)
	}
	payload = scratch[:length]
	if _, err := io.ReadFull(r, payload); err != nil {
		return e, 0, scratch, errTorn
	}
	if crc32.Checksum(payload, castagnoli) != binary.LittleEndian.Uint32(prefix[4:]) {
		return e, 0, scratch, errTorn
	}
	e, body, ok := parsePayload(payload)
	if !ok {
		return e, 0, scratch, errTorn
	}
	return e, body, payload, nil
}

func parsePayload(p []byte) (e entry, body int, ok bool) {
	if len(p) < 8 {
		return e, 0, false
	}
	e.At = time.UnixMicro(int64(binary.LittleEndian.Uint64(p))).UTC()
	body = 8
	for _, field := range []*string{&e.From, &e.To, &e.Subject} {
		if len(p) < body+2 {
			return e, 0, false
		}
		n := int(binary.LittleEndian.Uint16(p[body:]))
		body += 2
		if len(p) < body+n {
			return e, 0, false
		}
		*field = string(p[body : body+n])
		body += n
	}
	e.Size = len(p) - body
	return e, body, true
}

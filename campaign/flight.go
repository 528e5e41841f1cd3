package campaign

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"

	"github.com/fibonacco/fibonacco"
)

// flightLog is a small memory-mapped file that notes what is between "the body is about to
// leave" and "the result is stored". The kernel keeps it when the process is killed, so a
// restart knows which few mails are in doubt instead of doubting everything it had claimed. It
// does not survive the machine: a file of another boot of the kernel proves nothing.
//
// Layout: a header of 512 bytes (magic, boot id, node id), then slots of two 64-bit words: send
// id, and what is known. A slot is free when its id is 0. Each word is written atomically.
type flightLog struct {
	file  *os.File // open, and locked, for as long as the run lives
	mem   []byte   // nil when there is no data folder: nothing is noted, everything claimed is in doubt
	path  string
	mu    sync.Mutex
	slots map[int64]int
	free  []int
}

const (
	flightMagic  = "FIBOFLY1"
	flightHeader = 512
	flightSlots  = 8192
	flightSize   = flightHeader + 16*flightSlots
)

// noted is what the flight log knows about a send.
type noted uint64

const (
	notedIntent   noted = 1 + iota // the body was about to leave; no answer seen
	notedAccepted                  // the provider has it
	notedNot                       // it has not left, or was clearly refused
)

func openFlightLog(dir, node string) (*flightLog, error) {
	f := &flightLog{slots: map[int64]int{}}
	boot := bootID()
	if dir == "" || boot == "" {
		return f, nil
	}
	if err := os.MkdirAll(filepath.Join(dir, "flight"), 0o750); err != nil {
		return nil, err
	}
	f.path = flightPath(dir, node)
	file, err := os.OpenFile(f.path, os.O_CREATE|os.O_RDWR|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	if err := file.Truncate(flightSize); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", f.path, err), file.Close())
	}
	f.mem, err = syscall.Mmap(int(file.Fd()), 0, flightSize, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("map %s: %w", f.path, err), file.Close())
	}
	f.file = file
	copy(f.mem, flightMagic)
	putString(f.mem[8:264], boot)
	putString(f.mem[264:flightHeader], node)
	for i := flightSlots - 1; i >= 0; i-- {
		f.free = append(f.free, i)
	}
	return f, nil
}

func flightPath(dir, node string) string {
	return filepath.Join(dir, "flight", strings.ReplaceAll(node, "/", "-")+".log")
}

// Intent implements fibonacco.FlightLog.
func (f *flightLog) Intent(sendID int64) {
	if f.mem == nil || sendID == 0 {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	slot, known := f.slots[sendID]
	if !known {
		if len(f.free) == 0 {
			return // more in the air than slots: cannot be, the lane holds far fewer
		}
		slot = f.free[len(f.free)-1]
		f.free = f.free[:len(f.free)-1]
		f.slots[sendID] = slot
	}
	f.put(slot, 1, uint64(notedIntent))
	f.put(slot, 0, uint64(sendID))
}

// landed notes the mailer's answer; stored forgets a send whose result is in the database.
func (f *flightLog) landed(sendID int64, r fibonacco.HandoverResult) {
	f.mu.Lock()
	defer f.mu.Unlock()
	slot, known := f.slots[sendID]
	if !known || r == fibonacco.Unanswered {
		return
	}
	what := notedNot
	if r == fibonacco.Accepted {
		what = notedAccepted
	}
	f.put(slot, 1, uint64(what))
}

func (f *flightLog) stored(sendID int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if slot, known := f.slots[sendID]; known {
		f.put(slot, 0, 0)
		delete(f.slots, sendID)
		f.free = append(f.free, slot)
	}
}

func (f *flightLog) put(slot, word int, v uint64) {
	p := unsafe.Pointer(&f.mem[flightHeader+16*slot+8*word]) //nolint:gosec // 8-aligned within the mapping
	atomic.StoreUint64((*uint64)(p), v)
}

// close removes the file: an orderly stop leaves nothing in doubt.
func (f *flightLog) close() error {
	if f.mem == nil {
		return nil
	}
	err := syscall.Munmap(f.mem)
	f.mem = nil
	gone := os.Remove(f.path)
	if errors.Is(gone, fs.ErrNotExist) {
		gone = nil // others took this run to be dead for a while, and have settled what it had in hand
	}
	return errors.Join(err, gone, f.file.Close())
}

// readFlightLog reads what a run that is over has noted. ok is false when there is no file, or
// it is of another boot of the machine or another run: then it proves nothing. Nor does it when the
// run holds it still: its process has only been silent, and may yet send what it has in hand.
func readFlightLog(dir, node string) (notes map[int64]noted, ok bool) {
	if dir == "" {
		return nil, false
	}
	file, err := os.Open(flightPath(dir, node))
	if err != nil {
		return nil, false
	}
	defer func() { _ = file.Close() }() // and with it the lock
	if syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) != nil {
		return nil, false
	}
	mem, err := io.ReadAll(file)
	if err != nil || len(mem) != flightSize || string(mem[:8]) != flightMagic ||
		getString(mem[8:264]) != bootID() || getString(mem[264:flightHeader]) != node {
		return nil, false
	}
	notes = map[int64]noted{}
	for i := range flightSlots {
		at := flightHeader + 16*i
		id := binary.NativeEndian.Uint64(mem[at:])
		if id != 0 {
			notes[int64(id)] = noted(binary.NativeEndian.Uint64(mem[at+8:]))
		}
	}
	return notes, true
}

func removeFlightLog(dir, node string) {
	if dir != "" {
		_ = os.Remove(flightPath(dir, node))
	}
}

// bootID names this boot of the machine; "" when it cannot be told.
func bootID() string {
	if b, err := os.ReadFile("/proc/sys/kernel/random/boot_id"); err == nil {
		return strings.TrimSpace(string(b))
	}
	return bootTime()
}

func putString(dst []byte, s string) { dst[0] = byte(copy(dst[1:], s)) }
func getString(src []byte) string    { return string(src[1 : 1+int(src[0])]) }

package catcher

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// suffix of a segment's name; before it stands the number of its first mail.
const suffix = ".mails"

// segment is one file of mails that follow one another.
type segment struct {
	file    *os.File
	first   int64 // number of the first mail
	size    int64 // bytes
	entries []entry
}

func (s *segment) next() int64 { return s.first + int64(len(s.entries)) }

// createSegment starts an empty segment.
func createSegment(dir string, first int64) (*segment, error) {
	path := filepath.Join(dir, fmt.Sprintf("%012d%s", first, suffix))
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if _, err := f.WriteString(head); err != nil {
		f.Close()
		return nil, errors.Join(err, os.Remove(path))
	}
	return &segment{file: f, first: first, size: int64(len(head))}, nil
}

// openSegments opens what is in a folder, oldest first.
func openSegments(dir string) (segments []*segment, err error) {
	defer func() {
		if err != nil {
			for _, s := range segments {
				s.file.Close()
			}
		}
	}()
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		number, ok := strings.CutSuffix(f.Name(), suffix)
		first, err := strconv.ParseInt(number, 10, 64)
		if !ok || err != nil || first < 1 {
			continue // not ours
		}
		s, err := openSegment(filepath.Join(dir, f.Name()), first)
		if err != nil {
			return segments, fmt.Errorf("open %s: %w", f.Name(), err)
		}
		segments = append(segments, s)
	}
	slices.SortFunc(segments, func(a, b *segment) int { return int(a.first - b.first) })
	return segments, nil
}

// openSegment reads a segment's index and cuts off what a dying process left half written.
func openSegment(path string, first int64) (_ *segment, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	s := &segment{file: f, first: first}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	r := bufio.NewReaderSize(f, 256<<10)
	start := make([]byte, len(head))
	if n, err := io.ReadFull(r, start); string(start) != head {
		if err == nil || string(start[:n]) != head[:n] {
			return nil, errors.New("it is not a segment of caught mail")
		}
		if _, err := f.WriteAt([]byte(head), 0); err != nil { // it was cut short within its head
			return nil, err
		}
	}
	s.size = int64(len(head))
	var scratch []byte
	for {
		e, body, payload, err := readRecord(r, scratch)
		if errors.Is(err, errTorn) || errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		scratch = payload[:cap(payload)]
		e.ID, e.offset = s.next(), s.size+recordHead+int64(body)
		e.search = searchText(e.To, e.Subject)
		s.size += recordHead + int64(len(payload))
		s.entries = append(s.entries, e)
	}
	return s, f.Truncate(s.size)
}

// append adds a batch of records, whose entries follow. When it fails nothing of it stays.
func (s *segment) append(records []byte, entries []entry) error {
	if _, err := s.file.WriteAt(records, s.size); err != nil {
		return errors.Join(err, s.file.Truncate(s.size))
	}
	for i := range entries {
		entries[i].ID = s.next()
		entries[i].offset += s.size
		s.entries = append(s.entries, entries[i])
	}
	s.size += int64(len(records))
	return nil
}

// drop removes the segment and its file.
func (s *segment) drop() error {
	return errors.Join(s.file.Close(), os.Remove(s.file.Name()))
}

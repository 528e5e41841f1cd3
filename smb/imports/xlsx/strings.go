package xlsx

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
)

const (
	inMemory  = 16 << 20 // bytes of shared texts that are kept in memory; more go to a file
	blockSize = 64       // texts a block: one place in memory for each block
	recent    = 256      // blocks of the file that are kept in memory
)

// errTexts is in front of what goes wrong with the temporary file.
var errTexts = errors.New("set the texts of a workbook aside")

// table is the texts that cells refer to by number, a length before each. Excel writes them in the
// order of their first use, so that the next one is nearly always in the block of the last.
type table struct {
	n      int     // how many there are
	blocks []int64 // where each block of texts begins
	text   []byte  // all of them, or those that are not in the file yet
	size   int64
	file   *os.File // nil while they fit into memory

	cache [recent]struct {
		block int // counting from 1
		text  []byte
	}
}

// openShared reads the shared texts once, when the first row is asked for.
func (w *Workbook) openShared() error {
	if w.shared != nil {
		return nil
	}
	w.shared = &table{}
	if w.parts[w.path] == nil {
		return nil
	}
	f, err := w.unpack(w.path, mostShared)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	s, err := newScanner(f)
	if err != nil {
		return w.damaged(err)
	}
	var text []byte
	for {
		err := s.next()
		if errors.Is(err, io.EOF) {
			return w.shared.flush(true)
		}
		if err != nil {
			return w.damaged(err)
		}
		if !s.is(startTag, "si") {
			continue
		}
		if text, err = s.richText(text[:0]); err != nil {
			return w.damaged(err)
		}
		if err := w.shared.add(text); err != nil {
			return err
		}
	}
}

// richText appends the text of the element that was just begun: a text, or runs of differently
// written text. How it is pronounced is no part of it.
func (s *scanner) richText(to []byte) ([]byte, error) {
	inText, spoken := false, false
	err := s.through(func() error {
		switch {
		case s.kind == textToken:
			if inText && !spoken {
				to = appendText(to, s.text, s.cdata)
			}
		case string(s.name) == "t":
			inText = s.kind == startTag && !s.ended
		case string(s.name) == "rPh":
			spoken = s.kind == startTag && !s.ended
		}
		if len(to) > maxToken {
			return malformed("holds a text of more than 1 MiB")
		}
		return nil
	})
	return to, err
}

func (t *table) add(text []byte) error {
	if t.n%blockSize == 0 {
		t.blocks = append(t.blocks, t.size)
	}
	before := len(t.text)
	t.text = binary.AppendUvarint(t.text, uint64(len(text)))
	t.text = append(t.text, text...)
	t.size += int64(len(t.text) - before)
	t.n++
	if len(t.text) >= inMemory {
		return t.flush(false)
	}
	return nil
}

// flush moves the texts to a file; at the end only when there is one already.
func (t *table) flush(end bool) error {
	if end && t.file == nil {
		return nil
	}
	if t.file == nil {
		f, err := os.CreateTemp("", "fibonacco-xlsx-")
		if err != nil {
			return errors.Join(errTexts, err)
		}
		t.file = f
		_ = os.Remove(f.Name()) // open, but gone when this process is; Windows says no, close does it there
	}
	if _, err := t.file.Write(t.text); err != nil {
		return errors.Join(errTexts, err)
	}
	t.text = t.text[:0]
	return nil
}

// appendTo appends the text of a number; ok is false when there is none.
func (t *table) appendTo(to []byte, i int) (out []byte, ok bool, err error) {
	if i < 0 || i >= t.n {
		return to, false, nil
	}
	block, err := t.block(i / blockSize)
	if err != nil {
		return to, false, err
	}
	for skip := i % blockSize; ; skip-- {
		size, n := binary.Uvarint(block)
		if n <= 0 || uint64(len(block)-n) < size {
			return to, false, malformed("is damaged: its shared texts cannot be read")
		}
		if skip == 0 {
			return append(to, block[n:n+int(size)]...), true, nil
		}
		block = block[n+int(size):]
	}
}

func (t *table) block(i int) ([]byte, error) {
	from, to := t.blocks[i], t.size
	if i+1 < len(t.blocks) {
		to = t.blocks[i+1]
	}
	if t.file == nil {
		return t.text[from:to], nil
	}
	c := &t.cache[i%recent]
	if c.block == i+1 {
		return c.text, nil
	}
	if cap(c.text) < int(to-from) {
		c.text = make([]byte, to-from)
	}
	c.text, c.block = c.text[:to-from], 0
	if _, err := t.file.ReadAt(c.text, from); err != nil {
		return nil, errors.Join(errTexts, err)
	}
	c.block = i + 1
	return c.text, nil
}

func (t *table) close() error {
	if t.file == nil {
		return nil
	}
	_ = os.Remove(t.file.Name())
	return t.file.Close()
}

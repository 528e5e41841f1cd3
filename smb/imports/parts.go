package imports

import (
	"context"
	"fmt"
	"io"

	"github.com/fibonacco/fibonacco/db"
)

// partReader reads a kept file: from its beginning to its end, and anywhere in it.
type partReader struct {
	ctx  context.Context //nolint:containedctx // io.Reader has no room for it
	db   *db.DB
	id   int64
	size int64
	pos  int64

	cache [4]struct { // the parts read last: a workbook is read in two or three places at a time
		number  int // counting from 1
		used    int
		content []byte
	}
	clock int
}

// Size is the file's, in bytes.
func (p *partReader) Size() int64 { return p.size }

func (p *partReader) Read(b []byte) (int, error) {
	n, err := p.ReadAt(b, p.pos)
	p.pos += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}

// ReadAt implements io.ReaderAt, but for being safe for concurrent use.
func (p *partReader) ReadAt(b []byte, off int64) (n int, err error) {
	for n < len(b) {
		content, err := p.part(int((off + int64(n)) / partSize))
		if err != nil {
			return n, err
		}
		at := (off + int64(n)) % partSize
		if at >= int64(len(content)) {
			return n, io.EOF
		}
		n += copy(b[n:], content[at:])
	}
	return n, nil
}

// part is one part of the file, io.EOF behind the last.
func (p *partReader) part(i int) ([]byte, error) {
	p.clock++
	oldest := 0
	for c := range p.cache {
		if p.cache[c].number == i+1 {
			p.cache[c].used = p.clock
			return p.cache[c].content, nil
		}
		if p.cache[c].used < p.cache[oldest].used {
			oldest = c
		}
	}
	var content []byte
	err := p.db.View(p.ctx, func(tx *db.Tx) error {
		return tx.QueryRow(p.ctx, `SELECT content FROM import_parts WHERE import_id = $1 AND part = $2`, p.id, i).Scan(&content)
	})
	if db.IsNoRows(err) {
		return nil, io.EOF
	}
	if err != nil {
		return nil, fmt.Errorf("read part %d of import %d: %w", i, p.id, err)
	}
	c := &p.cache[oldest]
	c.number, c.used, c.content = i+1, p.clock, content
	return content, nil
}

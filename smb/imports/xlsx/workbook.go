// Package xlsx reads the rows of Excel workbooks as texts, in bounded memory whatever their size:
// sheets are read as they are unpacked, and the table of texts that cells share goes to a
// temporary file when it is large. It needs random access to the file, and nothing but the
// standard library: what general readers of workbooks offer costs ten times the time.
//
//	xml.go       tags and texts; text.go: what a text means
//	workbook.go  what is in the archive, and which sheet is meant
//	strings.go   the texts that cells share
//	format.go    numbers and dates as people see them
//	sheet.go     rows
//
// Formulas give the value that was computed last. A merged cell is the first of its cells, the
// others are empty. Hidden rows and columns are read like any other; they hold what a filter left out.
package xlsx

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/fibonacco/fibonacco"
)

// Bounds, far above what Excel itself can open, so that a small file cannot become a large one.
const (
	mostDirectory = 8 << 20  // bytes of the archive's table of contents
	mostSmall     = 64 << 20 // unpacked bytes of the parts that describe the others
	mostShared    = 1 << 30  // unpacked bytes of the shared texts
	mostSheet     = 16 << 30 // unpacked bytes of a sheet
	mostSheets    = 1000
)

// Workbook is a workbook being read. Not safe for concurrent use. Close it.
type Workbook struct {
	file   *budget
	parts  map[string]*zip.File
	sheets []sheet
	dates  epoch
	styles []style
	shared *table // nil until a sheet is read
	path   string // of the shared texts
}

// sheet is one sheet with rows.
type sheet struct {
	name, path string
	hidden     bool
}

// malformed says what is wrong with the file, as the end of a sentence about it.
func malformed(what string) error {
	return fibonacco.Errorf(fibonacco.Malformed, "the workbook %s", what)
}

var errCutOff = malformed("is damaged: a part of it breaks off")

// Open reads what a workbook says about itself. It returns Malformed for what is none.
func Open(r io.ReaderAt, size int64) (*Workbook, error) {
	b := &budget{r: r, left: mostDirectory}
	archive, err := zip.NewReader(b, size)
	switch {
	case b.err != nil:
		return nil, fmt.Errorf("open a workbook: %w", b.err)
	case b.left < 0:
		return nil, malformed("has more parts than any real one")
	case err != nil:
		return nil, malformed("is damaged: it is not a whole ZIP archive")
	}
	b.left = 1 << 62
	w := &Workbook{file: b, parts: make(map[string]*zip.File, len(archive.File))}
	for _, f := range archive.File {
		name := strings.ToLower(strings.TrimPrefix(strings.ReplaceAll(f.Name, `\`, "/"), "/"))
		if w.parts[name] == nil {
			w.parts[name] = f
		}
	}
	if err := w.read(); err != nil {
		return nil, err
	}
	return w, nil
}

// budget is a file of which only so much may be read, and which knows its own errors from those of
// the archive in it.
type budget struct {
	r    io.ReaderAt
	left int64
	err  error
}

func (b *budget) ReadAt(p []byte, off int64) (int, error) {
	if b.left -= int64(len(p)); b.left < 0 || off < 0 {
		return 0, io.ErrUnexpectedEOF
	}
	n, err := b.r.ReadAt(p, off)
	if err != nil && !errors.Is(err, io.EOF) {
		b.err = err
	}
	return n, err
}

// read finds the sheets and the styles.
func (w *Workbook) read() error {
	at := "xl/workbook.xml"
	if w.parts["_rels/.rels"] != nil {
		links, err := w.links("")
		if err != nil {
			return err
		}
		for _, l := range links {
			if strings.HasSuffix(l.kind, "/officeDocument") {
				at = l.target
			}
		}
	}
	switch {
	case w.parts[at] == nil && w.parts["xl/workbook.bin"] != nil, strings.HasSuffix(at, ".bin"):
		return malformed("is in the binary form (.xlsb): save it as .xlsx")
	case w.parts[at] == nil && w.parts["mimetype"] != nil:
		return malformed("is one of OpenOffice (.ods): save it as .xlsx")
	case w.parts[at] == nil:
		return fibonacco.Errorf(fibonacco.Malformed, "the file is a ZIP archive, and no workbook")
	}
	links, err := w.links(at)
	if err != nil {
		return err
	}
	if err := w.readSheets(at, links); err != nil {
		return err
	}
	for _, l := range links {
		switch {
		case strings.HasSuffix(l.kind, "/sharedStrings"):
			w.path = l.target
		case strings.HasSuffix(l.kind, "/styles") && w.parts[l.target] != nil:
			if err := w.readStyles(l.target); err != nil {
				return err
			}
		}
	}
	return nil
}

// link is one line of a part's .rels.
type link struct{ kind, target string }

// links is what a part refers to, by id.
func (w *Workbook) links(part string) (map[string]link, error) {
	dir, file := path.Split(part)
	all := map[string]link{}
	rels := dir + "_rels/" + file + ".rels"
	if w.parts[rels] == nil {
		return all, nil
	}
	err := w.scan(rels, func(s *scanner) error {
		if !s.is(startTag, "Relationship") {
			return nil
		}
		if len(all) == 10*mostSheets {
			return malformed("refers to more parts than any real one")
		}
		target := strings.ToLower(strings.ReplaceAll(s.value("Target"), `\`, "/"))
		if !strings.HasPrefix(target, "/") {
			target = path.Join("/", dir, target)
		}
		all[s.value("Id")] = link{s.value("Type"), strings.TrimPrefix(path.Clean(target), "/")}
		return nil
	})
	return all, err
}

func (w *Workbook) readSheets(at string, links map[string]link) error {
	err := w.scan(at, func(s *scanner) error {
		switch {
		case s.is(startTag, "workbookPr"):
			if v := s.value("date1904"); v == "1" || v == "true" {
				w.dates = epoch1904
			}
		case s.is(startTag, "sheet"):
			id := s.value("r:id")
			if id == "" {
				id = s.idOfAnyPrefix()
			}
			l := links[id]
			if !strings.HasSuffix(l.kind, "/worksheet") || w.parts[l.target] == nil {
				return nil // a chart, a macro
			}
			if len(w.sheets) == mostSheets {
				return malformed("has more sheets than any real one")
			}
			state := s.value("state")
			w.sheets = append(w.sheets, sheet{name: s.value("name"), path: l.target, hidden: state == "hidden" || state == "veryHidden"})
		}
		return nil
	})
	if err == nil && len(w.sheets) == 0 {
		err = malformed("has no sheet with rows")
	}
	return err
}

// idOfAnyPrefix is the attribute "id" of the relationships' namespace, whatever its prefix is here.
func (s *scanner) idOfAnyPrefix() string {
	for field := range strings.FieldsSeq(string(s.attrs)) {
		if name, _, ok := strings.Cut(field, "="); ok && strings.HasSuffix(name, ":id") {
			return s.value(name)
		}
	}
	return ""
}

// scan hands every token of a small part on.
func (w *Workbook) scan(part string, each func(s *scanner) error) error {
	f, err := w.unpack(part, mostSmall)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	s, err := newScanner(f)
	if err != nil {
		return w.damaged(err)
	}
	for {
		err := s.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return w.damaged(err)
		}
		if err := each(s); err != nil {
			return err
		}
	}
}

// unpack opens a part of the archive, of which at most so many bytes are read.
func (w *Workbook) unpack(part string, most int64) (io.ReadCloser, error) {
	f, err := w.parts[part].Open()
	if err != nil {
		return nil, w.damaged(err)
	}
	return &bounded{f, most}, nil
}

// bounded is a part that is an error when it goes on for too long.
type bounded struct {
	io.ReadCloser
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, malformed("grows beyond all bounds when it is unpacked")
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// damaged turns what goes wrong when a part is unpacked into an error for people. What reading the
// file itself says stays as it is.
func (w *Workbook) damaged(err error) error {
	switch {
	case err == nil || fibonacco.CodeOf(err) != fibonacco.Internal || errors.Is(err, errTexts):
		return err
	case w.file.err != nil:
		return fmt.Errorf("read a workbook: %w", w.file.err)
	case errors.Is(err, zip.ErrAlgorithm):
		return malformed("is packed in a way that Excel does not")
	}
	return malformed("is damaged: a part of it cannot be unpacked")
}

// Sheets is the names of the sheets that are not hidden.
func (w *Workbook) Sheets() []string {
	var names []string
	for _, s := range w.sheets {
		if !s.hidden {
			names = append(names, s.name)
		}
	}
	return names
}

// Sheet is the name, as it is written, of the sheet that Rows reads. It returns Invalid when there
// is no such sheet.
func (w *Workbook) Sheet(name string) (string, error) {
	s, err := w.find(name)
	return s.name, err
}

// find is the sheet of a name, case apart; "" is the first that is not hidden.
func (w *Workbook) find(name string) (sheet, error) {
	for _, s := range w.sheets {
		if name == "" && !s.hidden || name != "" && strings.EqualFold(s.name, name) {
			return s, nil
		}
	}
	if name == "" {
		return w.sheets[0], nil // all are hidden
	}
	return sheet{}, fibonacco.InvalidFields("the file cannot be read",
		[]fibonacco.FieldError{{Field: "sheet", Reason: "is not in the workbook: there is " + strings.Join(w.Sheets(), ", ")}})
}

// Close gives temporary files back.
func (w *Workbook) Close() error {
	if w.shared == nil {
		return nil
	}
	return w.shared.close()
}

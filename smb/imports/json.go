package imports

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/fibonacco/fibonacco"
)

// jsonSource is businesses as JSON objects: in one array, or one after another (NDJSON). It cuts
// the file into objects without understanding them, so that a bad one costs itself only.
type jsonSource struct {
	r       *bufio.Reader
	line    int // of the next byte
	array   bool
	began   bool // something of the file was read
	ended   bool // the array was
	first   bool // no object of the array yet
	mapping map[string]string

	mu      sync.Mutex
	plans   map[string]plan // by the object's keys
	unknown map[string]bool // keys that are no field
}

func newJSON(r *bufio.Reader, mapping map[string]string) *jsonSource {
	return &jsonSource{r: r, line: 1, mapping: mapping, plans: map[string]plan{}, unknown: map[string]bool{}}
}

func (j *jsonSource) fill(b *batch) error {
	b.width = 1
	for len(b.lines) < b.limit && len(b.text) < batchText {
		from := len(b.text)
		line, fault, err := j.next(b)
		if err != nil {
			b.text = b.text[:from]
			return err
		}
		b.lines = append(b.lines, line)
		if fault != "" {
			b.text = b.text[:from]
			b.fault(fault)
		}
		b.ends = append(b.ends, len(b.text))
	}
	return nil
}

func (j *jsonSource) readByte() (byte, error) {
	c, err := j.r.ReadByte()
	if c == '\n' && err == nil {
		j.line++
	}
	return c, err
}

func (j *jsonSource) unreadByte(c byte) {
	if c == '\n' {
		j.line--
	}
	_ = j.r.UnreadByte() // cannot fail after a ReadByte
}

// next appends the text of the next object to b.text.
func (j *jsonSource) next(b *batch) (line int, fault string, err error) {
	for {
		c, err := j.readByte()
		if errors.Is(err, io.EOF) && j.array && !j.ended {
			return 0, "", j.malformed("the array is not closed")
		}
		if err != nil {
			return 0, "", err
		}
		switch {
		case c == ' ', c == '\t', c == '\n', c == '\r', c == 0x1e: // 0x1e begins a record in RFC 7464
		case j.ended:
			return 0, "", j.malformed("something follows the array")
		case c == '[' && !j.began:
			j.array, j.began, j.first = true, true, true
		case c == ']' && j.array:
			j.ended = true
		case c == ',' && j.array && !j.first:
			j.first = true // an object may follow
		case c == '{' && (!j.array || j.first):
			j.began, j.first = true, false
			return j.object(b)
		case j.array:
			return 0, "", j.malformed("an object is expected here")
		default:
			j.began = true
			line := j.line
			return line, "is not a JSON object", j.skipLine()
		}
	}
}

func (j *jsonSource) malformed(reason string) error {
	return fibonacco.Errorf(fibonacco.Malformed, "the file is not JSON from line %d on: %s", j.line, reason)
}

func (j *jsonSource) skipLine() error {
	for {
		c, err := j.readByte()
		if errors.Is(err, io.EOF) || c == '\n' {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// object reads up to the brace that closes the one just read. Where objects stand one after
// another, one that begins a line while another is open shows that the other was never closed.
func (j *jsonSource) object(b *batch) (line int, fault string, err error) {
	line = j.line
	from := len(b.text)
	b.text = append(b.text, '{')
	quoted, escaped := false, false
	for depth := 1; depth > 0; {
		c, err := j.readByte()
		switch {
		case errors.Is(err, io.EOF) && j.array:
			j.line = line
			return line, "", j.malformed("an object is not closed")
		case errors.Is(err, io.EOF):
			return line, "is not valid JSON: the object is not closed", nil
		case err != nil:
			return line, "", err
		case len(b.text)-from > maxRow && j.array:
			j.line = line
			return line, "", j.malformed("an object is not closed, or has more than 1 MiB")
		case len(b.text)-from > maxRow:
			return line, "is an object of more than 1 MiB", j.skipLine()
		case c == '{' && !j.array && b.text[len(b.text)-1] == '\n':
			j.unreadByte(c)
			return line, "is not valid JSON: the object is not closed", nil
		case c == '\n' && quoted && !j.array:
			return line, "is not valid JSON: a text is not closed", nil
		}
		b.text = append(b.text, c)
		switch {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		}
	}
	return line, "", nil
}

// values reads one object. Numbers count as their text, null as nothing; lists and objects are
// refused where a field is expected, and ignored elsewhere.
func (j *jsonSource) values(cells []string) (v values, bad []refusal) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal([]byte(cells[0]), &object); err != nil {
		return v, []refusal{{"", "is not valid JSON"}}
	}
	names := make([]string, 0, len(object))
	for name, raw := range object {
		if string(raw) != "null" && string(raw) != `""` {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, col := range j.planOf(names).columns {
		raw := object[names[col.index]]
		s, refused := scalar(raw)
		if refused != "" {
			bad = append(bad, refusal{specs[col.field].name, refused})
		}
		v[col.field] = text(s)
	}
	return v, bad
}

// scalar is the text of a JSON text or number, or why it is none.
func scalar(raw json.RawMessage) (s, refused string) {
	switch raw[0] {
	case '"':
		if err := json.Unmarshal(raw, &s); err != nil {
			return "", "is not valid JSON"
		}
		return s, ""
	case '{', '[':
		return "", "is a list or an object, where a text is expected"
	case 't', 'f':
		return "", "is true or false, where a text is expected"
	}
	return string(raw), ""
}

// maxPlans bounds what is remembered: files have a few kinds of objects, hostile ones any number.
const maxPlans = 1000

// planOf is which of the sorted keys of an object are read for which fields.
func (j *jsonSource) planOf(names []string) plan {
	kind := strings.Join(names, "\x00")
	j.mu.Lock()
	defer j.mu.Unlock()
	if p, ok := j.plans[kind]; ok {
		return p
	}
	p, _ := planColumns(names, j.mapping, true)
	if len(j.plans) < maxPlans {
		j.plans[kind] = p
		for _, name := range p.unread {
			j.unknown[name] = true
		}
	}
	return p
}

// unread implements source.
func (j *jsonSource) unread() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Sorted(maps.Keys(j.unknown))
}

package imports

import (
	"bufio"
	"bytes"
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
	layout  layout
	mapping map[string]string
	as      terms

	mu      sync.Mutex
	plans   map[string]plan // by the object's keys
	unknown map[string]bool // keys that are no field
}

func newJSON(r *bufio.Reader, mapping map[string]string) *jsonSource {
	return &jsonSource{r: r, line: 1, mapping: mapping, plans: map[string]plan{}, unknown: map[string]bool{}}
}

// openJSON looks at the first objects of a file that begins so.
func (o *opening) openJSON(r *bufio.Reader, start []byte, first byte) (*jsonSource, error) {
	if err := checkMapping(o.req.Mapping); err != nil {
		return nil, err
	}
	l := layout{format: "json"}
	if first == '{' {
		l.format = "ndjson"
	}
	l.columns, l.sample = firstObjects(start)
	if _, err := o.choose(&l, true); err != nil {
		return nil, err
	}
	j := newJSON(r, l.fixed)
	j.layout, j.as = l, o.as
	return j, nil
}

// firstObjects is the keys of the first objects of a file, in the order they come up, and their
// values as rows.
func firstObjects(start []byte) (keys []string, rows [][]string) {
	j := newJSON(bufio.NewReader(bytes.NewReader(start)), nil)
	b := &batch{limit: sampleRows}
	_ = j.fill(b) // what breaks off is not looked at
	place := map[string]int{}
	from := 0
	for _, end := range b.ends {
		object, order := parseObject(b.text[from:end])
		from = end
		row := make([]string, len(keys), len(keys)+len(order))
		for _, key := range order {
			i, known := place[key]
			if !known {
				if len(keys) == mostKeys {
					continue
				}
				i = len(keys)
				place[key], keys, row = i, append(keys, key), append(row, "")
			}
			if s, refused := scalar(object[key], true); refused == "" {
				row[i] = text(s)
			}
		}
		rows = append(rows, row)
	}
	return keys, rows
}

// mostKeys bounds the keys that are looked at: files have dozens, hostile ones any number.
const mostKeys = 1000

// parseObject is an object with its keys in their order; empty when it is not valid.
func parseObject(raw []byte) (object map[string]json.RawMessage, order []string) {
	if json.Unmarshal(raw, &object) != nil {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	depth := 0
	expectKey := false
	for {
		token, err := d.Token()
		if err != nil {
			return object, order
		}
		switch t := token.(type) {
		case json.Delim:
			if t == '{' || t == '[' {
				depth++
			} else {
				depth--
			}
			expectKey = depth == 1
		case string:
			if depth == 1 && expectKey {
				if !slices.Contains(order, t) {
					order = append(order, t)
				}
				expectKey = false
				continue
			}
			expectKey = depth == 1
		default:
			expectKey = depth == 1
		}
	}
}

func (j *jsonSource) terms() *terms  { return &j.as }
func (j *jsonSource) about() *layout { return &j.layout }
func (j *jsonSource) close()         {}

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
		return v, []refusal{{reason: "is not valid JSON"}}
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
		s, refused := scalar(raw, kindOf[col.field] == likeYesNo && col.field != email)
		if refused != "" {
			bad = append(bad, refusal{specs[col.field].name, refused, string(raw[:min(len(raw), 100)])})
		}
		v[col.field] = text(s)
	}
	return v, bad
}

// scalar is the text of a JSON text or number, or why it is none. true and false count where a yes
// or no is expected.
func scalar(raw json.RawMessage, answers bool) (s, refused string) {
	switch raw[0] {
	case '"':
		if err := json.Unmarshal(raw, &s); err != nil {
			return "", "is not valid JSON"
		}
		return s, ""
	case '{', '[':
		return "", "is a list or an object, where a text is expected"
	case 'n':
		return "", ""
	case 't', 'f':
		if answers {
			return string(raw), ""
		}
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

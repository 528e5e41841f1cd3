package format

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/fibonacco/fibonacco/campaign/template"
)

// tree is a piece of a JSON file with its keys in the order of the file, which is the order a
// reader of it expects. What is taken out of it is marked, so that the rest can be told.
type tree struct {
	kind   treeKind
	path   string // "slides[2].content.items[0]"
	line   int
	text   string // of a scalar
	keys   []string
	values []*tree // of a list, or of an object's keys
	used   bool
	seen   bool // of a list or object: looked through
	clean  bool // false when characters were left out of text or a key
}

type treeKind int

const (
	objectTree treeKind = iota
	listTree
	textTree
	numberTree
	boolTree
	nullTree
)

// The bounds of a foreign file.
const (
	maxTreeDepth = 32
	maxKey       = 200 // runes
)

// parseTree reads one JSON value. Unlike encoding/json it keeps the order of keys, and keys that
// are there twice.
func parseTree(text string) (*tree, error) {
	p := &treeParser{dec: json.NewDecoder(strings.NewReader(text))}
	p.dec.UseNumber()
	for i := range len(text) {
		if text[i] == '\n' {
			p.lines = append(p.lines, int64(i))
		}
	}
	root, err := p.value("", 0)
	if err != nil {
		return nil, err
	}
	if _, err := p.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("holds more than one value")
	}
	return root, nil
}

type treeParser struct {
	dec   *json.Decoder
	lines []int64 // where each line ends
}

func (p *treeParser) value(path string, depth int) (*tree, error) {
	if depth > maxTreeDepth {
		return nil, fmt.Errorf("is nested more than %d deep", maxTreeDepth)
	}
	token, err := p.dec.Token()
	if err != nil {
		return nil, err
	}
	at := p.dec.InputOffset() - 1
	t := &tree{path: path, clean: true, line: 1 + sort.Search(len(p.lines), func(i int) bool { return p.lines[i] >= at })}
	switch v := token.(type) {
	case json.Delim:
		if t.kind = listTree; v == '{' {
			t.kind = objectTree
		}
		return t, p.inside(t, depth)
	case string:
		t.kind = textTree
		t.text, t.clean = readable(v)
	case json.Number:
		t.kind, t.text = numberTree, v.String()
	case bool:
		t.kind, t.text = boolTree, strconv.FormatBool(v)
	default:
		t.kind = nullTree
	}
	return t, nil
}

// inside reads what an object or a list holds, and its end.
func (p *treeParser) inside(t *tree, depth int) error {
	for p.dec.More() {
		path := fmt.Sprintf("%s[%d]", t.path, len(t.values))
		clean := true
		if t.kind == objectTree {
			token, err := p.dec.Token()
			if err != nil {
				return err
			}
			key, _ := token.(string)
			key, clean = readable(key)
			if short := template.Cut(key, maxKey); short != key {
				key, clean = short, false
			}
			t.keys = append(t.keys, key)
			path = strings.TrimPrefix(t.path+"."+key, ".")
		}
		v, err := p.value(path, depth+1)
		if err != nil {
			return err
		}
		v.clean = v.clean && clean
		t.values = append(t.values, v)
	}
	_, err := p.dec.Token()
	return err
}

// readable is text without what neither a file of ours nor the database can hold: control and
// private characters. Tabs and line ends of other systems become ours.
func readable(s string) (text string, clean bool) {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\t", " ")
	out := strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 || r == '\ufeff' || r >= template.FirstPrivate {
			return -1
		}
		return r
	}, s)
	return out, out == s
}

// get is the value of the first of the keys that is there and not used yet, or nil. Nothing is lost
// with a null.
func (t *tree) get(keys ...string) *tree {
	if t == nil || t.kind != objectTree {
		return nil
	}
	for _, key := range keys {
		for i, k := range t.keys {
			switch v := t.values[i]; {
			case k != key || v.used:
			case v.kind == nullTree:
				v.take()
			default:
				return v
			}
		}
	}
	return nil
}

func (t *tree) scalar() bool { return t.kind >= textTree }

// says reports whether the tree is a text or number with something in it.
func (t *tree) says() bool {
	return t != nil && (t.kind == textTree || t.kind == numberTree) && strings.TrimSpace(t.text) != ""
}

// take marks the whole tree as used.
func (t *tree) take() *tree {
	t.used = true
	for _, v := range t.values {
		v.take()
	}
	return t
}

// any is the tree as encoding/json would have it. Of keys that are there twice, the later ones get
// a number.
func (t *tree) any() any {
	switch t.kind {
	case objectTree:
		m := make(map[string]any, len(t.keys))
		for i, key := range t.keys {
			name := key
			for n := 2; ; n++ {
				if _, taken := m[name]; !taken {
					break
				}
				name = key + " (" + itoa(n) + ")"
			}
			m[name] = t.values[i].any()
		}
		return m
	case listTree:
		list := make([]any, len(t.values))
		for i, v := range t.values {
			list[i] = v.any()
		}
		return list
	case numberTree:
		// A number that a float would change is kept as it is written.
		if v, err := strconv.ParseFloat(t.text, 64); err == nil && !math.IsInf(v, 0) && strconv.FormatFloat(v, 'f', -1, 64) == t.text {
			return v
		}
		return t.text
	case boolTree:
		return t.text == "true"
	case nullTree:
		return nil
	default:
		return t.text
	}
}

// release undoes take: the tree turned out to hold nothing that could be used.
func (t *tree) release() {
	t.used, t.seen = false, false
	for _, v := range t.values {
		v.release()
	}
}

// unused calls f for each largest part of the tree of which nothing was used.
func (t *tree) unused(f func(*tree)) {
	switch {
	case t.used:
	case t.untouched():
		f(t)
	default:
		for _, v := range t.values {
			v.unused(f)
		}
	}
}

// void reports whether there is nothing in the tree.
func (t *tree) void() bool { return t.kind == nullTree || !t.scalar() && len(t.values) == 0 }

func (t *tree) untouched() bool {
	return !t.used && !t.seen && !slices.ContainsFunc(t.values, func(v *tree) bool { return !v.untouched() })
}

// unclean calls f for each part that lost characters.
func (t *tree) unclean(f func(*tree)) {
	if !t.clean {
		f(t)
	}
	for _, v := range t.values {
		v.unclean(f)
	}
}

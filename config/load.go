package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/fibonacco/fibonacco"
)

// load is one run of Read: what was said so far, and what is wrong with it.
type load struct {
	*schema
	texts    map[string]string // path → the strongest text so far
	origins  map[string]Origin
	wrong    map[string]bool // paths whose value could not be read; their default stands in
	problems []fibonacco.FieldError
}

func newLoad() *load {
	return &load{
		schema:  shipped().clone(),
		texts:   map[string]string{},
		origins: map[string]Origin{},
		wrong:   map[string]bool{},
	}
}

// problem notes that field, as the operator wrote it, is refused.
func (l *load) problem(field, format string, args ...any) {
	l.problems = append(l.problems, fibonacco.FieldError{Field: field, Reason: fmt.Sprintf(format, args...)})
}

// refuse notes that the value of a key is wrong, and where it came from. A key is refused once.
func (l *load) refuse(path, reason string) {
	if l.wrong[path] {
		return
	}
	l.wrong[path] = true
	if origin, ok := l.origins[path]; ok {
		reason += " (" + origin.Where + ")"
	}
	l.problem(path, "%s", reason)
}

func (l *load) set(lf *leaf, text string, origin Origin) {
	l.texts[lf.Path] = text
	l.origins[lf.Path] = origin
}

// fileNames lists the files to read: those named, else the local one if it exists, and the one
// that a variable names.
func (l *load) fileNames(named []string, variable, dir, local string) []string {
	if len(named) > 0 {
		return named
	}
	var names []string
	local = filepath.Join(dir, local)
	if _, err := os.Stat(local); !errors.Is(err, fs.ErrNotExist) {
		names = append(names, local)
	}
	if variable != "" {
		names = append(names, variable)
	}
	return names
}

// file lays one YAML file over what was said so far. Its keys hang below section.
func (l *load) file(name, section string) {
	f, err := os.Open(name)
	if err != nil {
		l.problem(name, "cannot be read: %s", cause(err))
		return
	}
	defer f.Close()
	dec := yaml.NewDecoder(f)
	for n := 0; ; n++ {
		var doc yaml.Node
		err := dec.Decode(&doc)
		switch {
		case isEOF(err):
			return
		case err != nil:
			l.problem(name, "cannot be read: %s", yamlCause(err))
			return
		case n > 0:
			l.problem(name, "holds more than one YAML document")
			return
		}
		w := walk{load: l, file: name}
		w.section(doc.Content[0], section)
	}
}

// decode turns what was said into the typed configuration. Values that cannot be read become
// problems, and their defaults stand in, so that the rest is checked too.
func (l *load) decode() (*Settings, error) {
	root := &yaml.Node{Kind: yaml.MappingNode}
	for _, lf := range l.leaves {
		node, _ := lf.parse(lf.Default) // nil for a new supervisor's key that was left out
		if text, ok := l.texts[lf.Path]; ok {
			if given, reason := lf.parse(text); reason == "" {
				node = given
			} else {
				l.refuse(lf.Path, reason)
			}
		}
		if node != nil {
			put(root, strings.Split(lf.Path, "."), node)
		}
	}
	var doc document
	if err := root.Decode(&doc); err != nil {
		return nil, fmt.Errorf("decode the configuration: %w", err)
	}
	s := &Settings{Config: doc.Config, schema: l.schema, origins: l.origins, texts: l.texts}
	for _, name := range l.supervisorNames() {
		supervisor := doc.Queues[name]
		supervisor.Name = name
		s.Supervisors = append(s.Supervisors, supervisor)
	}
	return s, nil
}

// put hangs a value into a tree of mappings, making those on the way.
func put(mapping *yaml.Node, path []string, value *yaml.Node) {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == path[0] {
			put(mapping.Content[i+1], path[1:], value)
			return
		}
	}
	child := value
	if len(path) > 1 {
		child = &yaml.Node{Kind: yaml.MappingNode}
		put(child, path[1:], value)
	}
	tag := "!!str"
	if _, err := strconv.Atoi(path[0]); err == nil {
		tag = "!!int" // a tier or a weekday
	}
	mapping.Content = append(mapping.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: path[0]}, child)
}

// cause is what is wrong with a file, without repeating its name.
func cause(err error) string {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err.Error()
	}
	return err.Error()
}

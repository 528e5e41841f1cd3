package config

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// walk reads one parsed file. It never quotes a value: what stands where a section should
// be may be a secret.
type walk struct {
	*load
	file string
}

func (w *walk) where(node *yaml.Node) string { return fmt.Sprintf("%s:%d", w.file, node.Line) }

// section reads the keys of a mapping below path.
func (w *walk) section(node *yaml.Node, path string) {
	node = behind(node)
	if isNull(node) {
		return // everything in it is commented out
	}
	if node.Kind != yaml.MappingNode {
		what := path
		if path == "" {
			what = w.file
		}
		w.problem(what, "must be a section of keys (%s)", w.where(node))
		return
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := behind(node.Content[i]), node.Content[i+1]
		if key.Kind != yaml.ScalarNode || !word.MatchString(key.Value) {
			w.problem(w.file, "has a key that is not a word (%s)", w.where(key))
			continue
		}
		at := join(path, key.Value)
		if first, twice := seen[key.Value]; twice {
			w.problem(at, "is given twice, first on line %d (%s)", first, w.where(key))
			continue
		}
		seen[key.Value] = key.Line
		w.entry(at, key, value)
	}
}

// entry reads one key: a value, a section, a new supervisor, or a mistake.
func (w *walk) entry(path string, key, value *yaml.Node) {
	if lf, ok := w.byPath[path]; ok {
		w.value(lf, behind(value))
		return
	}
	if _, ok := w.sections[path]; ok {
		w.section(value, path)
		return
	}
	if section, name := split(path); section == queuesSection && supervisorName.MatchString(name) {
		w.addSupervisor(name)
		w.origins[path] = Origin{Layer: FromFile, Where: w.where(key)}
		w.section(value, path)
		return
	}
	w.problem(path, "is not a known key%s (%s)", didYouMean(path, w.paths()), w.where(key))
}

func (w *walk) value(lf *leaf, node *yaml.Node) {
	text, ok := textOf(node)
	switch {
	case !ok && node.Kind == yaml.SequenceNode:
		w.problem(lf.Path, "has a list with more than plain values (%s)", w.where(node))
	case !ok:
		w.problem(lf.Path, "takes a value, not a section (%s)", w.where(node))
	case node.Kind == yaml.SequenceNode && !lf.isList():
		w.problem(lf.Path, "takes one value, not a list (%s)", w.where(node))
	default:
		w.set(lf, text, Origin{Layer: FromFile, Where: w.where(node)})
	}
}

func (l *load) paths() []string {
	paths := make([]string, 0, len(l.leaves)+len(l.sections))
	for _, lf := range l.leaves {
		paths = append(paths, lf.Path)
	}
	for path := range l.sections {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	return paths
}

// textOf is a YAML value as one text, a list separated by commas. ok is false for a section, or a
// list of anything but plain values.
func textOf(node *yaml.Node) (text string, ok bool) {
	switch {
	case isNull(node):
		return "", true
	case node.Kind == yaml.ScalarNode:
		return node.Value, true
	case node.Kind != yaml.SequenceNode:
		return "", false
	}
	items := make([]string, len(node.Content))
	for i, item := range node.Content {
		if item = behind(item); item.Kind != yaml.ScalarNode {
			return "", false
		}
		items[i] = item.Value
	}
	return strings.Join(items, ","), true
}

// behind is what an alias stands for.
func behind(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

func isNull(node *yaml.Node) bool { return node.Kind == yaml.ScalarNode && node.ShortTag() == "!!null" }

func isEOF(err error) bool { return errors.Is(err, io.EOF) }

// yamlCause is what is wrong with a file's YAML. The parser quotes one thing that an operator
// wrote: the name of an alias, which may be a password that starts with a star.
func yamlCause(err error) string {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if strings.HasPrefix(text, "unknown anchor") {
		return "a value that starts with * must stand in quotes"
	}
	return text
}

package config

import (
	_ "embed"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"github.com/fibonacco/fibonacco"
)

var (
	//go:embed fibonacco.yaml
	fibonaccoYAML []byte
	//go:embed queues.yaml
	queuesYAML []byte
)

// queuesSection is where queues.yaml hangs in the tree of all keys.
const queuesSection = "queues"

// document is all that can be set: the shape that the keys are read from and decoded into.
type document struct {
	fibonacco.Config `yaml:",inline"`
	Queues           map[string]Supervisor `yaml:"queues"`
}

// Key is one setting, as the shipped files describe it.
type Key struct {
	Path    string `json:"path"`    // "rvm.trigger_after_hours"; a supervisor's start with "queues."
	Env     string `json:"env"`     // its variable; when Secret, Env+"_FILE" names a file to read it from
	Default string `json:"default"` // as text; lists are separated by commas
	Doc     string `json:"doc"`     // one paragraph for operators
	Secret  bool   `json:"secret"`  // never shown; of a URL, the password and what might be one
}

// Keys is every setting, in the order of fibonacco.yaml and queues.yaml.
func Keys() []Key {
	leaves := shipped().leaves
	keys := make([]Key, len(leaves))
	for i, lf := range leaves {
		keys[i] = lf.Key
	}
	return keys
}

// leaf is a Key with what it takes to read one.
type leaf struct {
	Key
	generic string // FIBONACCO_ and the path; equal to Env when there is no shorter name
	typ     reflect.Type
}

// schema is every key and section. A load works on a clone, because a queue file may add
// supervisors.
type schema struct {
	leaves     []*leaf
	byPath     map[string]*leaf
	byVariable map[string]*leaf  // by Env and by generic
	sections   map[string]string // path → what its comment says
}

// shipped reads the embedded files once. They are part of the program, so a mistake in them
// panics; the tests would not let it out.
var shipped = sync.OnceValue(func() *schema {
	s := &schema{byPath: map[string]*leaf{}, byVariable: map[string]*leaf{}, sections: map[string]string{}}
	s.sections[queuesSection] = "Who works off the queues, in queues.yaml."
	for _, file := range []struct {
		text   []byte
		prefix string
	}{{fibonaccoYAML, ""}, {queuesYAML, queuesSection}} {
		var doc yaml.Node
		if err := yaml.Unmarshal(file.text, &doc); err != nil {
			panic("config: embedded defaults: " + err.Error())
		}
		s.read(doc.Content[0], file.prefix)
	}
	return s
})

// read adds the keys of a shipped mapping.
func (s *schema) read(mapping *yaml.Node, path string) {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		key, value := mapping.Content[i], mapping.Content[i+1]
		at := join(path, key.Value)
		if value.Kind == yaml.MappingNode {
			s.sections[at] = comment(key.HeadComment)
			s.read(value, at)
			continue
		}
		text, _ := textOf(value)
		s.add(s.describe(at, text, comment(key.HeadComment), comment(value.LineComment)))
	}
}

// variables matches the comment beside a key that names its variable and marks a secret.
var variables = regexp.MustCompile(`^\$([A-Z][A-Z0-9_]*)(, secret)?$`)

func (s *schema) describe(path, text, head, line string) *leaf {
	lf := &leaf{
		Key:     Key{Path: path, Default: text, Doc: head},
		generic: genericVariable(path),
		typ:     typeOf(path),
	}
	lf.Env = lf.generic
	if m := variables.FindStringSubmatch(line); m != nil {
		lf.Env, lf.Secret = m[1], m[2] != ""
	} else if line != "" {
		lf.Doc = strings.ToUpper(line[:1]) + line[1:] + "."
	}
	if lf.Doc == "" {
		lf.Doc = s.siblingDoc(path)
	}
	return lf
}

// siblingDoc is what the same key says in an earlier section beside this one: tiers.2.name is
// explained at tiers.1.name.
func (s *schema) siblingDoc(path string) string {
	section, name := split(path)
	around, _ := split(section)
	for _, lf := range s.leaves {
		otherSection, otherName := split(lf.Path)
		if otherAround, _ := split(otherSection); otherName == name && otherAround == around {
			return lf.Doc
		}
	}
	return ""
}

func (s *schema) add(lf *leaf) {
	s.leaves = append(s.leaves, lf)
	s.byPath[lf.Path] = lf
	for _, name := range []string{lf.Env, lf.generic} {
		if other := s.byVariable[name]; other != nil && other != lf {
			panic(fmt.Sprintf("config: %s and %s share the variable %s", other.Path, lf.Path, name))
		}
		s.byVariable[name] = lf
	}
}

func (s *schema) clone() *schema {
	return &schema{
		leaves:     slices.Clone(s.leaves),
		byPath:     maps.Clone(s.byPath),
		byVariable: maps.Clone(s.byVariable),
		sections:   maps.Clone(s.sections),
	}
}

// typeOf is the Go type that the value of a key is decoded into.
func typeOf(path string) reflect.Type {
	if rest, ok := strings.CutPrefix(path, queuesSection+"."); ok {
		_, field, _ := strings.Cut(rest, ".")
		return typeAt(reflect.TypeFor[Supervisor](), field)
	}
	return typeAt(reflect.TypeFor[fibonacco.Config](), path)
}

// typeAt panics when t has nothing at path: the shipped file and the struct have drifted apart.
func typeAt(t reflect.Type, path string) reflect.Type {
	if path == "" {
		return t
	}
	name, rest, _ := strings.Cut(path, ".")
	switch t.Kind() {
	case reflect.Map:
		return typeAt(t.Elem(), rest)
	case reflect.Struct:
		for field := range t.Fields() {
			if field.Tag.Get("yaml") == name {
				return typeAt(field.Type, rest)
			}
		}
	}
	panic("config: no field for the key " + path + " in " + t.String())
}

// genericVariable is the variable that every key has.
func genericVariable(path string) string {
	name := strings.NewReplacer(".", "__", "-", "_").Replace(path)
	return variablePrefix + strings.ToUpper(name)
}

// split cuts the last name off a path.
func split(path string) (section, name string) {
	i := strings.LastIndexByte(path, '.')
	return path[:max(i, 0)], path[i+1:]
}

func join(section, name string) string {
	if section == "" {
		return name
	}
	return section + "." + name
}

// comment is the text of a YAML comment, as one paragraph.
func comment(yamlComment string) string {
	var words []string
	for line := range strings.Lines(yamlComment) {
		words = append(words, strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "#"))...)
	}
	return strings.Join(words, " ")
}

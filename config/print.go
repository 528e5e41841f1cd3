package config

import (
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// Value is one setting in force, fit to be shown.
type Value struct {
	Path   string `json:"path"`
	Value  string `json:"value"` // redacted; lists are separated by commas
	Origin Origin `json:"origin"`
	Secret bool   `json:"secret"`
}

// Values are the settings in force, in the order of Keys, with secrets and the passwords inside URLs
// redacted. They are those of s as it is now: a change after Read shows.
func (s *Settings) Values() ([]Value, error) {
	doc := document{Config: s.Config, Queues: map[string]Supervisor{}}
	for _, supervisor := range s.Supervisors {
		doc.Queues[supervisor.Name] = supervisor
	}
	var root yaml.Node
	if err := root.Encode(doc); err != nil {
		return nil, fmt.Errorf("encode the configuration: %w", err)
	}
	texts := map[string]string{}
	flatten(&root, "", texts)
	values := make([]Value, 0, len(s.schema.leaves))
	for _, lf := range s.schema.leaves {
		text, ok := texts[lf.Path]
		switch {
		case !ok:
			text = noCampaign
		case lf.Secret:
			text = redactSecret(text)
		case lf.typ == reflect.TypeFor[time.Duration]():
			if d, err := time.ParseDuration(text); err == nil {
				text = short(d)
			}
		default:
			text = redactURLs(text)
		}
		values = append(values, Value{Path: lf.Path, Value: text, Origin: s.Origin(lf.Path), Secret: lf.Secret})
	}
	return values, nil
}

func flatten(mapping *yaml.Node, path string, texts map[string]string) {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		at, value := join(path, mapping.Content[i].Value), mapping.Content[i+1]
		if value.Kind == yaml.MappingNode {
			flatten(value, at, texts)
			continue
		}
		texts[at], _ = textOf(value)
	}
}

// Print writes the settings in force as a table: key, value, and where the value came from. No
// secret is in it.
func Print(w io.Writer, s *Settings) error {
	values, err := s.Values()
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "KEY\tVALUE\tFROM\n")
	for _, v := range values {
		fmt.Fprintf(table, "%s\t%s\t%s\n", v.Path, cell(v.Value), v.Origin)
	}
	return table.Flush()
}

// cell quotes what would not be seen, or would break the table.
func cell(text string) string {
	if text == "" || strings.TrimSpace(text) != text || strings.ContainsFunc(text, unicode.IsControl) {
		return strconv.Quote(text)
	}
	return text
}

package docs

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// member is one member of a body, nested ones as "page.next" and "data[].id".
type member struct {
	Name, Type, About string
	Required          bool
	Depth             int
}

// deepest bounds how far nested objects are unfolded.
const deepest = 5

// members unfolds a schema, in the order of its example.
func (g *guide) members(s *huma.Schema, example string) []member {
	var all []member
	seen := map[string]bool{}
	var unfold func(s *huma.Schema, prefix string, depth int)
	unfold = func(s *huma.Schema, prefix string, depth int) {
		s, name := g.resolve(s)
		if s == nil || depth > deepest || name != "" && seen[name] {
			return
		}
		if name != "" {
			seen[name] = true
			defer delete(seen, name)
		}
		if s.Type == huma.TypeArray {
			unfold(s.Items, prefix+"[]", depth)
			return
		}
		for _, name := range inOrder(s, example) {
			p := s.Properties[name]
			full := name
			if prefix != "" {
				full = prefix + "." + name
			}
			all = append(all, member{Name: full, Type: g.typeOf(p), About: about(p.Description, p), Required: slices.Contains(s.Required, name), Depth: depth})
			unfold(p, full, depth+1)
		}
		if values, ok := s.AdditionalProperties.(*huma.Schema); ok && len(s.Properties) == 0 {
			unfold(values, prefix+".*", depth+1)
		}
	}
	unfold(s, "", 0)
	return all
}

// resolve follows a reference, also one that may be null.
func (g *guide) resolve(s *huma.Schema) (found *huma.Schema, name string) {
	if s == nil {
		return nil, ""
	}
	for _, part := range s.AnyOf {
		if part.Ref != "" {
			s = part
		}
	}
	if s.Ref == "" {
		return s, ""
	}
	return g.spec.Components.Schemas.SchemaFromRef(s.Ref), last(s.Ref)
}

// inOrder is the names of a schema's members as the example shows them, the others after that.
func inOrder(s *huma.Schema, example string) []string {
	names := slices.Sorted(maps.Keys(s.Properties))
	place := func(name string) int {
		if at := strings.Index(example, `"`+name+`":`); at >= 0 {
			return at
		}
		return len(example)
	}
	slices.SortStableFunc(names, func(a, b string) int { return place(a) - place(b) })
	return names
}

// typeOf is a schema's type in words.
func (g *guide) typeOf(s *huma.Schema) string {
	null := s.Nullable
	for _, part := range s.AnyOf {
		null = null || part.Type == "null"
	}
	s, _ = g.resolve(s)
	if s == nil {
		return "anything"
	}
	kind := map[string]string{
		huma.TypeString: "text", huma.TypeInteger: "whole number", huma.TypeNumber: "number", huma.TypeBoolean: "true or false",
		huma.TypeObject: "object", "": "anything",
	}[s.Type]
	switch {
	case s.Type == huma.TypeArray && s.Items != nil:
		kind = "list of " + g.typeOf(s.Items)
	case s.Format == "date-time":
		kind = "time"
	case s.Format == "uuid", s.Format == "date", s.Format == "uri":
		kind = s.Format
	case s.Format == "binary":
		kind = "file"
	}
	if null {
		kind += " or null"
	}
	return kind
}

// about is what is said about a value, with the bounds that its schema sets.
func about(text string, s *huma.Schema) string {
	parts := []string{}
	if text != "" {
		parts = append(parts, text)
	}
	if s == nil {
		return text
	}
	items := s
	if s.Type == huma.TypeArray && s.Items != nil {
		items = s.Items
	}
	if len(items.Enum) > 0 {
		words := make([]string, len(items.Enum))
		for i, v := range items.Enum {
			words[i] = fmt.Sprint(v)
			if words[i] == "" {
				words[i] = "empty"
			}
		}
		if list := strings.Join(words, ", "); !strings.Contains(text, list) {
			parts = append(parts, "One of "+list+".")
		}
	}
	parts = append(parts, bounds(s)...)
	if s.Default != nil {
		parts = append(parts, fmt.Sprintf("Left out, %v.", s.Default))
	}
	return strings.Join(parts, " ")
}

func bounds(s *huma.Schema) (parts []string) {
	between := func(low, high, unit string) {
		switch {
		case low != "" && high != "":
			parts = append(parts, low+" to "+high+unit+".")
		case low != "":
			parts = append(parts, "At least "+low+unit+".")
		case high != "":
			parts = append(parts, "At most "+high+unit+".")
		}
	}
	number := func(f *float64) string {
		if f == nil {
			return ""
		}
		return strings.TrimSuffix(fmt.Sprintf("%.2f", *f), ".00")
	}
	count := func(n *int) string {
		if n == nil || *n == 0 {
			return ""
		}
		return fmt.Sprint(*n)
	}
	between(number(s.Minimum), number(s.Maximum), "")
	between(count(s.MinLength), count(s.MaxLength), " characters")
	between(count(s.MinItems), count(s.MaxItems), " entries")
	return parts
}

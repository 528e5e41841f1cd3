package api_test

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// mutator makes bodies out of a schema and an example that fits it.
type mutator struct {
	spec *huma.OpenAPI
	rand *rand.Rand
}

func (m mutator) resolve(s *huma.Schema) *huma.Schema {
	for s != nil && s.Ref != "" {
		s = m.spec.Components.Schemas.SchemaFromRef(s.Ref)
	}
	return s
}

// wrong is values that hardly any member takes.
func wrong() []any {
	return []any{
		nil, true, -1, 0, 9.5, 1e300, json.Number("99999999999999999999"), json.Number("-9223372036854775809"), "", " ", "\u0000", "\u202e\U0001F4A9", "'; DROP TABLE smbs; --",
		"{{7*7}}", strings.Repeat("x", 70_000),
		[]any{},
		[]any{nil, 1, "a"},
		map[string]any{},
		map[string]any{"x": map[string]any{"y": []any{1}}},
	}
}

// edges is values at the bounds that a schema sets, one step inside and outside.
func edges(s *huma.Schema) (values []any) {
	for _, bound := range []*float64{s.Minimum, s.Maximum} {
		if bound != nil {
			values = append(values, *bound-1, *bound, *bound+1)
		}
	}
	for _, length := range []*int{s.MinLength, s.MaxLength} {
		if length != nil {
			values = append(values, strings.Repeat("é", max(0, *length-1)), strings.Repeat("é", *length), strings.Repeat("é", *length+1))
		}
	}
	if s.MaxItems != nil {
		values = append(values, slices.Repeat([]any{"a"}, *s.MaxItems+1), slices.Repeat([]any{1}, *s.MaxItems+1))
	}
	switch s.Format {
	case "date-time":
		values = append(values, "2026-02-30T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "yesterday")
	case "uuid":
		values = append(values, "00000000-0000-0000-0000-000000000000", "not-a-uuid")
	}
	return append(values, s.Enum...)
}

// bodies is the good example, then whatever can be made of it by changing one member.
func (m mutator) bodies(schema *huma.Schema, good any) (all []string) {
	text := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		return string(b)
	}
	all = append(all, text(good))
	for _, change := range m.changes(schema, plain(good)) {
		all = append(all, text(change))
	}
	return all
}

// plain is an example as JSON has it.
func plain(v any) any {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	var out any
	if err := json.Unmarshal(text, &out); err != nil {
		panic(err)
	}
	return out
}

// changes is good with one member left out, added, or wrong, on every level.
func (m mutator) changes(schema *huma.Schema, good any) (all []any) {
	s := m.resolve(schema)
	object, ok := good.(map[string]any)
	if s == nil || !ok {
		return wrong()
	}
	with := func(name string, value any) map[string]any {
		changed := maps.Clone(object)
		changed[name] = value
		return changed
	}
	all = append(all, with("zz_unknown", 1), map[string]any{})
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		p := m.resolve(s.Properties[name])
		if _, there := object[name]; there {
			without := maps.Clone(object)
			delete(without, name)
			all = append(all, without)
		}
		for _, value := range append(wrong(), edges(p)...) {
			all = append(all, with(name, value))
		}
		if inner, ok := object[name].(map[string]any); ok {
			for _, value := range m.changes(p, inner) {
				all = append(all, with(name, value))
			}
		}
		if list, ok := object[name].([]any); ok && len(list) > 0 && p != nil && p.Items != nil {
			for _, value := range m.changes(p.Items, list[0]) {
				all = append(all, with(name, []any{value}))
			}
		}
	}
	return all
}

// some is at most n of all, the first ones always.
func some[T any](m mutator, all []T, always, n int) []T {
	if len(all) <= n {
		return all
	}
	always = min(always, n)
	rest := slices.Clone(all[always:])
	m.rand.Shuffle(len(rest), func(i, j int) { rest[i], rest[j] = rest[j], rest[i] })
	return append(slices.Clone(all[:always]), rest[:n-always]...)
}

// severalWrong is good with several members of a wrong type, and their names.
func (m mutator) severalWrong(schema *huma.Schema, good any) (body string, names []string) {
	s := m.resolve(schema)
	object, ok := plain(good).(map[string]any)
	if s == nil || !ok {
		return "", nil
	}
	for name, p := range s.Properties {
		if p := m.resolve(p); slices.Contains([]string{huma.TypeString, huma.TypeInteger, huma.TypeNumber, huma.TypeBoolean}, p.Type) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	names = some(m, names, 0, 3)
	for _, name := range names {
		object[name] = map[string]any{"x": []any{}}
	}
	text, err := json.Marshal(object)
	if err != nil {
		panic(err)
	}
	return string(text), names
}

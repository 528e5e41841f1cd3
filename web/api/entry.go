package api

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// entry is one thing of a list, or those of its members that were asked for.
type entry[T any] struct {
	value T
	only  []string // nil: all
}

// Schema implements huma.SchemaProvider: an entry looks like the thing itself, but may be sparse.
func (entry[T]) Schema(r huma.Registry) *huma.Schema {
	t := reflect.TypeFor[T]()
	name := entryPrefix + huma.DefaultSchemaNamer(t, "")
	if r.Map()[name] == nil {
		s := huma.SchemaFromType(r, t)
		s.Description = strings.TrimSpace(s.Description + " As an entry of a list. With fields, only the members that were asked for are there.")
		s.Required = nil
		if s.Properties["id"] != nil {
			s.Required = []string{"id"}
		}
		refine(t, s)
		s.PrecomputeMessages()
		r.Map()[name] = s
	}
	return &huma.Schema{Ref: "#/components/schemas/" + name}
}

// entryPrefix begins the name of the schema of a list's entries.
const entryPrefix = "Entry"

// MarshalJSON implements json.Marshaler.
func (e entry[T]) MarshalJSON() ([]byte, error) {
	if e.only == nil {
		return plainJSON(tidy(e.value))
	}
	all, err := e.members()
	if err != nil {
		return nil, err
	}
	for name := range all {
		if !slices.Contains(e.only, name) {
			delete(all, name)
		}
	}
	return plainJSON(all)
}

// members is the value as its members, each a JSON text.
func (e entry[T]) members() (all map[string]json.RawMessage, err error) {
	text, err := plainJSON(tidy(e.value))
	if err != nil {
		return nil, err
	}
	return all, json.Unmarshal(text, &all)
}

// memberNames is the JSON names of a struct's members, embedded ones included.
func memberNames(t reflect.Type) []string {
	var names []string
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name != "" && name != "-" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

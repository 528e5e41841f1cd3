package docs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
)

// guide is the whole specification as the pages show it.
type guide struct {
	Title, Version, Server string
	Introduction           string // HTML, from our own Markdown
	Chapters               []chapter
	Groups                 []*group
	spec                   *huma.OpenAPI
}

// chapter is a heading of the introduction.
type chapter struct{ ID, Title string }

// group is a tag with its operations.
type group struct {
	Name, Slug, About string
	Operations        []operation
}

func (g *group) path() string { return Path + "/" + g.Slug }

// operation is one operation as its section shows it.
type operation struct {
	Method, Path, ID, Summary string
	About                     string // HTML
	Rule                      string // who may
	Parameters                []parameter
	Body                      []body // what may be sent, one a media type
	Answers                   []answer
	Errors                    []problem
	Curl                      string
}

type parameter struct {
	Name, In, Type, About, Example string
	Required                       bool
}

// body is one form of what is sent or answered.
type body struct {
	Type    string // media type
	About   string
	Example string
	Members []member
}

type answer struct {
	Status  int
	Title   string
	About   string
	Headers []string
	Bodies  []body
}

// problem is an error that an operation may answer.
type problem struct {
	Status       int
	Title, About string
}

var markdown = goldmark.New(goldmark.WithExtensions(extension.Table), goldmark.WithParserOptions(parser.WithAutoHeadingID()))

func htmlOf(text string) (string, error) {
	var out bytes.Buffer
	if err := markdown.Convert([]byte(text), &out); err != nil {
		return "", fmt.Errorf("read Markdown: %w", err)
	}
	return out.String(), nil
}

// readGuide turns a specification into what the pages show, in the order of its tags and paths.
func readGuide(spec *huma.OpenAPI, rule func(string) string) (*guide, error) {
	g := &guide{Title: spec.Info.Title, Version: spec.Info.Version, Server: "https://fibonacco.example", spec: spec}
	if len(spec.Servers) > 0 {
		g.Server = spec.Servers[0].URL
	}
	var err error
	if g.Introduction, err = htmlOf(spec.Info.Description); err != nil {
		return nil, err
	}
	for line := range strings.SplitSeq(spec.Info.Description, "\n") {
		if title, ok := strings.CutPrefix(line, "## "); ok {
			g.Chapters = append(g.Chapters, chapter{slug(title), title})
		}
	}
	byTag := map[string]*group{}
	for _, tag := range spec.Tags {
		byTag[tag.Name] = &group{Name: tag.Name, Slug: slug(tag.Name), About: tag.Description}
		g.Groups = append(g.Groups, byTag[tag.Name])
	}
	for _, path := range slices.Sorted(maps.Keys(spec.Paths)) {
		for _, op := range operations(spec.Paths[path]) {
			name := "Other"
			if len(op.Tags) > 0 {
				name = op.Tags[0]
			}
			if byTag[name] == nil {
				byTag[name] = &group{Name: name, Slug: slug(name)}
				g.Groups = append(g.Groups, byTag[name])
			}
			shown, err := g.operation(op, rule(op.Method+" "+op.Path))
			if err != nil {
				return nil, err
			}
			byTag[name].Operations = append(byTag[name].Operations, shown)
		}
	}
	g.Groups = slices.DeleteFunc(g.Groups, func(one *group) bool { return len(one.Operations) == 0 })
	return g, nil
}

func operations(p *huma.PathItem) []*huma.Operation {
	return slices.DeleteFunc([]*huma.Operation{p.Get, p.Post, p.Put, p.Patch, p.Delete}, func(op *huma.Operation) bool { return op == nil })
}

func slug(name string) string {
	return strings.Trim(strings.ReplaceAll(strings.ToLower(name), " ", "-"), "-")
}

func (g *guide) operation(op *huma.Operation, rule string) (out operation, err error) {
	out = operation{Method: op.Method, Path: op.Path, ID: op.OperationID, Summary: op.Summary, Rule: rule}
	if out.About, err = htmlOf(op.Description); err != nil {
		return out, err
	}
	for _, p := range op.Parameters {
		if p.Ref != "" {
			p = g.spec.Components.Parameters[last(p.Ref)]
		}
		kind := "text"
		if p.Schema != nil {
			kind = g.typeOf(p.Schema)
		}
		out.Parameters = append(out.Parameters, parameter{
			Name: p.Name, In: p.In, Type: kind, Required: p.Required, About: about(p.Description, p.Schema), Example: exampleOf(p.Example),
		})
	}
	if op.RequestBody != nil {
		out.Body = g.bodies(op.RequestBody.Content)
	}
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		code, err := strconv.Atoi(status)
		if err != nil {
			continue
		}
		r := op.Responses[status]
		if r.Ref != "" {
			r = g.spec.Components.Responses[last(r.Ref)]
		}
		if code >= http.StatusBadRequest {
			out.Errors = append(out.Errors, problem{code, http.StatusText(code), r.Description})
			continue
		}
		a := answer{Status: code, Title: http.StatusText(code), Headers: slices.Sorted(maps.Keys(r.Headers)), Bodies: g.bodies(r.Content)}
		if r.Description != a.Title {
			a.About = r.Description
		}
		out.Answers = append(out.Answers, a)
	}
	out.Curl = g.curl(op)
	return out, nil
}

func (g *guide) bodies(content map[string]*huma.MediaType) []body {
	var all []body
	for _, kind := range slices.Sorted(maps.Keys(content)) {
		media := content[kind]
		b := body{Type: kind, Example: pretty(media.Example)}
		if media.Schema != nil {
			b.Members = g.members(media.Schema, b.Example)
			if len(b.Members) == 0 {
				b.About = strings.TrimSpace(g.typeOf(media.Schema) + ". " + media.Schema.Description)
			}
		}
		all = append(all, b)
	}
	return all
}

func last(ref string) string { return ref[strings.LastIndexByte(ref, '/')+1:] }

// pretty is an example as people read it.
func pretty(example any) string {
	if text, ok := example.(string); ok {
		return strings.TrimSuffix(text, "\n")
	}
	if example == nil {
		return ""
	}
	text, err := jsonText(example, "  ")
	if err != nil {
		return ""
	}
	return text
}

func jsonText(v any, indent string) (string, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	err := enc.Encode(v)
	return strings.TrimSuffix(out.String(), "\n"), err
}

func exampleOf(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

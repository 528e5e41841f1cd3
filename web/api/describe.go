package api

import (
	"context"
	_ "embed"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api/edge"
)

//go:embed introduction.md
var introduction string

// describe finishes the specification: what the types cannot say about themselves, because they
// are the domain's and know nothing of HTTP.
func (a *API) describe() {
	spec := a.huma.OpenAPI()
	spec.Components.Headers, spec.Components.Parameters = headers, parameters
	spec.Components.Responses = map[string]*huma.Response{}
	for status := range errorWords {
		spec.Components.Responses[errorName(status)] = a.errorResponse(status)
	}
	for _, path := range spec.Paths {
		for _, op := range operationsOf(path) {
			describeParameters(op)
			describeErrors(op)
			describeAnswers(op)
		}
	}
	a.describeSchemas()
}

func operationsOf(p *huma.PathItem) []*huma.Operation {
	return slices.DeleteFunc([]*huma.Operation{p.Get, p.Post, p.Put, p.Patch, p.Delete}, func(op *huma.Operation) bool { return op == nil })
}

// headers are what answers carry.
var headers = map[string]*huma.Header{
	"RateLimit-Policy":    {Description: "The rate in force: q requests in w seconds.", Schema: &huma.Schema{Type: huma.TypeString}, Example: `"api";q=600;w=60`},
	"RateLimit-Limit":     {Description: "Requests that may be made at once.", Schema: &huma.Schema{Type: huma.TypeInteger}, Example: 10},
	"RateLimit-Remaining": {Description: "How many of these are left.", Schema: &huma.Schema{Type: huma.TypeInteger}, Example: 7},
	"RateLimit-Reset":     {Description: "Seconds until all of them are back.", Schema: &huma.Schema{Type: huma.TypeInteger}, Example: 1},
	"X-Request-Id":        {Description: "Finds this request in the server's log: what was sent, or a fresh one.", Schema: &huma.Schema{Type: huma.TypeString}, Example: exampleRequestID},
	"Retry-After":         {Description: "Seconds to wait.", Schema: &huma.Schema{Type: huma.TypeInteger, Minimum: bound(1)}, Example: 1},
	"WWW-Authenticate":    {Description: "How to sign in.", Schema: &huma.Schema{Type: huma.TypeString}, Example: `Bearer realm="fibonacco"`},
	idempotencyReplayed: {
		Description: "true when the request had been carried out before, and this is the answer it was given then.",
		Schema:      &huma.Schema{Type: huma.TypeBoolean}, Example: true,
	},
}

// parameters are headers that requests may carry.
var parameters = map[string]*huma.Param{
	idempotencyKey: {
		Name: idempotencyKey, In: "header", Example: "0193c2f0-5f0c-7d1e-9a2b-3c4d5e6f7081",
		Description: "Made up by you, new for each thing to be done. The same request with the same key is carried out once within 24 hours, and answered alike each time.",
		Schema:      &huma.Schema{Type: huma.TypeString, MinLength: most(1), MaxLength: most(255), Pattern: "^[!-~]+$"},
	},
	"X-Request-Id": {
		Name: "X-Request-Id", In: "header", Example: exampleRequestID,
		Description: "Your own name for the request, to find it in the server's log by; another is made up when it does not look like one.",
		Schema:      &huma.Schema{Type: huma.TypeString},
	},
}

const exampleRequestID = "3f9c2d41b7a05e68"

// describeParameters says which headers an operation takes, and what nobody said about the others.
func describeParameters(op *huma.Operation) {
	for _, p := range op.Parameters {
		if p.Description == "" && p.In == "path" {
			p.Description = "Which one."
		}
	}
	if op.Method == http.MethodPost && len(op.Security) > 0 {
		op.Parameters = append(op.Parameters, &huma.Param{Ref: "#/components/parameters/" + idempotencyKey})
	}
	op.Parameters = append(op.Parameters, &huma.Param{Ref: "#/components/parameters/X-Request-Id"})
}

// describeErrors refers to the errors of an operation, and adds those that follow from its shape.
func describeErrors(op *huma.Operation) {
	needs := func(statuses ...int) {
		for _, status := range statuses {
			if key := strconv.Itoa(status); op.Responses[key] == nil {
				op.Responses[key] = &huma.Response{}
			}
		}
	}
	needs(http.StatusRequestEntityTooLarge) // a body may come where none is asked for
	if strings.Contains(op.Path, "{") {
		needs(ofThing...)
	}
	if op.RequestBody != nil {
		needs(ofBody...)
	}
	if op.Method == http.MethodPost && len(op.Security) > 0 {
		needs(http.StatusConflict)
	}
	for status := range op.Responses {
		if code, err := strconv.Atoi(status); err == nil && errorWords[code] != "" {
			op.Responses[status] = &huma.Response{Ref: "#/components/responses/" + errorName(code)}
		}
	}
}

// describeAnswers adds the headers that every answer has to those that are no errors.
func describeAnswers(op *huma.Operation) {
	for _, r := range op.Responses {
		if r.Ref != "" {
			continue
		}
		if r.Headers == nil {
			r.Headers = map[string]*huma.Param{}
		}
		addHeaders(r, "RateLimit-Policy", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "X-Request-Id")
		if op.Method == http.MethodPost && len(op.Security) > 0 {
			addHeaders(r, idempotencyReplayed)
		}
	}
}

func addHeaders(r *huma.Response, names ...string) {
	for _, name := range names {
		r.Headers[name] = &huma.Header{Ref: "#/components/headers/" + name}
	}
}

func errorName(status int) string { return strings.ReplaceAll(http.StatusText(status), " ", "") }

// errorResponse is an error with an example, for all operations.
func (a *API) errorResponse(status int) *huma.Response {
	example := edge.New(context.Background(), edge.CodeOf(status), errorWords[status])
	example.RequestID = exampleRequestID
	if status == http.StatusUnprocessableEntity {
		example.Errors = []edge.Refusal{{Field: "primary_email", Reason: "is not an e-mail address"}, {Field: "state", Reason: "must be two capital letters, for example NY"}}
	}
	r := &huma.Response{
		Description: errorWords[status], Headers: map[string]*huma.Header{},
		Content: map[string]*huma.MediaType{"application/problem+json": {Schema: a.schemaOf(edge.Problem{}), Example: example}},
	}
	addHeaders(r, "X-Request-Id")
	if status != http.StatusUnauthorized { // nobody yet, whose requests could be counted
		addHeaders(r, "RateLimit-Policy", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
	}
	switch status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		addHeaders(r, "Retry-After")
	case http.StatusUnauthorized:
		addHeaders(r, "WWW-Authenticate")
	case http.StatusConflict:
		addHeaders(r, "Retry-After")
		r.Description += " With Retry-After, a request with the same Idempotency-Key is not over yet."
	}
	return r
}

// describeSchemas adds to the schemas what the Go types say beside them.
func (a *API) describeSchemas() {
	registry := a.huma.OpenAPI().Components.Schemas
	schemas := registry.Map()
	taken := a.requestSchemas()
	for name, s := range schemas {
		t := registry.TypeFromRef("#/components/schemas/" + name)
		if name == "SMBRecord" {
			t = reflect.TypeFor[smbRecord]()
		}
		anything(s)
		if taken[name] {
			continue
		}
		if s.AdditionalProperties == false {
			s.AdditionalProperties = nil // clients must bear with members that come later
		}
		if t != nil {
			refine(t, s)
		}
	}
	for where, text := range descriptions {
		schema, field, _ := strings.Cut(where, ".")
		for _, name := range []string{schema, entryPrefix + schema, schema + "Record"} {
			if s := schemas[name]; s != nil && s.Properties[field] != nil && s.Properties[field].Ref == "" {
				s.Properties[field].Description = text
			}
		}
	}
}

// requestSchemas is the names of all schemas that a request's body leads to: they stay as strict
// as they are checked.
func (a *API) requestSchemas() map[string]bool {
	spec := a.huma.OpenAPI()
	taken := map[string]bool{}
	var visit func(s *huma.Schema)
	visit = func(s *huma.Schema) {
		if s == nil {
			return
		}
		if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok && !taken[name] {
			taken[name] = true
			visit(spec.Components.Schemas.Map()[name])
		}
		for _, p := range s.Properties {
			visit(p)
		}
		for _, part := range slices.Concat(s.AnyOf, s.OneOf, s.AllOf, []*huma.Schema{s.Items, s.Not}) {
			visit(part)
		}
		if values, ok := s.AdditionalProperties.(*huma.Schema); ok {
			visit(values)
		}
	}
	for _, path := range spec.Paths {
		for _, op := range operationsOf(path) {
			if op.RequestBody != nil {
				for _, media := range op.RequestBody.Content {
					visit(media.Schema)
				}
			}
		}
	}
	return taken
}

// anything says of objects with members of any kind what every validator understands.
func anything(s *huma.Schema) {
	for _, p := range s.Properties {
		if values, ok := p.AdditionalProperties.(*huma.Schema); ok && values.Type == "" && values.Ref == "" && values.AnyOf == nil {
			p.AdditionalProperties = true
		}
	}
}

// refine puts what a struct's Go types say, and huma leaves out, into its schema: the values of
// enumerations, and that a pointer without omitempty may be null.
func refine(t reflect.Type, s *huma.Schema) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return
	}
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		p := s.Properties[name]
		if p == nil {
			continue
		}
		if f.Type.Kind() == reflect.Pointer && p.Ref != "" && !strings.Contains(options, "omitempty") {
			s.Properties[name] = &huma.Schema{AnyOf: []*huma.Schema{{Ref: p.Ref}, {Type: "null"}}, Description: p.Description}
			continue
		}
		if p.Type == huma.TypeString && f.Type.Kind() == reflect.String && p.Format == "" && (name == "uuid" || strings.HasSuffix(name, "_uuid")) {
			p.Format = "uuid"
		}
		if values := enumerations[f.Type]; values != nil && p.Enum == nil {
			p.Enum = values
		}
		if f.Type.Kind() == reflect.Slice && p.Items != nil && p.Items.Enum == nil {
			p.Items.Enum = enumerations[f.Type.Elem()]
		}
	}
}

// enumerations are the values of the domain's texts that have only some.
var enumerations = map[reflect.Type][]any{
	reflect.TypeFor[fibonacco.Role]():           values(fibonacco.Roles...),
	reflect.TypeFor[fibonacco.Ability]():        values(fibonacco.Abilities...),
	reflect.TypeFor[fibonacco.Channel]():        values(fibonacco.Channels...),
	reflect.TypeFor[fibonacco.ImportStatus]():   values(fibonacco.ImportStatuses...),
	reflect.TypeFor[fibonacco.EngagementKind](): values(fibonacco.EngagementKinds...),
	reflect.TypeFor[fibonacco.CampaignStatus](): values(fibonacco.StatusPending, fibonacco.StatusActive, fibonacco.StatusPaused, fibonacco.StatusCompleted),
	reflect.TypeFor[fibonacco.CampaignType]():   values(fibonacco.Hook, fibonacco.Edu, fibonacco.HowTo, fibonacco.Conv, fibonacco.Intro),
	reflect.TypeFor[fibonacco.SendStatus](): values(fibonacco.SendQueued, fibonacco.SendSending, fibonacco.SendSent, fibonacco.SendFailed, fibonacco.SendUnknown,
		fibonacco.SendBounced, fibonacco.SendComplained, fibonacco.SendSuppressed, fibonacco.SendCancelled),
}

func values[T ~string](all ...T) []any {
	out := make([]any, len(all))
	for i, v := range all {
		out[i] = string(v)
	}
	return out
}

package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"

	"github.com/fibonacco/fibonacco/web/api"
)

// conformance holds answers against the specification: all of them by huma's own rules and for
// members that nobody documented, a few of each kind by two validators that know nothing of huma.
type conformance struct {
	spec   *huma.OpenAPI
	kin    routers.Router
	lib    validator.Validator
	looked map[string]int // answers that the validators saw, by operation, status and type
}

const looksEach = 2 // compiling a schema takes the validators a while

func newConformance(t *testing.T, a *api.API) *conformance {
	t.Helper()
	text := specification(t, a)
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	router, err := legacy.NewRouter(doc, openapi3.DisableExamplesValidation()) // validators_test.go sees to them
	if err != nil {
		t.Fatal(err)
	}
	model, err := libopenapi.NewDocument(text)
	if err != nil {
		t.Fatal(err)
	}
	lib, errs := validator.NewValidator(model)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return &conformance{spec: a.Spec(), kin: router, lib: lib, looked: map[string]int{}}
}

// faults is what is wrong with the answer that an operation gave to a request.
func (c *conformance) faults(op *huma.Operation, r *http.Request, w *httptest.ResponseRecorder) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	body := w.Body.Bytes()
	if w.Code >= http.StatusInternalServerError && w.Code != http.StatusNotImplemented && w.Code != http.StatusServiceUnavailable {
		fault("our fault")
	}
	kind, _, _ := mime.ParseMediaType(w.Header().Get("Content-Type"))
	if w.Code >= http.StatusBadRequest {
		if kind != "application/problem+json" {
			fault("an error in %q", kind)
		}
		if w.Code == http.StatusUnprocessableEntity && !bytes.Contains(body, []byte(`"errors":[{"field":"`)) {
			fault("422 names no field")
		}
		if (w.Code == http.StatusTooManyRequests || w.Code == http.StatusServiceUnavailable) && w.Header().Get("Retry-After") == "" {
			fault("no Retry-After")
		}
	}
	r2 := documented(c.spec, op, w.Code)
	switch {
	case r2 == nil && (w.Code == http.StatusNotFound || w.Code == http.StatusMethodNotAllowed || w.Code/100 == 3):
		return faults // a strange id names no operation at all: that is the mux's answer
	case r2 == nil:
		fault("%d is not documented", w.Code)
		return faults
	case len(body) == 0:
		if len(r2.Content) > 0 && w.Code != http.StatusNotModified && kind != "application/x-ndjson" {
			fault("no body")
		}
		return faults
	}
	media := r2.Content[kind]
	if media == nil {
		fault("%q is not documented", kind)
		return faults
	}
	if strings.HasSuffix(kind, "json") && kind != "application/x-ndjson" {
		for _, err := range fits(c.spec, media.Schema, body, huma.ModeReadFromServer) {
			fault("%v", err)
		}
		var v any
		if json.Unmarshal(body, &v) == nil {
			for _, name := range c.unknown(media.Schema, v, "") {
				fault("the member %s is not documented", name)
			}
		}
	}
	if kind == "application/x-ndjson" {
		return append(faults, c.lines(r2.Content["application/json"].Schema, body)...)
	}
	return append(faults, c.look(op, r, w, kind)...)
}

// lines holds each line of an export against what a page of the list says of its entries.
func (c *conformance) lines(page *huma.Schema, body []byte) (faults []string) {
	entry := c.spec.Components.Schemas.SchemaFromRef(page.Ref).Properties["data"].Items
	for line := range bytes.Lines(body) {
		for _, err := range fits(c.spec, entry, line, huma.ModeReadFromServer) {
			faults = append(faults, fmt.Sprintf("the line %s: %v", line, err))
		}
	}
	return faults
}

// unknown is the members of a value that its schema does not have.
func (c *conformance) unknown(s *huma.Schema, v any, at string) (names []string) {
	for s != nil && s.Ref != "" {
		s = c.spec.Components.Schemas.SchemaFromRef(s.Ref)
	}
	if s == nil {
		return nil
	}
	for _, part := range s.AnyOf {
		if part.Ref != "" && v != nil {
			return c.unknown(part, v, at)
		}
	}
	switch v := v.(type) {
	case []any:
		for i, one := range v {
			names = append(names, c.unknown(s.Items, one, fmt.Sprintf("%s[%d]", at, i))...)
		}
	case map[string]any:
		values, _ := s.AdditionalProperties.(*huma.Schema)
		for name, value := range v {
			switch p := s.Properties[name]; {
			case p != nil:
				names = append(names, c.unknown(p, value, at+"."+name)...)
			case values != nil:
				names = append(names, c.unknown(values, value, at+"."+name)...)
			case len(s.Properties) > 0:
				names = append(names, at+"."+name)
			}
		}
	}
	return names
}

// look lets the two validators see an answer.
func (c *conformance) look(op *huma.Operation, r *http.Request, w *httptest.ResponseRecorder, kind string) (faults []string) {
	key := fmt.Sprint(op.OperationID, w.Code, kind)
	if c.looked[key] >= looksEach || !strings.HasSuffix(kind, "json") { // what is no JSON they only take for a text
		return nil
	}
	c.looked[key]++
	asked := httptest.NewRequest(r.Method, "http://example.com"+r.URL.EscapedPath(), nil)
	asked.Header = r.Header
	route, params, err := c.kin.FindRoute(asked)
	if err != nil {
		return nil // a path that only the mux understands
	}
	options := &openapi3filter.Options{
		IncludeResponseStatus: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc,
		SchemaValidationOptions: []openapi3.SchemaValidationOption{openapi3.EnableJSONSchema2020()},
	}
	err = openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: asked, PathParams: params, Route: route, Options: options},
		Status:                 w.Code, Header: w.Header(), Body: io.NopCloser(bytes.NewReader(w.Body.Bytes())), Options: options,
	})
	// kin-openapi lets no null pass where a schema names no type, as OpenAPI 3.0 had it; libopenapi knows
	// 3.1, and sees to nulls.
	if err != nil && !strings.Contains(err.Error(), "Value is not nullable") {
		faults = append(faults, "kin-openapi: "+err.Error())
	}
	answer := &http.Response{StatusCode: w.Code, Header: w.Header(), Body: io.NopCloser(bytes.NewReader(w.Body.Bytes()))}
	if ok, errs := c.lib.ValidateHttpResponse(asked, answer); !ok {
		for _, e := range errs {
			text := "libopenapi: " + e.Message + ": " + e.Reason
			for _, s := range e.SchemaValidationErrors {
				text += "; " + s.Reason
			}
			faults = append(faults, text)
		}
	}
	return faults
}

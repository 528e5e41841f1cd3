package api_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fibonacco/fibonacco/web/api"
)

// operations is every operation of the specification, by "METHOD path".
func operations(spec *huma.OpenAPI) map[string]*huma.Operation {
	all := map[string]*huma.Operation{}
	for path, item := range spec.Paths {
		for method, op := range map[string]*huma.Operation{
			http.MethodGet: item.Get, http.MethodPost: item.Post, http.MethodPut: item.Put, http.MethodPatch: item.Patch, http.MethodDelete: item.Delete,
		} {
			if op != nil {
				all[method+" "+path] = op
			}
		}
	}
	return all
}

// documented is what the specification says about one answer of an operation; nil for nothing.
func documented(spec *huma.OpenAPI, op *huma.Operation, status int) *huma.Response {
	r := op.Responses[strconv.Itoa(status)]
	if r != nil && r.Ref != "" {
		r = spec.Components.Responses[strings.TrimPrefix(r.Ref, "#/components/responses/")]
	}
	return r
}

// fits reports what is wrong with a JSON text against a schema of the specification.
func fits(spec *huma.OpenAPI, schema *huma.Schema, text []byte, mode huma.ValidateMode) []error {
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		return []error{err}
	}
	schema.PrecomputeMessages()
	var res huma.ValidateResult
	huma.Validate(spec.Components.Schemas, schema, huma.NewPathBuffer(nil, 0), mode, v, &res)
	return res.Errors
}

func TestSpecificationIsServed(t *testing.T) {
	t.Parallel()
	a := api.New(newHouse().options())
	for path, kind := range map[string]string{"/api/openapi.json": "application/openapi+json", "/api/openapi.yaml": "application/openapi+yaml"} {
		w := record(a, http.MethodGet, path)
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != kind || !strings.Contains(w.Body.String(), "/api/v1/smbs/{id}") {
			t.Errorf("%s: %d %s", path, w.Code, w.Header().Get("Content-Type"))
		}
		if w := record(a, http.MethodPost, path); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") == "" {
			t.Errorf("POST %s: %d", path, w.Code)
		}
	}
	var doc struct{ OpenAPI string }
	if err := json.Unmarshal(record(a, http.MethodGet, "/api/openapi.json").Body.Bytes(), &doc); err != nil || doc.OpenAPI != "3.1.0" {
		t.Errorf("got %+v, %v", doc, err)
	}
}

// Every reference leads somewhere, ids are unique, and path parameters are the path's.
func TestSpecificationHoldsTogether(t *testing.T) {
	t.Parallel()
	spec := api.New(newHouse().options()).Spec()
	text, err := spec.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	for part := range strings.SplitSeq(string(text), `"$ref":"`) {
		ref, _, _ := strings.Cut(part, `"`)
		if name, ok := strings.CutPrefix(ref, "#/components/schemas/"); ok && spec.Components.Schemas.Map()[name] == nil {
			t.Errorf("%s leads nowhere", ref)
		}
	}
	if strings.Contains(string(text), `"$schema"`) {
		t.Error("bodies carry $schema")
	}
	ids := map[string]string{}
	for route, op := range operations(spec) {
		if other, taken := ids[op.OperationID]; taken || op.OperationID == "" {
			t.Errorf("%s: id %q is that of %s", route, op.OperationID, other)
		}
		ids[op.OperationID] = route
		var declared, named []string
		for _, p := range op.Parameters {
			if p.In == "path" {
				declared = append(declared, p.Name)
			}
		}
		for _, segment := range strings.Split(route, "/") {
			if strings.HasPrefix(segment, "{") {
				named = append(named, strings.Trim(segment, "{}"))
			}
		}
		if !slices.Equal(declared, named) {
			t.Errorf("%s declares the path parameters %v", route, declared)
		}
	}
}

// A reader finds a summary, an example of each body, and a sentence for each error.
func TestEveryOperationIsDocumented(t *testing.T) {
	t.Parallel()
	spec := api.New(newHouse().options()).Spec()
	for route, op := range operations(spec) {
		if op.Summary == "" || len(op.Tags) != 1 || (len(op.Security) == 0) != opensDoors(route) {
			t.Errorf("%s: summary %q, tags %v, security %v", route, op.Summary, op.Tags, op.Security)
		}
		if op.RequestBody != nil {
			for kind, media := range op.RequestBody.Content {
				if media.Example == nil && kind != "multipart/form-data" {
					t.Errorf("%s: no example of a body in %s", route, kind)
				}
				checkExample(t, spec, route, media, huma.ModeWriteToServer)
			}
		}
		for status := range op.Responses {
			code, _ := strconv.Atoi(status)
			r := documented(spec, op, code)
			if r == nil {
				t.Errorf("%s: %s leads nowhere", route, status)
				continue
			}
			if r.Description == "" || r.Headers["X-Request-Id"] == nil {
				t.Errorf("%s: %s is not described, or lacks the headers of every answer", route, status)
			}
			if code >= 400 {
				if media := r.Content["application/problem+json"]; media == nil || media.Example == nil {
					t.Errorf("%s: the error %s has no example", route, status)
				}
			}
			for kind, media := range r.Content {
				if media.Example == nil {
					t.Errorf("%s: no example of the answer %s in %s", route, status, kind)
				}
				checkExample(t, spec, route, media, huma.ModeReadFromServer)
			}
		}
		for _, p := range op.Parameters {
			if p.Ref == "" && (p.Description == "" || p.Schema == nil) {
				t.Errorf("%s: the parameter %s is not described", route, p.Name)
			}
		}
		for _, status := range []string{"401", "403", "429", "500"} {
			if op.Responses[status] == nil {
				t.Errorf("%s: %s is missing", route, status)
			}
		}
	}
}

// opensDoors are the routes that nobody has to have signed in for.
func opensDoors(route string) bool {
	return route == "POST /api/v1/session" || route == "POST /api/v1/session/code" || forVisitors(route)
}

// forVisitors are the routes that learning pages use.
func forVisitors(route string) bool {
	return route == "GET /api/v1/content" || route == "GET /api/v1/content/{slug}" || strings.HasSuffix(route, ".pdf") || strings.HasPrefix(route, "POST /api/v1/content/{slug}/track/")
}

func checkExample(t *testing.T, spec *huma.OpenAPI, route string, media *huma.MediaType, mode huma.ValidateMode) {
	t.Helper()
	if media.Example == nil {
		return
	}
	text, err := json.Marshal(media.Example)
	if err != nil {
		t.Fatal(err)
	}
	if _, isText := media.Example.(string); isText && media.Schema.Type == huma.TypeString {
		return
	}
	if errs := fits(spec, media.Schema, text, mode); len(errs) > 0 {
		t.Errorf("%s: the example does not fit its schema: %v", route, errs)
	}
}

package api

import (
	"net/http"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fibonacco/fibonacco/web/api/edge"
)

// schemaOf refers to the schema of a value's type, which it adds when it is new.
func (a *API) schemaOf(v any) *huma.Schema {
	t := reflect.TypeOf(v)
	return a.huma.OpenAPI().Components.Schemas.Schema(t, true, t.Name())
}

// problems are error responses for routes that are not registered through huma.
func (a *API) problems(statuses []int) map[string]*huma.Response {
	out := map[string]*huma.Response{}
	for _, status := range statuses {
		out[strconv.Itoa(status)] = &huma.Response{
			Description: http.StatusText(status),
			Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: a.schemaOf(edge.Problem{})}},
		}
	}
	return out
}

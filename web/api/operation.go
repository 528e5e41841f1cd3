package api

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fibonacco/fibonacco/web/api/edge"
)

// operation is what the specification says about one route, beside what its types say.
type operation struct {
	method, path string // path under Prefix
	id           string // name in generated clients
	tag          string
	summary      string        // half a sentence
	description  string        // what else a caller needs to know
	status       int           // of success; 0 means 200, or 204 without a body
	errors       []int         // beside those that every route may give
	request      any           // an example; nil without a body
	response     any           // an example; nil without a body
	parameters   []*huma.Param // beside those that its input type has
	// rules are the domain's about a body that its schema refuses already, so that all that is
	// wrong is named at once; nil for none. A body that fits is judged by the module itself.
	rules func(body []byte) error
}

// everywhere are the errors that any route may answer.
var everywhere = []int{
	http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusUnprocessableEntity,
	http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusNotImplemented, http.StatusServiceUnavailable,
}

// The errors of routes that take a body, and of those that name one thing.
var (
	ofBody  = []int{http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType}
	ofThing = []int{http.StatusNotFound}
	// Those that take If-Match.
	ofCondition = []int{http.StatusConflict, http.StatusPreconditionFailed}
)

// bearer and inCookie are how callers say who they are.
var (
	bearer   = []map[string][]string{{"token": {}}, {"session": {}}}
	inCookie = []map[string][]string{{"session": {}}}
)

// security is what a route's rule asks for; nil is nothing.
func (op operation) security() []map[string][]string {
	switch rule := Permissions[op.method+" "+Prefix+op.path]; {
	case rule == everybody:
		return nil
	case rule.Ability == inPerson:
		return inCookie
	}
	return bearer
}

func (op operation) huma() huma.Operation {
	return huma.Operation{
		OperationID: op.id, Method: op.method, Path: Prefix + op.path, Tags: []string{op.tag},
		Summary: op.summary, Description: op.description, DefaultStatus: op.status,
		Errors:     slices.Concat(everywhere, op.errors),
		Parameters: op.parameters,
		Security:   op.security(), BodyReadTimeout: boundsOf("").time,
	}
}

// body and created are the answers that handlers give.
type body[T any] struct{ Body T }

type created[T any] struct {
	Location string `header:"Location" doc:"Where it is from now on."`
	Body     T
}

type none struct{}

// register adds a route: do's errors become problems, its examples go into the specification.
func register[I, O any](a *API, op operation, do func(ctx context.Context, in *I) (*O, error)) {
	registerUnchecked(a, op, func(ctx context.Context, in *I) (*O, error) {
		if err := exchangeOf(ctx).unknown(); err != nil {
			return nil, err
		}
		return do(ctx, in)
	})
}

// registerUnchecked is register for those who look at the names in the query themselves.
func registerUnchecked[I, O any](a *API, op operation, do func(ctx context.Context, in *I) (*O, error)) {
	huma.Register(a.huma, op.huma(), func(ctx context.Context, in *I) (*O, error) {
		out, err := do(ctx, in)
		if err != nil {
			return nil, edge.From(ctx, err)
		}
		return out, nil
	})
	if op.rules != nil {
		a.rules[op.id] = op.rules
	}
	a.exemplify(op)
}

// rulesOf is the rules of what a body says, as far as it can be read as a T.
func rulesOf[T any](judge func(in T) error) func(body []byte) error {
	return func(body []byte) error {
		var in T
		_ = json.Unmarshal(body, &in) // what does not fit is left out, and named by its schema
		return judge(in)
	}
}

// exemplify puts an operation's examples where its types put the schemas.
func (a *API) exemplify(op operation) {
	registered := operationAt(a.huma.OpenAPI().Paths[Prefix+op.path], op.method)
	if op.request != nil {
		registered.RequestBody.Content["application/json"].Example = op.request
	}
	if op.response != nil {
		registered.Responses[strconv.Itoa(registered.DefaultStatus)].Content["application/json"].Example = tidy(op.response)
	}
}

func operationAt(p *huma.PathItem, method string) *huma.Operation {
	return map[string]*huma.Operation{
		http.MethodGet: p.Get, http.MethodPost: p.Post, http.MethodPut: p.Put, http.MethodPatch: p.Patch, http.MethodDelete: p.Delete,
	}[method]
}

// tidy is v with empty lists and objects where Go has nil, so that nobody has to expect null.
func tidy(v any) any {
	if v == nil {
		return nil
	}
	in := reflect.ValueOf(v)
	if in.Kind() == reflect.Pointer || in.Kind() == reflect.Func {
		return v
	}
	out := reflect.New(in.Type()).Elem()
	out.Set(in)
	fill(out)
	return out.Interface()
}

// fill changes v alone: what it leads to is copied first, because a module may keep what it gave us.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Field(i); f.CanSet() {
				fill(f)
			}
		}
	case reflect.Pointer:
		if v.IsNil() || v.Type().Elem().Kind() != reflect.Struct {
			return
		}
		own := reflect.New(v.Type().Elem())
		own.Elem().Set(v.Elem())
		fill(own.Elem())
		v.Set(own)
	case reflect.Slice:
		if v.Type() == reflect.TypeFor[json.RawMessage]() {
			return // JSON of its own
		}
		own := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(own, v)
		if holds(v.Type().Elem()) {
			for i := range own.Len() {
				fill(own.Index(i))
			}
		}
		v.Set(own)
	case reflect.Map:
		own := reflect.MakeMapWithSize(v.Type(), v.Len())
		for entries := v.MapRange(); entries.Next(); {
			value := entries.Value()
			if holds(v.Type().Elem()) {
				own := reflect.New(v.Type().Elem()).Elem()
				own.Set(value)
				fill(own)
				value = own
			}
			own.SetMapIndex(entries.Key(), value)
		}
		v.Set(own)
	}
}

// holds reports whether values of a type may hold what has to be filled.
func holds(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Struct, reflect.Slice, reflect.Map, reflect.Pointer:
		return true
	}
	return false
}

package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fibonacco/fibonacco/web/api/edge"
)

// absentModules are the route groups of the specification that this build does not have yet.
var absentModules = []struct{ group, module string }{
	{"inbound", "Inbound Engine"},
	{"command-center", "Command Center"},
	{"ai", "AI Account Manager"},
	{"analytics", "Analytics module"},
}

// absent answers for them, with any method and below any path, so that a client can tell "not
// here yet" from "never heard of".
func (a *API) absent() {
	for _, m := range absentModules {
		answer := func(w http.ResponseWriter, r *http.Request) { edge.Write(w, r, moduleAbsent(m.module)) }
		path := Prefix + "/" + m.group
		a.handle(path, answer)
		a.handle(path+"/", answer)
		a.huma.OpenAPI().AddOperation(&huma.Operation{
			OperationID: "not-yet-" + m.group, Method: http.MethodGet, Path: path, Tags: []string{"Not in this build"},
			Summary:     "The " + m.module + ", later",
			Description: "Everything under " + path + " answers 501 with any method until the module is part of the build.",
			Security:    bearer,
			Responses:   a.problems(append([]int{http.StatusNotImplemented}, everywhere...)),
		})
	}
}

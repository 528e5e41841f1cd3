package api

import (
	"fmt"
	"net/http"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api/docs"
	"github.com/fibonacco/fibonacco/web/api/edge"
)

// serveReference answers with a page of the reference for people.
func (a *API) serveReference(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		edge.Write(w, r, edge.NotAllowed(r, "GET, HEAD"))
		return
	}
	edge.TraceOf(r.Context()).Pattern = docs.Path
	page, err := a.docs.Page(r.URL.Path)
	switch {
	case err != nil:
		edge.Write(w, r, fmt.Errorf("write the reference: %w", err))
	case page == nil:
		edge.Write(w, r, fibonacco.Errorf(fibonacco.NotFound, "there is no such page of the reference: %s is its first", docs.Path))
	default:
		docs.Serve(w, page)
	}
}

// ruleInWords is who may use a route, for people.
func ruleInWords(route string) string {
	rule, ok := Permissions[route]
	switch {
	case !ok:
		return ""
	case rule == everybody:
		return "Open to everybody: nobody needs to be signed in."
	case rule.Ability == anyAbility:
		return fmt.Sprintf("Takes the role %s or more.", rule.Role)
	case rule.Ability == inPerson:
		return fmt.Sprintf("Takes the role %s or more, and a person who has signed in: tokens are refused.", rule.Role)
	}
	return fmt.Sprintf("Takes the role %s or more, and the ability %s.", rule.Role, rule.Ability)
}

package api

import (
	"github.com/fibonacco/fibonacco"
)

// Permissions is the least role that each route takes (D11). It is the only place where this is
// said; a route that is missing here is closed to everybody, and a test holds that none is. A
// route without a method answers all of them.
var Permissions = map[string]fibonacco.Role{
	"GET /api/v1/communities":           fibonacco.Viewer,
	"POST /api/v1/communities":          fibonacco.Manager,
	"GET /api/v1/communities/{id}":      fibonacco.Viewer,
	"GET /api/v1/communities/{id}/smbs": fibonacco.Viewer,

	"GET /api/v1/smbs":         fibonacco.Viewer,
	"POST /api/v1/smbs":        fibonacco.Operator,
	"GET /api/v1/smbs/{id}":    fibonacco.Viewer,
	"PUT /api/v1/smbs/{id}":    fibonacco.Operator,
	"PATCH /api/v1/smbs/{id}":  fibonacco.Operator,
	"DELETE /api/v1/smbs/{id}": fibonacco.Manager,

	"POST /api/v1/smbs/{id}/campaign/start":  fibonacco.Operator,
	"POST /api/v1/smbs/{id}/campaign/pause":  fibonacco.Operator,
	"POST /api/v1/smbs/{id}/campaign/resume": fibonacco.Operator,
	"POST /api/v1/smbs/campaign/start":       fibonacco.Operator,
	"POST /api/v1/smbs/campaign/pause":       fibonacco.Operator,
	"POST /api/v1/smbs/campaign/resume":      fibonacco.Operator,

	"GET /api/v1/smbs/{id}/engagement/score": fibonacco.Viewer,
	"GET /api/v1/smbs/{id}/explain":          fibonacco.Viewer,
	"GET /api/v1/smbs/{id}/campaigns":        fibonacco.Viewer,

	"POST /api/v1/smbs/import":              fibonacco.Operator,
	"GET /api/v1/smbs/import/{uuid}/status": fibonacco.Viewer,

	"GET /api/v1/campaigns":      fibonacco.Viewer,
	"GET /api/v1/campaigns/{id}": fibonacco.Viewer,
	"GET /api/v1/campaign-sends": fibonacco.Viewer,
	"GET /api/v1/queues":         fibonacco.Viewer,

	"GET /api/v1/tokens":         fibonacco.Admin,
	"POST /api/v1/tokens":        fibonacco.Admin,
	"DELETE /api/v1/tokens/{id}": fibonacco.Admin,
	"POST /api/v1/users":         fibonacco.Admin,

	// Modules that are not part of this build: they say so to everybody who may look around.
	"/api/v1/content":             fibonacco.Viewer,
	"/api/v1/content/":            fibonacco.Viewer,
	"/api/v1/approvals":           fibonacco.Viewer,
	"/api/v1/approvals/":          fibonacco.Viewer,
	"/api/v1/inbound":             fibonacco.Viewer,
	"/api/v1/inbound/":            fibonacco.Viewer,
	"/api/v1/command-center":      fibonacco.Viewer,
	"/api/v1/command-center/":     fibonacco.Viewer,
	"/api/v1/ai":                  fibonacco.Viewer,
	"/api/v1/ai/":                 fibonacco.Viewer,
	"/api/v1/analytics":           fibonacco.Viewer,
	"/api/v1/analytics/":          fibonacco.Viewer,
	"/api/v1/rvm-drops":           fibonacco.Viewer,
	"/api/v1/rvm-drops/":          fibonacco.Viewer,
	"/api/v1/provisioning-tasks":  fibonacco.Viewer,
	"/api/v1/provisioning-tasks/": fibonacco.Viewer,
}

// permit returns Forbidden unless a role may use a route.
func permit(pattern string, role fibonacco.Role) error {
	least, ok := Permissions[pattern]
	if ok && role.AtLeast(least) {
		return nil
	}
	if !ok || role == fibonacco.Owner {
		return fibonacco.Errorf(fibonacco.Forbidden, "this is not open to the role %s", role)
	}
	return fibonacco.Errorf(fibonacco.Forbidden, "this takes the role %s or more, and yours is %s", least, role)
}

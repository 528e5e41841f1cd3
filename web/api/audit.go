package api

import (
	"context"
	"net/http"

	"github.com/fibonacco/fibonacco"
)

func (a *API) audit() {
	registerList(a, operation{
		method: http.MethodGet, path: "/audit-log", id: "list-audit-log", tag: tagAccess,
		summary:     "Who changed what, and when",
		description: "Newest first. Who is limited to communities sees the changes there.",
		response: list[fibonacco.AuditEntry]{Data: []fibonacco.AuditEntry{{
			ID: 9, At: exampleTime, ActorKind: "user", UserID: &exampleUser, ActorName: "Ana Ruiz", Action: "smb.updated", Entity: "smb", EntityID: "42",
			CommunityID: &exampleUser, Before: map[string]any{"city": ""}, After: map[string]any{"city": "Brooklyn"},
			IP: "203.0.113.7", RequestID: "3f9c2d41b7a05e68",
		}}, Page: pageInfo{Size: pageSizeDefault}},
	}, fibonacco.AuditListing, a.listAudit)
}

var exampleUser int64 = 1

func (a *API) listAudit(ctx context.Context, _ *none, q question) (fibonacco.Page[fibonacco.AuditEntry], error) {
	if a.o.Audit == nil {
		return fibonacco.Page[fibonacco.AuditEntry]{}, moduleAbsent("audit log")
	}
	return a.o.Audit.ListAudit(ctx, q.ListQuery)
}

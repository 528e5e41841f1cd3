package api

import (
	"context"
	"net/http"

	"github.com/fibonacco/fibonacco"
)

func (a *API) reviews() {
	registerList(a, operation{
		method: http.MethodGet, path: "/smbs/{id}/reviews", id: "list-smb-reviews", tag: tagBusinesses,
		summary: "What customers said of a business", errors: ofThing,
		description: "Published, waiting and held back. A review is held back by its owner for one of four reasons, which is here for you to see, and never for its stars: " +
			"filter[status]=held&filter[stars]=1 shows whether that is kept.",
		response: list[fibonacco.Review]{Data: []fibonacco.Review{{
			ID: 12, SMBID: 42, Name: "Ana", Stars: 2, Body: "The bread was good, the wait was long.", Verified: true, Status: "published", PublishAt: exampleTime,
			PublishedAt: &exampleTime, Response: "Sorry about the wait. We have a second oven now.", RespondedAt: &exampleTime, CreatedAt: exampleTime,
		}}, Page: pageInfo{Size: pageSizeDefault}},
	}, fibonacco.ReviewListing, a.listReviews)
}

func (a *API) listReviews(ctx context.Context, in *SMBPath, q question) (page fibonacco.Page[fibonacco.Review], err error) {
	if a.o.Reviews == nil {
		return page, moduleAbsent("Approval System")
	}
	id, err := a.smbID(ctx, in.ID)
	if err != nil {
		return page, err
	}
	return a.o.Reviews.ListReviews(ctx, id, q.ListQuery)
}

package api

import (
	"context"
	"net/http"

	"github.com/fibonacco/fibonacco"
)

func (a *API) segments() {
	registerList(a, operation{
		method: http.MethodGet, path: "/segments", id: "list-segments", tag: tagBusinesses,
		summary:     "Saved filters",
		description: "By name. With include=count, each says how many businesses are in it now.",
		response:    list[fibonacco.Segment]{Data: []fibonacco.Segment{exampleSegment}, Page: pageInfo{Size: pageSizeDefault}},
	}, fibonacco.SegmentListing, a.listSegments)
	register(a, operation{
		method: http.MethodPost, path: "/segments", id: "create-segment", tag: tagBusinesses,
		summary: "Save a filter", status: http.StatusCreated, errors: append([]int{http.StatusConflict}, ofBody...),
		description: "It can be used wherever businesses are filtered, as segment=its uuid; whose businesses are in it is found out anew at every use. 409 when the name is taken.",
		request: map[string]any{
			"name": "Quiet bakeries", "community_id": 1, "filter": map[string]any{"category": "Bakery", "engagement_tier": []int{3, 4}, "last_email_open": "..2026-10-01"},
		},
		response: exampleSegment,
	}, a.createSegment)
	register(a, operation{
		method: http.MethodGet, path: "/segments/{uuid}", id: "get-segment", tag: tagBusinesses,
		summary: "One saved filter", description: "With the number of businesses in it now.", errors: ofThing, response: counted(exampleSegment),
	}, a.getSegment)
	register(a, operation{
		method: http.MethodPut, path: "/segments/{uuid}", id: "put-segment", tag: tagBusinesses,
		summary: "Change a saved filter", errors: append(append([]int{http.StatusConflict}, ofThing...), ofBody...),
		description: "Name, description, filter and search become what is given; left out is empty. Its community stays.",
		request:     map[string]any{"name": "Quiet bakeries", "filter": map[string]any{"category": []string{"Bakery", "Café"}, "engagement_tier": 4}},
		response:    exampleSegment,
	}, a.updateSegment)
	register(a, operation{
		method: http.MethodDelete, path: "/segments/{uuid}", id: "delete-segment", tag: tagBusinesses,
		summary: "Forget a saved filter", description: "The businesses stay.", errors: ofThing,
	}, a.deleteSegment)
}

var exampleSegment = fibonacco.Segment{
	ID: 3, UUID: "0193c2f0-5e6f-7a8b-9c0d-1e2f3a4b5c6d", Name: "Quiet bakeries", CommunityID: &exampleUser,
	Filter: fibonacco.Filter{"category": "Bakery", "engagement_tier": "3,4", "last_email_open": "..2026-10-01"}, CreatedBy: &exampleUser,
	CreatedAt: exampleTime, UpdatedAt: exampleTime,
}

func counted(s fibonacco.Segment) fibonacco.Segment {
	n := 214
	s.Count = &n
	return s
}

// segmentInput is what a caller may say about a new saved filter.
type segmentInput struct {
	Name        string     `json:"name" minLength:"1" maxLength:"255" example:"Quiet bakeries" doc:"Unique within its community; case does not count."`
	Description string     `json:"description,omitempty" maxLength:"2000"`
	Filter      bulkFilter `json:"filter,omitempty" doc:"Every condition must hold."`
	Search      string     `json:"search,omitempty" maxLength:"200" doc:"Words to find, as in the list; or as search within the filter."`
	CommunityID *int64     `json:"community_id,omitempty" minimum:"1" example:"1" doc:"Only businesses of this one, and for its people; left out, of all, and for those who see all."`
}

// segmentChange is what a caller may say about one that there is.
type segmentChange struct {
	Name        string     `json:"name" minLength:"1" maxLength:"255" example:"Quiet bakeries"`
	Description string     `json:"description,omitempty" maxLength:"2000"`
	Filter      bulkFilter `json:"filter,omitempty" doc:"Every condition must hold."`
	Search      string     `json:"search,omitempty" maxLength:"200"`
}

// SegmentPath names a saved filter in a path.
type SegmentPath struct {
	UUID string `path:"uuid" maxLength:"100" example:"0193c2f0-5e6f-7a8b-9c0d-1e2f3a4b5c6d"`
}

func (in segmentChange) segment() (fibonacco.Segment, error) {
	s := fibonacco.Segment{Name: in.Name, Description: in.Description, Search: in.Search}
	filter, err := in.Filter.filter()
	if err != nil {
		return s, err
	}
	s.Filter = filter.Where
	if filter.IDs != nil {
		s.Filter["id"] = fibonacco.FilterValues(filter.IDs)
	}
	if filter.CommunityIDs != nil {
		s.Filter["community_id"] = fibonacco.FilterValues(filter.CommunityIDs)
	}
	if filter.Search != "" && s.Search != "" {
		return s, fibonacco.InvalidFields("the segment cannot be saved", []fibonacco.FieldError{{Field: "filter.search", Reason: "is said twice: search is there already"}})
	}
	s.Search += filter.Search
	return s, nil
}

func (a *API) listSegments(ctx context.Context, _ *none, q question) (page fibonacco.Page[fibonacco.Segment], err error) {
	if a.o.Segments == nil {
		return page, moduleAbsent("SMB CRM")
	}
	return a.o.Segments.ListSegments(ctx, q.ListQuery, q.wants("count"))
}

func (a *API) createSegment(ctx context.Context, in *body[segmentInput]) (*created[fibonacco.Segment], error) {
	if a.o.Segments == nil {
		return nil, moduleAbsent("SMB CRM")
	}
	b := in.Body
	s, err := segmentChange{b.Name, b.Description, b.Filter, b.Search}.segment()
	if err != nil {
		return nil, err
	}
	s.CommunityID = b.CommunityID
	stored, err := a.o.Segments.CreateSegment(ctx, s)
	if err != nil {
		return nil, err
	}
	return &created[fibonacco.Segment]{Location: Prefix + "/segments/" + stored.UUID, Body: *stored}, nil
}

func (a *API) getSegment(ctx context.Context, in *SegmentPath) (*body[fibonacco.Segment], error) {
	if a.o.Segments == nil {
		return nil, moduleAbsent("SMB CRM")
	}
	s, err := a.o.Segments.FindSegment(ctx, in.UUID)
	if err != nil {
		return nil, err
	}
	return &body[fibonacco.Segment]{*s}, nil
}

func (a *API) updateSegment(ctx context.Context, in *struct {
	SegmentPath
	Body segmentChange
},
) (*body[fibonacco.Segment], error) {
	if a.o.Segments == nil {
		return nil, moduleAbsent("SMB CRM")
	}
	change, err := in.Body.segment()
	if err != nil {
		return nil, err
	}
	s, err := a.o.Segments.UpdateSegment(ctx, in.UUID, change)
	if err != nil {
		return nil, err
	}
	return &body[fibonacco.Segment]{*s}, nil
}

func (a *API) deleteSegment(ctx context.Context, in *SegmentPath) (*none, error) {
	if a.o.Segments == nil {
		return nil, moduleAbsent("SMB CRM")
	}
	return nil, a.o.Segments.DeleteSegment(ctx, in.UUID)
}

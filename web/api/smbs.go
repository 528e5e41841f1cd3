package api

import (
	"context"
	"net/http"
	"slices"

	"github.com/fibonacco/fibonacco"
)

func (a *API) smbs() {
	example := list[entry[listedSMB]]{Data: []entry[listedSMB]{{value: listedSMB{smbRecord: smbRecord{SMB: exampleSMB}}}}, Page: pageInfo{Size: pageSizeDefault}}
	registerList(a, operation{
		method: http.MethodGet, path: "/smbs", id: "list-smbs", tag: tagBusinesses,
		summary: "Find businesses", response: example,
		description: "In the order they were added; a search that names no order has its own: the exact e-mail address or number first, then names that begin with it, then names " +
			"that contain it, then the rest. Every word of a search must occur in the name, the trading name, the e-mail address or the number; words of one or two characters at the " +
			"beginning of a word. Deleted businesses are never listed.",
	}, fibonacco.SMBListing, a.listSMBs)
	registerList(a, operation{
		method: http.MethodGet, path: "/communities/{id}/smbs", id: "list-community-smbs", tag: tagCommunities,
		summary: "The businesses of a community", description: "Filters, search, order and pages as in the list of all businesses.",
		errors: ofThing, response: example,
	}, fibonacco.SMBListing, a.listCommunitySMBs)
	a.smb()
}

func (a *API) listSMBs(ctx context.Context, _ *none, q question) (fibonacco.Page[listedSMB], error) {
	return a.pageOfSMBs(ctx, fibonacco.SMBFilter{}, q)
}

func (a *API) listCommunitySMBs(ctx context.Context, in *CommunityPath, q question) (fibonacco.Page[listedSMB], error) {
	c, err := a.findCommunity(ctx, in.ID)
	if err != nil {
		return fibonacco.Page[listedSMB]{}, err
	}
	return a.pageOfSMBs(ctx, fibonacco.SMBFilter{CommunityIDs: []int64{c.ID}}, q)
}

// pageOfSMBs is a page of those of a filter that a question asks for.
func (a *API) pageOfSMBs(ctx context.Context, filter fibonacco.SMBFilter, q question) (out fibonacco.Page[listedSMB], err error) {
	if a.o.Directory == nil {
		return out, moduleAbsent("SMB CRM")
	}
	filter.Where, filter.Search = q.Filter, q.Search
	page, err := a.o.Directory.QuerySMBs(ctx, fibonacco.SMBQuery{Filter: filter, Sort: q.Sort, Cursor: q.Cursor, Size: q.Size, Total: q.Total})
	if err != nil {
		return out, err
	}
	// A part that fields names is included as well.
	include := slices.Clone(q.Include)
	for _, name := range q.Fields {
		if slices.Contains(fibonacco.SMBListing.Includes, name) && !q.wants(name) {
			include = append(include, name)
		}
	}
	records, err := a.records(ctx, page.Data, include)
	if err != nil {
		return out, err
	}
	out.Next, out.Total = page.Next, page.Total
	show := slices.Concat(smbMembers, include)
	for _, r := range records {
		out.Data = append(out.Data, listedSMB{r, show})
	}
	return out, nil
}

// listedSMB is a business in a list, with the parts that were included and no others.
type listedSMB struct {
	smbRecord
	show []string // nil: the business alone
}

// MarshalJSON implements json.Marshaler.
func (l listedSMB) MarshalJSON() ([]byte, error) {
	show := l.show
	if show == nil {
		show = smbMembers
	}
	return entry[smbRecord]{l.smbRecord, show}.MarshalJSON()
}

package api

import (
	"context"
	"net/http"
	"slices"

	"github.com/fibonacco/fibonacco"
)

// contentChange is how staff write learning pages, and look after them.
func (a *API) contentChange() {
	register(a, operation{
		method: http.MethodGet, path: "/content/{slug}/source", id: "get-content-source", tag: tagContent,
		summary: "A learning page as it is written", errors: ofThing, response: exampleSource,
		description: "Its merge fields are not filled, and it is here when it is not active, too. The ETag goes into If-Match of a change.",
	}, a.getContentSource)
	register(a, operation{
		method: http.MethodPut, path: "/content/{slug}", id: "put-content", tag: tagContent,
		summary: "Change a learning page", errors: slices.Concat([]int{http.StatusConflict}, ofThing, ofBody, ofCondition),
		description: "Its slides and its article become what is given. Another text makes the next version; visitors who still have an earlier one before them are counted by that. " +
			"With If-Match, 412 says that somebody else was faster. Its title, and what it offers, are its campaign's.",
		request: exampleContentText, response: exampleSource,
	}, a.updateContent)
	register(a, operation{
		method: http.MethodPost, path: "/content/{slug}/preview", id: "preview-content", tag: tagContent,
		summary: "A learning page that is being written", errors: slices.Concat(ofThing, ofBody),
		description: "Filled for a business, or for anybody when smb_id is left out. Stores nothing; the approval link in it proves nothing.",
		request:     contentPreview{SMBID: 42, ContentText: exampleContentText}, response: exampleContent,
	}, a.previewContent)
	registerWhole(a, operation{
		method: http.MethodGet, path: "/content/{slug}/versions", id: "list-content-versions", tag: tagContent,
		summary: "What a learning page has said, newest first", errors: ofThing, description: "There is one page only. A version never changes.",
		response: whole([]fibonacco.ContentVersion{{
			Slug: exampleContent.Slug, Version: 2, Title: "A page you control", Slides: exampleContent.Slides, CreatedBy: "Ana Ruiz", CreatedAt: exampleTime,
		}}),
	}, a.listContentVersions)
	registerWhole(a, operation{
		method: http.MethodGet, path: "/content/figures", id: "list-content-figures", tag: tagContent,
		summary: "What became of each learning page, in short",
		description: "Every page, active or not. There is one page of the list only. Who is limited to communities gets the visits of their businesses. " +
			"The figures may be some seconds old, and minutes where millions of visits take long to count.",
		response: whole([]fibonacco.ContentFigures{{
			Slug: exampleContent.Slug, Type: "hook", Title: "A page you control", CampaignID: "HOOK-001", ServiceType: "listing_claim", IsActive: true, Version: 2, Slides: 7,
			DurationSeconds: 95, Views: 214, Completed: 96, ApprovalClicks: 31, MeanSeconds: exampleContentStats.MeanSeconds,
		}}),
	}, a.listContentFigures)
	smb := int64(42)
	registerList(a, operation{
		method: http.MethodGet, path: "/content/{slug}/views", id: "list-content-views", tag: tagContent,
		summary: "The visits to a learning page", errors: ofThing,
		description: "The newest first. Who is limited to communities gets the visits of their businesses, and none of strangers.",
		response: list[fibonacco.ContentView]{Data: []fibonacco.ContentView{{
			ID: 9, SMBID: &smb, ContentSlug: exampleContent.Slug, ContentVersion: 2, StartedAt: exampleTime, CompletionPercentage: 42, SourceCampaignID: "HOOK-001",
			SlidesViewed: []int{1, 2, 3}, CreatedAt: exampleTime, UpdatedAt: exampleTime,
		}}, Page: pageInfo{Size: pageSizeDefault}},
	}, fibonacco.ContentViewListing, a.listContentViews)
}

// ContentText is what may change of a learning page.
type ContentText struct {
	Slides      []fibonacco.Slide `json:"slides" maxItems:"40" doc:"In their order. Their texts are Liquid."`
	ArticleBody string            `json:"article_body" doc:"Liquid in Markdown; empty is no article."`
}

func (t ContentText) draft() fibonacco.ContentDraft {
	return fibonacco.ContentDraft{Slides: t.Slides, ArticleBody: t.ArticleBody}
}

type contentPreview struct {
	SMBID int64 `json:"smb_id,omitempty" minimum:"0" example:"42" doc:"The business to fill it for; left out, anybody."`
	ContentText
}

var (
	exampleContentText = ContentText{Slides: exampleContent.Slides, ArticleBody: "## One page with your facts, under your control\n"}
	exampleSource      = fibonacco.Content{
		ID: 3, Slug: exampleContent.Slug, Type: "hook", Title: "A page you control", CampaignID: "HOOK-001", Slides: exampleContent.Slides, ArticleBody: exampleContentText.ArticleBody,
		DurationSeconds: 95, ServiceType: "listing_claim", ApprovalButtonText: "Set up my page", PersonalizationFields: []string{"business_name"}, IsActive: true, Version: 2,
		CreatedAt: exampleTime, UpdatedAt: exampleTime,
	}
)

func (a *API) getContentSource(ctx context.Context, in *ContentPath) (*tagged[fibonacco.Content], error) {
	pages, err := a.learning()
	if err != nil {
		return nil, err
	}
	c, err := pages.ContentSource(ctx, in.Slug)
	if err != nil {
		return nil, err
	}
	return tag[fibonacco.Content](c.Version, *c)
}

func (a *API) updateContent(ctx context.Context, in *struct {
	ContentPath
	Conditions
	Body ContentText
},
) (*tagged[fibonacco.Content], error) {
	if err := a.mayEdit(ctx); err != nil {
		return nil, err
	}
	pages, err := a.learning()
	if err != nil {
		return nil, err
	}
	old, err := pages.ContentSource(ctx, in.Slug)
	if err != nil {
		return nil, err
	}
	if _, err := ifMatch(ctx, "page", old.Version); err != nil {
		return nil, err
	}
	c, err := pages.UpdateContent(ctx, in.Slug, old.Version, in.Body.draft(), fibonacco.PrincipalOf(ctx).Name)
	if err != nil {
		return nil, err
	}
	return tag[fibonacco.Content](c.Version, *c)
}

func (a *API) previewContent(ctx context.Context, in *struct {
	ContentPath
	Body contentPreview
},
) (*body[contentAnswer], error) {
	pages, err := a.learning()
	if err != nil {
		return nil, err
	}
	p, err := pages.PreviewContent(ctx, in.Slug, in.Body.draft(), in.Body.SMBID)
	if err != nil {
		return nil, err
	}
	return &body[contentAnswer]{answerOf(p)}, nil
}

func (a *API) listContentVersions(ctx context.Context, in *ContentPath) (*body[list[fibonacco.ContentVersion]], error) {
	pages, err := a.learning()
	if err != nil {
		return nil, err
	}
	all, err := pages.ListContentVersions(ctx, in.Slug)
	if err != nil {
		return nil, err
	}
	return &body[list[fibonacco.ContentVersion]]{whole(all)}, nil
}

func (a *API) listContentFigures(ctx context.Context, _ *struct{}) (*body[list[fibonacco.ContentFigures]], error) {
	pages, err := a.learning()
	if err != nil {
		return nil, err
	}
	all, err := pages.ListContentFigures(ctx)
	if err != nil {
		return nil, err
	}
	return &body[list[fibonacco.ContentFigures]]{whole(all)}, nil
}

func (a *API) listContentViews(ctx context.Context, in *ContentPath, q question) (page fibonacco.Page[fibonacco.ContentView], err error) {
	pages, err := a.learning()
	if err != nil {
		return page, err
	}
	return pages.QueryViews(ctx, in.Slug, q.ListQuery)
}

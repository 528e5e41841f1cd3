package api

import (
	"context"
	"net/http"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/clientip"
)

// content is the Learning Center: what visitors' pages ask and tell without a sign-in, and the figures for
// staff. What a visitor may see of whom is in the signed link of a mail; an id opens nothing.
func (a *API) content() {
	register(a, operation{
		method: http.MethodGet, path: "/content", id: "list-content", tag: tagContent,
		summary: "The learning pages", description: "Open to everybody. Active ones by id, at most 100 at a time; next is what after takes for those that follow, 0 on the last page.",
		response: contentList{Data: []fibonacco.ContentSummary{exampleSummary}},
	}, a.listContent)
	register(a, operation{
		method: http.MethodGet, path: "/content/{slug}", id: "get-content", tag: tagContent,
		summary: "One learning page", errors: ofThing, response: exampleContent,
		description: "Open to everybody. Slides, narration and article are filled for the business that r, the token of a mail's link, tells; without one, or with one that proves nothing, for anybody. approval_url is empty unless the business is known and the page is about a service.",
	}, a.getContent)
	register(a, operation{
		method: http.MethodGet, path: "/content/{slug}/stats", id: "get-content-stats", tag: tagContent,
		summary: "What became of a learning page", errors: ofThing, response: exampleContentStats,
		description: "Each figure is counted by itself: they need not add up. Machines are not counted.",
	}, a.contentStats)
	register(a, operation{
		method: http.MethodPost, path: "/content/{slug}/track/start", id: "start-view", tag: tagContent,
		summary: "Begin a visit", errors: append(append([]int{}, ofThing...), ofBody...),
		description: "Open to everybody. Answers with the visit's opaque id, which is good for this page only; empty when the user agent is a machine's, which is not counted. A business that is known by its link, and comes again within half an hour, goes on with the visit it has.",
		request:     map[string]any{"recipient": "", "from": "https://www.example.org/"}, response: startedView{View: "tQEGYS1wYWdl-Rk3vJ2mX0pQ"},
	}, a.startView)
	a.contentPapers()
	a.contentChange()
	for _, step := range viewSteps {
		register(a, operation{
			method: http.MethodPost, path: "/content/{slug}/track/" + string(step.kind), id: step.id, tag: tagContent,
			summary: step.summary, errors: ofBody, request: step.example,
			description: "Open to everybody, and made for navigator.sendBeacon. Counts once per visit. 422 for a visit that is not one to this page.",
		}, func(ctx context.Context, in *viewStepInput) (*struct{}, error) {
			return a.recordView(ctx, step.kind, in)
		})
	}
}

var viewSteps = []struct {
	kind        fibonacco.ViewStepKind
	id, summary string
	example     map[string]any
}{
	{fibonacco.SlideSeen, "record-slide", "A slide was seen", map[string]any{"view": "tQEGYS1wYWdl-Rk3vJ2mX0pQ", "slide": 2, "seconds": 31}},
	{fibonacco.ViewCompleted, "record-completion", "The end was reached", map[string]any{"view": "tQEGYS1wYWdl-Rk3vJ2mX0pQ", "seconds": 96}},
	{fibonacco.ApprovalClicked, "record-approval-click", "The approval button was pressed", map[string]any{"view": "tQEGYS1wYWdl-Rk3vJ2mX0pQ"}},
	{fibonacco.PDFDownloaded, "record-download", "The page was downloaded", map[string]any{"view": "tQEGYS1wYWdl-Rk3vJ2mX0pQ"}},
}

// ContentPath names a learning page in a path.
type ContentPath struct {
	Slug string `path:"slug" maxLength:"255" example:"a-page-you-control"`
}

type contentList struct {
	Data []fibonacco.ContentSummary `json:"data"`
	Next int64                      `json:"next" doc:"0 on the last page."`
}

// contentAnswer is a page as its reader gets it.
type contentAnswer struct {
	Slug               string                     `json:"slug"`
	Type               string                     `json:"type" example:"hook"`
	Title              string                     `json:"title"`
	For                string                     `json:"for" doc:"The business it is filled for; empty for anybody."`
	Slides             []fibonacco.Slide          `json:"slides"`
	ArticleHTML        string                     `json:"article_html" doc:"Safe to show: made from Markdown, with the values escaped."`
	AudioBaseURL       string                     `json:"audio_base_url" doc:"The slides' audio files are below it."`
	DurationSeconds    int                        `json:"duration_seconds"`
	ServiceType        string                     `json:"service_type"`
	ApprovalButtonText string                     `json:"approval_button_text"`
	ApprovalURL        string                     `json:"approval_url"`
	Related            []fibonacco.RelatedContent `json:"related"`
}

type startedView struct {
	View string `json:"view"`
}

type viewStepInput struct {
	ContentPath
	Body struct {
		View    string `json:"view" minLength:"1" maxLength:"512" doc:"What start answered."`
		Slide   int    `json:"slide,omitempty" minimum:"0" maximum:"1000" doc:"Which one, from 1; of slide only."`
		Seconds int    `json:"seconds,omitempty" minimum:"0" maximum:"86400" doc:"Since the page was opened."`
	}
}

var exampleSummary = fibonacco.ContentSummary{Slug: "a-page-you-control", Type: "hook", Title: "A page you control", ServiceType: "listing_claim", DurationSeconds: 95}

var exampleContent = contentAnswer{
	Slug: "a-page-you-control", Type: "hook", Title: "A page you control", Slides: []fibonacco.Slide{{
		Component: "HeroSlide", Headline: "A page for your business", Body: "Your facts, in one place.", Narration: "In about ninety seconds I will show you one offer.", Seconds: 12,
	}},
	ArticleHTML: "<h2>One page with your facts, under your control</h2>", DurationSeconds: 95, ServiceType: "listing_claim", ApprovalButtonText: "Set up my page",
	Related: []fibonacco.RelatedContent{{Slug: "how-local-search-chooses", Type: "edu", Title: "How local search chooses"}},
}

var exampleContentStats = func() fibonacco.ContentStats {
	percent, seconds := 71.5, 88.0
	return fibonacco.ContentStats{
		Slug: "a-page-you-control", Version: 2, SlideVisits: 214, Views: 214, KnownViews: 180, Businesses: 171, Completed: 96, ApprovalClicks: 31, Downloads: 4,
		MeanPercent: &percent, MeanSeconds: &seconds, Slides: []fibonacco.SlideViews{{Slide: 1, Views: 214}, {Slide: 2, Views: 190}},
	}
}()

func (a *API) learning() (fibonacco.LearningCenter, error) {
	if a.o.Learning == nil {
		return nil, moduleAbsent("Learning Center")
	}
	return a.o.Learning, nil
}

func (a *API) listContent(ctx context.Context, in *struct {
	Type  string `query:"type" enum:"hook,edu,howto,article" example:"edu" doc:"What kind of page."`
	After int64  `query:"after" minimum:"0" example:"0" doc:"next of the page before."`
},
) (*body[contentList], error) {
	pages, err := a.learning()
	if err != nil {
		return nil, err
	}
	found, next, err := pages.ListPages(ctx, in.Type, in.After, 100)
	if err != nil {
		return nil, err
	}
	return &body[contentList]{contentList{Data: append([]fibonacco.ContentSummary{}, found...), Next: next}}, nil
}

func (a *API) getContent(ctx context.Context, in *struct {
	ContentPath
	Recipient string `query:"r" maxLength:"512" doc:"The token of a mail's link."`
},
) (*body[contentAnswer], error) {
	pages, err := a.learning()
	if err != nil {
		return nil, err
	}
	p, err := pages.LearningPage(ctx, in.Slug, in.Recipient)
	if err != nil {
		return nil, err
	}
	return &body[contentAnswer]{answerOf(p)}, nil
}

func answerOf(p *fibonacco.LearningPage) contentAnswer {
	return contentAnswer{
		Slug: p.Slug, Type: p.Type, Title: p.Title, For: p.For, Slides: append([]fibonacco.Slide{}, p.Slides...), ArticleHTML: p.ArticleHTML,
		AudioBaseURL: p.AudioBaseURL, DurationSeconds: p.DurationSeconds, ServiceType: p.ServiceType, ApprovalButtonText: p.ApprovalButtonText,
		ApprovalURL: p.ApprovalURL, Related: append([]fibonacco.RelatedContent{}, p.Related...),
	}
}

func (a *API) contentStats(ctx context.Context, in *ContentPath) (*body[fibonacco.ContentStats], error) {
	pages, err := a.learning()
	if err != nil {
		return nil, err
	}
	stats, err := pages.ContentStats(ctx, in.Slug)
	if err != nil {
		return nil, err
	}
	return &body[fibonacco.ContentStats]{*stats}, nil
}

func (a *API) startView(ctx context.Context, in *struct {
	ContentPath
	Body struct {
		Recipient string `json:"recipient,omitempty" maxLength:"512" doc:"The token of the mail's link, if the visitor came by one."`
		Version   int32  `json:"version,omitempty" minimum:"0" example:"3" doc:"Of the page that the visitor has before them; left out, the present one."`
		From      string `json:"from,omitempty" maxLength:"2000" doc:"The page that led here; kept without its query."`
	}
},
) (*body[startedView], error) {
	pages, err := a.learning()
	if err != nil {
		return nil, err
	}
	r := exchangeOf(ctx).r
	view, err := pages.StartView(ctx, in.Slug, in.Body.Recipient, fibonacco.VisitContext{
		Version: int(in.Body.Version), URL: in.Body.From, IP: clientip.Of(r), UserAgent: r.UserAgent(),
	})
	if err != nil {
		return nil, err
	}
	return &body[startedView]{startedView{View: view}}, nil
}

func (a *API) recordView(ctx context.Context, kind fibonacco.ViewStepKind, in *viewStepInput) (*struct{}, error) {
	pages, err := a.learning()
	if err != nil {
		return nil, err
	}
	return nil, pages.RecordView(ctx, in.Slug, in.Body.View, fibonacco.ViewStep{Kind: kind, Slide: in.Body.Slide, Seconds: in.Body.Seconds})
}

package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api"
)

// pages is a Learning Center with one page, "a-page", and one visit to it, "v1". It notes what it was told.
type pages struct{ told []string }

func noSuchPage(slug string) error {
	if slug == "a-page" {
		return nil
	}
	return fibonacco.Errorf(fibonacco.NotFound, "there is no such page")
}

func (p *pages) LearningPage(_ context.Context, slug, recipient string) (*fibonacco.LearningPage, error) {
	if err := noSuchPage(slug); err != nil {
		return nil, err
	}
	page := &fibonacco.LearningPage{Content: fibonacco.Content{Slug: slug, Type: "hook", Title: "A page"}}
	if recipient == "rosa" {
		page.For, page.ApprovalURL = "</script>\u2028{{ x }}", "https://go.example.com/approve/T"
	}
	return page, nil
}

func (p *pages) PrintPage(_ context.Context, slug, recipient string, paper fibonacco.Paper) (*fibonacco.PrintedPage, error) {
	return &fibonacco.PrintedPage{Name: slug + "-" + string(paper) + ".pdf", PDF: []byte("%PDF-1.3 " + recipient)}, noSuchPage(slug)
}

func (p *pages) ListPages(_ context.Context, kind string, after int64, _ int) ([]fibonacco.ContentSummary, int64, error) {
	if kind == "edu" || after > 0 {
		return nil, 0, nil
	}
	return []fibonacco.ContentSummary{{Slug: "a-page", Type: "hook", Title: "A page"}}, 0, nil
}

func (p *pages) ContentStats(_ context.Context, slug string) (*fibonacco.ContentStats, error) {
	return &fibonacco.ContentStats{Slug: slug, Views: 2, Slides: []fibonacco.SlideViews{}}, noSuchPage(slug)
}

func (p *pages) StartView(_ context.Context, slug, recipient string, v fibonacco.VisitContext) (string, error) {
	p.told = append(p.told, fmt.Sprint("start ", recipient, " ", v))
	return "v1", noSuchPage(slug)
}

func (p *pages) RecordView(_ context.Context, slug, view string, step fibonacco.ViewStep) error {
	if slug != "a-page" || view != "v1" {
		return fibonacco.InvalidFields("nothing was counted", []fibonacco.FieldError{{Field: "view", Reason: "is not a visit to this page"}})
	}
	p.told = append(p.told, fmt.Sprint(step))
	return nil
}

func (p *pages) ContentSource(_ context.Context, slug string) (*fibonacco.Content, error) {
	return &fibonacco.Content{Slug: slug, Version: 2, Slides: []fibonacco.Slide{}, PersonalizationFields: []string{}}, noSuchPage(slug)
}

func (p *pages) UpdateContent(_ context.Context, slug string, version int, d fibonacco.ContentDraft, by string) (*fibonacco.Content, error) {
	p.told = append(p.told, fmt.Sprint("update ", version, d.ArticleBody, by))
	return &fibonacco.Content{Slug: slug, Version: version + 1, Slides: d.Slides, PersonalizationFields: []string{}}, noSuchPage(slug)
}

func (p *pages) PreviewContent(_ context.Context, slug string, d fibonacco.ContentDraft, smbID int64) (*fibonacco.LearningPage, error) {
	return &fibonacco.LearningPage{Content: fibonacco.Content{Slug: slug, Slides: d.Slides}, For: fmt.Sprint("business ", smbID)}, noSuchPage(slug)
}

func (p *pages) ListContentVersions(_ context.Context, slug string) ([]fibonacco.ContentVersion, error) {
	return []fibonacco.ContentVersion{{Slug: slug, Version: 2, Slides: []fibonacco.Slide{}, CreatedBy: "library"}}, noSuchPage(slug)
}

func (p *pages) ListContentFigures(context.Context) ([]fibonacco.ContentFigures, error) {
	return []fibonacco.ContentFigures{{Slug: "a-page", Views: 7}}, nil
}

func (p *pages) QueryViews(_ context.Context, slug string, _ fibonacco.ListQuery) (fibonacco.Page[fibonacco.ContentView], error) {
	return fibonacco.Page[fibonacco.ContentView]{Data: []fibonacco.ContentView{{ID: 9, ContentSlug: slug, SlidesViewed: []int{}}}}, noSuchPage(slug)
}

func TestContentIsWritten(t *testing.T) {
	t.Parallel()
	o := newHouse().options()
	learning := &pages{}
	o.Learning, o.Editor = learning, struct{ fibonacco.CampaignEditor }{}
	a := api.New(o)
	const text = `{"slides":[{"component":"HeroSlide","headline":"A","seconds":5}],"article_body":"x"}`
	for _, tc := range []struct {
		route, role, body string
		status            int
		says              string
	}{
		{"GET /content/figures", "viewer", "", 200, `"views":7`},
		{"GET /content/figures", "-", "", 401, ""},
		{"GET /content/a-page/source", "viewer", "", 200, `"version":2`},
		{"GET /content/none/source", "viewer", "", 404, ""},
		{"GET /content/a-page/versions", "viewer", "", 200, `"created_by":"library"`},
		{"GET /content/a-page/views", "viewer", "", 200, `"id":9`},
		{"GET /content/a-page/views?filter[slide]=1", "viewer", "", 422, "slide"},
		{"POST /content/a-page/preview", "operator", text, 200, `"for":"business 0"`},
		{"POST /content/a-page/preview", "viewer", text, 403, ""},
		{"PUT /content/a-page", "operator", text, 403, ""},
		{"PUT /content/a-page", "manager", text, 200, `"version":3`},
		{"PUT /content/a-page", "manager", `{"slides":[]}`, 422, "article_body"},
		{"PUT /content/none", "manager", text, 404, ""},
	} {
		got := do(t, a, request{route: tc.route, role: tc.role, body: tc.body})
		if got.StatusCode != tc.status || !strings.Contains(got.body, tc.says) {
			t.Errorf("%s as %s: %d %s, want %d %s", tc.route, tc.role, got.StatusCode, got.body, tc.status, tc.says)
		}
	}
	tag := do(t, a, request{route: "GET /content/a-page/source", role: "viewer"}).Header.Get("ETag")
	if got := do(t, a, request{route: "PUT /content/a-page", role: "manager", body: text, headers: map[string]string{"If-Match": tag}}); got.StatusCode != 200 {
		t.Errorf("with the present tag: %d", got.StatusCode)
	}
	if got := do(t, a, request{route: "PUT /content/a-page", role: "manager", body: text, headers: map[string]string{"If-Match": `"1-x"`}}); got.StatusCode != 412 {
		t.Errorf("with an old tag: %d", got.StatusCode)
	}
}

func TestContent(t *testing.T) {
	t.Parallel()
	o := newHouse().options()
	learning := &pages{}
	o.Learning = learning
	a := api.New(o)
	for _, tc := range []struct {
		route, role, body string
		status            int
		says              string
	}{
		{"GET /content", "-", "", 200, `"data":[{"slug":"a-page"`},
		{"GET /content?type=edu", "-", "", 200, `{"data":[],"next":0}`},
		{"GET /content?type=poem", "-", "", 422, `"code"`},
		{"GET /content/a-page", "-", "", 200, `"approval_url":""`},
		{"GET /content/a-page?r=rosa", "-", "", 200, `"approval_url":"https://go.example.com/approve/T"`},
		{"GET /content/a-page?smb_id=1", "-", "", 422, "smb_id"},
		{"GET /content/none", "-", "", 404, "no such page"},
		{"GET /content/a-page/article.pdf", "-", "", 200, "%PDF-1.3 "},
		{"GET /content/a-page/handout.pdf?r=rosa", "-", "", 200, "%PDF-1.3 rosa"},
		{"GET /content/a-page/handout.pdf?smb_id=1", "-", "", 422, "smb_id"},
		{"GET /content/none/article.pdf", "-", "", 404, "no such page"},
		{"GET /content/a-page/stats", "-", "", 401, ""},
		{"GET /content/a-page/stats", "viewer", "", 200, `"views":2`},
		{"GET /content/none/stats", "viewer", "", 404, ""},
		{"POST /content/a-page/track/start", "-", `{"recipient":"rosa","from":"https://a.example/"}`, 200, `{"view":"v1"}`},
		{"POST /content/none/track/start", "-", `{}`, 404, ""},
		{"POST /content/a-page/track/slide", "-", `{"view":"v1","slide":2,"seconds":7}`, 204, ""},
		{"POST /content/a-page/track/complete", "-", `{"view":"v1"}`, 204, ""},
		{"POST /content/a-page/track/approval-click", "-", `{"view":"v1"}`, 204, ""},
		{"POST /content/a-page/track/download", "-", `{"view":"v1"}`, 204, ""},
		{"POST /content/a-page/track/slide", "-", `{"view":"v2","slide":2}`, 422, "is not a visit to this page"},
		{"POST /content/other/track/slide", "-", `{"view":"v1","slide":2}`, 422, "is not a visit to this page"},
		{"POST /content/a-page/track/slide", "-", `{"slide":2}`, 422, "view"},
		{"POST /content/a-page/track/share", "-", `{"view":"v1"}`, 401, ""},
		{"GET /content/a-page/track/complete?view=v1", "viewer", "", 405, ""},
	} {
		q := request{route: tc.route, role: tc.role, body: tc.body}
		got := do(t, a, q)
		if got.StatusCode != tc.status || !strings.Contains(got.body, tc.says) {
			t.Errorf("%s %s: %d %s, want %d %s", tc.route, tc.body, got.StatusCode, got.body, tc.status, tc.says)
		}
	}
	want := "start rosa { 0 https://a.example/ 192.0.2.1 },start  { 0  192.0.2.1 },{slide 2 7},{complete 0 0},{approval-click 0 0},{download 0 0}"
	if told := strings.Join(learning.told, ","); told != want {
		t.Errorf("told %s, want %s", told, want)
	}
	// What a business is called is a string of JSON, and nothing that a browser would run.
	var named struct{ For string }
	got := do(t, a, request{route: "GET /content/a-page?r=rosa", role: "-"})
	if err := json.Unmarshal([]byte(got.body), &named); err != nil || named.For != "</script>\u2028{{ x }}" || !strings.HasPrefix(got.Header.Get("Content-Type"), "application/json") {
		t.Errorf("%v %v %s", err, got.Header, got.body)
	}
	foreign := do(t, a, request{route: "POST /content/a-page/track/complete", role: "-", body: `{"view":"v1"}`, headers: map[string]string{"Sec-Fetch-Site": "cross-site"}})
	if foreign.StatusCode != http.StatusForbidden {
		t.Errorf("told by another site: %d", foreign.StatusCode)
	}
}

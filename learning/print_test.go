package learning_test

import (
	"bytes"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

func TestPrintPage(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		print := func(slug, token string, paper fibonacco.Paper) *fibonacco.PrintedPage {
			t.Helper()
			p, err := w.svc.PrintPage(t.Context(), slug, token, paper)
			must(t, err)
			if !bytes.HasPrefix(p.PDF, []byte("%PDF-")) {
				t.Errorf("no PDF: %.20q", p.PDF)
			}
			return p
		}
		anybody, handout := print("a-page", "", fibonacco.ArticlePaper), print("a-page", "nothing", fibonacco.HandoutPaper)
		if anybody.Name != "a-page.pdf" || handout.Name != "a-page-handout.pdf" || anybody.For != "" || bytes.Equal(anybody.PDF, handout.PDF) {
			t.Errorf("%s for %q, %s", anybody.Name, anybody.For, handout.Name)
		}
		mine := print("a-page", w.token(7), fibonacco.ArticlePaper)
		if mine.For != "Marisol & Sons <b>" || bytes.Equal(mine.PDF, anybody.PDF) {
			t.Errorf("for %q, or as for anybody", mine.For)
		}
		if again := print("a-page", "", fibonacco.ArticlePaper); !bytes.Equal(again.PDF, anybody.PDF) {
			t.Error("the same page is another paper, or somebody else's")
		}
		clock.Advance(1)
		w.exec(`UPDATE content SET article_body = 'Something else', updated_at = $1 WHERE slug = 'a-page'`, clock.Now().Add(1e9))
		if changed := print("a-page", "", fibonacco.ArticlePaper); bytes.Equal(changed.PDF, anybody.PDF) {
			t.Error("an old paper of a page that has changed")
		}
		for _, slug := range []string{"a-draft", "none", ""} {
			if _, err := w.svc.PrintPage(t.Context(), slug, "", fibonacco.ArticlePaper); fibonacco.CodeOf(err) != fibonacco.NotFound {
				t.Errorf("%q: %v", slug, err)
			}
		}
	})
}

// The contract within the product: by ids, the same rules.
func TestLearningCenterService(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		var center fibonacco.LearningCenterService = w.svc
		c, err := center.ContentByCampaign(t.Context(), "HOOK-001")
		must(t, err)
		p, err := center.Personalize(t.Context(), c, &fibonacco.SMB{ID: 7, CommunityID: 1, BusinessName: "Marisol & Sons <b>", PrimaryContactName: "Marisol Vega", Category: "hair salon"})
		must(t, err)
		if want := texts(w.page("a-page", w.token(7))); texts(p) != want || p.For != "Marisol & Sons <b>" || p.ApprovalURL == "" {
			t.Errorf("%s for %q, want %s", texts(p), p.For, want)
		}
		p, err = center.Personalize(t.Context(), c, nil)
		must(t, err)
		if want := texts(w.page("a-page", "")); texts(p) != want || p.For != "" || p.ApprovalURL != "" {
			t.Errorf("%s for %q", texts(p), p.For)
		}
		if p, err = center.Personalize(t.Context(), c, &fibonacco.SMB{ID: 9, CommunityID: 99}); err != nil || !contains(texts(p), "your community") {
			t.Errorf("of nowhere: %v", err)
		}

		for _, bad := range []struct {
			smb  int64
			slug string
		}{{7, "none"}, {7, "a-draft"}, {99, "a-page"}} {
			if _, err := center.TrackViewStart(t.Context(), bad.smb, bad.slug, fibonacco.VisitContext{}); fibonacco.CodeOf(err) != fibonacco.NotFound {
				t.Errorf("%v: %v", bad, err)
			}
		}
		view, err := center.TrackViewStart(t.Context(), 7, "a-page", fibonacco.VisitContext{})
		must(t, err)
		for range 2 {
			must(t, center.TrackSlideView(t.Context(), view, 2))
			must(t, center.TrackViewComplete(t.Context(), view))
			must(t, center.TrackApprovalClick(t.Context(), view))
			must(t, center.TrackDownload(t.Context(), view))
		}
		if err := center.TrackSlideView(t.Context(), view, 3); fibonacco.CodeOf(err) != fibonacco.Invalid {
			t.Errorf("a slide that is not there: %v", err)
		}
		if err := center.TrackViewComplete(t.Context(), view+99); fibonacco.CodeOf(err) != fibonacco.NotFound {
			t.Errorf("a view that is not there: %v", err)
		}
		stats, err := w.svc.ContentStats(t.Context(), "a-page")
		must(t, err)
		if stats.Views != 1 || stats.KnownViews != 1 || stats.Completed != 1 || stats.ApprovalClicks != 1 || stats.Downloads != 1 || stats.Slides[1].Views != 1 {
			t.Errorf("%+v", stats)
		}
	})
}

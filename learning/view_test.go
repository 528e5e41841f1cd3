package learning_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

const person = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func (w *world) visit(slug, recipient string) string {
	w.t.Helper()
	view, err := w.svc.StartView(w.t.Context(), slug, recipient, fibonacco.VisitContext{UserAgent: person, URL: "https://news.example/a?r=secret#b"})
	must(w.t, err)
	return view
}

func (w *world) step(slug, view string, kind fibonacco.ViewStepKind, slide, seconds int) {
	w.t.Helper()
	must(w.t, w.svc.RecordView(w.t.Context(), slug, view, fibonacco.ViewStep{Kind: kind, Slide: slide, Seconds: seconds}))
}

func (w *world) count(query string) (n int) {
	w.t.Helper()
	must(w.t, w.db.View(w.t.Context(), func(tx *db.Tx) (err error) {
		n, err = db.Count(w.t.Context(), tx, query)
		return err
	}))
	return n
}

func (w *world) events(kind string) int {
	return w.count(`SELECT COUNT(*) FROM analytics_events WHERE event_type = '` + kind + `'`)
}

// stored is the only visit, as it is stored.
func (w *world) stored() string {
	w.t.Helper()
	type row struct {
		SMB                         *int64
		Slides, Campaign, From      string
		Percent, Seconds            int
		Completed, Approval, Loaded bool
	}
	var r row
	must(w.t, w.db.View(w.t.Context(), func(tx *db.Tx) (err error) {
		r, err = db.Get[row](w.t.Context(), tx, `
			SELECT smb_id AS smb, REPLACE(CAST(slides_viewed AS text), ' ', '') AS slides, COALESCE(source_campaign_id, '') AS campaign,
				COALESCE(source_url, '') AS "from", completion_percentage AS percent, COALESCE(time_on_page_seconds, 0) AS seconds,
				completed_at IS NOT NULL AS completed, approval_clicked AS approval, downloaded_pdf AS loaded FROM content_views`)
		return err
	}))
	smb := int64(0)
	if r.SMB != nil {
		smb = *r.SMB
	}
	return fmt.Sprintf("%d %s %d%% %ds %t %t %t %q %q", smb, r.Slides, r.Percent, r.Seconds, r.Completed, r.Approval, r.Loaded, r.Campaign, r.From)
}

// A known business reads a page: every step counts once, however often it is told.
func TestVisitOfAKnownBusiness(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		w.exec(`INSERT INTO campaign_sends (id, uuid, smb_id, campaign_id, email, status) VALUES (3, $1, 7, 'HOOK-001', 'm@example.com', 'sent')`, newUUID())
		view := w.visit("a-page", w.token(7))
		equal(t, "begun", w.stored(), `7 [] 0% 0s false false false "HOOK-001" "https://news.example/a"`)
		for range 3 {
			w.step("a-page", view, fibonacco.SlideSeen, 2, 5)
		}
		equal(t, "half seen", w.stored(), `7 [2] 50% 5s false false false "HOOK-001" "https://news.example/a"`)
		w.step("a-page", view, fibonacco.SlideSeen, 1, 3)
		for range 2 {
			w.step("a-page", view, fibonacco.ViewCompleted, 0, 40)
			w.step("a-page", view, fibonacco.ApprovalClicked, 0, 0)
			w.step("a-page", view, fibonacco.PDFDownloaded, 0, 0)
		}
		equal(t, "all seen", w.stored(), `7 [1,2] 100% 40s true true true "HOOK-001" "https://news.example/a"`)
		equal(t, "viewed", w.events("content.viewed"), 1)
		equal(t, "completed", w.events("content.completed"), 1)

		// Loading the page again is the same visit; tomorrow is another.
		again := w.visit("a-page", w.token(7))
		w.step("a-page", again, fibonacco.ViewCompleted, 0, 0)
		equal(t, "the same visit", w.count(`SELECT COUNT(*) FROM content_views`), 1)
		equal(t, "completed once", w.events("content.completed"), 1)
		clock.Advance(24 * time.Hour)
		w.visit("a-page", w.token(7))
		equal(t, "another visit", w.events("content.viewed"), 2)
	})
}

// Somebody unknown is counted without a business and without events; a machine not at all.
func TestVisitOfAnybody(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		for name, agent := range map[string]string{"crawler": "Mozilla/5.0 (compatible; Googlebot/2.1)", "program": "curl/8.7.1", "nothing": "", "browser of a test": "Mozilla/5.0 HeadlessChrome/131.0"} {
			view, err := w.svc.StartView(t.Context(), "a-page", w.token(7), fibonacco.VisitContext{UserAgent: agent})
			must(t, err)
			equal(t, name, view, "")
		}
		equal(t, "machines", w.count(`SELECT COUNT(*) FROM content_views`), 0)

		for _, recipient := range []string{"", "7", w.token(999), w.signer.SignSend(fibonacco.TrackToken, fibonacco.SendClaim{SendID: 3, SMBID: 7})} {
			view := w.visit("a-page", recipient)
			w.step("a-page", view, fibonacco.SlideSeen, 1, 0)
			w.step("a-page", view, fibonacco.ViewCompleted, 0, 0)
		}
		equal(t, "visits", w.count(`SELECT COUNT(*) FROM content_views WHERE smb_id IS NULL AND completed_at IS NOT NULL`), 4)
		equal(t, "events", w.count(`SELECT COUNT(*) FROM analytics_events`), 0)

		for _, slug := range []string{"a-draft", "nothing"} {
			for _, agent := range []string{person, ""} {
				_, err := w.svc.StartView(t.Context(), slug, "", fibonacco.VisitContext{UserAgent: agent})
				equal(t, slug, fibonacco.CodeOf(err), fibonacco.NotFound)
			}
		}
	})
}

func TestStepsThatCountNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		view := w.visit("a-page", "")
		other := w.visit("a-lesson", "")
		gone := w.visit("a-page", w.token(8))
		w.exec(`DELETE FROM content_views WHERE smb_id = 8`)
		for name, tc := range map[string]struct {
			slug, view string
			step       fibonacco.ViewStep
		}{
			"of another page":   {"a-page", other, fibonacco.ViewStep{Kind: fibonacco.ViewCompleted}},
			"no view":           {"a-page", "", fibonacco.ViewStep{Kind: fibonacco.ViewCompleted}},
			"a number":          {"a-page", "1", fibonacco.ViewStep{Kind: fibonacco.ViewCompleted}},
			"altered":           {"a-page", view[:len(view)-1], fibonacco.ViewStep{Kind: fibonacco.ViewCompleted}},
			"a mail's token":    {"a-page", w.token(7), fibonacco.ViewStep{Kind: fibonacco.ViewCompleted}},
			"forgotten":         {"a-page", gone, fibonacco.ViewStep{Kind: fibonacco.ViewCompleted}},
			"slide 0":           {"a-page", view, fibonacco.ViewStep{Kind: fibonacco.SlideSeen}},
			"slide 3 of 2":      {"a-page", view, fibonacco.ViewStep{Kind: fibonacco.SlideSeen, Slide: 3}},
			"unknown step":      {"a-page", view, fibonacco.ViewStep{Kind: "shared"}},
			"time going back":   {"a-page", view, fibonacco.ViewStep{Kind: fibonacco.ViewCompleted, Seconds: -1}},
			"more than one day": {"a-page", view, fibonacco.ViewStep{Kind: fibonacco.ViewCompleted, Seconds: 86401}},
		} {
			equal(t, name, fibonacco.CodeOf(w.svc.RecordView(t.Context(), tc.slug, tc.view, tc.step)), fibonacco.Invalid)
		}
		equal(t, "changed", w.count(`SELECT COUNT(*) FROM content_views WHERE completed_at IS NOT NULL OR completion_percentage > 0`), 0)
	})
}

// Two nodes that are told about one visit at once lose nothing and complete it once.
func TestStepsFromTwoNodes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		second := w.another()
		view := w.visit("a-page", w.token(7))
		var all sync.WaitGroup
		for i := range 40 {
			all.Go(func() {
				step := fibonacco.ViewStep{Kind: fibonacco.SlideSeen, Slide: 1 + i/2%2, Seconds: i}
				if i%5 == 0 {
					step = fibonacco.ViewStep{Kind: fibonacco.ViewCompleted}
				}
				svc := w.svc
				if i%2 == 0 {
					svc = second
				}
				if err := svc.RecordView(t.Context(), "a-page", view, step); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		equal(t, "stored", w.stored(), `7 [1,2] 100% 39s true false false "" "https://news.example/a"`)
		equal(t, "completed", w.events("content.completed"), 1)
	})
}

func TestStats(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		empty, err := w.svc.ContentStats(t.Context(), "a-page")
		must(t, err)
		if empty.Views != 0 || empty.MeanPercent != nil || empty.MeanSeconds != nil || len(empty.Slides) != 2 {
			t.Errorf("before the first: %+v", empty)
		}
		w.step("a-page", w.visit("a-page", w.token(7)), fibonacco.SlideSeen, 1, 20)
		w.step("a-page", w.visit("a-page", w.token(8)), fibonacco.ViewCompleted, 0, 0) // saw no slide and came to the end
		anybody := w.visit("a-page", "")
		w.step("a-page", anybody, fibonacco.SlideSeen, 1, 0)
		w.step("a-page", anybody, fibonacco.SlideSeen, 2, 10)
		w.step("a-page", anybody, fibonacco.PDFDownloaded, 0, 0)
		w.visit("a-page", "")
		w.visit("a-lesson", "")
		got, err := w.svc.ContentStats(t.Context(), "a-page")
		must(t, err)
		equal(t, "figures", fmt.Sprint(got.Views, got.KnownViews, got.Businesses, got.Completed, got.ApprovalClicks, got.Downloads, *got.MeanPercent, *got.MeanSeconds, got.Slides),
			"4 2 2 1 0 1 62.5 15 [{1 2} {2 1}]")
		_, err = w.svc.ContentStats(t.Context(), "nothing")
		equal(t, "unknown", fibonacco.CodeOf(err), fibonacco.NotFound)
	})
}

// What goes with a page: its service first, its kind next, later days before earlier ones, three at most.
func TestRelated(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		for slug, service := range map[string]string{"another": "", "same-service": "appointment_booking", "z-more": "x"} {
			w.content(slug, service, true)
		}
		p := w.page("a-page", w.token(7))
		equal(t, "how many", len(p.Related), 3)
		equal(t, "first", p.Related[0].Slug+" "+p.Related[0].Title, "same-service A page for Marisol & Sons <b>")
		for _, r := range p.Related {
			if r.Slug == "a-page" || r.Slug == "a-draft" {
				t.Errorf("%s goes with a-page", r.Slug)
			}
		}
		pages, next, err := w.svc.ListPages(t.Context(), "hook", 0, 2)
		must(t, err)
		equal(t, "first pages", fmt.Sprintln(len(pages), next > 0, pages[0].Slug, pages[0].Title), "2 true a-page A page for your business\n")
		pages, next, err = w.svc.ListPages(t.Context(), "hook", next, 100)
		must(t, err)
		equal(t, "the rest", fmt.Sprint(len(pages), next), "3 0")
	})
}

// Whatever a business is called, its page shows it as text.
func TestHostileNames(t *testing.T) {
	long := ""
	for len(long) < 10<<10 {
		long += "long name "
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		for name, tc := range map[string]struct{ is, says string }{
			"script":    {`<script>alert(1)</script>`, "<h2>For &lt;script&gt;alert(1)&lt;/script&gt;</h2>"},
			"template":  {`{{ first_name }}{% if x %}`, "<h2>For {{ first_name }}{% if x %}</h2>"},
			"quotes":    {`"'><img src=x onerror=1>`, "&lt;img src=x onerror=1&gt;</h2>"},
			"emoji":     {"Café 🥐", "<h2>For Café 🥐</h2>"},
			"direction": {"\u202eevil\u202c", "<h2>For evil</h2>"},
			"Hebrew":    {"מאפייה", "<h2>For מאפייה</h2>"},
			"Markdown":  {"[a](javascript:1) **b**", "<h2>For [a](javascript:1) **b**</h2>"},
		} {
			w.exec(`UPDATE smbs SET business_name = $1 WHERE id = 7`, tc.is)
			p := w.page("a-page", w.token(7))
			if !contains(p.ArticleHTML, tc.says) {
				t.Errorf("%s: %s", name, p.ArticleHTML)
			}
			equal(t, name+": once filled, never again", p.Title, "A page for "+p.For)
		}
		w.exec(`UPDATE smbs SET primary_contact_name = $1, category = NULL WHERE id = 7`, long[:255])
		if p := w.page("a-page", w.token(7)); len(p.ArticleHTML) > 2000 || len(p.Slides[0].Narration) > 2000 {
			t.Errorf("a long name makes a page of %d bytes", len(p.ArticleHTML))
		}
	})
}

package learning_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

func draft(headlines ...string) fibonacco.ContentDraft {
	d := fibonacco.ContentDraft{ArticleBody: "An article for {{ business_name }}."}
	for _, h := range headlines {
		d.Slides = append(d.Slides, fibonacco.Slide{Component: "ConceptSlide", Headline: h, Seconds: 7})
	}
	return d
}

// A page is changed version by version, shows at once what it says, and tells who comes too late.
func TestPagesAreWritten(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		before, err := w.svc.LearningPage(t.Context(), "a-page", "")
		must(t, err)
		c, err := w.svc.UpdateContent(t.Context(), "a-page", 1, draft("One", "Two for {{ first_name }}", "Three"), "Ann")
		must(t, err)
		equal(t, "version and length", fmt.Sprint(c.Version, len(c.Slides), c.DurationSeconds), "2 3 21")
		// The clock stands still: the page must be seen to be another all the same.
		after, err := w.svc.LearningPage(t.Context(), "a-page", "")
		must(t, err)
		equal(t, "shown", fmt.Sprint(len(before.Slides), len(after.Slides), after.Slides[1].Headline, after.Version), "2 3Two for there2")
		c, err = w.svc.UpdateContent(t.Context(), "a-page", 2, draft("One", "Two for {{ first_name }}", "Three"), "Ann")
		must(t, err)
		equal(t, "what says the same", c.Version, 2)
		_, err = w.svc.UpdateContent(t.Context(), "a-page", 1, draft("Mine"), "Bob")
		equal(t, "too late", fibonacco.CodeOf(err), fibonacco.Conflict)
		_, err = w.svc.UpdateContent(t.Context(), "nowhere", 1, draft("Mine"), "Bob")
		equal(t, "no page", fibonacco.CodeOf(err), fibonacco.NotFound)
		_, err = w.svc.UpdateContent(t.Context(), "a-draft", 1, draft("Hidden"), "Bob")
		must(t, err)
		all, err := w.svc.ListContentVersions(t.Context(), "a-page")
		must(t, err)
		equal(t, "versions", fmt.Sprint(len(all), all[0].Version, all[0].CreatedBy), "1 2Ann")
		_, err = w.svc.ListContentVersions(t.Context(), "nowhere")
		equal(t, "versions of nothing", fibonacco.CodeOf(err), fibonacco.NotFound)
		equal(t, "noted", w.count(`SELECT COUNT(*) FROM audit_log WHERE action = 'content.updated'`), 2)
	})
}

func TestPagesThatCannotBeSaved(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, db.SQLite, fibonacco.NewFakeClock(dbtest.Start)), fibonacco.NewFakeClock(dbtest.Start))
	many := draft()
	for range 41 {
		many.Slides = append(many.Slides, fibonacco.Slide{Component: "ConceptSlide", Headline: "x"})
	}
	for name, tc := range map[string]struct {
		draft fibonacco.ContentDraft
		field string
	}{
		"nothing":     {fibonacco.ContentDraft{}, "slides"},
		"no headline": {draft("One", " "), "slides[1].headline"},
		"a template":  {draft("{{ business_name"), "slides[0].headline"},
		"unknown":     {draft("{{ shoe_size }}"), "slides[0].headline"},
		"too many":    {many, "slides"},
		"time":        {fibonacco.ContentDraft{Slides: []fibonacco.Slide{{Component: "HeroSlide", Headline: "x", Seconds: 9000}}}, "slides[0].seconds"},
		"article":     {fibonacco.ContentDraft{ArticleBody: "{% include 'x' %}"}, "article_body"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.svc.UpdateContent(t.Context(), "a-page", 1, tc.draft, "Ann")
			var e *fibonacco.Error
			if fibonacco.CodeOf(err) != fibonacco.Invalid || !asError(err, &e) || e.Fields[0].Field != tc.field {
				t.Errorf("%v", err)
			}
		})
	}
}

// Who still has an earlier version before them is counted by it: its slides are there, and are no slides
// of the present one.
func TestVisitsToAnEarlierVersion(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		must(t, d.Update(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `INSERT INTO content_versions (slug, version, title, slides, article_body, created_by, created_at)
				SELECT slug, version, title, slides, article_body, 'library', $1 FROM content`, tx.Now)
			return err
		}))
		start := func(version int) string {
			view, err := w.svc.StartView(t.Context(), "a-page", "", fibonacco.VisitContext{UserAgent: person, Version: version})
			must(t, err)
			return view
		}
		_, err := w.svc.UpdateContent(t.Context(), "a-page", 1, draft("One"), "Ann")
		must(t, err)
		old := start(1)
		w.step("a-page", old, fibonacco.SlideSeen, 2, 3)
		err = w.svc.RecordView(t.Context(), "a-page", start(2), fibonacco.ViewStep{Kind: fibonacco.SlideSeen, Slide: 2})
		equal(t, "a slide that is no more", fibonacco.CodeOf(err), fibonacco.Invalid)
		w.step("a-page", start(0), fibonacco.SlideSeen, 1, 3)
		w.step("a-page", start(99), fibonacco.SlideSeen, 1, 3)
		s, err := w.svc.ContentStats(t.Context(), "a-page")
		must(t, err)
		equal(t, "figures", fmt.Sprint(s.Views, s.Version, s.SlideVisits, s.Slides), "4 2 3 [{1 2}]")
	})
}

func TestPreviewAndFigures(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		p, err := w.svc.PreviewContent(t.Context(), "a-page", draft("For {{ first_name }}"), 7)
		must(t, err)
		equal(t, "for a business", fmt.Sprint(p.Slides[0].Headline, "; ", p.For != "", p.ApprovalURL != ""), "For Marisol; true true")
		p, err = w.svc.PreviewContent(t.Context(), "a-page", draft("For {{ first_name }}"), 0)
		must(t, err)
		equal(t, "for anybody", p.Slides[0].Headline, "For there")
		limited := fibonacco.WithPrincipal(t.Context(), &fibonacco.Principal{Role: fibonacco.Operator, Communities: []int64{2}})
		_, err = w.svc.PreviewContent(limited, "a-page", draft("x"), 7)
		equal(t, "for a business of others", fibonacco.CodeOf(err), fibonacco.NotFound)

		known, err := w.svc.TrackViewStart(t.Context(), 7, "a-page", fibonacco.VisitContext{})
		must(t, err)
		must(t, w.svc.TrackViewComplete(t.Context(), known))
		w.visit("a-page", "")
		all, err := w.svc.ListContentFigures(t.Context())
		must(t, err)
		equal(t, "all of it", fmt.Sprint(len(all), all[2].Slug, all[2].Views, all[2].Completed, all[2].Slides, all[0].IsActive), "3a-page2 1 2 false")
		few, err := w.svc.ListContentFigures(limited)
		must(t, err)
		equal(t, "of others", few[2].Views, 0)

		views, err := w.svc.QueryViews(t.Context(), "a-page", fibonacco.ListQuery{Filter: fibonacco.Filter{"completed_at": "!null"}})
		must(t, err)
		equal(t, "visits", fmt.Sprint(len(views.Data), *views.Data[0].SMBID, views.Data[0].CompletionPercentage), "1 7 100")
		views, err = w.svc.QueryViews(limited, "a-page", fibonacco.ListQuery{})
		must(t, err)
		equal(t, "visits of others", len(views.Data), 0)
		_, err = w.svc.QueryViews(t.Context(), "nowhere", fibonacco.ListQuery{})
		equal(t, "visits to nothing", fibonacco.CodeOf(err), fibonacco.NotFound)
	})
}

func asError(err error, into **fibonacco.Error) bool { return errors.As(err, into) }

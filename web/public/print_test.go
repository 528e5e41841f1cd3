package public_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/public"
)

// presses makes papers that say what was asked for.
type presses struct{ err error }

func (p presses) PrintPage(_ context.Context, slug, recipient string, paper fibonacco.Paper) (*fibonacco.PrintedPage, error) {
	if p.err != nil || slug != "good" {
		return nil, errors.Join(p.err, fibonacco.Errorf(fibonacco.NotFound, "no page"))
	}
	return &fibonacco.PrintedPage{Name: slug + ".pdf", PDF: []byte("%PDF " + string(paper) + " " + recipient)}, nil
}

func TestPapers(t *testing.T) {
	t.Parallel()
	f := newFakes()
	f.page = &fibonacco.LearningPage{Content: fibonacco.Content{Slug: "good", Title: "T", Slides: []fibonacco.Slide{{Headline: "H"}}}, ArticleHTML: "<p>A</p>", For: "Marisol"}
	deps := f.deps()
	deps.Prints = presses{}
	mux := http.NewServeMux()
	public.Mount(mux, deps)
	for path, want := range map[string]string{
		"/learn/good.pdf": "%PDF article ", "/learn/good.pdf?r=R": "%PDF article R", "/learn/good/handout.pdf?r=R": "%PDF handout R",
	} {
		w := serveOn(mux, get(path))
		equal(t, path, w.Code, http.StatusOK)
		equal(t, path+": body", w.Body.String(), want)
		equal(t, path+": type", w.Header().Get("Content-Type"), "application/pdf")
		equal(t, path+": name", w.Header().Get("Content-Disposition"), "attachment; filename=good.pdf")
	}
	equal(t, "kept", serveOn(mux, get("/learn/good.pdf?r=R")).Header().Get("Cache-Control"), "no-store")
	for _, path := range []string{"/learn/bad.pdf", "/learn/.pdf", "/learn/bad/handout.pdf", "/learn/good/article.pdf"} {
		equal(t, path, serveOn(mux, get(path)).Code, http.StatusNotFound)
	}
	for _, path := range []string{"/learn/good?r=R", "/learn/good/article?r=R"} {
		contains(t, path, serveOn(mux, get(path)).Body.String(), `href="/learn/good.pdf?r=R"`, `href="/learn/good/handout.pdf?r=R"`, "data-download")
	}

	deps.Prints = presses{err: fibonacco.Errorf(fibonacco.Unavailable, "busy")}
	mux = http.NewServeMux()
	public.Mount(mux, deps)
	equal(t, "busy", serveOn(mux, get("/learn/good.pdf")).Code, http.StatusServiceUnavailable)
	equal(t, "without a press", f.serve(get("/learn/good.pdf")).Code, http.StatusNotFound)
}

func serveOn(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

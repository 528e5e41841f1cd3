package public

import (
	"mime"
	"net/http"
	"strconv"

	"github.com/a-h/templ"

	"github.com/fibonacco/fibonacco"
)

// handout answers with the slides for paper.
func (s *site) handout(w http.ResponseWriter, r *http.Request) {
	s.print(w, r, r.PathValue("slug"), fibonacco.HandoutPaper)
}

// print answers with a paper of a learning page. Fetching counts nothing: the page that links it reports.
func (s *site) print(w http.ResponseWriter, r *http.Request, slug string, paper fibonacco.Paper) {
	if s.Prints == nil {
		s.notFound(w, r)
		return
	}
	recipient := r.URL.Query().Get("r")
	made, err := s.Prints.PrintPage(r.Context(), slug, recipient, paper)
	if err != nil {
		s.refuse(w, r, "paper of a learning page", err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/pdf")
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": made.Name}))
	h.Set("Content-Length", strconv.Itoa(len(made.PDF)))
	if recipient == "" {
		h.Set("Cache-Control", "public, max-age=300")
	}
	_, _ = w.Write(made.PDF) //nolint:gosec // a PDF, said to be one and not to be sniffed
}

// paperURL is where a paper of a page is, for the same reader.
func paperURL(slug, recipient string, paper fibonacco.Paper) templ.SafeURL {
	if paper == fibonacco.HandoutPaper {
		return learnURL(slug+"/handout.pdf", recipient)
	}
	return learnURL(slug+".pdf", recipient)
}

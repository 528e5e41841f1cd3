package api

import (
	"mime"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api/edge"
)

// contentPapers are a learning page as a PDF.
func (a *API) contentPapers() {
	for _, p := range []struct {
		paper                fibonacco.Paper
		id, summary, content string
	}{
		{fibonacco.ArticlePaper, "get-content-article", "An article as a PDF", "The article, set for paper."},
		{fibonacco.HandoutPaper, "get-content-handout", "The slides as a PDF, with room for notes", "The slides with what is said to them, set for paper."},
	} {
		path := "/content/{slug}/" + string(p.paper) + ".pdf"
		a.handle("GET "+Prefix+path, func(w http.ResponseWriter, r *http.Request) {
			if err := a.printContent(w, r, p.paper); err != nil {
				edge.Write(w, r, err)
			}
		})
		text := &huma.Schema{Type: huma.TypeString}
		op := &huma.Operation{
			OperationID: p.id, Method: http.MethodGet, Path: Prefix + path, Tags: []string{tagContent}, Summary: p.summary,
			Description: "Open to everybody, filled for its reader as the page itself. No link in it is signed, so it may be passed on. 503 when too many are being made.",
			Security:    operation{method: http.MethodGet, path: path}.security(), DefaultStatus: http.StatusOK,
			Parameters: []*huma.Param{
				{Name: "slug", In: "path", Required: true, Description: "The page's.", Schema: text, Example: exampleContent.Slug},
				{Name: "r", In: "query", Description: "The token of a mail's link.", Schema: text},
			},
		}
		op.Responses = a.problems(append(append([]int{}, everywhere...), ofThing...))
		op.Responses["200"] = &huma.Response{
			Description: p.content,
			Headers:     map[string]*huma.Param{"Content-Disposition": {Description: "A name for the file.", Schema: text}},
			Content:     map[string]*huma.MediaType{"application/pdf": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}, Example: "%PDF-1.3 …"}},
		}
		a.huma.OpenAPI().AddOperation(op)
	}
}

func (a *API) printContent(w http.ResponseWriter, r *http.Request, paper fibonacco.Paper) error {
	pages, err := a.learning()
	if err != nil {
		return err
	}
	query := r.URL.Query()
	if err := onlyKnown(query, []string{"r"}); err != nil {
		return err
	}
	made, err := pages.PrintPage(r.Context(), r.PathValue("slug"), query.Get("r"), paper)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/pdf")
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": made.Name}))
	h.Set("Content-Length", strconv.Itoa(len(made.PDF)))
	_, err = w.Write(made.PDF) //nolint:gosec // a PDF, said to be one and not to be sniffed
	return err
}

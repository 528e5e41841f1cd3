package api

import (
	"mime"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api/edge"
)

const (
	importErrorsPath  = importPath + "/{uuid}/errors.csv"
	importErrorsRoute = "GET " + importErrorsPath
)

func (a *API) importErrors() {
	a.handle(importErrorsRoute, func(w http.ResponseWriter, r *http.Request) {
		if err := a.writeImportErrors(w, r); err != nil {
			edge.Write(w, r, err)
		}
	})
	text := &huma.Schema{Type: huma.TypeString}
	op := &huma.Operation{
		OperationID: "get-import-errors", Method: http.MethodGet, Path: importErrorsPath, Tags: []string{tagImports},
		Summary: "All that was refused of an import, as CSV",
		Description: "line, field, reason, value; a row for each. Cells that a spreadsheet would take for a formula begin with an apostrophe, and long values are cut to 100 characters. " +
			"After 30 days the values are gone, and all rows but the first 1,000. A file that breaks off cuts the connection.",
		Security: bearer, DefaultStatus: http.StatusOK,
		Parameters: []*huma.Param{{
			Name: "uuid", In: "path", Required: true, Description: "The import's.", Schema: text, Example: exampleImport.UUID,
		}},
	}
	op.Responses = a.problems(append(append([]int{}, everywhere...), ofThing...))
	op.Responses["200"] = &huma.Response{
		Description: "The errors.",
		Headers:     map[string]*huma.Param{"Content-Disposition": {Description: "A name for the file.", Schema: text}},
		Content: map[string]*huma.MediaType{"text/csv": {
			Schema: text, Example: "line,field,reason,value\n4,primary_email,is not an e-mail address,rosa at rosasbakery.example\n",
		}},
	}
	a.huma.OpenAPI().AddOperation(op)
}

// writeImportErrors streams the file. Until its first byte is there, what is wrong is answered as
// usual; after that the connection is cut, so that nobody takes half of it for the whole.
func (a *API) writeImportErrors(w http.ResponseWriter, r *http.Request) error {
	if a.o.Importer == nil {
		return moduleAbsent("SMB CRM")
	}
	if err := onlyKnown(r.URL.Query(), nil); err != nil {
		return err
	}
	handle := r.PathValue("uuid")
	if !isUUID(handle) {
		return fibonacco.Errorf(fibonacco.NotFound, "there is no such import")
	}
	out := &table{w: w, name: "import-" + handle + "-errors.csv"}
	err := a.o.Importer.WriteImportErrors(r.Context(), handle, out)
	if err != nil && out.begun {
		if r.Context().Err() == nil { // the panic goes past the log of requests
			a.o.Log.ErrorContext(r.Context(), "a list of errors broke off", "import", handle, "request", edge.TraceOf(r.Context()).RequestID, "error", err)
		}
		panic(http.ErrAbortHandler)
	}
	return err
}

// table is a CSV file whose headers go out with its first byte.
type table struct {
	w     http.ResponseWriter
	name  string
	begun bool
}

func (t *table) Write(b []byte) (int, error) {
	if !t.begun {
		t.begun = true
		_ = http.NewResponseController(t.w).SetWriteDeadline(fibonacco.RealTime().Add(boundsOf(importErrorsRoute).time)) // not all writers have one
		h := t.w.Header()
		h.Set("Content-Type", "text/csv; charset=utf-8; header=present")
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": t.name}))
	}
	return t.w.Write(b)
}

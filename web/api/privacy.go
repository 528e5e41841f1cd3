package api

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api/edge"
)

const (
	archivePath  = Prefix + "/smbs/{id}/export"
	archiveRoute = "GET " + archivePath
)

func (a *API) privacy() {
	a.handle(archiveRoute, func(w http.ResponseWriter, r *http.Request) {
		if err := a.exportSMB(w, r); err != nil {
			edge.Write(w, r, err)
		}
	})
	a.huma.OpenAPI().AddOperation(a.archiveOperation())
	register(a, operation{
		method: http.MethodPost, path: "/smbs/{id}/erase", id: "erase-smb", tag: tagConsent,
		summary: "Erase a business", errors: append(append([]int{http.StatusConflict}, ofThing...), ofBody...),
		description: "Takes away everything that tells who it is, for good. Its history stays without names, addresses and texts; its addresses and numbers stay suppressed as " +
			"hashes, so that a later import does not reach them. Deleted businesses can be erased by their id until they are purged. 409 when it was erased already, when it " +
			"became part of another one, and while a message to it is on its way: then try again in a minute.",
		request: eraseInput{Reason: "asked in writing on 20 November"},
	}, a.eraseSMB)
}

type eraseInput struct {
	Reason string `json:"reason" minLength:"1" maxLength:"1000" doc:"For the audit log, where it stays: do not say who it is about."`
}

func (a *API) eraseSMB(ctx context.Context, in *struct {
	SMBPath
	Body eraseInput
},
) (*none, error) {
	if a.o.Privacy == nil {
		return nil, moduleAbsent("SMB CRM")
	}
	id, err := a.smbID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return nil, a.o.Privacy.EraseSMB(ctx, id, in.Body.Reason)
}

// exportSMB streams the archive. Until its first byte is there, what is wrong is answered as
// usual; after that the connection is cut, so that nobody takes half an archive for the whole.
func (a *API) exportSMB(w http.ResponseWriter, r *http.Request) error {
	if a.o.Privacy == nil {
		return moduleAbsent("SMB CRM")
	}
	if err := onlyKnown(r.URL.Query(), nil); err != nil {
		return err
	}
	id, err := a.smbID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	out := &archive{w: w, name: fmt.Sprintf("smb-%d.zip", id), until: boundsOf(archiveRoute).time}
	err = a.o.Privacy.ExportSMB(r.Context(), id, out)
	if err != nil && out.begun {
		if r.Context().Err() == nil { // the panic goes past the log of requests
			a.o.Log.ErrorContext(r.Context(), "an archive broke off", "smb", id, "request", edge.TraceOf(r.Context()).RequestID, "error", err)
		}
		panic(http.ErrAbortHandler)
	}
	return err
}

// archive is an answer whose headers go out with its first byte.
type archive struct {
	w     http.ResponseWriter
	name  string
	until time.Duration
	begun bool
}

func (o *archive) Write(b []byte) (int, error) {
	if !o.begun {
		o.begun = true
		_ = http.NewResponseController(o.w).SetWriteDeadline(fibonacco.RealTime().Add(o.until)) // not all writers have one
		h := o.w.Header()
		h.Set("Content-Type", "application/zip")
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": o.name}))
	}
	return o.w.Write(b)
}

var _ io.Writer = (*archive)(nil)

func (a *API) archiveOperation() *huma.Operation {
	op := &huma.Operation{
		OperationID: "export-smb", Method: http.MethodGet, Path: archivePath, Tags: []string{tagConsent},
		Summary: "Everything that is stored about a business",
		Description: "A ZIP archive with a JSON file for each table and README.html, which explains them. Deleted businesses can be exported by their id until they are purged. " +
			"An archive that breaks off cuts the connection.",
		Security: bearer, DefaultStatus: http.StatusOK,
		Parameters: []*huma.Param{{
			Name: "id", In: "path", Required: true, Description: "The id, or the uuid.", Schema: &huma.Schema{Type: huma.TypeString}, Example: "42",
		}},
	}
	op.Responses = a.problems(append(append([]int{}, everywhere...), ofThing...))
	op.Responses["200"] = &huma.Response{
		Description: "The archive.",
		Headers:     map[string]*huma.Param{"Content-Disposition": {Description: "A name for the file.", Schema: &huma.Schema{Type: huma.TypeString}}},
		Content: map[string]*huma.MediaType{"application/zip": {
			Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}, Example: "PK…",
		}},
	}
	return op
}

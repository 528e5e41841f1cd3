package api

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api/edge"
)

const (
	importPath    = Prefix + "/smbs/import"
	importRoute   = "POST " + importPath
	previewPath   = importPath + "/preview"
	previewRoute  = "POST " + previewPath
	uploadsAtOnce = 4 // files being taken in by one node: each is held on its disk until it is stored
)

func (a *API) imports() {
	for route, take := range map[string]func(http.ResponseWriter, *http.Request) error{importRoute: a.startImport, previewRoute: a.previewImport} {
		a.handle(route, func(w http.ResponseWriter, r *http.Request) {
			if err := a.takeFile(w, r, take); err != nil {
				edge.Write(w, r, err)
			}
		})
	}
	a.huma.OpenAPI().AddOperation(a.importOperation())
	a.huma.OpenAPI().AddOperation(a.previewOperation())
	registerList(a, operation{
		method: http.MethodGet, path: "/smbs/import", id: "list-imports", tag: tagImports,
		summary: "Imports, the latest first", description: "Their errors, problems and duplicates are left out: ask for the one.",
		response: list[fibonacco.ImportJob]{Data: []fibonacco.ImportJob{exampleListed()}, Page: pageInfo{Size: pageSizeDefault}},
	}, fibonacco.ImportListing, a.listImports)
	register(a, operation{
		method: http.MethodGet, path: "/smbs/import/{uuid}/status", id: "get-import", tag: tagImports,
		summary: "How an import is going", errors: ofThing, response: exampleImport,
	}, a.getImport)
	register(a, operation{
		method: http.MethodPost, path: "/smbs/import/{uuid}/cancel", id: "cancel-import", tag: tagImports,
		summary: "Stop an import", errors: append([]int{http.StatusConflict}, ofThing...), response: exampleImport,
		description: "What it has stored stays, can be found a moment later, and can be undone. 409 when it has ended.",
	}, a.cancelImport)
	register(a, operation{
		method: http.MethodPost, path: "/smbs/import/{uuid}/undo", id: "undo-import", tag: tagImports, status: http.StatusAccepted,
		summary: "Take an import back", errors: append([]int{http.StatusConflict}, ofThing...), response: exampleImport,
		description: "For 30 days after it has ended, in the background: what it created is deleted unless it was changed or started since; what it changed gets its former values " +
			"back where nobody has changed them since. undo says how many could not. Consents and suppressions stay: they are proof. 409 when there is nothing to take back any more.",
	}, a.undoImport)
	a.importErrors()
}

var exampleImport = fibonacco.ImportJob{
	ID: 5, UUID: "0193c2f0-bbbb-7ccc-8ddd-0e0f10111213", CommunityID: 1, Filename: "brooklyn.csv", Format: "csv", Status: fibonacco.ImportCompleted,
	ImportResult: fibonacco.ImportResult{
		Total: 3, Created: 2, Failed: 1,
		Errors:   []fibonacco.ImportError{{Line: 4, Field: "primary_email", Reason: "is not an e-mail address"}},
		Problems: []fibonacco.ImportProblem{{Field: "primary_email", Reason: "is not an e-mail address", Count: 1, Lines: []int{4}}},
	},
	Mapping:  map[string]string{"business_name": "Company", "primary_email": "E-Mail"},
	Progress: 1, RowsPerSecond: 8000, UndoUntil: &exampleTime, CreatedBy: &exampleUser, CreatedAt: exampleTime, FinishedAt: &exampleTime,
}

// exampleListed is the example as a list shows it.
func exampleListed() fibonacco.ImportJob {
	job := exampleImport
	job.Errors, job.Problems = nil, nil
	return job
}

// importPath is the path of one import.
type importUUID struct {
	UUID string `path:"uuid" example:"0193c2f0-bbbb-7ccc-8ddd-0e0f10111213"`
}

func (a *API) listImports(ctx context.Context, _ *none, q question) (page fibonacco.Page[fibonacco.ImportJob], err error) {
	if a.o.Importer == nil {
		return page, moduleAbsent("SMB CRM")
	}
	return a.o.Importer.ListImports(ctx, q.ListQuery)
}

func (a *API) getImport(ctx context.Context, in *importUUID) (*body[fibonacco.ImportJob], error) {
	return a.withImport(ctx, in, fibonacco.Importer.ImportJob)
}

func (a *API) cancelImport(ctx context.Context, in *importUUID) (*body[fibonacco.ImportJob], error) {
	return a.withImport(ctx, in, fibonacco.Importer.CancelImport)
}

func (a *API) undoImport(ctx context.Context, in *importUUID) (*body[fibonacco.ImportJob], error) {
	return a.withImport(ctx, in, fibonacco.Importer.UndoImport)
}

// withImport does one thing with one import.
func (a *API) withImport(ctx context.Context, in *importUUID, do func(fibonacco.Importer, context.Context, string) (*fibonacco.ImportJob, error)) (*body[fibonacco.ImportJob], error) {
	if a.o.Importer == nil {
		return nil, moduleAbsent("SMB CRM")
	}
	if !isUUID(in.UUID) {
		return nil, fibonacco.Errorf(fibonacco.NotFound, "there is no such import")
	}
	job, err := do(a.o.Importer, ctx, in.UUID)
	if err != nil {
		return nil, err
	}
	return &body[fibonacco.ImportJob]{*job}, nil
}

// takeFile does not go through huma, which would parse what is not its business: a file is taken
// as it comes.
func (a *API) takeFile(w http.ResponseWriter, r *http.Request, do func(http.ResponseWriter, *http.Request) error) error {
	if a.o.Importer == nil {
		return moduleAbsent("SMB CRM")
	}
	select {
	case a.uploads <- struct{}{}:
		defer func() { <-a.uploads }()
	default:
		return fibonacco.Errorf(fibonacco.Unavailable, "this node takes in other files right now: try again in a moment")
	}
	return do(w, r)
}

func (a *API) startImport(w http.ResponseWriter, r *http.Request) error {
	up, req, err := a.readImport(w, r)
	if up != nil {
		defer up.close()
	}
	if err != nil {
		return err
	}
	job, err := a.o.Importer.StartImport(r.Context(), req, up.file, up.size)
	if err != nil {
		return err
	}
	w.Header().Set("Location", importPath+"/"+job.UUID+"/status")
	answerJSON(w, http.StatusAccepted, tidy(*job))
	return nil
}

func (a *API) previewImport(w http.ResponseWriter, r *http.Request) error {
	up, req, err := a.readImport(w, r)
	if up != nil {
		defer up.close()
	}
	if err != nil {
		return err
	}
	preview, err := a.o.Importer.PreviewImport(r.Context(), req, up.file)
	if err != nil {
		return err
	}
	answerJSON(w, http.StatusOK, tidy(*preview))
	return nil
}

func (a *API) readImport(w http.ResponseWriter, r *http.Request) (*upload, fibonacco.ImportRequest, error) {
	up, err := readUpload(w, r)
	if err != nil {
		return up, fibonacco.ImportRequest{}, err
	}
	req, err := a.importRequest(r.Context(), up)
	return up, req, err
}

func answerJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // who has gone away cannot be told
}

package api

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api/edge"
)

const (
	importPath    = Prefix + "/smbs/import"
	importRoute   = "POST " + importPath
	importMost    = 512 << 20 // bytes of a file
	uploadsAtOnce = 4         // files being taken in by one node: each is held in memory until it is stored
)

func (a *API) imports() {
	a.handle(importRoute, func(w http.ResponseWriter, r *http.Request) {
		if err := a.startImport(w, r); err != nil {
			edge.Write(w, r, err)
		}
	})
	a.huma.OpenAPI().AddOperation(a.importOperation())
	register(a, operation{
		method: http.MethodGet, path: "/smbs/import/{uuid}/status", id: "get-import", tag: tagImports,
		summary: "How an import is going", errors: ofThing, response: exampleImport,
	}, a.getImport)
}

var exampleImport = fibonacco.ImportJob{
	ID: 5, UUID: "0193c2f0-bbbb-7ccc-8ddd-0e0f10111213", CommunityID: 1, Filename: "brooklyn.csv", Status: "completed",
	ImportResult: fibonacco.ImportResult{
		Total: 3, Created: 2, Failed: 1,
		Errors: []fibonacco.ImportError{{Line: 4, Field: "primary_email", Reason: "is not an e-mail address"}},
	},
	RowsPerSecond: 8000, CreatedAt: exampleTime, FinishedAt: &exampleTime,
}

func (a *API) getImport(ctx context.Context, in *struct {
	UUID string `path:"uuid" example:"0193c2f0-bbbb-7ccc-8ddd-0e0f10111213"`
},
) (*body[fibonacco.ImportJob], error) {
	if a.o.Importer == nil {
		return nil, moduleAbsent("SMB CRM")
	}
	if !isUUID(in.UUID) {
		return nil, fibonacco.Errorf(fibonacco.NotFound, "there is no such import")
	}
	job, err := a.o.Importer.ImportJob(ctx, in.UUID)
	if err != nil {
		return nil, err
	}
	return &body[fibonacco.ImportJob]{*job}, nil
}

// startImport does not go through huma, which would parse what is not its business: the file is
// taken as it comes.
func (a *API) startImport(w http.ResponseWriter, r *http.Request) error {
	if a.o.Importer == nil {
		return moduleAbsent("SMB CRM")
	}
	select {
	case a.uploads <- struct{}{}:
		defer func() { <-a.uploads }()
	default:
		return fibonacco.Errorf(fibonacco.Unavailable, "this node takes in other files right now: try again in a moment")
	}
	up, err := readUpload(w, r)
	if up != nil {
		defer up.close()
	}
	if err != nil {
		return err
	}
	req, err := a.importRequest(r.Context(), up)
	if err != nil {
		return err
	}
	job, err := a.o.Importer.StartImport(r.Context(), req, up.file, up.size)
	if err != nil {
		return err
	}
	w.Header().Set("Location", importPath+"/"+job.UUID+"/status")
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_ = json.NewEncoder(w).Encode(tidy(*job)) // who has gone away cannot be told
	return nil
}

// importParameters are known in the query and as fields of a form alike.
var importParameters = []struct{ name, about string }{
	{"community", "Id or slug of the community that the businesses belong to. Required."},
	{"dry_run", "true counts and reports, and stores nothing."},
	{"duplicates", "What to do with a business that is known already: fill its blanks (fill, the default), overwrite, or skip."},
	{"format", "csv or json; left out, the first bytes decide."},
	{"source", "Stored as the source of each business; left out, import."},
	{"filename", "For people."},
}

func (a *API) importOperation() *huma.Operation {
	text := &huma.Schema{Type: "string"}
	form := map[string]*huma.Schema{"file": {Type: "string", Format: "binary", Description: "The file."}}
	op := &huma.Operation{
		OperationID: "start-import", Method: http.MethodPost, Path: importPath, Tags: []string{tagImports},
		Summary: "Take in a file of businesses",
		Description: "CSV or JSON, as a form with a part called file, or as the body itself; at most 512 MiB. Which column holds which field is guessed " +
			"from the header; mapping[field]=Column says it. Good rows are stored and bad ones reported, each with its line. " +
			"The answer comes as soon as the file is kept: Location says where to watch.",
		Security: bearer, DefaultStatus: http.StatusAccepted,
	}
	for _, p := range importParameters {
		schema := &huma.Schema{Type: "string"}
		switch p.name {
		case "dry_run":
			schema = &huma.Schema{Type: "boolean"}
		case "duplicates":
			schema.Enum = []any{"fill", "overwrite", "skip"}
		case "format":
			schema.Enum = []any{"csv", "json"}
		}
		form[p.name] = schema
		op.Parameters = append(op.Parameters, &huma.Param{Name: p.name, In: "query", Description: p.about, Schema: schema})
	}
	explode := true
	op.Parameters = append(op.Parameters, &huma.Param{
		Name: "mapping", In: "query", Style: "deepObject", Explode: &explode,
		Description: "Field → column: mapping[business_name]=Company.",
		Schema:      &huma.Schema{Type: "object", AdditionalProperties: text},
	})
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"multipart/form-data": {Schema: &huma.Schema{Type: "object", Properties: form, Required: []string{"file"}, AdditionalProperties: text}},
		"text/csv":            {Schema: &huma.Schema{Type: "string"}, Example: "name,email,phone\nRosa's Bakery,rosa@rosasbakery.example,(718) 555-0142\n"},
		"application/json": {
			Schema:  &huma.Schema{Type: "array", Items: &huma.Schema{Type: "object", AdditionalProperties: true}},
			Example: []any{map[string]any{"business_name": "Rosa's Bakery", "primary_email": "rosa@rosasbakery.example"}},
		},
	}}
	op.Responses = a.problems(append(append([]int{}, everywhere...), ofBody...))
	op.Responses["202"] = &huma.Response{
		Description: "The file is kept and waits for its turn.",
		Headers:     map[string]*huma.Param{"Location": {Description: "Where to watch.", Schema: text}},
		Content: map[string]*huma.MediaType{"application/json": {
			Schema: a.schemaOf(fibonacco.ImportJob{}), Example: tidy(exampleImport),
		}},
	}
	return op
}

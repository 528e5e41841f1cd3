package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fibonacco/fibonacco"
)

// importParameter is known in the query and as a field of a form alike.
type importParameter struct {
	name, about string
	values      []any // the only ones there are; nil for any
}

var importParameters = []importParameter{
	{"community", "Id or slug of the community that the businesses belong to. Required.", nil},
	{"dry_run", "true counts and reports, and stores nothing.", nil},
	{"mode", "do_not_contact: rows say who wants to hear nothing. The known ones are blocked, addresses and numbers of the others suppressed; nothing is created.", []any{fibonacco.DoNotContactFile}},
	{
		"match", "By what a known business is found, the surest first, separated by commas: email, phone, name_zip, fuzzy_name_zip. " +
			"Left out, all that is known of it is weighed.", nil,
	},
	{"duplicates", "What to do with a business that is known already: fill its blanks (fill, the default), overwrite, or skip.", []any{"fill", "overwrite", "skip"}},
	{"format", "Left out, the content decides.", []any{"csv", "json", "ndjson", "xlsx"}},
	{"sheet", "Of a workbook, the name of the sheet; left out, the first that is not hidden.", nil},
	{"source", "Stored as the source of each business; left out, import.", nil},
	{"filename", "For people.", nil},
}

// importObjects are parameters that hold several values by name, as name[key]=value.
var importObjects = []importParameter{
	{"mapping", "Field → column: mapping[business_name]=Company. Without one, the saved mapping of the same header counts, or a guess by names and values; an empty column leaves the field out.", nil},
	{"policy", "Field → fill, overwrite or skip, where that differs from duplicates: policy[category]=overwrite.", nil},
}

// fileTypes are the bodies that a file may come as, each with the format that it says; "" is left
// to the content.
var fileTypes = map[string]string{
	"text/csv": "csv", "application/json": "json", "application/x-ndjson": "ndjson", "application/octet-stream": "",
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}

func (a *API) importOperation() *huma.Operation {
	op := a.fileOperation()
	op.OperationID, op.Path, op.DefaultStatus = "start-import", importPath, http.StatusAccepted
	op.Summary = "Take in a file of businesses"
	op.Description = "CSV, JSON, NDJSON or an Excel workbook (.xlsx), as a form with a part called file, or as the body itself; at most 512 MiB. Good rows are stored and bad " +
		"ones reported, each with its line. The answer comes as soon as the file is kept: Location says where to watch. The file is removed as soon as the import has ended; " +
		"what was refused, and what it takes to undo the import, is kept for 30 days. Ask for a preview first: it shows what each column would be read as."
	text := &huma.Schema{Type: huma.TypeString}
	op.Responses["202"] = &huma.Response{
		Description: "The file is kept and waits for its turn.",
		Headers:     map[string]*huma.Param{"Location": {Description: "Where to watch.", Schema: text}},
		Content: map[string]*huma.MediaType{"application/json": {
			Schema: a.schemaOf(fibonacco.ImportJob{}), Example: tidy(exampleImport),
		}},
	}
	return op
}

func (a *API) previewOperation() *huma.Operation {
	op := a.fileOperation()
	op.OperationID, op.Path, op.DefaultStatus = "preview-import", previewPath, http.StatusOK
	op.Summary = "See what a file would be read as"
	op.Description = "Takes what an import takes, and keeps nothing. mapping of the answer is what the import would use: send it back changed, or save it for files with the same header. " +
		"Columns with a confidence below 0.7 are proposals that are not read unless they are asked for."
	op.Responses["200"] = &huma.Response{
		Description: "The beginning of the file.",
		Content: map[string]*huma.MediaType{"application/json": {
			Schema: a.schemaOf(fibonacco.ImportPreview{}), Example: tidy(examplePreview),
		}},
	}
	return op
}

var examplePreview = fibonacco.ImportPreview{
	Format: "csv",
	Columns: []fibonacco.ImportColumn{
		{Name: "Company", Samples: []string{"Rosa's Bakery"}, Field: "business_name", Confidence: 0.93, Why: "the name says so"},
		{Name: "Kontakt", Samples: []string{"rosa@rosasbakery.example"}, Field: "primary_email", Confidence: 0.95, Why: "100 % of the values are e-mail addresses"},
	},
	Mapping: map[string]string{"business_name": "Company", "primary_email": "Kontakt"},
	Rows: []fibonacco.ImportRow{{
		Line: 2, Values: map[string]string{"business_name": "Rosa's Bakery", "primary_email": "rosa@rosasbakery.example"},
	}},
}

// fileOperation is an operation that takes a file of businesses.
func (a *API) fileOperation() *huma.Operation {
	text := &huma.Schema{Type: huma.TypeString}
	form := map[string]*huma.Schema{"file": {Type: huma.TypeString, Format: "binary", Description: "The file."}}
	op := &huma.Operation{Method: http.MethodPost, Tags: []string{tagImports}, Security: bearer}
	for _, p := range importParameters {
		schema := &huma.Schema{Type: huma.TypeString, Enum: p.values}
		if p.name == "dry_run" {
			schema = &huma.Schema{Type: huma.TypeBoolean}
		}
		form[p.name] = schema
		op.Parameters = append(op.Parameters, &huma.Param{Name: p.name, In: "query", Description: p.about, Schema: schema})
	}
	explode := true
	for _, p := range importObjects {
		op.Parameters = append(op.Parameters, &huma.Param{
			Name: p.name, In: "query", Style: "deepObject", Explode: &explode, Description: p.about,
			Schema: &huma.Schema{Type: huma.TypeObject, AdditionalProperties: text},
		})
	}
	binary := &huma.Schema{Type: huma.TypeString, Format: "binary"}
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"multipart/form-data": {Schema: &huma.Schema{Type: huma.TypeObject, Properties: form, Required: []string{"file"}, AdditionalProperties: text}},
		"text/csv":            {Schema: text, Example: "name,email,phone\nRosa's Bakery,rosa@rosasbakery.example,(718) 555-0142\n"},
		"application/json": {
			Schema:  &huma.Schema{Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}},
			Example: []any{map[string]any{"business_name": "Rosa's Bakery", "primary_email": "rosa@rosasbakery.example"}},
		},
		"application/x-ndjson":     {Schema: text, Example: "{\"business_name\":\"Rosa's Bakery\",\"primary_email\":\"rosa@rosasbakery.example\"}\n"},
		"application/octet-stream": {Schema: binary, Example: "name,email\nRosa's Bakery,rosa@rosasbakery.example\n"},
		"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {Schema: binary, Example: "PK…"},
	}}
	op.Responses = a.problems(append(append([]int{}, everywhere...), ofBody...))
	return op
}

package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api/edge"
)

const (
	suppressionsPath  = Prefix + "/suppressions/import"
	suppressionsRoute = "POST " + suppressionsPath
	suppressionsMost  = 256 << 20 // bytes of a file
)

// suppressionParameters are known in the query and as fields of a form alike.
var suppressionParameters = []struct{ name, about string }{
	{"source", "Whose list it is: a registry, a client. Kept with each entry. Required."},
	{"reason", "manual, dnc, unsubscribe, bounce, complaint or legal; left out, dnc."},
}

func (a *API) suppressionFiles() {
	a.handle(suppressionsRoute, func(w http.ResponseWriter, r *http.Request) {
		if err := a.importSuppressions(w, r); err != nil {
			edge.Write(w, r, err)
		}
	})
	a.huma.OpenAPI().AddOperation(a.suppressionsOperation())
}

// importSuppressions takes the file as it comes, as importing businesses does, and answers once it
// is taken in: a million lines are a minute.
func (a *API) importSuppressions(w http.ResponseWriter, r *http.Request) error {
	if a.o.Consents == nil {
		return moduleAbsent("SMB CRM")
	}
	select {
	case a.uploads <- struct{}{}:
		defer func() { <-a.uploads }()
	default:
		return fibonacco.Errorf(fibonacco.Unavailable, "this node takes in other files right now: try again in a moment")
	}
	deadline := fibonacco.RealTime().Add(boundsOf(suppressionsRoute).time)
	control := http.NewResponseController(w)
	if err := errors.Join(control.SetReadDeadline(deadline), control.SetWriteDeadline(deadline)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return fmt.Errorf("extend the deadline of an upload: %w", err)
	}
	in := &suppressionFile{values: map[string]string{}}
	defer in.close()
	if err := in.read(r); err != nil {
		return err
	}
	result, err := a.o.Consents.ImportSuppressions(r.Context(), in.file, or(in.values["reason"], "dnc"), in.values["source"])
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(tidy(*result)) // who has gone away cannot be told
	return nil
}

// suppressionFile is a do-not-contact file as it came in, by form or as a bare body.
type suppressionFile struct {
	file   *os.File // set aside on disk: what says how to take it in may come after it; nil when none came
	values map[string]string
	bad    []fibonacco.FieldError
}

// read takes the whole request in, and names all that is wrong with it.
func (in *suppressionFile) read(r *http.Request) error {
	for name, values := range r.URL.Query() {
		for _, v := range values {
			in.set(name, v)
		}
	}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		kind = ""
	}
	switch {
	case kind == "multipart/form-data" && params["boundary"] == "":
		return fibonacco.Errorf(fibonacco.Malformed, "the form has no boundary in its Content-Type")
	case kind == "multipart/form-data":
		err = in.readForm(multipart.NewReader(r.Body, params["boundary"]))
	case kind == "text/csv" || kind == "text/plain":
		err = in.setAside(r.Body)
	default:
		return edge.New(r.Context(), edge.UnsupportedMediaType, "send the file as multipart/form-data, text/csv or text/plain")
	}
	var tooLarge *http.MaxBytesError
	switch {
	case err != nil && !errors.As(err, &tooLarge) && fibonacco.CodeOf(err) == fibonacco.Internal:
		return &fibonacco.Error{Code: fibonacco.Malformed, Message: "the file could not be read to its end", Err: err}
	case err != nil:
		return err
	case in.file == nil:
		in.refuse("file", "is missing")
	}
	return fibonacco.InvalidFields("the file cannot be taken in", in.bad)
}

func (in *suppressionFile) readForm(form *multipart.Reader) error {
	for range 20 {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if part.FormName() == "file" {
			if in.file != nil {
				return fibonacco.Errorf(fibonacco.Malformed, "the form has two parts called file")
			}
			if err := in.setAside(part); err != nil {
				return err
			}
			continue
		}
		const most = 4 << 10
		value, err := io.ReadAll(io.LimitReader(part, most+1))
		if err != nil {
			return err
		}
		if len(value) > most || !clean(string(value)) || !clean(part.FormName()) {
			return fibonacco.Errorf(fibonacco.Malformed, "a field of the form is too long, or not text")
		}
		in.set(part.FormName(), string(value))
	}
	return fibonacco.Errorf(fibonacco.Malformed, "the form has more than 20 parts")
}

func (in *suppressionFile) set(name, value string) {
	var known []string
	for _, p := range suppressionParameters {
		known = append(known, p.name)
		if p.name != name {
			continue
		}
		if _, again := in.values[name]; again {
			in.refuse(name, "is given twice")
		}
		in.values[name] = value
		return
	}
	in.refuse(name, notKnown(known))
}

func (in *suppressionFile) refuse(field, reason string) {
	in.bad = append(in.bad, fibonacco.FieldError{Field: field, Reason: reason})
}

func (in *suppressionFile) setAside(r io.Reader) error {
	f, err := os.CreateTemp("", "fibonacco-upload-")
	if err != nil {
		return fmt.Errorf("set an upload aside: %w", err)
	}
	in.file = f
	if _, err := io.Copy(f, r); err != nil {
		return err
	}
	_, err = f.Seek(0, io.SeekStart)
	return err
}

// close removes what was set aside.
func (in *suppressionFile) close() {
	if in.file != nil {
		_ = in.file.Close()
		_ = os.Remove(in.file.Name())
	}
}

func (a *API) suppressionsOperation() *huma.Operation {
	text := &huma.Schema{Type: huma.TypeString}
	form := map[string]*huma.Schema{"file": {Type: huma.TypeString, Format: "binary", Description: "The file."}}
	op := &huma.Operation{
		OperationID: "import-suppressions", Method: http.MethodPost, Path: suppressionsPath, Tags: []string{tagConsent},
		Summary: "Take in a do-not-contact file",
		Description: "CSV with or without a header, or a line each, as a form with a part called file or as the body itself; at most 256 MiB. Addresses and numbers are told " +
			"apart by themselves; area code and number may be two columns, as the national registry has them. Lines that hold neither are reported, and taking a file in again adds nothing.",
		Security: bearer, DefaultStatus: http.StatusOK,
	}
	for _, p := range suppressionParameters {
		schema := &huma.Schema{Type: huma.TypeString}
		if p.name == "reason" {
			schema.Enum = []any{"manual", "dnc", "unsubscribe", "bounce", "complaint", "legal"}
		} else {
			schema.MaxLength = most(255)
		}
		form[p.name] = schema
		op.Parameters = append(op.Parameters, &huma.Param{Name: p.name, In: "query", Description: p.about, Schema: schema})
	}
	const lines = "email,phone\nrosa@rosasbakery.example,(718) 555-0142\n"
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"multipart/form-data": {Schema: &huma.Schema{Type: huma.TypeObject, Properties: form, Required: []string{"file"}}},
		"text/csv":            {Schema: text, Example: lines},
		"text/plain":          {Schema: text, Example: "rosa@rosasbakery.example\n+17185550142\n"},
	}}
	op.Responses = a.problems(append(append([]int{}, everywhere...), ofBody...))
	op.Responses["200"] = &huma.Response{
		Description: "What the file did.",
		Content: map[string]*huma.MediaType{"application/json": {
			Schema: a.schemaOf(fibonacco.SuppressionResult{}),
			Example: tidy(fibonacco.SuppressionResult{
				Total: 3, Added: 1, Known: 1, Failed: 1, Reached: 1,
				Errors: []fibonacco.ImportError{{Line: 4, Reason: "holds neither an e-mail address nor a telephone number"}},
			}),
		}},
	}
	return op
}

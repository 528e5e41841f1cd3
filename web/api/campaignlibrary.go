package api

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api/edge"
)

const (
	libraryPath  = Prefix + "/campaigns/import"
	libraryRoute = "POST " + libraryPath
	libraryMost  = 16 << 20 // bytes of an archive

	libraryFiles  = 1000     // in an archive
	libraryUnpack = 64 << 20 // bytes of them together
)

func (a *API) campaignLibrary() {
	a.handle(libraryRoute, func(w http.ResponseWriter, r *http.Request) {
		if err := a.importLibrary(w, r); err != nil {
			edge.Write(w, r, err)
		}
	})
	a.huma.OpenAPI().AddOperation(a.libraryOperation())
}

// importLibrary takes the archive as it comes, and answers once it is read and stored.
func (a *API) importLibrary(w http.ResponseWriter, r *http.Request) error {
	if a.o.Libraries == nil {
		return moduleAbsent("Campaign Engine")
	}
	if fibonacco.ScopeOf(r.Context()) != nil {
		return fibonacco.Errorf(fibonacco.Forbidden, "campaigns are the same for all communities, and you are limited to some")
	}
	select {
	case a.uploads <- struct{}{}:
		defer func() { <-a.uploads }()
	default:
		return fibonacco.Errorf(fibonacco.Unavailable, "this node takes in other files right now: try again in a moment")
	}
	deadline := fibonacco.RealTime().Add(boundsOf(libraryRoute).time)
	control := http.NewResponseController(w)
	if err := errors.Join(control.SetReadDeadline(deadline), control.SetWriteDeadline(deadline)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return fmt.Errorf("extend the deadline of an upload: %w", err)
	}
	dry, err := isDryRun(r)
	if err != nil {
		return err
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/zip" {
		return edge.New(r.Context(), edge.UnsupportedMediaType, "send the library's folder as application/zip")
	}
	files, err := ReadLibrary(r.Body)
	if err != nil {
		return err
	}
	report, err := a.o.Libraries.ImportLibrary(r.Context(), files, dry)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(tidy(*report)) // who has gone away cannot be told
	return nil
}

func isDryRun(r *http.Request) (bool, error) {
	values := r.URL.Query()
	if err := onlyKnown(values, []string{"dry_run"}); err != nil {
		return false, err
	}
	switch values.Get("dry_run") {
	case "", "false":
		return false, nil
	case "true":
		return true, nil
	}
	return false, fibonacco.InvalidFields("the library cannot be read", []fibonacco.FieldError{{Field: "dry_run", Reason: "must be true or false"}})
}

// LibraryMost is how many bytes an archive of a library may have.
const LibraryMost = libraryMost

// ReadLibrary is the folder in a ZIP archive. It unpacks nothing yet: files are read one by one, each
// within the bounds of its entry. Malformed for what is no archive, TooLarge for one that holds too much.
func ReadLibrary(body io.Reader) (fs.FS, error) {
	data, err := io.ReadAll(body)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, err
	case err != nil:
		return nil, &fibonacco.Error{Code: fibonacco.Malformed, Message: "the archive could not be read to its end", Err: err}
	}
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, &fibonacco.Error{Code: fibonacco.Malformed, Message: "the body is no ZIP archive", Err: err}
	}
	var size uint64
	for _, f := range archive.File {
		size += min(f.UncompressedSize64, libraryUnpack+1)
	}
	if len(archive.File) > libraryFiles || size > libraryUnpack {
		return nil, fibonacco.Errorf(fibonacco.TooLarge, "a library has at most %d files and %d MiB", libraryFiles, libraryUnpack>>20)
	}
	return inOneFolder(archive)
}

// inOneFolder goes into the folder that all files of an archive are in, as most programs pack them.
func inOneFolder(files fs.FS) (fs.FS, error) {
	top, err := fs.ReadDir(files, ".")
	if err != nil {
		return nil, &fibonacco.Error{Code: fibonacco.Malformed, Message: "the archive's folder cannot be read", Err: err}
	}
	top = slices.DeleteFunc(top, func(e fs.DirEntry) bool { return strings.HasPrefix(e.Name(), ".") || e.Name() == "__MACOSX" })
	if len(top) == 1 && top[0].IsDir() {
		return fs.Sub(files, top[0].Name())
	}
	return files, nil
}

func (a *API) libraryOperation() *huma.Operation {
	op := &huma.Operation{
		OperationID: "import-campaigns", Method: http.MethodPost, Path: libraryPath, Tags: []string{tagCampaigns},
		Summary: "Bring a library of campaigns in",
		Description: "A folder of campaign files as a ZIP archive of at most 16 MiB, in our form or in the JSON of other makers; a file for each campaign. Everything that is unusual is in problems. " +
			"When one of them is an error nothing is stored, and errors says so; the answer is 200 all the same. Doing it again changes nothing.",
		Security: bearer, DefaultStatus: http.StatusOK,
		Parameters: []*huma.Param{{
			Name: "dry_run", In: "query", Description: "true reports, and stores nothing.", Schema: &huma.Schema{Type: huma.TypeBoolean, Default: false},
		}},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			"application/zip": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}, Example: "PK…"},
		}},
	}
	op.Responses = a.problems(append(append([]int{}, everywhere...), ofBody...))
	op.Responses["200"] = &huma.Response{
		Description: "What the library holds, and what was stored of it.",
		Content: map[string]*huma.MediaType{"application/json": {
			Schema: a.schemaOf(fibonacco.LibraryReport{}),
			Example: tidy(fibonacco.LibraryReport{
				Campaigns: 52, Unplaced: []string{"CONV-001"}, Changed: 3,
				Problems: []fibonacco.LibraryFinding{{File: "conv_1.json", Line: 4, Field: "day", Message: "is unplaced: day 12 belongs to HOOK-002", Severity: "warning"}},
			}),
		}},
	}
	return op
}

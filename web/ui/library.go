package ui

import (
	"cmp"
	"errors"
	"net/http"
	"slices"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api"
)

// libraryData is the form that takes a library, with what came of the last one.
type libraryData struct {
	Report *fibonacco.LibraryReport
	Files  []libraryFile // of the report's problems
	Name   string
	Error  string
	May    bool
}

// libraryFile is what is to be said about one file.
type libraryFile struct {
	Name   string
	Errors int
	Lines  []fibonacco.LibraryFinding
}

func (u *ui) libraryForm(w http.ResponseWriter, r *http.Request) error {
	return u.showLibrary(w, r, http.StatusOK, libraryData{})
}

func (u *ui) showLibrary(w http.ResponseWriter, r *http.Request, status int, d libraryData) error {
	fr := u.frame(r, "Import a library", "/programme")
	d.May = mayWrite(r.Context(), fr)
	u.show(w, r, status, libraryPage(fr, d))
	return nil
}

// importLibrary reads an archive, and stores it unless it is tried only, or one of its files has an error.
func (u *ui) importLibrary(w http.ResponseWriter, r *http.Request) error {
	if err := u.mayWriteNow(r); err != nil {
		return err
	}
	r.Body = http.MaxBytesReader(w, r.Body, api.LibraryMost+(1<<20)) // the form around the archive
	file, head, err := r.FormFile("file")
	if r.MultipartForm != nil {
		defer func() { _ = r.MultipartForm.RemoveAll() }()
	}
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return u.showLibrary(w, r, http.StatusRequestEntityTooLarge, libraryData{Error: "The archive is larger than 16 MB. Leave out pictures and sound: only .md and .json files are read."})
	case err != nil:
		return u.showLibrary(w, r, http.StatusUnprocessableEntity, libraryData{Error: "Choose an archive first."})
	}
	defer func() { _ = file.Close() }()
	d := libraryData{Name: head.Filename}
	files, err := api.ReadLibrary(file)
	if err == nil {
		d.Report, err = u.Libraries.ImportLibrary(r.Context(), files, r.PostFormValue("do") == "try")
	}
	var known *fibonacco.Error
	if errors.As(err, &known) && (known.Code == fibonacco.Malformed || known.Code == fibonacco.TooLarge || known.Code == fibonacco.Invalid) {
		d.Error = capital(known.Message) + ". Pack the folder as a ZIP archive, and choose that."
		return u.showLibrary(w, r, http.StatusUnprocessableEntity, d)
	}
	if err != nil {
		return err
	}
	d.Files = byFile(d.Report.Problems)
	status := http.StatusOK
	if d.Report.Errors > 0 {
		status = http.StatusUnprocessableEntity
	}
	return u.showLibrary(w, r, status, d)
}

// byFile puts problems under their files: first those with errors.
func byFile(problems []fibonacco.LibraryFinding) (all []libraryFile) {
	for _, p := range problems {
		i := slices.IndexFunc(all, func(f libraryFile) bool { return f.Name == p.File })
		if i < 0 {
			i = len(all)
			all = append(all, libraryFile{Name: p.File})
		}
		if p.Severity == "error" {
			all[i].Errors++
		}
		all[i].Lines = append(all[i].Lines, p)
	}
	for _, f := range all {
		slices.SortStableFunc(f.Lines, func(a, b fibonacco.LibraryFinding) int {
			return cmp.Or(cmpBool(b.Severity == "error", a.Severity == "error"), cmp.Compare(a.Line, b.Line))
		})
	}
	slices.SortStableFunc(all, func(a, b libraryFile) int {
		return cmp.Or(cmpBool(b.Errors > 0, a.Errors > 0), cmp.Compare(a.Name, b.Name))
	})
	return all
}

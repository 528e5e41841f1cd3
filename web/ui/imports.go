package ui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/fibonacco/fibonacco"
)

// mountImports adds taking in a file: choosing it, telling its columns, watching, taking it back.
func (u *ui) mountImports(page func(pattern string, h handler)) {
	page("GET /businesses/import", u.importForm)
	page("GET /businesses/import/events", u.importEvents)
	page("POST /businesses/import", u.startImport)
	page("POST /businesses/import/preview", u.previewImport)
	page("GET /businesses/import/{uuid}", u.importJob)
	page("GET /businesses/import/{uuid}/events", u.importJobEvents)
	page("GET /businesses/import/{uuid}/errors.csv", u.importErrors)
	page("POST /businesses/import/{uuid}/cancel", u.cancelImport)
	page("POST /businesses/import/{uuid}/undo", u.undoImport)
}

const (
	uploadTime = 30 * time.Minute // a slow line may take that long to bring a file
	inMemory   = 4 << 20          // of an upload; the rest is set aside on disk
)

// importData is the form of an import with what is known of the file, and the imports there were.
type importData struct {
	Towns     []fibonacco.CommunityCount
	Community int64
	Blocked   bool // the file says who wants to hear nothing
	Known     string
	Preview   *fibonacco.ImportPreview
	Wrong     []fibonacco.FieldError
	Error     string
	Recent    []fibonacco.ImportJob
	Now       time.Time
	Zone      *time.Location
}

func (u *ui) importForm(w http.ResponseWriter, r *http.Request) error {
	community, _ := strconv.ParseInt(r.URL.Query().Get("community_id"), 10, 64)
	return u.showImportForm(w, r, http.StatusOK, importData{Community: community})
}

func (u *ui) showImportForm(w http.ResponseWriter, r *http.Request, status int, d importData) error {
	t, err := u.towns(r.Context())
	if err != nil {
		return err
	}
	d.Towns, d.Now = t.all, u.local(t, time.Time{})
	if d.Recent, err = u.recentImports(r.Context()); err != nil {
		return err
	}
	u.show(w, r, status, importPage(u.frame(r, "Import a file", "/businesses"), d, t))
	return nil
}

func (u *ui) recentImports(ctx context.Context) ([]fibonacco.ImportJob, error) {
	page, err := u.Importer.ListImports(ctx, fibonacco.ListQuery{Size: 13})
	if err != nil {
		return nil, fmt.Errorf("list imports: %w", err)
	}
	return page.Data, nil
}

// importEvents is the stream behind the list of imports.
func (u *ui) importEvents(w http.ResponseWriter, r *http.Request) error {
	return u.move(w, r, func(ctx context.Context) ([]livePart, error) {
		t, err := u.towns(ctx)
		if err != nil {
			return nil, err
		}
		recent, err := u.recentImports(ctx)
		if err != nil {
			return nil, err
		}
		now := u.local(t, time.Time{})
		return renderParts(ctx, []string{"now", "imports"}, map[string]templ.Component{"now": liveNow(now), "imports": importList(recent, t, now)})
	})
}

// readImport takes the form with its file. The caller closes it.
func (u *ui) readImport(w http.ResponseWriter, r *http.Request) (d importData, req fibonacco.ImportRequest, file multipart.File, size int64, err error) {
	deadline := fibonacco.RealTime().Add(uploadTime)
	control := http.NewResponseController(w)
	if err := errors.Join(control.SetReadDeadline(deadline), control.SetWriteDeadline(deadline)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return d, req, nil, 0, fmt.Errorf("extend the deadline of an upload: %w", err)
	}
	if err := r.ParseMultipartForm(inMemory); err != nil { //nolint:gosec // the server bounds the body
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return d, req, nil, 0, fibonacco.Errorf(fibonacco.TooLarge, "The file is larger than %d MB. Part it, or use the interface.", tooLarge.Limit>>20)
		}
		return d, req, nil, 0, brokenUpload(err)
	}
	d.Community, _ = strconv.ParseInt(r.PostFormValue("community"), 10, 64)
	d.Blocked, d.Known = r.PostFormValue("mode") == fibonacco.DoNotContactFile, r.PostFormValue("duplicates")
	req = fibonacco.ImportRequest{
		CommunityID: d.Community, Duplicates: d.Known, Sheet: r.PostFormValue("sheet"), DryRun: r.PostFormValue("do") == "try", Mapping: mappingOf(r.PostForm),
	}
	if d.Blocked {
		req.Mode = fibonacco.DoNotContactFile
	}
	file, head, err := r.FormFile("file")
	if errors.Is(err, http.ErrMissingFile) {
		d.Error, d.Wrong = "Choose a file first.", []fibonacco.FieldError{{Field: "file", Reason: "is missing"}}
		return d, req, nil, 0, nil
	}
	if err != nil {
		return d, req, nil, 0, brokenUpload(err)
	}
	req.Filename = head.Filename
	return d, req, file, head.Size, nil
}

func brokenUpload(err error) error {
	return &fibonacco.Error{Code: fibonacco.Malformed, Message: "The file did not arrive whole. Try again.", Err: err}
}

// mappingOf reads what each column is to be read as: column and as come in pairs. nil when nothing was
// said, which leaves it to the importer.
func mappingOf(form map[string][]string) map[string]string {
	columns, as := form["column"], form["as"]
	if len(columns) == 0 || len(columns) != len(as) {
		return nil
	}
	mapping := map[string]string{}
	for _, f := range importFields {
		mapping[f[0]] = "" // what is not chosen is left out, whatever a name suggests
	}
	for i, column := range columns {
		if as[i] != "" {
			mapping[as[i]] = column
		}
	}
	return mapping
}

// previewImport shows what the columns of a chosen file hold, as a part of the form.
func (u *ui) previewImport(w http.ResponseWriter, r *http.Request) error {
	d, req, file, _, err := u.readImport(w, r)
	if r.MultipartForm != nil {
		defer func() { _ = r.MultipartForm.RemoveAll() }()
	}
	if err != nil {
		return err
	}
	if file != nil {
		defer func() { _ = file.Close() }()
		req.Mapping = nil // another file may have been chosen: what was said of the last one does not hold
		if d.Preview, err = u.Importer.PreviewImport(r.Context(), req, file); err != nil {
			if !d.take(err) {
				return err
			}
		}
	}
	if r.Header.Get("HX-Request") == "true" {
		u.show(w, r, http.StatusOK, importColumns(d)) // htmx shows nothing of an answer that is an error
		return nil
	}
	return u.showImportForm(w, r, http.StatusOK, d)
}

// take keeps what the form can say about an error; false for any other.
func (d *importData) take(err error) bool {
	var known *fibonacco.Error
	if !errors.As(err, &known) || known.Code != fibonacco.Invalid && known.Code != fibonacco.Malformed && known.Code != fibonacco.NotFound {
		return false
	}
	d.Error, d.Wrong = known.Message, known.Fields
	return true
}

func (u *ui) startImport(w http.ResponseWriter, r *http.Request) error {
	d, req, file, size, err := u.readImport(w, r)
	if r.MultipartForm != nil {
		defer func() { _ = r.MultipartForm.RemoveAll() }()
	}
	if err != nil {
		return err
	}
	if file == nil {
		return u.showImportForm(w, r, http.StatusUnprocessableEntity, d)
	}
	defer func() { _ = file.Close() }()
	job, err := u.Importer.StartImport(r.Context(), req, file, size)
	if err != nil {
		if d.take(err) {
			return u.showImportForm(w, r, http.StatusUnprocessableEntity, d)
		}
		return err
	}
	http.Redirect(w, r, "/businesses/import/"+job.UUID, http.StatusSeeOther) //nolint:gosec // a path of ours, with an id that we made
	return nil
}

func (u *ui) importJob(w http.ResponseWriter, r *http.Request) error {
	job, err := u.Importer.ImportJob(r.Context(), r.PathValue("uuid"))
	if err != nil {
		return err
	}
	t, err := u.towns(r.Context())
	if err != nil {
		return err
	}
	fr := u.frame(r, "Import of "+importName(*job), "/businesses")
	fr.Toast.Text = map[string]string{"cancel": "Stopped. What it has stored stays, and can be taken back.", "undo": "It is being taken back."}[r.URL.Query().Get("done")]
	u.show(w, r, http.StatusOK, importJobPage(fr, *job, t.name(job.CommunityID), u.local(t, time.Time{})))
	return nil
}

// importJobEvents is the stream behind one import.
func (u *ui) importJobEvents(w http.ResponseWriter, r *http.Request) error {
	fr, uuid := u.frame(r, "Import", "/businesses"), r.PathValue("uuid")
	if _, err := u.Importer.ImportJob(r.Context(), uuid); err != nil {
		return err
	}
	return u.move(w, r, func(ctx context.Context) ([]livePart, error) {
		job, err := u.Importer.ImportJob(ctx, uuid)
		if err != nil {
			return nil, fmt.Errorf("look at an import: %w", err)
		}
		t, err := u.towns(ctx)
		if err != nil {
			return nil, err
		}
		return renderParts(ctx, []string{"now", "job"}, map[string]templ.Component{"now": liveNow(u.local(t, time.Time{})), "job": importProgress(fr, *job)})
	})
}

func (u *ui) cancelImport(w http.ResponseWriter, r *http.Request) error {
	_, err := u.Importer.CancelImport(r.Context(), r.PathValue("uuid"))
	return u.redone(w, r, "/businesses/import/"+r.PathValue("uuid"), "cancel", err)
}

func (u *ui) undoImport(w http.ResponseWriter, r *http.Request) error {
	_, err := u.Importer.UndoImport(r.Context(), r.PathValue("uuid"))
	return u.redone(w, r, "/businesses/import/"+r.PathValue("uuid"), "undo", err)
}

// importErrors is all that was refused, as a file. What goes wrong before its first byte is a page.
func (u *ui) importErrors(w http.ResponseWriter, r *http.Request) error {
	job, err := u.Importer.ImportJob(r.Context(), r.PathValue("uuid"))
	if err != nil {
		return err
	}
	to := &attachment{w: w, name: strings.TrimSuffix(job.Filename, ".csv") + "-errors.csv"}
	err = u.Importer.WriteImportErrors(r.Context(), job.UUID, to)
	if err != nil && to.begun {
		u.Log.Warn("a file of errors broke off", "import", job.ID, "error", err)
		panic(http.ErrAbortHandler) // nobody shall take half of it for the whole
	}
	return err
}

// attachment is a CSV file on its way to a browser; its head leaves with the first byte.
type attachment struct {
	w     http.ResponseWriter
	name  string
	begun bool
}

var _ io.Writer = (*attachment)(nil)

func (a *attachment) Write(b []byte) (int, error) {
	if !a.begun {
		a.begun = true
		a.w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		a.w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": a.name}))
	}
	return a.w.Write(b)
}

// chosen is what a column is read as: what the importer would do with it.
func chosen(p *fibonacco.ImportPreview, column string) string {
	for _, f := range importFields {
		if p.Mapping[f[0]] == column {
			return f[0]
		}
	}
	return ""
}

// rowFields are the fields that rows of a preview hold, in the order they are offered.
func rowFields(rows []fibonacco.ImportRow) [][2]string {
	return slices.DeleteFunc(slices.Clone(importFields), func(f [2]string) bool {
		return !slices.ContainsFunc(rows, func(r fibonacco.ImportRow) bool { return r.Values[f[0]] != "" })
	})
}

func ended(j fibonacco.ImportJob) bool {
	return j.Status != fibonacco.ImportQueued && j.Status != fibonacco.ImportRunning && j.Status != fibonacco.ImportUndoing
}

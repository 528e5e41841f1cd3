package ui_test

import (
	"bytes"
	"context"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/ui"
)

// files is an importer that remembers what it was asked.
type files struct {
	fibonacco.Importer

	mu      sync.Mutex // of job, which a stream reads meanwhile
	asked   fibonacco.ImportRequest
	content string
	job     fibonacco.ImportJob
}

func (f *files) take(req fibonacco.ImportRequest, file io.Reader) error {
	raw, err := io.ReadAll(file)
	if err != nil {
		return err
	}
	f.asked, f.content = req, string(raw)
	if req.CommunityID == 0 {
		return fibonacco.InvalidFields("the file cannot be imported", []fibonacco.FieldError{{Field: "community", Reason: "is missing"}})
	}
	return nil
}

func (f *files) PreviewImport(_ context.Context, req fibonacco.ImportRequest, file io.Reader) (*fibonacco.ImportPreview, error) {
	return &fibonacco.ImportPreview{
		Format: "csv", Mapping: map[string]string{"business_name": "Company", "primary_email": "Mail <b>"},
		Columns: []fibonacco.ImportColumn{
			{Name: "Company", Samples: []string{"Rosa's Bakery", "Café"}, Field: "business_name", Confidence: 1, Why: "the name says so"},
			{Name: "Mail <b>", Field: "primary_email", Confidence: .9},
			{Name: "Notes"},
		},
		Rows:     []fibonacco.ImportRow{{Line: 2, Values: map[string]string{"business_name": "Rosa's Bakery"}}, {Line: 3, Problems: []fibonacco.FieldError{{Field: "primary_email", Reason: "is not an e-mail address"}}}},
		Problems: []fibonacco.FieldError{{Field: "zip", Reason: "is in no column"}},
	}, f.take(req, file)
}

func (f *files) StartImport(_ context.Context, req fibonacco.ImportRequest, file io.Reader, _ int64) (*fibonacco.ImportJob, error) {
	return &f.job, f.take(req, file)
}

func (f *files) ListImports(context.Context, fibonacco.ListQuery) (fibonacco.Page[fibonacco.ImportJob], error) {
	return fibonacco.Page[fibonacco.ImportJob]{Data: []fibonacco.ImportJob{f.job}}, nil
}

func (f *files) ImportJob(_ context.Context, uuid string) (*fibonacco.ImportJob, error) {
	if uuid != f.job.UUID {
		return nil, missing()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	job := f.job
	return &job, nil
}

func (f *files) CancelImport(ctx context.Context, uuid string) (*fibonacco.ImportJob, error) {
	return f.ImportJob(ctx, uuid)
}

func (f *files) UndoImport(ctx context.Context, uuid string) (*fibonacco.ImportJob, error) {
	return f.ImportJob(ctx, uuid)
}

func (f *files) WriteImportErrors(_ context.Context, _ string, to io.Writer) error {
	_, err := io.WriteString(to, "line,field,reason,value\n")
	return err
}

func newFiles() *files {
	until := monday.AddDate(0, 0, 30)
	return &files{job: fibonacco.ImportJob{
		UUID: "0193c2f0-bbbb-7ccc-8ddd-0e0f10111213", CommunityID: 1, Filename: `brook"lyn.csv`, Status: fibonacco.ImportCompleted, CreatedAt: monday, UndoUntil: &until,
		ImportResult: fibonacco.ImportResult{Total: 1204, Created: 1200, Failed: 4, Problems: []fibonacco.ImportProblem{{Field: "zip", Reason: "is <too> long", Count: 4, Lines: []int{3, 9}}}},
	}}
}

// post sends the form with a file, as a browser does.
func (s *site) post(path, file string, values ...string) answer {
	s.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for i := 0; i+1 < len(values); i += 2 {
		if err := form.WriteField(values[i], values[i+1]); err != nil {
			s.t.Fatal(err)
		}
	}
	if file != "" {
		part, err := form.CreateFormFile("file", "shops.csv")
		if err == nil {
			_, err = part.Write([]byte(file))
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		s.t.Fatal(err)
	}
	return s.send("POST", path, body.String(), "Content-Type", form.FormDataContentType())
}

func withFiles(f *files) func(*ui.Deps) { return func(d *ui.Deps) { d.Importer = f } }

func TestImportPages(t *testing.T) {
	t.Parallel()
	f := newFiles()
	s := serve(t, fibonacco.Manager, withFiles(f))
	const list = "Company,Mail\nRosa,rosa@example.org\n"
	s.get("/businesses/import").wants(t, http.StatusOK, "Port Avery", `brook"lyn.csv`, "1,204 rows, 4 refused", "Try it, store nothing")

	a := s.post("/businesses/import/preview", list, "community", "1", "mode", "do_not_contact", "column", "Old", "as", "zip")
	a.wants(t, http.StatusOK, "Rosa's Bakery · Café", "Mail <b>", "The name says so", "ZIP: is in no column", "is not an e-mail address")
	if f.content != list || f.asked.CommunityID != 1 || f.asked.Mode != fibonacco.DoNotContactFile || f.asked.Mapping != nil {
		t.Errorf("asked %+v for %q", f.asked, f.content)
	}
	if strings.Contains(a.body, "Mail <b>") {
		t.Error("a column's name is markup")
	}
	if got := strings.Count(a.body, "selected"); got < 2 {
		t.Errorf("%d columns are read as something", got)
	}

	a = s.post("/businesses/import", list, "community", "1", "duplicates", "skip", "column", "Company", "as", "business_name", "column", "Mail", "as", "", "do", "try")
	if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/businesses/import/"+f.job.UUID {
		t.Errorf("started: %d to %s", a.StatusCode, a.Header.Get("Location"))
	}
	if m := f.asked.Mapping; !f.asked.DryRun || f.asked.Duplicates != "skip" || f.asked.Filename != "shops.csv" || m["business_name"] != "Company" || m["primary_email"] != "" || len(m) != 27 {
		t.Errorf("asked %+v", f.asked)
	}
	s.post("/businesses/import", list, "community", "").wants(t, http.StatusUnprocessableEntity, "the file cannot be imported", "is missing")
	s.post("/businesses/import", "", "community", "1").wants(t, http.StatusUnprocessableEntity, "Choose a file first.")

	s.get("/businesses/import/"+f.job.UUID).wants(t, http.StatusOK, "1,200", "Is <too> long", "Take this import back", "/businesses?community=1")
	if a := s.get("/businesses/import/" + f.job.UUID + "/errors.csv"); a.body != "line,field,reason,value\n" || !strings.Contains(a.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("the errors: %q, %s", a.body, a.Header.Get("Content-Disposition"))
	}
	f.job.Status, f.job.Progress, f.job.UndoUntil = fibonacco.ImportRunning, .5, nil
	s.get("/businesses/import/"+f.job.UUID).wants(t, http.StatusOK, `data-live="/businesses/import/`+f.job.UUID+`/events"`, "50.0%", ">Stop</button>")
	s.get("/businesses/import/x").wants(t, http.StatusNotFound)
	s.get("/businesses/import/x/events").wants(t, http.StatusNotFound)

	// The open page moves with the import, until it has ended.
	events := s.watchAt(t.Context(), "/businesses/import/"+f.job.UUID+"/events")
	until(t, events, "50.0%")
	f.mu.Lock()
	f.job.Progress = .75
	f.mu.Unlock()
	s.Notify("smb.created")
	if names := until(t, events, "75.0%"); len(names) != 1 || names[0] != "job" {
		t.Errorf("besides the progress, %v came", names)
	}
	f.mu.Lock()
	f.job.Status, f.job.Progress = fibonacco.ImportCompleted, 1
	f.mu.Unlock()
	s.Notify("import.completed")
	until(t, events, "Show the businesses")
}

// Choosing a file shows its columns at once, and what is chosen there is what is imported.
func TestImportInABrowser(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	f := newFiles()
	s := serve(t, "", withFiles(f), func(d *ui.Deps) { d.Demo = &fibonacco.Principal{Name: "Demo", Role: fibonacco.Operator} })
	file := filepath.Join(t.TempDir(), "shops.csv")
	if err := os.WriteFile(file, []byte("Company,Mail\nRosa,rosa@example.org\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	do := func(steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		for _, step := range steps {
			if err := chromedp.Do(ctx, step); err != nil {
				t.Fatal(err)
			}
		}
	}
	do(chromedp.Navigate(s.server.URL+"/businesses/import"), chromedp.SetValue(`#import-community`, "1"), chromedp.SetUploadFiles(`#import-file`, []string{file}))
	shows(t, ctx, "the columns", `document.querySelector("#as-0")?.value === "business_name"`)
	do(chromedp.SetValue(`#as-2`, "category"), chromedp.Click(`button[value=try]`))
	shows(t, ctx, "the import", `location.pathname.endsWith("/import/`+f.job.UUID+`")`)
	if f.asked.Mapping["category"] != "Notes" || !f.asked.DryRun || f.asked.CommunityID != 1 {
		t.Errorf("asked %+v", f.asked)
	}
}

package api_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api"
)

func (h *house) PreviewImport(_ context.Context, req fibonacco.ImportRequest, file io.Reader) (*fibonacco.ImportPreview, error) {
	content, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.imported, h.file = req, string(content)
	return &fibonacco.ImportPreview{Format: "csv", Columns: []fibonacco.ImportColumn{{Name: "name", Field: "business_name", Confidence: 0.75}}}, nil
}

func (h *house) ListImports(_ context.Context, q fibonacco.ListQuery) (page fibonacco.Page[fibonacco.ImportJob], err error) {
	if _, err := fibonacco.ImportListing.Conditions(q.Filter); err != nil {
		return page, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	page.Data = append(page.Data, h.jobs...)
	return page, nil
}

func (h *house) turn(uuid string, to fibonacco.ImportStatus) (*fibonacco.ImportJob, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range h.jobs {
		if h.jobs[i].UUID != uuid {
			continue
		}
		if h.jobs[i].Status == to {
			return nil, fibonacco.Errorf(fibonacco.Conflict, "it is %s", to)
		}
		h.jobs[i].Status = to
		job := h.jobs[i]
		return &job, nil
	}
	return nil, missing("import")
}

func (h *house) CancelImport(_ context.Context, uuid string) (*fibonacco.ImportJob, error) {
	return h.turn(uuid, fibonacco.ImportCancelled)
}

func (h *house) UndoImport(_ context.Context, uuid string) (*fibonacco.ImportJob, error) {
	return h.turn(uuid, fibonacco.ImportUndoing)
}

func (h *house) WriteImportErrors(ctx context.Context, uuid string, to io.Writer) error {
	if _, err := h.ImportJob(ctx, uuid); err != nil {
		return err
	}
	_, err := io.WriteString(to, "line,field,reason,value\n")
	return err
}

var savedMapping = fibonacco.ImportMapping{ID: 1, UUID: smbUUID, Name: "List", Columns: []string{"A"}, Mapping: map[string]string{"business_name": "A"}, CreatedAt: noon, UpdatedAt: noon}

func (h *house) SaveImportMapping(_ context.Context, m fibonacco.ImportMapping) (*fibonacco.ImportMapping, error) {
	if len(m.Mapping) == 0 {
		return nil, fibonacco.InvalidFields("it cannot be saved", []fibonacco.FieldError{{Field: "mapping", Reason: "is required"}})
	}
	m.ID, m.UUID, m.CreatedAt, m.UpdatedAt = 1, smbUUID, noon, noon
	return &m, nil
}

func (h *house) ImportMapping(_ context.Context, uuid string) (*fibonacco.ImportMapping, error) {
	if uuid != smbUUID {
		return nil, missing("mapping")
	}
	m := savedMapping
	return &m, nil
}

func (h *house) ListImportMappings(_ context.Context, q fibonacco.ListQuery) (page fibonacco.Page[fibonacco.ImportMapping], err error) {
	if _, err := fibonacco.ImportMappingListing.Conditions(q.Filter); err != nil {
		return page, err
	}
	page.Data = []fibonacco.ImportMapping{savedMapping}
	return page, nil
}

func (h *house) DeleteImportMapping(ctx context.Context, uuid string) error {
	_, err := h.ImportMapping(ctx, uuid)
	return err
}

func TestImportParameters(t *testing.T) {
	t.Parallel()
	const query = "?community=1&mode=do_not_contact&match=phone,%20name_zip&duplicates=overwrite&policy[category]=skip&policy[city]=fill&mapping[primary_phone]=Tel&sheet=Shops%20%26%20Bars&format=xlsx"
	xlsx := map[string]string{"Content-Type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
	for _, path := range []string{"/smbs/import", "/smbs/import/preview"} {
		h := newHouse()
		got := do(t, api.New(h.options()), request{route: "POST " + path + query, body: "PK", headers: xlsx})
		want := map[string]int{"/smbs/import": http.StatusAccepted, "/smbs/import/preview": http.StatusOK}[path]
		r := fmt.Sprintf("%+v", h.imported)
		if got.StatusCode != want || r != "{CommunityID:1 Filename: Format:xlsx Sheet:Shops & Bars Mapping:map[primary_phone:Tel] Mode:do_not_contact Match:[phone name_zip] Duplicates:overwrite Policies:map[category:skip city:fill] DryRun:false Source:}" {
			t.Errorf("%s: %d %s, asked for %s", path, got.StatusCode, got.body, r)
		}
	}
	a := api.New(newHouse().options())
	for query, fields := range map[string]string{
		"?community=1&mode=all":          "mode",
		"?community=1&match=email,fax":   "match",
		"?community=1&match=email,email": "match",
		"?community=1&policies[a]=fill":  "policies[a]",
		"?match=x&mode=y&format=z":       "community format match mode",
	} {
		for _, path := range []string{"/smbs/import", "/smbs/import/preview"} {
			got := do(t, a, request{route: "POST " + path + query, body: "x", headers: map[string]string{"Content-Type": "application/octet-stream"}})
			if got.StatusCode != http.StatusUnprocessableEntity || got.fields() != fields {
				t.Errorf("%s%s: %d %q, want %q", path, query, got.StatusCode, got.fields(), fields)
			}
		}
	}
}

func TestImportsOneByOne(t *testing.T) {
	t.Parallel()
	h := newHouse()
	a := api.New(h.options())
	do(t, a, request{route: "POST /smbs/import?community=1", body: "name\nA\n", headers: map[string]string{"Content-Type": "text/csv"}})
	const unknown = "0193c2f0-0000-7000-8000-000000000001"
	for _, tc := range []struct {
		route  string
		status int
		says   string
	}{
		{"GET /smbs/import", 200, `"status":"queued"`},
		{"GET /smbs/import?filter[status]=completed,failed&fields=id,status", 200, `"status":"queued"`},
		{"GET /smbs/import?filter[status]=over", 422, "filter[status]"},
		{"GET /smbs/import?format=csv", 200, "filename"},
		{"GET /smbs/import/" + unknown + "/status", 404, ""},
		{"GET /smbs/import/" + unknown + "/errors.csv", 404, ""},
		{"GET /smbs/import/x/errors.csv", 404, ""},
		{"GET /smbs/import/" + smbUUID + "/errors.csv?x=1", 422, "x"},
		{"GET /smbs/import/" + smbUUID + "/errors.csv", 200, "line,field,reason,value"},
		{"POST /smbs/import/" + smbUUID + "/cancel", 200, `"status":"cancelled"`},
		{"POST /smbs/import/" + smbUUID + "/cancel", 409, ""},
		{"POST /smbs/import/x/cancel", 404, ""},
		{"POST /smbs/import/" + smbUUID + "/undo", 202, `"status":"undoing"`},
		{"POST /smbs/import/" + smbUUID + "/undo", 409, ""},
		{"POST /smbs/import/" + unknown + "/undo", 404, ""},
		{"GET /import-mappings", 200, `"name":"List"`},
		{"GET /import-mappings/" + smbUUID, 200, `"columns":["A"]`},
		{"GET /import-mappings/" + unknown, 404, ""},
		{"DELETE /import-mappings/" + smbUUID, 204, ""},
		{"DELETE /import-mappings/x", 404, ""},
	} {
		got := do(t, a, request{route: tc.route})
		if got.StatusCode != tc.status || !strings.Contains(got.body, tc.says) {
			t.Errorf("%s: %d %s, want %d saying %s", tc.route, got.StatusCode, got.body, tc.status, tc.says)
		}
		if strings.HasSuffix(tc.route, smbUUID+"/errors.csv") && (!strings.HasPrefix(got.Header.Get("Content-Type"), "text/csv") || !strings.Contains(got.Header.Get("Content-Disposition"), ".csv")) {
			t.Errorf("%s: headers %v", tc.route, got.Header)
		}
	}
	got := do(t, a, request{route: "POST /import-mappings", body: `{"name":"List","columns":["A","B"],"mapping":{"business_name":"A"}}`})
	if got.StatusCode != http.StatusCreated || got.Header.Get("Location") != api.Prefix+"/import-mappings/"+smbUUID || !strings.Contains(got.body, `"community_id":null`) {
		t.Errorf("saved: %d %v %s", got.StatusCode, got.Header, got.body)
	}
	got = do(t, a, request{route: "POST /import-mappings", body: `{"name":"","columns":[],"mapping":{}}`})
	if got.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(got.fields(), "name") || !strings.Contains(got.fields(), "columns") {
		t.Errorf("not saved: %d %s", got.StatusCode, got.fields())
	}
}

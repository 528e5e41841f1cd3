package static_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco/web/static"
)

func get(path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	static.Handler().ServeHTTP(w, r)
	return w
}

func TestVersionedFilesAreKept(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"staff.css", "public.css", "staff.js", "favicon.svg", "logo.svg", static.HTMX} {
		w := get(static.URL(name))
		if w.Code != http.StatusOK || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") || w.Body.Len() == 0 {
			t.Errorf("%s: %d %v", name, w.Code, w.Header())
		}
		if w := get(static.Prefix+name+"?v=old", "Accept-Encoding", "br"); strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: an old version is kept for ever", name)
		}
	}
}

func TestUnchangedFilesAreNotSentAgain(t *testing.T) {
	t.Parallel()
	plain, zipped := get("/static/staff.css"), get("/static/staff.css", "Accept-Encoding", "gzip, br")
	if zipped.Header().Get("Content-Encoding") != "gzip" || zipped.Body.Len() >= plain.Body.Len() {
		t.Errorf("not packed: %v", zipped.Header())
	}
	if plain.Header().Get("ETag") == zipped.Header().Get("ETag") {
		t.Error("two representations, one tag")
	}
	again := get("/static/staff.css", "If-None-Match", plain.Header().Get("ETag"))
	if again.Code != http.StatusNotModified || again.Body.Len() != 0 {
		t.Errorf("sent again: %d", again.Code)
	}
	if w := get("/static/staff.css", "Accept-Encoding", "gzip;q=0"); w.Header().Get("Content-Encoding") != "" {
		t.Error("packed for somebody who cannot unpack")
	}
}

func TestStyleSheetsNameFilesThatAreThere(t *testing.T) {
	t.Parallel()
	found := regexp.MustCompile(`url\("(/static/[^"]+)"\)`).FindAllStringSubmatch(get("/static/staff.css").Body.String(), -1)
	if len(found) < 2 {
		t.Fatalf("fonts: %v", found)
	}
	for _, f := range found {
		if w := get(f[1]); w.Code != http.StatusOK || w.Header().Get("Content-Type") != "font/woff2" || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d %v", f[1], w.Code, w.Header())
		}
	}
}

func TestOthersFilesKeepTheirLicence(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"fonts/OFL.txt", "vendor/htmx-LICENSE.txt", "vendor/uplot-LICENSE.txt"} {
		if w := get("/static/" + name); w.Code != http.StatusOK || w.Body.Len() < 300 {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
}

func TestNothingElseIsServed(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/static/", "/static/fonts", "/static/static.go", "/static/../static.go", "/static/nope"} {
		if w := get(path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	w := httptest.NewRecorder()
	static.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/static/staff.css", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", w.Code)
	}
}

func TestFile(t *testing.T) {
	t.Parallel()
	for address, there := range map[string]bool{static.URL("logo.svg"): true, "/static/logo.svg": true, "/static/none.svg": false, "logo.svg": false, "/static/../static.go": false, "https://evil.example/static/logo.svg": false} {
		if got := static.File(address) != nil; got != there {
			t.Errorf("%s: %v", address, got)
		}
	}
}

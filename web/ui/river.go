package ui

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"

	"riverqueue.com/riverui"

	"github.com/fibonacco/fibonacco"
)

// RiverPrefix is where River's own pages are.
const RiverPrefix = "/queues/river"

// mountRiver adds the pages that come with River, the job queue: a program in the browser, served as
// its makers built it, in a document of ours, so that our policy holds. What it asks and does goes
// through RiverAPI. Its files are everybody's, as those of package static.
func (u *ui) mountRiver(route func(string, http.Handler), page func(pattern string, h handler)) {
	river := riverFiles()
	page("GET /queues/river/{page...}", u.riverPage)
	route("GET /queues/river/assets/{name}", http.HandlerFunc(river.serve))
	page("GET /queues/river/api/{what...}", u.riverAPI)
	page("POST /queues/river/api/jobs/retry", u.riverAPI)
	page("POST /queues/river/api/jobs/cancel", u.riverAPI)
	page("POST /queues/river/api/jobs/delete", u.riverAPI)
	page("PUT /queues/river/api/queues/{name}/pause", u.riverAPI)
	page("PUT /queues/river/api/queues/{name}/resume", u.riverAPI)
	page("PATCH /queues/river/api/queues/{name}", u.riverAPI)
}

var errNoRiver = fibonacco.Errorf(fibonacco.NotImplemented, "River’s own pages are not part of this build.")

// riverPage is every page of River: which one is in the address, and known to the script only.
func (u *ui) riverPage(w http.ResponseWriter, r *http.Request) error {
	switch {
	case u.RiverAPI == nil:
		return errNoRiver
	case fibonacco.ScopeOf(r.Context()) != nil:
		return fibonacco.Errorf(fibonacco.Forbidden, "Jobs belong to no community, and you are limited to some.")
	}
	u.show(w, r, http.StatusOK, riverDocument(riverFiles()))
	return nil
}

func (u *ui) riverAPI(w http.ResponseWriter, r *http.Request) error {
	if u.RiverAPI == nil {
		return errNoRiver
	}
	u.RiverAPI.ServeHTTP(w, r)
	return nil
}

// riverBuild is what River's pages are made of.
type riverBuild struct {
	Script, Style string // addresses
	files         fs.FS
}

// riverFiles reads which files a page begins with. They are part of the program, so it cannot fail but
// with a version of River's pages that is built otherwise.
var riverFiles = sync.OnceValue(func() riverBuild {
	text, err := fs.ReadFile(riverui.FrontendIndex, "dist/.vite/manifest.json")
	if err != nil {
		panic(err)
	}
	var manifest map[string]struct {
		File    string
		CSS     []string
		IsEntry bool
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		panic(err)
	}
	for _, m := range manifest {
		if m.IsEntry && len(m.CSS) == 1 {
			files, err := fs.Sub(riverui.FrontendIndex, "dist/assets")
			if err != nil {
				panic(err)
			}
			return riverBuild{RiverPrefix + "/" + m.File, RiverPrefix + "/" + m.CSS[0], files}
		}
	}
	panic("ui: the manifest of River's pages names no script with a style sheet")
})

// serve sends one file. Their names change with what is in them, so they are kept for ever.
func (b riverBuild) serve(w http.ResponseWriter, r *http.Request) {
	types := map[string]string{".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
	name := r.PathValue("name")
	content, err := fs.ReadFile(b.files, name)
	if err != nil || types[path.Ext(name)] == "" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", types[path.Ext(name)])
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(content) //nolint:gosec // a file of the program's own; the visitor may have gone
}

// riverConfig tells the script where it is.
type riverConfig struct {
	APIURL string `json:"apiUrl"` //nolint:tagliatelle // River's name
	Base   string `json:"base"`
}

// wantsJSON reports that a script of somebody else's asks, which understands nothing but JSON.
func wantsJSON(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Accept"), "application/json")
}

func refuseJSON(w http.ResponseWriter, status int, sentence string) {
	body, _ := json.Marshal(map[string]string{"message": sentence}) //nolint:errchkjson // a sentence is always JSON
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the visitor has gone: nothing to do about it
}

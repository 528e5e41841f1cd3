// Package static serves what pages are made of besides HTML: style sheets, fonts, scripts, the
// logo. Everything is embedded in the binary. It knows nothing of any page. Files are served as they are
// in files/; a sheet is put together from those in styles/ (sheets.go).
//
// Files of others keep their licence beside them: fonts/ (Instrument Sans, OFL), vendor/ (htmx,
// 0BSD; uPlot, MIT).
package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"regexp"
	"strings"
	"sync"
)

//go:embed files
var files embed.FS

// Prefix is where Handler is to be mounted.
const Prefix = "/static/"

// The vendored scripts, by the names to hand to URL.
const (
	HTMX       = "vendor/htmx-2.0.11.min.js"
	UPlot      = "vendor/uplot-1.6.32.iife.min.js"
	UPlotStyle = "vendor/uplot-1.6.32.min.css"
)

// asset is one file as it is served.
type asset struct {
	content     []byte
	zipped      []byte // nil when packing would not help
	contentType string
	hash        string
}

var assets = sync.OnceValue(load)

// URL is the address of a file: "/static/staff.css?v=…". The version is a hash of the content,
// so browsers keep the file for a year and still see a new one at once. It panics when there is
// no such file: names are constants of the program.
func URL(name string) string {
	a, ok := assets()[name]
	if !ok {
		panic("static: no file " + name)
	}
	return Prefix + name + "?v=" + a.hash
}

// File is what is served at an address of ours, "/static/name" with or without its version; nil when there
// is nothing. Nobody changes it.
func File(address string) []byte {
	name, ok := strings.CutPrefix(address, Prefix)
	if !ok {
		return nil
	}
	name, _, _ = strings.Cut(name, "?")
	if a, ok := assets()[name]; ok {
		return a.content
	}
	return nil
}

// Handler serves the files below Prefix. A request with the right version may be cached for
// ever, any other is to be asked for again and is usually answered with 304.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := assets()[strings.TrimPrefix(r.URL.Path, Prefix)]
		if !ok {
			http.NotFound(w, r)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		a.serve(w, r)
	})
}

func (a *asset) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", a.contentType)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "public, no-cache")
	if r.URL.Query().Get("v") == a.hash {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	body, tag := a.content, a.hash
	if a.zipped != nil {
		h.Set("Vary", "Accept-Encoding")
		if acceptsGzip(r.Header.Get("Accept-Encoding")) {
			h.Set("Content-Encoding", "gzip")
			body, tag = a.zipped, a.hash+"-gzip"
		}
	}
	h.Set("ETag", `"`+tag+`"`)
	if strings.Contains(r.Header.Get("If-None-Match"), `"`+tag+`"`) {
		h.Del("Content-Type")
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", fmt.Sprint(len(body)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(body) // the visitor has gone: nothing to do about it
	}
}

func acceptsGzip(header string) bool {
	for coding := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(strings.TrimSpace(coding), ";")
		if name == "gzip" && strings.ReplaceAll(params, " ", "") != "q=0" {
			return true
		}
	}
	return false
}

// load reads every file once and puts the sheets together. They come last: they name other files by version.
func load() map[string]*asset {
	all := map[string]*asset{}
	err := fs.WalkDir(files, "files", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		short := strings.TrimPrefix(name, "files/")
		all[short] = newAsset(short, content)
		return nil
	})
	if err != nil {
		panic(err) // the files are part of the binary
	}
	for name := range sheets {
		all[name] = newAsset(name, versioned(all, putTogether(name)))
	}
	return all
}

var reference = regexp.MustCompile(`url\("([^":]+)"\)`)

// versioned gives the files that a style sheet names their version.
func versioned(all map[string]*asset, sheet []byte) []byte {
	return reference.ReplaceAllFunc(sheet, func(match []byte) []byte {
		name := string(reference.FindSubmatch(match)[1])
		a, ok := all[name]
		if !ok {
			panic("static: a style sheet names a file that is not there: " + name)
		}
		return fmt.Appendf(nil, `url("%s?v=%s")`, Prefix+name, a.hash)
	})
}

func newAsset(name string, content []byte) *asset {
	sum := sha256.Sum256(content)
	a := &asset{content: content, hash: base64.RawURLEncoding.EncodeToString(sum[:9]), contentType: contentType(name)}
	if !strings.HasPrefix(a.contentType, "font/") {
		var b bytes.Buffer
		z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is a constant
		_, _ = z.Write(content)                               // a buffer takes everything
		_ = z.Close()
		if b.Len() < len(content) {
			a.zipped = b.Bytes()
		}
	}
	return a
}

func contentType(name string) string {
	switch path.Ext(name) {
	case ".woff2":
		return "font/woff2"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".txt":
		return "text/plain; charset=utf-8"
	}
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}

package docs_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/net/html"

	"github.com/fibonacco/fibonacco/web/api"
	"github.com/fibonacco/fibonacco/web/api/docs"
	"github.com/fibonacco/fibonacco/web/static"
)

func page(t *testing.T, a *api.API, path string) (status int, kind, policy, text string) {
	t.Helper()
	w := httptest.NewRecorder()
	a.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", path, nil))
	return w.Code, w.Header().Get("Content-Type"), w.Header().Get("Content-Security-Policy"), w.Body.String()
}

// crawl reads the reference from its first page on, following its own links.
func crawl(t *testing.T, a *api.API) map[string]*html.Node {
	t.Helper()
	pages := map[string]*html.Node{}
	for todo := []string{docs.Path}; len(todo) > 0; todo = todo[1:] {
		if pages[todo[0]] != nil {
			continue
		}
		status, kind, policy, text := page(t, a, todo[0])
		if status != 200 || kind != "text/html; charset=utf-8" || !strings.HasPrefix(policy, "default-src 'none'; style-src 'self'; ") {
			t.Fatalf("%s: %d %s %s", todo[0], status, kind, policy)
		}
		root, err := html.Parse(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		pages[todo[0]] = root
		each(root, func(n *html.Node) {
			if to, _, _ := strings.Cut(attribute(n, "href"), "#"); strings.HasPrefix(to, docs.Path) {
				todo = append(todo, to)
			}
		})
	}
	return pages
}

func each(n *html.Node, f func(*html.Node)) {
	for d := range n.Descendants() {
		if d.Type == html.ElementNode {
			f(d)
		}
	}
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func words(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// Every operation has a section with its parameters, a command and its errors, and is in the index.
func TestEveryOperationIsExplained(t *testing.T) {
	t.Parallel()
	a := api.New(api.Options{PublicURL: "https://crm.example"})
	sections, index := map[string]*html.Node{}, map[string]bool{}
	for path, root := range crawl(t, a) {
		each(root, func(n *html.Node) {
			if n.Data == "section" && attribute(n, "id") != "" {
				sections[attribute(n, "id")] = n
			}
			if _, id, ok := strings.Cut(attribute(n, "href"), "#"); ok && path == docs.Path {
				index[id] = true
			}
		})
	}
	for path, item := range a.Spec().Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if op == nil {
				continue
			}
			section := sections[op.OperationID]
			if section == nil || !index[op.OperationID] {
				t.Errorf("%s %s is not explained, or not in the index", op.Method, path)
				continue
			}
			text := words(section)
			wanted := []string{op.Summary, op.Method, path, "curl ", "https://crm.example", "500 Internal Server Error"}
			for _, p := range op.Parameters {
				if p.Ref == "" {
					wanted = append(wanted, p.Name)
				}
			}
			if op.Method == http.MethodPost && len(op.Security) > 0 {
				wanted = append(wanted, "Idempotency-Key: $(uuidgen)")
			}
			for _, want := range wanted {
				if !strings.Contains(text, want) {
					t.Errorf("%s %s does not say %q", op.Method, path, want)
				}
			}
		}
	}
}

// The pages run under their strict policy: no script, no style of their own, nothing from
// elsewhere; and every link to a place leads to one.
func TestPagesNeedNothingElse(t *testing.T) {
	t.Parallel()
	a := api.New(api.Options{})
	pages := crawl(t, a)
	if len(pages) < 5 {
		t.Fatalf("only %d pages", len(pages))
	}
	ids := map[string]bool{}
	for path, root := range pages {
		each(root, func(n *html.Node) {
			id := attribute(n, "id")
			if id == "" {
				return
			}
			if ids[path+"#"+id] {
				t.Errorf("%s has the id %s twice", path, id)
			}
			ids[path+"#"+id] = true
		})
	}
	for path, root := range pages {
		each(root, func(n *html.Node) {
			if n.Data == "script" || n.Data == "style" || n.Data == "iframe" || attribute(n, "style") != "" {
				t.Errorf("%s has a <%s %v>", path, n.Data, n.Attr)
			}
			for _, at := range n.Attr {
				if strings.HasPrefix(at.Key, "on") {
					t.Errorf("%s has an %s", path, at.Key)
				}
				if at.Key != "href" && at.Key != "src" {
					continue
				}
				switch to := at.Val; {
				case strings.HasPrefix(to, static.Prefix), strings.HasPrefix(to, "/api/openapi."):
				case strings.HasPrefix(to, "#"):
					if !ids[path+to] {
						t.Errorf("%s: %s leads nowhere", path, to)
					}
				case strings.HasPrefix(to, docs.Path):
					if strings.Contains(to, "#") && !ids[to] {
						t.Errorf("%s: %s leads nowhere", path, to)
					}
				default:
					t.Errorf("%s: %s leads elsewhere", path, to)
				}
			}
		})
		if title := regexp.MustCompile(`<title>[^<]+ · Fibonacco API</title>`); !title.MatchString(text(t, a, path)) {
			t.Errorf("%s has no title", path)
		}
	}
}

func text(t *testing.T, a *api.API, path string) string {
	t.Helper()
	_, _, _, text := page(t, a, path)
	return text
}

func TestPagesThatAreNone(t *testing.T) {
	t.Parallel()
	a := api.New(api.Options{})
	if status, kind, _, _ := page(t, a, docs.Path+"/nothing"); status != http.StatusNotFound || kind != "application/problem+json" {
		t.Errorf("%d %s", status, kind)
	}
	w := httptest.NewRecorder()
	a.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, docs.Path, nil))
	if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: %d %v", w.Code, w.Header())
	}
	if status, _, _, _ := page(t, a, docs.Path+"/"); status != http.StatusOK {
		t.Errorf("with a slash: %d", status)
	}
}

package fibonacco_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/fibonacco/fibonacco"

// layers are the parts of the house with what of the house each may import. A part that is not
// listed fails the test: say where it belongs. "leaf" parts have no part of their own to lean on
// but the root.
var layers = map[string][]string{
	"":                        {},
	"db":                      {""},
	"db/dbtest":               {"", "db"},
	"queue":                   {"", "db", "db/query", "audit"},
	"config":                  {""},
	"cluster":                 {""},
	"mail":                    {""},
	"library":                 {""},
	"db/query":                {"", "db"},
	"audit":                   {"", "db", "db/query"},
	"idempotency":             {"", "db"},
	"settings":                {"", "db", "audit"},
	"access":                  {"", "db", "db/query", "audit"},
	"smb":                     {"", "db", "db/query", "queue", "audit"},
	"campaign/template":       {""},
	"campaign/render":         {"", "campaign/template"},
	"campaign/format":         {"", "campaign/template", "campaign/render"},
	"campaign/track":          {"", "db", "queue", "audit", "campaign/render", "campaign/track/verdicts"},
	"campaign/track/verdicts": {""},
	"campaign/voicemail":      {"", "db", "db/query", "queue", "audit", "campaign/template"},
	"voicemail":               {""},
	"campaign":                {"", "db", "db/query", "queue", "audit", "recount", "campaign/template", "campaign/render"},
	"notice":                  {"", "db", "queue"},
	"approval":                {"", "db", "db/query", "queue", "audit", "campaign/template"},
	"learning":                {"", "db", "db/query", "queue", "audit", "recount", "campaign/template", "campaign/render"},
	"recount":                 {""},
	"analytics":               {"", "db", "recount"},
	"web":                     {""},
	"scripts":                 {},
}

// free parts put things together, and may import everything.
var free = []string{"cmd", "bench"}

// partOf is the longest listed part that holds a package.
func partOf(pkg string) (part string, known bool) {
	rel := strings.TrimPrefix(strings.TrimPrefix(pkg, module), "/")
	for name := range layers {
		if (rel == name || name != "" && strings.HasPrefix(rel, name+"/")) && len(name) >= len(part) {
			part, known = name, true
		}
	}
	return part, known
}

// Imports run one way: root ← db ← queue ← modules ← cmd. Adapters and web know the root only.
func TestImportsRunOneWay(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := 0
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		packages++
		top, _, _ := strings.Cut(strings.TrimPrefix(p.ImportPath, module+"/"), "/")
		if contains(free, top) {
			continue
		}
		part, known := partOf(p.ImportPath)
		if !known {
			t.Errorf("%s belongs to no part of the house: list it here", p.ImportPath)
			continue
		}
		for _, dep := range p.Imports {
			if dep != module && !strings.HasPrefix(dep, module+"/") {
				if part == "" && p.ImportPath == module && strings.Contains(strings.SplitN(dep, "/", 2)[0], ".") {
					t.Errorf("the root imports %s: it keeps to the standard library", dep)
				}
				continue
			}
			if other, _ := partOf(dep); other != part && !contains(layers[part], other) {
				t.Errorf("%s must not import %s", p.ImportPath, dep)
			}
		}
	}
	if packages < 10 {
		t.Errorf("go list found only %d packages", packages)
	}
}

func contains(list []string, s string) bool {
	for _, one := range list {
		if one == s {
			return true
		}
	}
	return false
}

package ui_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/ui"
)

// Pages leave compressed for who takes that, and say the same; streams leave as they come.
func TestPagesLeaveCompressed(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Viewer)
	plain, packed := s.send("GET", "/programme", "", "Accept-Encoding", "identity"), s.send("GET", "/programme", "", "Accept-Encoding", "gzip")
	if plain.Header.Get("Content-Encoding") != "" || packed.Header.Get("Content-Encoding") != "gzip" || !strings.Contains(packed.Header.Get("Vary"), "Accept-Encoding") {
		t.Fatalf("plain %v, packed %v", plain.Header, packed.Header)
	}
	unpacked, err := gzip.NewReader(strings.NewReader(packed.body))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(unpacked)
	if err != nil || string(body) != plain.body {
		t.Errorf("unpacked it is another page, %v", err)
	}
	if len(packed.body)*3 > len(plain.body) {
		t.Errorf("%d bytes became %d", len(plain.body), len(packed.body))
	}
	until(t, s.watchAt(t.Context(), "/sends/events"), "rows: ") // read as it comes
}

// Each page has a key of its own, and nobody is given a key to a page that is not theirs.
func TestShortcutsAreOfOnesOwnPages(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`href="([^"]+)" data-go="([A-Z])"`)
	for _, role := range []fibonacco.Role{fibonacco.Viewer, fibonacco.Operator, fibonacco.Manager, fibonacco.Admin} {
		s := serve(t, role, func(d *ui.Deps) { newOffice(d.Access.(door).town).furnish(d) })
		keys := map[string]string{}
		for _, m := range link.FindAllStringSubmatch(s.get("/overview").body, -1) {
			if other := keys[m[2]]; other != "" {
				t.Errorf("%s leads to %s and to %s", m[2], other, m[1])
			}
			keys[m[2]] = m[1]
			if a := s.get(m[1]); a.StatusCode != http.StatusOK {
				t.Errorf("%s leads a %s to %s: %d", m[2], role, m[1], a.StatusCode)
			}
		}
		if keys["O"] != "/overview" || keys["S"] != "/sends" || len(keys) < 8 || (keys["T"] == "/team") != (role == fibonacco.Admin) {
			t.Errorf("keys of a %s: %v", role, keys)
		}
	}
}

// Whoever is limited to communities sees no mailbox, which is of all of them.
func TestMailboxIsOfAllCommunities(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Admin)
	s.get("/mailbox").wants(t, http.StatusOK, `href="/mailbox"`)
	s.sessions["yes"].Communities = []int64{1}
	for _, path := range []string{"/mailbox", "/mailbox/1", "/mailbox/1/html", "/mailbox/1/source"} {
		s.get(path).wants(t, http.StatusForbidden, "Caught mail is of all communities")
	}
	if strings.Contains(s.get("/overview").body, `href="/mailbox"`) {
		t.Error("the navigation leads to a door that is shut")
	}
}

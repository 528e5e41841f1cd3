package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// From a mail's link to a score: a business reads a page, and what its page reports counts.
func TestReadingALearningPage(t *testing.T) {
	dir := house(t)
	const secret = "a secret key for tests that is long enough to sign with"
	t.Setenv("FIBONACCO_SECRET_KEY", secret)
	list := filepath.Join(dir, "list.csv")
	if err := os.WriteFile(list, []byte("Business Name,Email\r\nMarisol Hair Studio,marisol@example.com\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"community", "create", "--name", "Red Hook", "--slug", "red-hook", "--state", "NY", "--timezone", "America/New_York"},
		{"import", list, "--community", "red-hook"},
	} {
		if code, _, errs := do(t, args...); code != 0 {
			t.Fatalf("%v: %d %s", args, code, errs)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out := &lines{}
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, []string{"serve", "--listen", "127.0.0.1:0"}, out, out) }()
	var base string
	waitFor(t, "the server", func() bool {
		if m := regexp.MustCompile(`listen[=":]+(127\.0\.0\.1:[0-9]+)`).FindStringSubmatch(out.String()); m != nil {
			base = "http://" + m[1]
		}
		return base != "" && strings.Contains(get(t, base+"/health"), "ok")
	})

	signer, err := fibonacco.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	recipient := signer.SignSend(fibonacco.LearnToken, fibonacco.SendClaim{SMBID: 1})
	const slug = "a-page-you-control"
	if page := get(t, base+"/learn/"+slug+"?r="+recipient); !strings.Contains(page, "A page for Marisol Hair Studio") || !strings.Contains(page, "/approve/") {
		t.Fatalf("the page is not for its reader: %.600s", page)
	}
	for _, paper := range []string{".pdf", "/handout.pdf"} {
		if file := get(t, base+"/learn/"+slug+paper+"?r="+recipient); !strings.HasPrefix(file, "%PDF-") {
			t.Errorf("%s is no paper: %.80q", paper, file)
		}
	}
	tell := func(what string, body map[string]any) (status int, answer string) {
		t.Helper()
		text := db.JSON(body)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/api/v1/content/"+slug+"/track/"+what, strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		raw, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(raw)
	}
	status, answer := tell("start", map[string]any{"recipient": recipient})
	var visit struct{ View string }
	if err := json.Unmarshal([]byte(answer), &visit); err != nil || status != http.StatusOK || visit.View == "" {
		t.Fatalf("start: %d %s", status, answer)
	}
	for slide := 1; slide <= 6; slide++ {
		if status, answer := tell("slide", map[string]any{"view": visit.View, "slide": slide}); status != http.StatusNoContent {
			t.Fatalf("slide %d: %d %s", slide, status, answer)
		}
	}
	if status, answer := tell("slide", map[string]any{"view": visit.View, "slide": 7}); status != http.StatusUnprocessableEntity {
		t.Errorf("a slide that there is not: %d %s", status, answer)
	}
	for range 2 {
		if status, answer := tell("complete", map[string]any{"view": visit.View}); status != http.StatusNoContent {
			t.Fatalf("complete: %d %s", status, answer)
		}
	}

	reader, err := db.Open(t.Context(), databaseURL(fibonacco.Config{DataDir: dir}), fibonacco.SystemClock{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	score := func() (n int) {
		if err := reader.View(t.Context(), func(tx *db.Tx) (err error) {
			n, err = db.Count(t.Context(), tx, `SELECT engagement_score FROM smbs WHERE id = 1 AND last_content_view IS NOT NULL`)
			return err
		}); err != nil && !db.IsNoRows(err) {
			t.Fatal(err)
		}
		return n
	}
	waitFor(t, "the score of one view and one completion, 8 + 15", func() bool { return score() == 23 })

	// And on to a yes: what follows it is mailed, and counts.
	link := regexp.MustCompile(`/approve/([\w-]+)`).FindStringSubmatch(get(t, base+"/learn/"+slug+"?r="+recipient))
	resp, err := http.PostForm(base+"/approve", url.Values{"token": {link[1]}, "name": {"Marisol Ortiz"}, "email": {"marisol@example.com"}, "consent": {"yes"}})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil || !strings.HasPrefix(resp.Request.URL.Path, "/approved/") || !strings.Contains(string(raw), "Thank you, Marisol.") {
		t.Fatalf("approved: %v %s %.600s", err, resp.Request.URL, raw)
	}
	mailed := func() (n int) {
		if err := reader.View(t.Context(), func(tx *db.Tx) (err error) {
			n, err = db.Count(t.Context(), tx, `SELECT count(*) FROM notices WHERE purpose = 'approval.confirmation' AND status = 'sent'`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	waitFor(t, "the confirmation", func() bool { return mailed() == 1 })
	waitFor(t, "the score of a yes, 25 more", func() bool { return score() == 48 })
	stop()
	select {
	case code := <-ended:
		if code != 0 {
			t.Errorf("the server ended with %d: %s", code, out)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the server does not stop")
	}
}

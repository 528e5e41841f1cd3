package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/config"
	"github.com/fibonacco/fibonacco/db"
)

// What waits can be looked at, forgotten and held without a server.
func TestQueueCommands(t *testing.T) {
	house(t)
	for _, step := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"community", "create", "--name", "Red Hook", "--slug", "red-hook", "--state", "NY"}, 0, "Added Red Hook"},
		{[]string{"queue"}, 0, "jobs a minute"},
		{[]string{"queue", "status", "--json"}, 0, `"failed_7_days":0`},
		{[]string{"queue", "kinds"}, 0, ""},
		{[]string{"queue", "balance", "--queue", "emails"}, 0, ""},
		{[]string{"queue", "jobs", "--filter", "state=discarded"}, 0, ""},
		{[]string{"queue", "jobs", "--filter", "state=lost"}, 2, "must be one of"},
		{[]string{"queue", "show", "7"}, 1, "there is no job 7"},
		{[]string{"queue", "delete", "7"}, 0, "0 of 0 jobs are forgotten."},
		{[]string{"queue", "retry"}, 2, "give ids or a filter"},
		{[]string{"queue", "cancel", "--filter", "queue=emails", "--json"}, 0, `"changed":0`},
		{[]string{"queue", "pause", "emails"}, 2, "--reason"},
		{[]string{"queue", "pause", "emails", "--reason", "x"}, 1, "no node has ever worked"},
		{[]string{"queue", "pause", "--reason", "x"}, 2, "name one queue, or say --all"},
		{[]string{"queue", "resume", "emails", "--all"}, 2, "name one queue, or say --all"},
		{[]string{"queue", "resume", "--all"}, 0, "No queue was held."},
		{[]string{"queue", "resume", "emails"}, 1, "no node has ever worked"},
	} {
		code, out, errOut := do(t, step.args...)
		if code != step.code || !strings.Contains(out+errOut, step.want) {
			t.Errorf("%v: %d\n%s%s", step.args, code, out, errOut)
		}
	}
}

// A long wait reaches everybody who is to know: a mail each, and one signed request.
func TestLongWaitIsTold(t *testing.T) {
	dir := house(t)
	type request struct {
		header http.Header
		body   []byte
	}
	posted := make(chan request, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		posted <- request{r.Header, body}
	}))
	defer server.Close()
	settings, err := config.Read(config.Options{Dir: dir, Environ: []string{
		"FIBONACCO_DATA_DIR=" + dir, "ALERTS_MAIL=ann@example.com,bob@example.com", "ALERTS_WEBHOOK_URL=" + server.URL, "ALERTS_WEBHOOK_SECRET=a secret of sixteen",
	}})
	if err != nil {
		t.Fatal(err)
	}
	a, err := wire(t.Context(), settings, wiring{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := a.close(); err != nil {
			t.Error(err)
		}
	}()
	if waits := waitAlerts(settings.Supervisors); waits["email-high"] != time.Minute || len(waits) != 6 {
		t.Errorf("thresholds %v", waits)
	}
	w := fibonacco.LongWait{Queue: "ai", Waiting: 46, Wait: 78 * time.Second, Threshold: time.Minute, At: time.Date(2026, 11, 23, 14, 2, 11, 0, time.UTC)}
	for range 2 { // the second is the same alert again
		if err := a.db.Update(t.Context(), func(tx *db.Tx) error { return a.mailLongWait(t.Context(), tx, w) }); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.db.View(t.Context(), func(tx *db.Tx) error {
		n, err := db.Count(t.Context(), tx, `SELECT count(*) FROM notices WHERE purpose = 'queue.waits_long' AND subject = 'Jobs wait long in the queue ai'`)
		if n != 2 {
			t.Errorf("%d mails", n)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	// An earlier process has ended while it posted one: this one posts it.
	seen := time.Now().UTC().Truncate(time.Second)
	if err := a.db.Update(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), `
			INSERT INTO queue_alerts (queue, at, waiting, wait_ms, threshold_ms, post_at, post_tries) VALUES ('ai', $1, 46, 78200, 60000, $1, 1)`, seen)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := a.queue.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	var r request
	select {
	case r = <-posted:
	case <-time.After(30 * time.Second):
		t.Error("no program was told")
	}
	if err := a.queue.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := `{"event":"queue.waits_long","queue":"ai","waiting":46,"wait_seconds":78.2,"threshold_seconds":60,"at":"` + seen.Format(time.RFC3339) + `"}`
	if string(r.body) != want || r.header.Get("Fibonacco-Signature") == "" || !strings.Contains(r.header.Get("Fibonacco-Delivery"), " ai "+seen.Format(time.RFC3339)) {
		t.Errorf("told %s with %v", r.body, r.header)
	}
}

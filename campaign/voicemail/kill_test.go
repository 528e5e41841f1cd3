package voicemail_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/voicemail"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/queue"
	"github.com/fibonacco/fibonacco/voicemail/dropcowboy"
)

// mortal is a process that hands voicemails over, and kills itself at a point.
type mortal struct {
	URL, Provider string
	Clock         fibonacco.ClockAnchor
	Drops         int // the work is done when so many are sent
	Die           string
	Nth           int // requests before it dies at one

	requests  atomic.Int64
	recording atomic.Bool
}

const mortalVariable = "FIBONACCO_TEST_VOICEMAIL"

func TestMain(m *testing.M) {
	if text := os.Getenv(mortalVariable); text != "" {
		var p mortal
		err := json.Unmarshal([]byte(text), &p)
		if err == nil {
			err = p.run(context.Background())
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// reach kills the process when this is the point.
func (p *mortal) reach(point string) {
	if point == p.Die {
		_ = syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
		select {}
	}
}

func (p *mortal) statement(query string, _ []any) {
	if p.recording.Load() {
		p.reach("record: written, not committed")
	}
	switch {
	case strings.Contains(query, `UPDATE rvm_drops SET released_at = $1`):
		p.reach("release: before")
	case strings.Contains(query, `SET status = 'sending', phone = rows.phone`):
		p.reach("claim: looked at, not marked")
	case strings.Contains(query, `CASE WHEN rvm_drops.status = 'sending' THEN rows.status`):
		p.reach("record: before anything is written")
		p.recording.Store(true)
	case strings.Contains(query, `SET status = 'queued', claimed_by = NULL`):
		p.reach("settle: before the dead run's voicemails are")
	}
}

// RoundTrip is how requests go to the provider.
func (p *mortal) RoundTrip(r *http.Request) (*http.Response, error) {
	nth := p.requests.Add(1) == int64(p.Nth)
	if nth {
		p.reach("hand-over: before the request")
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if nth {
		p.reach("hand-over: answered, not noted")
	}
	return res, err
}

func (p *mortal) run(ctx context.Context) error {
	ctx = db.Watch(ctx, p.statement)
	d, err := db.Open(ctx, p.URL, fibonacco.NewScaledClock(p.Clock), 16)
	if err != nil {
		return err
	}
	q, err := queue.New(queue.Options{DB: d, Node: "mortal", Supervisors: []queue.Supervisor{{
		Name: "all", Queues: []string{queue.RVM, queue.Default}, Balance: "none", MinProcesses: 4, MaxProcesses: 4, Tries: 3, Timeout: time.Minute,
	}}})
	if err != nil {
		return err
	}
	signer, err := fibonacco.NewSigner(strings.Repeat("k", 32))
	if err != nil {
		return err
	}
	client, err := dropcowboy.New(dropcowboy.Options{
		Key: "key", Secret: "secret", VoiceID: "voice", Endpoint: p.Provider, Name: "simulator", Client: &http.Client{Transport: p},
	})
	if err != nil {
		return err
	}
	svc, err := voicemail.New(voicemail.Options{
		DB: d, Queue: q, Config: testConfig(), Signer: signer, Voicemailer: client,
		Consent: func(_ context.Context, _ *db.Tx, ids []int64) (map[int64]bool, error) {
			all := map[int64]bool{}
			for _, id := range ids {
				all[id] = true
			}
			return all, nil
		},
	})
	if err != nil {
		return err
	}
	svc.Schedule()
	if err := q.Start(ctx); err != nil {
		return err
	}
	for sent := 0; sent < p.Drops; {
		time.Sleep(20 * time.Millisecond)
		if err := d.View(context.Background(), func(tx *db.Tx) error {
			sent, err = db.Count(context.Background(), tx, `SELECT COUNT(*) FROM rvm_drops WHERE status = 'sent'`)
			return err
		}); err != nil {
			return err
		}
	}
	if err := q.Stop(ctx); err != nil {
		return err
	}
	return q.Depart(ctx)
}

// start runs the process to its end and reports whether it was killed.
func (p *mortal) start(t *testing.T) (killed bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	child := exec.CommandContext(ctx, os.Args[0], "-test.run=^$")
	child.Env = append(os.Environ(), mortalVariable+"="+db.JSON(p))
	out, err := child.CombinedOutput()
	if err == nil {
		return false
	}
	if status, ok := child.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL || ctx.Err() != nil {
		t.Fatalf("the process failed: %v\n%s", err, out)
	}
	return true
}

// desk is a provider that counts the voicemails it is asked for: by number, and by the key that makes
// a repeat no second voicemail.
type desk struct {
	mu   sync.Mutex
	keys map[string]map[string]string // number → key → body
}

func (d *desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(r.Body)
	var body struct {
		To string `json:"to"`
	}
	if err == nil {
		err = json.Unmarshal(text, &body)
	}
	key := r.Header.Get("Idempotency-Key")
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.keys[body.To] == nil {
		d.keys[body.To] = map[string]string{}
	}
	before, repeated := d.keys[body.To][key]
	d.keys[body.To][key] = string(text)
	if err != nil || key == "" || body.To == "" || repeated && before != string(text) {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"queued","message_id":"m-`+key+`"}`)
}

// A process is killed at each point of a voicemail's hand-over and started again: every business gets
// its voicemail, under one key, which the provider counts once, and it is counted once in its month.
func TestKilledDuringHandOver(t *testing.T) {
	const drops = 60 // two chunks
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			for _, at := range [][]string{
				{"release: before"},
				{"claim: looked at, not marked"},
				{"hand-over: before the request"},
				{"hand-over: answered, not noted"},
				{"record: before anything is written"},
				{"record: written, not committed"},
				{"hand-over: answered, not noted", "settle: before the dead run's voicemails are"},
			} {
				t.Run(strings.Join(at, ", then "), func(t *testing.T) {
					t.Parallel()
					url := dbtest.URL(t, engine)
					clock := fibonacco.NewFakeClock(monday)
					d, err := db.Open(t.Context(), url, clock, 4)
					must(t, err)
					defer func() { must(t, d.Close()) }()
					w := newWorld(t, d, clock)
					for n := range drops {
						w.drop(w.smb(phone(n)))
					}
					provider := &desk{keys: map[string]map[string]string{}}
					server := httptest.NewServer(provider)
					defer server.Close()
					// Tuesday, just after ten in New York, and from there on fast.
					anchor := fibonacco.ClockAnchor{Real: fibonacco.RealTime(), Virtual: time.Date(2026, 3, 3, 15, 0, 30, 0, time.UTC), Scale: 30}
					p := &mortal{URL: url, Provider: server.URL, Clock: anchor, Drops: drops, Nth: 20}
					for _, p.Die = range at {
						if !p.start(t) {
							t.Fatalf("the process never came to %q", p.Die)
						}
					}
					p.Die = ""
					if p.start(t) {
						t.Fatal("somebody else killed the process")
					}
					equal(t, "numbers called", len(provider.keys), drops)
					for number, keys := range provider.keys {
						if len(keys) != 1 {
							t.Errorf("number %s was called under %d keys", number, len(keys))
						}
					}
					equal(t, "sent", w.count(`SELECT COUNT(*) FROM rvm_drops WHERE status = 'sent' AND provider_message_id IS NOT NULL AND claimed_by IS NULL`), drops)
					equal(t, "counted in the month", w.count(`SELECT COALESCE(SUM(used), 0) FROM voicemail_quota WHERE period = '2026-03'`), drops)
				})
			}
		})
	}
}

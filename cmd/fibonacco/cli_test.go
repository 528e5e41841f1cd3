package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// house is a data folder with nothing in it, and the environment that leads to it.
func house(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for _, name := range []string{"DATABASE_URL", "REDIS_URL", "SMTP_URL", "MAIL_MAILER", "FIBONACCO_CLOCK_START", "FIBONACCO_CLOCK_SCALE"} {
		t.Setenv(name, "")
	}
	t.Setenv("FIBONACCO_DATA_DIR", dir)
	return dir
}

// do runs a command and returns its exit code and what it printed.
func do(t *testing.T, args ...string) (code int, out, errOut string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), args, &o, &e)
	return code, o.String(), e.String()
}

func last(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

func TestFromListToExplanation(t *testing.T) {
	dir := house(t)
	list := filepath.Join(dir, "list.csv")
	if err := os.WriteFile(list, []byte("Business Name,Email,Phone\r\n\"PIZZA, INC.\",owner@pizza.example,(718) 555-0142\r\nLAUNDRY,not an address,\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	steps := []struct {
		args []string
		code int
		want string // a pattern of the last line of output, or of the errors when the code is not 0
	}{
		{[]string{"community", "create", "--name", "Red Hook", "--slug", "red-hook", "--state", "NY", "--timezone", "America/New_York"}, 0, `^Added Red Hook`},
		{[]string{"community", "create", "--name", "Red Hook", "--slug", "red-hook", "--state", "NY", "--timezone", "America/New_York"}, 1, `red-hook`},
		{[]string{"community", "create", "--name", "X", "--slug", "x", "--state", "NY", "--timezone", "Mars/Phobos"}, 2, `timezone is not an IANA time zone`},
		{[]string{"import", list, "--community", "nowhere", "--json"}, 1, `no such community`},
		{[]string{"import", list + ".missing", "--community", "red-hook"}, 2, `cannot open`},
		{[]string{"import", list, "--community", "red-hook", "--json", "--dry-run"}, 3, `"total":2,"created":1,"updated":0,"skipped":0,"failed":1`},
		{[]string{"import", list, "--community", "red-hook", "--json"}, 3, `"total":2,"created":1,"updated":0,"skipped":0,"failed":1,"errors":\[\{"line":3,"field":"primary_email"`},
		{[]string{"import", list, "--community", "red-hook", "--json"}, 3, `"total":2,"created":0,"updated":0,"skipped":1,"failed":1`},
		{[]string{"import", list, "--community", "red-hook", "--map", "shoe_size=Phone"}, 2, `shoe_size`},
		{[]string{"programme", "start", "--community", "red-hook", "--filter", "colour=red"}, 2, `is not one of`},
		{[]string{"programme", "start", "--community", "red-hook", "--json"}, 0, `"matched":1,"changed":1,"refused":0,"planned":1`},
		{[]string{"programme", "start", "--community", "red-hook", "--json"}, 3, `"changed":0,"refused":1`},
		{[]string{"explain", "owner@pizza.example"}, 0, `HOOK-001 is planned for`},
		{[]string{"programme", "pause", "--community", "red-hook", "--reason", "travelling"}, 0, `were|Paused 1 of 1`},
		{[]string{"explain", "1"}, 0, `did not leave: the programme was paused`},
		{[]string{"explain", "owner@nobody.example"}, 1, `no such business`},
		{[]string{"links", "revoke", "owner@pizza.example"}, 0, `^The links of business 1 open nothing any more`},
		{[]string{"links", "revoke", "4711"}, 1, `4711`},
		{[]string{"links", "revoke", "owner@nobody.example"}, 1, `no such business`},
		{[]string{"campaigns", "lint"}, 0, `\d+ campaigns, no errors`},
		{[]string{"campaigns", "import", "--json"}, 0, `"campaigns":\d+,"changed":0`},
		{[]string{"token", "create", "--name", "ci", "--role", "operator", "--json"}, 0, `"token":"fib_`},
		{[]string{"token", "create", "--name", "ci", "--role", "emperor"}, 2, `role`},
		{[]string{"user", "create", "--name", "Ana Ruiz", "--email", "ana@crm.example", "--invite"}, 0, `^http://127.0.0.1:8080/password/\S+$`},
		{[]string{"user", "create", "--name", "Ana Ruiz", "--email", "ANA@crm.example", "--invite"}, 1, `e-mail address already`},
		{[]string{"user", "create", "--name", "Bo", "--email", "bo@crm.example", "--role", "viewer", "--community", "nowhere", "--invite"}, 1, `no such community`},
		{[]string{"user", "create", "--name", "Bo", "--email", "bo@crm.example", "--role", "viewer", "--community", "red-hook", "--invite", "--json"}, 0, `"communities":\[1\].*"password_link":\{"url":"http`},
		{[]string{"user", "list"}, 0, `bo@crm.example .* viewer +invited`},
		{[]string{"token", "create", "--name", "bo", "--user", "bo@crm.example", "--role", "manager"}, 2, `role is more than the user's`},
		{[]string{"token", "create", "--name", "bo", "--user", "bo@crm.example", "--role", "viewer", "--ability", "smbs:fly"}, 2, `abilities "smbs:fly" is not known`},
		{[]string{"token", "create", "--name", "bo", "--user", "bo@crm.example", "--role", "viewer", "--ability", "smbs:read", "--expires", "720h", "--json"}, 0, `"id":2`},
		{[]string{"token", "list"}, 0, `fib_\S+ +ci +operator never used, never expires`},
		{[]string{"token", "revoke", "2"}, 0, `^Token 2 has ended`},
		{[]string{"token", "revoke", "2"}, 1, `no such token`},
		{[]string{"user", "disable", "Bo@crm.example"}, 0, `^bo@crm.example is kept out`},
		{[]string{"user", "list", "--json"}, 0, `"disabled":true`},
		{[]string{"user", "password", "bo@crm.example", "--link"}, 1, `is disabled`},
		{[]string{"user", "enable", "bo@crm.example"}, 0, `may come in again`},
		{[]string{"user", "password", "bo@crm.example", "--link"}, 0, `/password/`},
		{[]string{"user", "reset-totp", "bo@crm.example"}, 0, `No code is asked`},
		{[]string{"user", "disable", "nobody@crm.example"}, 1, `no such user`},
		{[]string{"migrate", "status"}, 0, `applied  000\d\d`},
		{[]string{"migrate", "down"}, 0, `Took back 000\d\d`},
		{[]string{"migrate", "up"}, 0, `Applied 1 step`},
		{[]string{"doctor"}, 0, `library`},
		{[]string{"config", "--json"}, 0, `manifest_destiny`},
		{[]string{"config", "--set", "rvm.triger_after_hours=3"}, 2, `rvm.trigger_after_hours`},
		{[]string{"version"}, 0, `fibonacco`},
		{[]string{"fly"}, 2, `fly`},
	}
	for _, s := range steps {
		code, out, errOut := do(t, s.args...)
		said := last(out)
		if s.code == 1 || s.code == 2 {
			said = errOut
		}
		if code != s.code || !regexp.MustCompile(s.want).MatchString(said) {
			t.Errorf("fibonacco %s\n  exit %d, want %d\n  said %s, want %s\n  errors %s", strings.Join(s.args, " "), code, s.code, said, s.want, errOut)
		}
	}
}

// The demo as a stranger sees it: mails are caught, some are opened and followed, and Ctrl-C
// ends it cleanly. A provider in the environment is left alone.
func TestDemo(t *testing.T) {
	dir := house(t)
	t.Setenv("MAIL_MAILER", "smtp")
	t.Setenv("SMTP_URL", "smtp://127.0.0.1:1")
	t.Setenv("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out := &lines{}
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"demo", "--dir", filepath.Join(dir, "demo"), "--listen", "127.0.0.1:0", "--day", "2s"}, out, io.Discard)
	}()
	var base string
	waitFor(t, "the demo to say where it is", func() bool {
		m := regexp.MustCompile(`http://\S+?(/overview)`).FindString(out.String())
		base = strings.TrimSuffix(m, "/overview")
		return m != ""
	})
	waitFor(t, "a mail in the mailbox", func() bool { return strings.Contains(get(t, base+"/mailbox"), "owner@") })
	waitFor(t, "somebody to follow a link", func() bool { return strings.Contains(get(t, base+"/overview"), "clicked") })
	// The sample's owners have agreed, some of them: voicemails arrive, and those who have not get none.
	ledger, err := db.Open(t.Context(), "sqlite://"+filepath.Join(dir, "demo", "fibonacco.db"), fibonacco.SystemClock{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ledger.Close() }()
	waitFor(t, "a voicemail to arrive", func() bool {
		arrived, refused := 0, 0
		err := ledger.View(t.Context(), func(tx *db.Tx) error {
			return tx.QueryRow(t.Context(), `
				SELECT (SELECT COUNT(*) FROM rvm_drops WHERE status = 'delivered'),
					(SELECT COUNT(*) FROM voicemail_skips WHERE reason = 'no_consent')`).Scan(&arrived, &refused)
		})
		return err == nil && arrived > 0 && refused > 0
	})
	var ready struct {
		Status string `json:"status"`
	}
	if err := json.Unmarshal([]byte(get(t, base+"/ready")), &ready); err != nil || ready.Status != "ok" {
		t.Errorf("/ready says %+v, %v", ready, err)
	}
	stop()
	select {
	case code := <-ended:
		if code != 0 {
			t.Errorf("the demo ended with %d", code)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the demo does not stop")
	}
}

type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func get(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Sprint(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Sprint(err)
	}
	return string(body)
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 600 {
		if ok() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("waited in vain for %s", what)
}

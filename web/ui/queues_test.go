package ui_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/ui"
)

// yard is the queues of a small product: one that works, one that is held, one where jobs wait long.
type yard struct {
	*town
	told []string
	jobs []fibonacco.QueuedJob
	more bool
}

func newYard(w *town) *yard {
	ended := monday.Add(-time.Hour)
	return &yard{town: w, jobs: []fibonacco.QueuedJob{
		{
			ID: 88104, Kind: "campaign.send", Queue: "emails", State: fibonacco.JobDiscarded, Attempt: 3, MaxAttempts: 3, Node: "web-1/3fb2",
			Args:      map[string]any{"send_ids": []any{int64(7), int64(8), "… and 498 more"}},
			Errors:    []fibonacco.JobError{{At: ended, Attempt: 3, Message: "550 5.1.1 <m•••@bluedoor.example> unknown"}},
			CreatedAt: ended, ScheduledAt: ended, AttemptedAt: &ended, FinalizedAt: &ended,
		},
		{ID: 88105, Kind: "notice.mail", Queue: "email-high", State: fibonacco.JobRunning, Attempt: 1, MaxAttempts: 3, Args: map[string]any{"id": int64(4)}, CreatedAt: monday, ScheduledAt: monday},
	}}
}

func (y *yard) Board(context.Context) (*fibonacco.QueueBoard, error) {
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.broken != nil {
		return nil, y.broken
	}
	minutes := make([]fibonacco.JobPoint, 60)
	for i := range minutes {
		minutes[i] = fibonacco.JobPoint{At: monday.Add(time.Duration(i-59) * time.Minute), Done: i, PerMinute: float64(i), WaitP95MS: int64(10 * i)}
	}
	return &fibonacco.QueueBoard{
		At: monday, PerMinute: 75, Before: 71, DoneHour: 6214, FailedWeek: 7,
		Queues: []fibonacco.QueueLine{
			{Name: "ai", Supervisor: "ai", Balance: "auto", Workers: 3, MinWorkers: 2, MaxWorkers: 8, Waiting: 46, WaitMS: 78_000, AlertMS: 60_000, AlertedAt: &monday, Minutes: minutes},
			{Name: "emails", Supervisor: "email", Balance: "auto", Workers: 6, MinWorkers: 2, MaxWorkers: 13, Waiting: 14, Running: 6, WaitMS: 600, DoneHour: 6000, PerMinute: 8, RunMedianMS: 96, Failed: 1, Minutes: minutes},
			{Name: "rvm", Supervisor: "rvm", Balance: "none", Workers: 2, MinWorkers: 2, MaxWorkers: 2, Pause: &fibonacco.QueuePause{Since: monday, By: "Ana Ruiz", Reason: "the provider has an incident"}, Minutes: minutes},
		},
		Nodes: []fibonacco.QueueNode{{ID: "web-1/3fb2", Hostname: "web-1", StartedAt: monday.Add(-time.Hour), SeenAt: monday, Workers: 11}},
	}, nil
}

func (y *yard) JobHistory(_ context.Context, q fibonacco.JobHistoryQuery) (*fibonacco.JobHistory, error) {
	h := &fibonacco.JobHistory{Period: q.Period, StepSeconds: 60}
	for i := range 60 {
		at := monday.Add(time.Duration(i-59) * time.Minute)
		h.Points = append(h.Points, fibonacco.JobPoint{At: at, Done: i % 7, PerMinute: float64(i % 7), RunMedianMS: 40, RunP95MS: 90, WaitP95MS: 600})
		h.WeekBefore = append(h.WeekBefore, fibonacco.JobPoint{At: at, PerMinute: 3})
	}
	return h, nil
}

func (y *yard) JobKinds(context.Context, fibonacco.JobPeriod) ([]fibonacco.JobKind, error) {
	return []fibonacco.JobKind{{Kind: "campaign.send", Queue: "emails", Done: 6000, Failed: 4, GaveUp: 1, RunMedianMS: 96, RunP95MS: 240}}, nil
}

func (y *yard) ListBalance(_ context.Context, q fibonacco.ListQuery) (page fibonacco.Page[fibonacco.BalanceChange], err error) {
	if _, err := fibonacco.BalanceListing.Conditions(q.Filter); err != nil {
		return page, err
	}
	page.Data = []fibonacco.BalanceChange{
		{ID: 2, At: monday, Node: "web-1/3fb2", Supervisor: "email", Queue: "emails", Before: 4, After: 9, Reason: fibonacco.BalanceWaiting, Waiting: 200, WaitMS: 640},
		{ID: 1, At: monday, Node: "web-1/3fb2", Supervisor: "ai", Queue: "ai", Before: 8, After: 8, Reason: fibonacco.BalanceMost, Waiting: 46, WaitMS: 78_000},
	}
	return page, nil
}

func (y *yard) PauseQueue(_ context.Context, queue, reason, by string) error {
	y.told = append(y.told, "pause "+queue+": "+reason+" by "+by)
	return nil
}

func (y *yard) ResumeQueue(_ context.Context, queue, by string) error {
	y.told = append(y.told, "resume "+queue+" by "+by)
	return nil
}

func (y *yard) PauseAllQueues(_ context.Context, reason, by string) ([]string, error) {
	y.told = append(y.told, "pause all: "+reason+" by "+by)
	return []string{"emails"}, nil
}

func (y *yard) ResumeAllQueues(_ context.Context, by string) ([]string, error) {
	y.told = append(y.told, "resume all by "+by)
	return []string{"ai", "emails"}, nil
}

func (y *yard) ListJobs(ctx context.Context, q fibonacco.ListQuery) (found fibonacco.Page[fibonacco.QueuedJob], err error) {
	if fibonacco.ScopeOf(ctx) != nil {
		return found, fibonacco.Errorf(fibonacco.Forbidden, "jobs belong to no community")
	}
	conditions, err := fibonacco.JobListing.Conditions(q.Filter)
	if err != nil {
		return found, err
	}
	for _, j := range y.jobs {
		fits := true
		for _, c := range conditions {
			value := map[string]string{"state": string(j.State), "kind": j.Kind, "queue": j.Queue, "id": fmt.Sprint(j.ID)}[c.Field.Name]
			fits = fits && slices.Contains(c.Values, value)
		}
		if fits {
			found.Data = append(found.Data, j)
		}
	}
	if n := len(found.Data); q.Total {
		found.Total = &n
	}
	return found, nil
}

func (y *yard) FindJob(_ context.Context, id int64) (*fibonacco.QueuedJob, error) {
	for _, j := range y.jobs {
		if j.ID == id || id == 1 {
			return &j, nil
		}
	}
	return nil, missing()
}

func (y *yard) noted(verb string, s fibonacco.JobSelection) (fibonacco.JobOutcome, error) {
	y.told = append(y.told, fmt.Sprint(verb, " ", s.IDs, " ", s.Filter))
	return fibonacco.JobOutcome{Found: 2, Changed: len(s.IDs), More: y.more}, nil
}

func (y *yard) RetryJobs(_ context.Context, s fibonacco.JobSelection) (fibonacco.JobOutcome, error) {
	return y.noted("retry", s)
}

func (y *yard) CancelJobs(_ context.Context, s fibonacco.JobSelection) (fibonacco.JobOutcome, error) {
	return y.noted("cancel", s)
}

func (y *yard) DeleteJobs(_ context.Context, s fibonacco.JobSelection) (fibonacco.JobOutcome, error) {
	return y.noted("delete", s)
}

// serveYard is serve with a yard whose notes can be read.
func serveYard(t *testing.T, role fibonacco.Role) (*site, *yard) {
	t.Helper()
	var y *yard
	s := serve(t, role, func(d *ui.Deps) {
		y = newYard(d.Queues.(*town))
		d.QueueControl, d.Jobs = y, y
	})
	return s, y
}

func TestQueuePagesSayWhatMatters(t *testing.T) {
	t.Parallel()
	s, _ := serveYard(t, fibonacco.Viewer)
	s.get("/queues").wants(t, http.StatusOK,
		"One node, 11 workers", "6,000", "71 a week before", "alert at 1 min", // figures
		"is paused", "by Ana Ruiz", "the provider has an incident", "Jobs wait long in", "People were told at 14:12",
		"6 workers now, between 2 and 13", "Scaled up", "Waiting long", "4 → 9", "200 jobs waited, the oldest for 640 ms.", "stayed at 8",
		"campaign.send", "550 5.1.1 <m•••@bluedoor.example> unknown", "send ids 2 and 498 more", "171 jobs done in the last hour", "web-1")
	s.get("/queues?period=day").wants(t, http.StatusOK, "last 24 hours", "period=day")
	s.get("/queues/emails").wants(t, http.StatusOK, "6 workers of 2 to 13, supervisor email", "over five minutes")
	s.get("/queues/nowhere").wants(t, http.StatusNotFound, "There is no queue of this name.")
	s.get("/queues/kinds?kind=campaign.send").wants(t, http.StatusOK, "240 ms", "Throughput", `data-of="runtime"`)
	s.get("/queues/balance?queue=ai").wants(t, http.StatusOK, "as many workers as the settings allow", "How this works")
	s.get("/queues/balance?reason=whim").wants(t, http.StatusUnprocessableEntity)
	s.get("/queues/jobs?state=discarded,cancelled").wants(t, http.StatusOK, "88104 in emails", "3 of 3", "Gave up or canceled")
	s.get("/queues/jobs?kind=nothing").wants(t, http.StatusOK, "No job stands so")
	s.get("/queues/jobs/88104").wants(t, http.StatusOK, "Try 3", "… and 498 more", "web-1", "without personal data")
	s.get("/queues/jobs/99").wants(t, http.StatusNotFound)
}

func TestQueuesAreHandled(t *testing.T) {
	t.Parallel()
	s, y := serveYard(t, fibonacco.Manager)
	s.get("/queues/emails").wants(t, http.StatusOK, "Pause emails", "Everybody on the team reads it.")
	s.get("/queues").wants(t, http.StatusOK, "Pause all…", "no mail is sent, no file imported", "Pause every queue", "Resume all")
	s.get("/queues/jobs/88104").wants(t, http.StatusOK, "Retry now", "Forget this job")
	for _, step := range []struct {
		path string
		form url.Values
		to   string
	}{
		{"/queues/emails/pause", url.Values{"reason": {"a wrong list"}}, "/queues/emails?done=held"},
		{"/queues/emails/resume", nil, "/queues/emails?done=goes-on"},
		{"/queues/pause", url.Values{"reason": {"a move"}}, "/queues?done=held-all"},
		{"/queues/resume", nil, "/queues?done=all-go-on"},
		{"/queues/jobs/retry", url.Values{"ids": {"88104", "88105"}, "back": {"/queues/jobs?state=discarded"}}, "/queues/jobs?done=retried&n=2&state=discarded"},
		{"/queues/jobs/retry", url.Values{"all": {"1"}, "state": {"discarded"}, "queue": {"emails"}, "back": {"https://evil.example/queues"}}, "/queues?done=none&n=0"},
		{"/queues/jobs/cancel", url.Values{"ids": {"88105"}, "back": {"//evil.example/queues"}}, "/queues?done=cancelled&n=1"},
		{"/queues/jobs/delete", url.Values{"ids": {"88104"}, "back": {"/overview"}}, "/queues?done=deleted&n=1"},
		{"/queues/jobs/delete", url.Values{"back": {"/queues/jobs"}}, "/queues/jobs?done=unchosen"},
		{"/queues/jobs/delete", url.Values{"all": {"1"}}, "/queues?done=unchosen"}, // all of nothing is not everything
	} {
		a := s.do("POST", step.path, step.form)
		if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != step.to {
			t.Errorf("%s %v: %d to %s, want %s", step.path, step.form, a.StatusCode, a.Header.Get("Location"), step.to)
		}
	}
	want := "pause emails: a wrong list by Dana Whitfield|resume emails by Dana Whitfield|pause all: a move by Dana Whitfield|resume all by Dana Whitfield|retry [88104 88105] map[]|" +
		"retry [] map[queue:emails state:discarded]|cancel [88105] map[]|delete [88104] map[]"
	if got := strings.Join(y.told, "|"); got != want {
		t.Errorf("told\n%s, want\n%s", got, want)
	}
	s.get("/queues/jobs?done=retried&n=2").wants(t, http.StatusOK, "2 jobs are tried again.")
}

// Who may not, is not offered it.
func TestQueuesOfferWhatARoleMay(t *testing.T) {
	t.Parallel()
	for role, offers := range map[fibonacco.Role][3]bool{fibonacco.Viewer: {}, fibonacco.Operator: {true}, fibonacco.Manager: {true, true, true}} {
		s, _ := serveYard(t, role)
		body := s.get("/queues/jobs?state=discarded").body + s.get("/queues/emails").body
		for i, part := range []string{"/queues/jobs/retry", "/queues/jobs/delete", "/queues/emails/pause"} {
			if strings.Contains(body, part) != offers[i] {
				t.Errorf("%s to %s: %v", part, role, !offers[i])
			}
		}
	}
	s, _ := serveYard(t, fibonacco.Admin)
	s.sessions["yes"].Communities = []int64{1}
	body := s.get("/queues").body
	if strings.Contains(body, "/queues/jobs") || !strings.Contains(body, "Why it scaled") {
		t.Error("who is limited to communities is led to single jobs, or sees no queues")
	}
}

// The charts are drawn within the page's own policy, again for another theme, and move by themselves.
func TestQueueChartsInABrowser(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	demo := serve(t, "", func(d *ui.Deps) {
		y := newYard(d.Queues.(*town))
		d.QueueControl, d.Jobs, d.Demo = y, y, &fibonacco.Principal{Name: "Demo", Role: fibonacco.Operator}
	})
	if _, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `window.broken = []; addEventListener("error", e => broken.push(e.message)); document.addEventListener("securitypolicyviolation", e => broken.push(e.violatedDirective + " " + e.blockedURI))`,
	}); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(demo.server.URL+"/queues")); err != nil {
		t.Fatal(err)
	}
	shows(t, ctx, "three charts", `document.querySelectorAll(".uchart canvas").length === 3`)
	shows(t, ctx, "live", `document.querySelector("[data-live-mark]").textContent === "Live"`)
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[chromedp.Void](`(() => { window.first = document.querySelector(".uchart canvas"); document.querySelector("[data-theme-switch]").click() })()`)); err != nil {
		t.Fatal(err)
	}
	shows(t, ctx, "drawn again in the dark", `document.querySelectorAll(".uchart canvas").length === 3 && document.querySelector(".uchart canvas") !== window.first`)
	shows(t, ctx, "no overflow", `document.documentElement.scrollWidth <= document.documentElement.clientWidth`)
	broken, err := chromedp.Run(ctx, chromedp.Evaluate[string](`window.broken.join(", ")`))
	if err != nil || strings.TrimSpace(broken) != "" {
		t.Errorf("the page breaks its own policy: %s (%v)", broken, err)
	}

	demo.fail(errors.New("away"))
	shows(t, ctx, "the sentence about the lost stream", `!document.querySelector("[data-stale]").hidden && document.querySelector("[data-live-mark]").textContent === "Not live"`)
	demo.fail(nil)
	shows(t, ctx, "live again, with its charts", `document.querySelector("[data-stale]").hidden && document.querySelectorAll(".uchart canvas").length === 3`)
}

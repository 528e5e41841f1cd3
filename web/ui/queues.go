package ui

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/a-h/templ"

	"github.com/fibonacco/fibonacco"
)

// mountQueues adds the pages of the job queues: what waits, what was done, what failed and why, and how
// many workers there are and why.
func (u *ui) mountQueues(page func(pattern string, h handler)) {
	page("GET /queues", u.queues)
	page("GET /queues/events", u.queueEvents)
	page("GET /queues/kinds", u.jobKinds)
	page("GET /queues/balance", u.balanceLog)
	page("GET /queues/jobs", u.jobs)
	page("GET /queues/jobs/{id}", u.job)
	page("POST /queues/jobs/retry", u.retryJobs)
	page("POST /queues/jobs/cancel", u.cancelJobs)
	page("POST /queues/jobs/delete", u.deleteJobs)
	page("POST /queues/pause", u.pauseAllQueues)
	page("POST /queues/resume", u.resumeAllQueues)
	page("GET /queues/{name}", u.queue)
	page("POST /queues/{name}/pause", u.pauseQueue)
	page("POST /queues/{name}/resume", u.resumeQueue)
}

// queuesData is what the first page of the queues shows, or, with Only, the page of one.
type queuesData struct {
	*fibonacco.QueueBoard

	Only     string // the one queue; "" for all
	Period   fibonacco.JobPeriod
	Charts   []chart
	Kinds    []fibonacco.JobKind
	Changes  []fibonacco.BalanceChange
	Failed   []fibonacco.QueuedJob
	FailedOf int  // how many there are
	Sees     bool // may look at single jobs
	At       *time.Location
	Frame    frame
}

// Lines are the queues that are shown.
func (d queuesData) Lines() []fibonacco.QueueLine {
	if d.Only == "" {
		return d.Queues
	}
	return slices.DeleteFunc(slices.Clone(d.Queues), func(l fibonacco.QueueLine) bool { return l.Name != d.Only })
}

// Sum adds up one figure of the lines.
func (d queuesData) Sum(of func(fibonacco.QueueLine) int) int {
	n := 0
	for _, l := range d.Lines() {
		n += of(l)
	}
	return n
}

// Longest is the queue whose oldest job waits longest; nil when nothing waits.
func (d queuesData) Longest() *fibonacco.QueueLine {
	var longest *fibonacco.QueueLine
	for _, l := range d.Lines() {
		if l.Waiting > 0 && (longest == nil || l.WaitMS > longest.WaitMS) {
			longest = &l
		}
	}
	return longest
}

// Local is a moment where most businesses are.
func (d queuesData) Local(at time.Time) string { return moment(at.In(d.At), d.QueueBoard.At.In(d.At)) }

// boards keeps what was last read for all who watch, because they watch the same.
type boards struct {
	mu    sync.Mutex
	taken map[string]takenBoard
}

type takenBoard struct {
	at   time.Time // real time
	data queuesData
}

// readQueues is the figures of all queues, or of one, read at most once a second.
func (u *ui) readQueues(ctx context.Context, only string, period fibonacco.JobPeriod) (queuesData, error) {
	b := &u.boards
	b.mu.Lock()
	defer b.mu.Unlock()
	sees := fibonacco.ScopeOf(ctx) == nil
	key := fmt.Sprint(only, "\x00", period, sees)
	if t, ok := b.taken[key]; ok && fibonacco.RealTime().Sub(t.at) < lookEvery/2 {
		return t.data, nil
	}
	d, err := u.askQueues(ctx, only, period, sees)
	if err != nil {
		return d, err
	}
	if b.taken == nil || len(b.taken) >= mostSnapshots {
		b.taken = map[string]takenBoard{}
	}
	b.taken[key] = takenBoard{fibonacco.RealTime(), d}
	return d, nil
}

// How many of the newest are shown on the way to all.
const (
	shownChanges = 6
	shownFailed  = 5
	shownKinds   = 6
)

func (u *ui) askQueues(ctx context.Context, only string, period fibonacco.JobPeriod, sees bool) (d queuesData, err error) {
	d = queuesData{Only: only, Period: period, Sees: sees}
	t, err := u.towns(ctx)
	if err != nil {
		return d, err
	}
	d.At = zone(t.home())
	if d.QueueBoard, err = u.QueueControl.Board(ctx); err != nil {
		return d, err
	}
	if only != "" && len(d.Lines()) == 0 {
		return d, fibonacco.Errorf(fibonacco.NotFound, "There is no queue of this name.")
	}
	history, err := u.QueueControl.JobHistory(ctx, fibonacco.JobHistoryQuery{Queue: only, Period: period})
	if err != nil {
		return d, err
	}
	alert := int64(0)
	if only != "" {
		alert = d.Lines()[0].AlertMS
	}
	d.Charts = chartsOf(history, d.At, alert)
	if d.Kinds, err = u.QueueControl.JobKinds(ctx, period); err != nil {
		return d, err
	}
	if only != "" {
		d.Kinds = slices.DeleteFunc(d.Kinds, func(k fibonacco.JobKind) bool { return k.Queue != only })
	}
	slices.SortFunc(d.Kinds, func(a, b fibonacco.JobKind) int { return int(b.RunMedianMS - a.RunMedianMS) })
	d.Kinds = d.Kinds[:min(len(d.Kinds), shownKinds)]
	filter := fibonacco.Filter{}
	if only != "" {
		filter["queue"] = fibonacco.FilterValue(only)
	}
	changes, err := u.QueueControl.ListBalance(ctx, fibonacco.ListQuery{Filter: filter, Size: shownChanges})
	if err != nil || !sees {
		d.Changes = changes.Data
		return d, err
	}
	d.Changes = changes.Data
	failed := fibonacco.Filter{"state": failedStates}
	if only != "" {
		failed["queue"] = filter["queue"]
	}
	page, err := u.Jobs.ListJobs(ctx, fibonacco.ListQuery{Filter: failed, Size: shownFailed, Total: true})
	d.Failed = page.Data
	if page.Total != nil {
		d.FailedOf = *page.Total
	}
	return d, err
}

// failedStates are those of jobs that gave up, by themselves or by their handler's word.
const failedStates = "discarded,cancelled"

// period is how far back the address asks to look.
func periodOf(r *http.Request) fibonacco.JobPeriod {
	if p := fibonacco.JobPeriod(r.URL.Query().Get("period")); slices.Contains(fibonacco.JobPeriods, p) {
		return p
	}
	return fibonacco.LastHour
}

var periodNames = map[fibonacco.JobPeriod]string{fibonacco.LastHour: "1 hour", fibonacco.LastDay: "24 hours", fibonacco.LastFortnight: "14 days"}

// lastPeriod is a period inside a sentence.
var lastPeriod = map[fibonacco.JobPeriod]string{fibonacco.LastHour: "last hour", fibonacco.LastDay: "last 24 hours", fibonacco.LastFortnight: "last 14 days"}

func (u *ui) queues(w http.ResponseWriter, r *http.Request) error {
	d, err := u.readQueues(r.Context(), "", periodOf(r))
	if err != nil {
		return err
	}
	fr := u.frame(r, "Queues", "/queues")
	fr.Toast.Text = queueToast(r.URL.Query())
	d.Frame = fr
	u.show(w, r, http.StatusOK, queuesPage(fr, d))
	return nil
}

// queue is the page of one queue.
func (u *ui) queue(w http.ResponseWriter, r *http.Request) error {
	d, err := u.readQueues(r.Context(), r.PathValue("name"), periodOf(r))
	if err != nil {
		return err
	}
	fr := u.frame(r, d.Only, "/queues")
	fr.Toast.Text = queueToast(r.URL.Query())
	d.Frame = fr
	u.show(w, r, http.StatusOK, queuePage(fr, d))
	return nil
}

// queueEvents is the stream behind both.
func (u *ui) queueEvents(w http.ResponseWriter, r *http.Request) error {
	only, period, fr := r.URL.Query().Get("queue"), periodOf(r), u.frame(r, "Queues", "/queues")
	return u.move(w, r, func(ctx context.Context) ([]livePart, error) {
		d, err := u.readQueues(ctx, only, period)
		if err != nil {
			return nil, err
		}
		d.Frame = fr
		var parts []livePart
		for _, p := range queueParts(d) {
			html, err := render(ctx, p.Component)
			if err != nil {
				return nil, fmt.Errorf("render %s: %w", p.Name, err)
			}
			parts = append(parts, livePart{p.Name, html})
		}
		return parts, nil
	})
}

// namedPart is a part that moves by itself, by its data-part.
type namedPart struct {
	Name      string
	Component templ.Component
}

func queueParts(d queuesData) []namedPart {
	return []namedPart{
		{"now", queueNow(d)},
		{"notes", queueNotes(d)},
		{"figures", queueFigures(d)},
		{"charts", chartSeries(d.Charts)},
		{"table", queueTable(d)},
		{"failed", failedPart(d)},
		{"kinds", kindsPart(d)},
		{"why", whyPart(d)},
		{"nodes", nodesPart(d)},
	}
}

func (u *ui) pauseQueue(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("name")
	return u.redone(w, r, queuePath(name), "held", u.QueueControl.PauseQueue(r.Context(), name, r.PostFormValue("reason"), visitor(r.Context())))
}

func (u *ui) resumeQueue(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("name")
	return u.redone(w, r, queuePath(name), "goes-on", u.QueueControl.ResumeQueue(r.Context(), name, visitor(r.Context())))
}

func (u *ui) pauseAllQueues(w http.ResponseWriter, r *http.Request) error {
	_, err := u.QueueControl.PauseAllQueues(r.Context(), r.PostFormValue("reason"), visitor(r.Context()))
	return u.redone(w, r, "/queues", "held-all", err)
}

func (u *ui) resumeAllQueues(w http.ResponseWriter, r *http.Request) error {
	_, err := u.QueueControl.ResumeAllQueues(r.Context(), visitor(r.Context()))
	return u.redone(w, r, "/queues", "all-go-on", err)
}

// Held are the queues that are shown and do not work, by name.
func (d queuesData) Held() (names []string) {
	for _, l := range d.Lines() {
		if l.Pause != nil {
			names = append(names, l.Name)
		}
	}
	return names
}

// HeldTogether is the one reason of several queues that are held; nil when there is another.
func (d queuesData) HeldTogether() (one *fibonacco.QueuePause) {
	if len(d.Held()) < 2 {
		return nil
	}
	for _, l := range d.Lines() {
		switch {
		case l.Pause == nil:
		case one == nil:
			one = l.Pause
		case one.Reason != l.Pause.Reason || one.By != l.Pause.By:
			return nil
		}
	}
	return one
}

func queuePath(name string) string { return "/queues/" + url.PathEscape(name) }

// eventsPath is where the parts of a page come from.
func eventsPath(d queuesData) string {
	q := url.Values{"period": {string(d.Period)}}
	if d.Only != "" {
		q.Set("queue", d.Only)
	}
	return "/queues/events?" + q.Encode()
}

// herePath is the page itself with another period.
func herePath(d queuesData, period fibonacco.JobPeriod) string {
	path := "/queues"
	if d.Only != "" {
		path = queuePath(d.Only)
	}
	if period == fibonacco.LastHour {
		return path
	}
	return path + "?period=" + string(period)
}

// jobsPath is the list of jobs with conditions, "state", "failed".
func jobsPath(conditions ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(conditions); i += 2 {
		if conditions[i+1] != "" {
			q.Set(conditions[i], conditions[i+1])
		}
	}
	return strings.TrimSuffix("/queues/jobs?"+q.Encode(), "?")
}

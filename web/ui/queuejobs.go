package ui

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
)

// jobsData is the list of jobs.
type jobsData struct {
	ledger

	Tabs  []choice
	Menus []filterMenu
	Box   box
	Jobs  []fibonacco.QueuedJob
	Next  string
	Total int // how many match, when the list is narrowed by a state; 0 else
	At    *time.Location
	Now   time.Time
	Here  string // address of this very list
}

// Local is a moment where most businesses are.
func (d jobsData) Local(at time.Time) string { return moment(at.In(d.At), d.Now.In(d.At)) }

// Narrowed is what the list is narrowed by, for a form that speaks of all of it.
func (d jobsData) Narrowed() [][2]string { return d.hidden(sortParam) }

func (u *ui) jobs(w http.ResponseWriter, r *http.Request) error {
	l := readLedger(fibonacco.JobListing, "/queues/jobs", r.URL.Query())
	t, err := u.towns(r.Context())
	if err != nil {
		return err
	}
	board, err := u.QueueControl.Board(r.Context())
	if err != nil {
		return err
	}
	asked := l.asked()
	asked.Total = l.query.Get("state") != ""
	page, err := u.Jobs.ListJobs(r.Context(), asked)
	if err != nil {
		return err
	}
	d := jobsData{
		ledger: l, Tabs: jobTabs(l), Jobs: page.Data, Next: l.next(page.Next), At: zone(t.home()), Now: board.At,
		Box: l.box("kind", "Kind of job", "Kind, for example campaign.send"), Here: pathWith(l.path, l.query),
	}
	var queues [][2]string
	for _, line := range board.Queues {
		queues = append(queues, [2]string{line.Name, line.Name})
	}
	d.Menus = []filterMenu{l.pick("queue", "Queue", queues), l.menu("state", "State", func(v string) string { return jobBadge(fibonacco.JobState(v)).Text })}
	if page.Total != nil {
		d.Total = *page.Total
	}
	fr := u.frame(r, "Jobs", "/queues")
	fr.Toast.Text = queueToast(r.URL.Query())
	u.show(w, r, http.StatusOK, jobsPage(fr, d))
	return nil
}

// jobTabs are the states that are asked for most.
func jobTabs(l ledger) []choice {
	state := l.query.Get("state")
	var tabs []choice
	for _, v := range []struct{ text, state string }{
		{"All", ""},
		{"Gave up or canceled", failedStates},
		{"Will be tried again", "retryable"},
		{"Running", "running"},
		{"Waiting", "available"},
		{"For later", "scheduled"},
		{"Done", "completed"},
	} {
		tabs = append(tabs, choice{v.text, l.with("state", v.state), v.state == state})
	}
	return tabs
}

// jobData is one job.
type jobData struct {
	*fibonacco.QueuedJob

	At  *time.Location
	Now time.Time
}

// Local is a moment where most businesses are, with its seconds.
func (d jobData) Local(at time.Time) string { return at.In(d.At).Format("Mon 2 Jan 15:04:05") }

// Given is what the job was given, as text.
func (d jobData) Given() string {
	text, err := json.MarshalIndent(d.Args, "", "  ")
	if err != nil {
		return ""
	}
	return string(text)
}

// May says what can be done with the job as it stands.
func (d jobData) May(what string) bool {
	switch what {
	case "retry":
		return slices.Contains([]fibonacco.JobState{fibonacco.JobRetryable, fibonacco.JobScheduled, fibonacco.JobDiscarded, fibonacco.JobCancelled}, d.State)
	case "cancel":
		return d.FinalizedAt == nil && !d.Cancelling
	}
	return d.State != fibonacco.JobRunning
}

func (u *ui) job(w http.ResponseWriter, r *http.Request) error {
	id, err := idOf(r.PathValue("id"))
	if err != nil {
		return err
	}
	t, err := u.towns(r.Context())
	if err != nil {
		return err
	}
	found, err := u.Jobs.FindJob(r.Context(), id)
	if err != nil {
		return err
	}
	fr := u.frame(r, fmt.Sprintf("Job %d", id), "/queues")
	fr.Toast.Text = queueToast(r.URL.Query())
	u.show(w, r, http.StatusOK, jobPage(fr, jobData{found, zone(t.home()), fibonacco.RealTime()}))
	return nil
}

func (u *ui) retryJobs(w http.ResponseWriter, r *http.Request) error {
	return u.changeJobs(w, r, "retried", u.Jobs.RetryJobs)
}

func (u *ui) cancelJobs(w http.ResponseWriter, r *http.Request) error {
	return u.changeJobs(w, r, "cancelled", u.Jobs.CancelJobs)
}

func (u *ui) deleteJobs(w http.ResponseWriter, r *http.Request) error {
	return u.changeJobs(w, r, "deleted", u.Jobs.DeleteJobs)
}

// changeJobs does something with the jobs that a form chose: those of its ids, or, with all, those of
// its filter. It ends where the form was, and says what became of it.
func (u *ui) changeJobs(w http.ResponseWriter, r *http.Request, done string, do doWithJobs) error {
	if err := r.ParseForm(); err != nil {
		return fibonacco.Errorf(fibonacco.Malformed, "The form cannot be read.")
	}
	var s fibonacco.JobSelection
	if r.PostForm.Get("all") != "" {
		s.Filter = fibonacco.Filter{}
		for _, f := range fibonacco.JobListing.Fields {
			if v := r.PostForm.Get(f.Name); v != "" {
				s.Filter[f.Name] = v
			}
		}
	} else {
		for _, text := range r.PostForm["ids"] {
			id, err := idOf(text)
			if err != nil {
				return err
			}
			s.IDs = append(s.IDs, id)
		}
	}
	back, err := url.Parse(r.PostForm.Get("back"))
	if err != nil || back.Host != "" || back.Scheme != "" || !strings.HasPrefix(back.Path, "/queues") {
		back = &url.URL{Path: "/queues"}
	}
	q := back.Query()
	q.Del("n")
	if len(s.IDs) == 0 && len(s.Filter) == 0 {
		q.Set("done", "unchosen")
	} else {
		out, err := do(r.Context(), s)
		if err != nil {
			return err
		}
		q.Set("done", done)
		q.Set("n", strconv.Itoa(out.Changed))
		switch {
		case out.More:
			q.Set("done", "more")
		case out.Changed == 0:
			q.Set("done", "none")
		}
	}
	http.Redirect(w, r, (&url.URL{Path: back.Path, RawQuery: q.Encode()}).String(), http.StatusSeeOther)
	return nil
}

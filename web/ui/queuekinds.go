package ui

import (
	"context"
	"fmt"
	"net/http"

	"github.com/fibonacco/fibonacco"
)

// doWithJobs is a verb of fibonacco.JobDesk.
type doWithJobs func(context.Context, fibonacco.JobSelection) (fibonacco.JobOutcome, error)

// kindsData is what each kind of job did, with charts of the one that is chosen.
type kindsData struct {
	Kinds  []fibonacco.JobKind
	Chosen string
	Charts []chart
	Period fibonacco.JobPeriod
	Sees   bool
}

func (u *ui) jobKinds(w http.ResponseWriter, r *http.Request) error {
	d := kindsData{Period: periodOf(r), Chosen: r.URL.Query().Get("kind"), Sees: fibonacco.ScopeOf(r.Context()) == nil}
	t, err := u.towns(r.Context())
	if err != nil {
		return err
	}
	if d.Kinds, err = u.QueueControl.JobKinds(r.Context(), d.Period); err != nil {
		return err
	}
	if d.Chosen != "" {
		history, err := u.QueueControl.JobHistory(r.Context(), fibonacco.JobHistoryQuery{Kind: d.Chosen, Period: d.Period})
		if err != nil {
			return err
		}
		d.Charts = chartsOf(history, zone(t.home()), 0)
	}
	u.show(w, r, http.StatusOK, kindsPage(u.frame(r, "Kinds of job", "/queues"), d))
	return nil
}

// balanceLog is every change of workers, with why.
func (u *ui) balanceLog(w http.ResponseWriter, r *http.Request) error {
	l := readLedger(fibonacco.BalanceListing, "/queues/balance", r.URL.Query())
	t, err := u.towns(r.Context())
	if err != nil {
		return err
	}
	page, err := u.QueueControl.ListBalance(r.Context(), l.asked())
	if err != nil {
		return err
	}
	board, err := u.QueueControl.Board(r.Context())
	if err != nil {
		return err
	}
	var queues [][2]string
	for _, line := range board.Queues {
		queues = append(queues, [2]string{line.Name, line.Name})
	}
	reason := map[string]string{"started": "A node started", "waiting": "Jobs waited", "quiet": "Nothing waited", "most": "No more allowed", "stopped": "A node stopped"}
	at := zone(t.home())
	fr := u.frame(r, "Balance log", "/queues")
	d := ledgerData{
		ledger: l, Title: "Balance log", About: "Each change of a queue’s workers, and what called for it.", Label: "Balance log",
		Above:   queueViews("/queues/balance", fibonacco.ScopeOf(r.Context()) == nil),
		Menus:   []filterMenu{l.pick("queue", "Queue", queues), l.menu("reason", "Why", func(v string) string { return reason[v] })},
		Columns: []column{{Name: "Queue"}, {Name: "Workers"}, {Name: "Why"}, {Name: "Node", Wide: true}, {Name: "When"}},
		Next:    l.next(page.Next),
		Empty:   [2]string{"Nothing has changed yet", "The first lines come when a node with workers starts."},
		How: "A supervisor adds workers when a job has waited for half a second, in three steps up to its most, and takes the newest back after fifteen quiet seconds. " +
			"Stayed means that jobs waited, but the settings allow no more workers on that node. The log is kept for 14 days.",
	}
	for _, c := range page.Data {
		d.Rows = append(d.Rows, ledgerRow{
			Key: fmt.Sprint("change-", c.ID), Dim: c.Reason == fibonacco.BalanceStopped,
			Cells: []cell{
				{Text: c.Queue, Sub: c.Supervisor, Link: queuePath(c.Queue)},
				text(changeSteps(c)), text(balanceWords(c)), text(nodeName(c.Node)),
				{Text: c.At.In(at).Format("Mon 15:04:05"), Title: fullTime(c.At.In(at))},
			},
		})
	}
	u.show(w, r, http.StatusOK, ledgerPage(fr, d))
	return nil
}

package ui

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/fibonacco/fibonacco"
)

// programmeDays is how long the programme is (spec).
const programmeDays = 90

// overviewData is the first page, said in the words and measures it is shown with.
type overviewData struct {
	*fibonacco.Overview
	Queue   []fibonacco.QueueState
	Sending *fibonacco.SendingState
	Local   time.Time // now, where "today" is
	Speed   *speed    // nil in real time
}

func (u *ui) readOverview(ctx context.Context) (overviewData, error) {
	o, err := u.Analytics.Overview(ctx)
	if err != nil {
		return overviewData{}, fmt.Errorf("read the overview: %w", err)
	}
	states, err := u.Queues.Queues(ctx)
	if err != nil {
		return overviewData{}, fmt.Errorf("read the queues: %w", err)
	}
	sending, err := u.sendingState(ctx)
	if err != nil {
		return overviewData{}, err
	}
	d := overviewData{Overview: o, Queue: states, Sending: sending, Local: o.Now.In(zone(o.Timezone))}
	if u.ClockControl != nil {
		d.Speed = speedOf(u.ClockControl.Anchor().Scale)
	}
	return d, nil
}

func (u *ui) overview(w http.ResponseWriter, r *http.Request) error {
	d, err := u.readOverview(r.Context())
	if err != nil {
		return err
	}
	fr := u.frame(r, "Overview", "/overview")
	u.show(w, r, http.StatusOK, overviewPage(fr, d))
	return nil
}

// zone is a time zone by name; one that cannot be read counts as UTC, which is what is shown then.
func zone(name string) *time.Location {
	z, err := fibonacco.LoadZone(name)
	if err != nil {
		return time.UTC
	}
	return z
}

// Title is the date where most businesses are.
func (d overviewData) Title() string { return d.Local.Format("Monday, 2 January") }

// Sentence says how far the day has come.
func (d overviewData) Sentence() string {
	begun, left := 0, 0
	var next *fibonacco.CommunityToday
	for i := range d.Communities {
		c := &d.Communities[i]
		if c.Sent+c.Queued+c.Skipped == 0 {
			continue
		}
		begun++
		switch {
		case c.Queued == 0:
			left++
		case c.NextWaveAt != nil && c.NextWaveAt.After(d.Now) && (next == nil || c.NextWaveAt.Before(*next.NextWaveAt)):
			next = c
		}
	}
	switch {
	case len(d.Communities) == 0:
		return "There is no community yet."
	case begun == 0:
		return "Nothing is due today so far."
	case next != nil && begun == 1:
		return fmt.Sprintf("The wave of %s goes in %s.", next.Name, duration(next.NextWaveAt.Sub(d.Now).Truncate(time.Minute)))
	case next != nil:
		return fmt.Sprintf("%s of %s waves %s left; %s goes in %s.", capital(inWords(left)), inWords(begun),
			map[bool]string{true: "has", false: "have"}[left == 1], next.Name, duration(next.NextWaveAt.Sub(d.Now).Truncate(time.Minute)))
	case left < begun:
		return "A wave is leaving now."
	case begun == 1:
		return "Today’s wave has left."
	}
	return fmt.Sprintf("All %s waves of today have left.", inWords(begun))
}

// BeforeName is what the day is called that today is compared with.
func (d overviewData) BeforeName() string { return "last " + d.Local.Format("Monday") }

// figure is one number with how it compares to the same weekday a week before, up to the same time.
type figure struct {
	Icon, Name, Value, Small string
	Direction                string // "up", "down" or "" when a change means nothing good or bad
	Change                   string // "" when there is nothing to compare with
	ChangeWord               string // read out after the change
	From                     string
}

// Figures are the four numbers on top.
func (d overviewData) Figures() []figure {
	t, b := d.Today, d.Before
	figures := []figure{
		countFigure("send", "Sent", t.Sent, b.Sent),
		rateFigure("eye", "Opened", t.Opened, t.Sent, b.Opened, b.Sent),
		rateFigure("click", "Clicked", t.Clicked, t.Sent, b.Clicked, b.Sent),
	}
	if d.Total.Approvals > 0 {
		return append(figures, countFigure("checks", "Approvals", t.Approvals, b.Approvals))
	}
	last := countFigure("mailoff", "Unsubscribed", t.Unsubscribed, b.Unsubscribed)
	last.Direction = ""
	return append(figures, last)
}

func orNone(n int) string {
	if n == 0 {
		return "none"
	}
	return number(n)
}

// TotalLine sums up since the beginning.
func (d overviewData) TotalLine() string {
	t := d.Total
	if t.Sent == 0 {
		return ""
	}
	return fmt.Sprintf("Since the start %s sent, %s opened, %s clicked", number(t.Sent),
		percent(min(rate(t.Opened, t.Sent), 100)), percent(min(rate(t.Clicked, t.Sent), 100)))
}

func countFigure(icon, name string, now, before int) figure {
	fig := figure{Icon: icon, Name: name, Value: number(now), From: "from " + number(before)}
	switch {
	case before == 0:
		fig.From = "none last week"
	case now == 0: // a quiet day is no fall of 100%
		fig.From = "none yet, " + number(before) + " last week"
	case now == before:
		fig.From = "as many as last week"
	default:
		fig.Direction, fig.ChangeWord = "up", "more"
		if now < before {
			fig.Direction, fig.ChangeWord = "down", "fewer"
		}
		change := max(now, before) - min(now, before)
		fig.Change = number(change)
		if before >= 50 {
			fig.Change = percent(rate(change, before))
		}
	}
	return fig
}

func rateFigure(icon, name string, now, of, before, ofBefore int) figure {
	fig := figure{Icon: icon, Name: name, Value: number(now)}
	if of > 0 {
		fig.Small = percent(min(rate(now, of), 100))
	}
	if ofBefore == 0 || of == 0 { // a rate of nothing compares with nothing
		fig.From = orNone(before) + " last week"
		return fig
	}
	was := min(rate(before, ofBefore), 100)
	change := min(rate(now, of), 100) - was
	fig.From = "from " + percent(was)
	switch {
	case change >= .05:
		fig.Direction, fig.Change, fig.ChangeWord = "up", fmt.Sprintf("%.1f pts", change), "more"
	case change <= -.05:
		fig.Direction, fig.Change, fig.ChangeWord = "down", fmt.Sprintf("%.1f pts", -change), "fewer"
	}
	return fig
}

// Chart is opens per hour for a wide or a narrow screen.
func (d overviewData) Chart(wide bool) barChart {
	return opensChart(d.OpensByHour, d.OpensBefore, d.Local.Hour(), wide, d.BeforeName())
}

// wave is one community's line.
type wave struct {
	fibonacco.CommunityToday
	Rate              string
	Spark             spark
	Next, NextNote    string
	NextSoon, NextNow bool
}

// Waves are the communities in the order of their names.
func (d overviewData) Waves() []wave {
	var out []wave
	for _, c := range d.Communities {
		local := d.Now.In(zone(c.Timezone))
		w := wave{CommunityToday: c, Spark: opensSpark(c.ByHour, local.Hour())}
		if c.Sent > 0 {
			w.Rate = percent(min(rate(c.Opened, c.Sent), 100))
		}
		if c.Queued > 0 {
			w.NextNote = number(c.Queued) + " queued"
		}
		switch {
		case c.NextWaveAt == nil:
			w.Next = "none planned"
		case !c.NextWaveAt.After(d.Now):
			w.Next, w.NextNow = "leaving now", true
		case c.NextWaveAt.Sub(d.Now) < 12*time.Hour && c.Queued > 0:
			w.Next, w.NextSoon = "in "+duration(c.NextWaveAt.Sub(d.Now).Truncate(time.Minute)), true
			if c.NextWaveAt.Sub(d.Now) < time.Minute {
				w.Next = "in under a minute"
			}
		default:
			w.Next = moment(c.NextWaveAt.In(local.Location()), local)
		}
		out = append(out, w)
	}
	return out
}

// SMBs is how many businesses the tiers hold.
func (d overviewData) SMBs() int { return d.Tiers[0] + d.Tiers[1] + d.Tiers[2] + d.Tiers[3] }

// TierSummary says the tiers in words.
func (d overviewData) TierSummary() string {
	return fmt.Sprintf("Premium %s, Engaged %s, Active %s, Passive %s",
		number(d.Tiers[0]), number(d.Tiers[1]), number(d.Tiers[2]), number(d.Tiers[3]))
}

// When is a time of the feed: exact today, with the day before that.
func (d overviewData) When(t time.Time) string {
	local := t.In(d.Local.Location())
	if local.Format(time.DateOnly) == d.Local.Format(time.DateOnly) {
		return local.Format("15:04:05")
	}
	return moment(local, d.Local)
}

// WaitingTotal is how many things wait for a person.
func (d overviewData) WaitingTotal() int {
	n := 0
	for _, a := range d.Attention {
		n += a.Count
	}
	return n
}

// MostSkips is the longest bar of the reasons.
func (d overviewData) MostSkips() int {
	if len(d.Skips) == 0 {
		return 0
	}
	return d.Skips[0].Count
}

// longWait is when a queue's wait is marked.
const longWait = time.Minute

package ui

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/fibonacco/fibonacco"
)

// chart is a drawing that queues.js makes with uPlot; its summary says the same in words.
type chart struct {
	ID, Title, Unit string
	Key             [][2]string // class and name of each line
	Series          string      // JSON for the script, see plotted
	Summary         string
}

// plotted is what a chart draws. Values that are null are not known.
type plotted struct {
	Zone   string     `json:"zone"`
	Millis bool       `json:"millis"` // values are times in milliseconds
	Alert  int64      `json:"alert"`  // a line to mark; 0 has none
	X      []int64    `json:"x"`      // Unix seconds
	Lines  []plotLine `json:"lines"`
}

type plotLine struct {
	Name string     `json:"name"`
	Look string     `json:"look"` // area, line, soft, before
	Y    []*float64 `json:"y"`
}

// chartsOf draws a history: how much, how long it took, how long it waited. A step in progress is left
// out where it would only look like a fall.
func chartsOf(h *fibonacco.JobHistory, at *time.Location, alert int64) []chart {
	points, before := h.Points, h.WeekBefore
	if h.Period == fibonacco.LastHour && len(points) > 1 {
		points, before = points[:len(points)-1], before[:len(before)-1]
	}
	base := plotted{Zone: at.String(), X: make([]int64, len(points))}
	for i, p := range points {
		base.X[i] = p.At.Unix()
	}
	line := func(name, look string, of []fibonacco.JobPoint, value func(fibonacco.JobPoint) (float64, bool)) plotLine {
		l := plotLine{Name: name, Look: look, Y: make([]*float64, len(of))}
		for i, p := range of {
			if v, known := value(p); known {
				l.Y[i] = &v
			}
		}
		return l
	}
	perMinute := func(p fibonacco.JobPoint) (float64, bool) { return p.PerMinute, true }
	ran := func(of func(fibonacco.JobPoint) int64) func(fibonacco.JobPoint) (float64, bool) {
		return func(p fibonacco.JobPoint) (float64, bool) { return float64(of(p)), p.Done+p.Failed > 0 }
	}
	median := func(p fibonacco.JobPoint) int64 { return p.RunMedianMS }
	p95 := func(p fibonacco.JobPoint) int64 { return p.RunP95MS }
	wait := func(p fibonacco.JobPoint) int64 { return p.WaitP95MS }

	throughput, runtime, waits := base, base, base
	throughput.Lines = []plotLine{line("jobs a minute", "area", points, perMinute), line("a week before", "before", before, perMinute)}
	runtime.Millis, waits.Millis, waits.Alert = true, true, alert
	runtime.Lines = []plotLine{line("half took at most", "line", points, ran(median)), line("95 of 100 at most", "soft", points, ran(p95))}
	waits.Lines = []plotLine{line("95 of 100 waited at most", "area", points, ran(wait)), line("a week before", "before", before, ran(wait))}
	key := [][2]string{{"c-line", "now"}, {"c-prev", "a week before"}}
	if !slices.ContainsFunc(before, func(p fibonacco.JobPoint) bool { return p.Done+p.Failed > 0 || p.PerMinute > 0 }) { // a line of zeros would say that all stood still
		key, throughput.Lines, waits.Lines = nil, throughput.Lines[:1], waits.Lines[:1]
	}
	return []chart{
		{"throughput", "Throughput", "jobs a minute", key, seriesText(throughput), throughputSummary(h, points, before)},
		{"runtime", "Runtime", "of one attempt", [][2]string{{"c-line", "median"}, {"c-soft", "95th percentile"}}, seriesText(runtime), timesSummary("Runtime", points, median, p95)},
		{"wait", "Wait", "95th percentile", key, seriesText(waits), timesSummary("Wait, 95th percentile", points, wait, nil)},
	}
}

func seriesText(p plotted) string {
	text, err := json.Marshal(p)
	if err != nil {
		return "{}" // numbers that JSON does not know cannot come out of counts
	}
	return string(text)
}

func throughputSummary(h *fibonacco.JobHistory, points, before []fibonacco.JobPoint) string {
	done, then, failed, most := 0, 0.0, 0, fibonacco.JobPoint{}
	for i, p := range points {
		done, failed = done+p.Done, failed+p.Failed
		then += before[i].PerMinute * float64(h.StepSeconds) / 60
		if p.PerMinute > most.PerMinute {
			most = p
		}
	}
	if done == 0 {
		return fmt.Sprintf("No job was done in the %s.", lastPeriod[h.Period])
	}
	s := fmt.Sprintf("%s done in the %s, at most %s a minute", plural(done, "job", "jobs"), lastPeriod[h.Period], rateOf(most.PerMinute))
	if then >= 1 {
		s += fmt.Sprintf("; a week before it was %s", number(int(then+.5)))
	}
	if failed > 0 {
		s += fmt.Sprintf(". %s failed", plural(failed, "attempt", "attempts"))
	}
	return s + "."
}

func timesSummary(what string, points []fibonacco.JobPoint, of, high func(fibonacco.JobPoint) int64) string {
	last, most, found := int64(0), int64(0), false
	for _, p := range points {
		if p.Done+p.Failed == 0 {
			continue
		}
		found, last = true, of(p)
		most = max(most, of(p))
		if high != nil {
			most = max(most, high(p))
		}
	}
	if !found {
		return what + ": none yet."
	}
	return fmt.Sprintf("%s: %s last, %s at most.", what, took(last), took(most))
}

// lineSpark is a small line of the last hour's minutes, without the one in progress.
func lineSpark(minutes []fibonacco.JobPoint, of func(fibonacco.JobPoint) float64) spark {
	if len(minutes) < 3 {
		return spark{Empty: true}
	}
	minutes = minutes[:len(minutes)-1]
	const each = 2 // minutes a point: sixty points do not fit
	var values []float64
	most := 0.0
	for i := 0; i+each <= len(minutes); i += each {
		v := 0.0
		for _, p := range minutes[i : i+each] {
			v = max(v, of(p))
		}
		values, most = append(values, v), max(most, v)
	}
	if most == 0 || len(values) < 2 {
		return spark{Empty: true}
	}
	const width, bottom, room = 89.0, 23.0, 21.0
	s, path := spark{}, ""
	for i, v := range values {
		s.X, s.Y = width*float64(i)/float64(len(values)-1), bottom-room*v/most
		if i > 0 {
			path += "L"
		}
		path += f(s.X) + " " + f(s.Y)
	}
	s.Line = "M" + path
	s.Area = s.Line + "L89 24L0 24Z"
	return s
}

// workerGauge is how many workers there are between how few and how many, 144 wide.
type workerGauge struct {
	Min, Now, Max    float64
	ShowNow, ShowMax bool // whether its number has room
}

func gaugeOf(l fibonacco.QueueLine, most int) workerGauge {
	at := func(n int) float64 { return 6 + 132*float64(n)/float64(max(most, 1)) }
	g := workerGauge{Min: at(l.MinWorkers), Now: at(l.Workers), Max: at(l.MaxWorkers)}
	g.ShowNow = l.Workers != l.MinWorkers && l.Workers != l.MaxWorkers
	g.ShowMax = l.MaxWorkers != l.MinWorkers
	return g
}

// mostWorkers is the end of all gauges' scale.
func mostWorkers(lines []fibonacco.QueueLine) int {
	most := 1
	for _, l := range lines {
		most = max(most, l.MaxWorkers, l.Workers)
	}
	return most
}

// kindBar is a kind's runtime from median to 95th percentile, 233 wide.
func kindBar(k fibonacco.JobKind, most int64) (from, width float64) {
	scale := func(ms int64) float64 { return 230 * float64(ms) / float64(max(most, 1)) }
	return scale(k.RunMedianMS), max(scale(k.RunP95MS)-scale(k.RunMedianMS), 0)
}

func slowest(kinds []fibonacco.JobKind) int64 {
	most := int64(1)
	for _, k := range kinds {
		most = max(most, k.RunP95MS)
	}
	return most
}

func sortedNames(of map[string]any) []string { return slices.Sorted(maps.Keys(of)) }

package ui

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
)

// lineBadge says what a queue is doing.
func lineBadge(l fibonacco.QueueLine) badge {
	switch {
	case l.Pause != nil:
		return badge{"honey", "Paused"}
	case l.Workers == 0:
		return badge{"honey", "No workers"}
	case l.AlertMS > 0 && l.Waiting > 0 && l.WaitMS >= l.AlertMS:
		return badge{"honey", "Waiting long"}
	case l.Workers > l.MinWorkers && l.Balance == "auto":
		return badge{"ink", "Scaled up"}
	case l.Running > 0:
		return badge{"leaf", "Running"}
	case l.Waiting > 0:
		return badge{"ink", "Waiting"}
	}
	return badge{"", "Idle"}
}

// jobBadge says where a job stands.
func jobBadge(s fibonacco.JobState) badge {
	switch s {
	case fibonacco.JobScheduled:
		return badge{"open", "For later"}
	case fibonacco.JobPending:
		return badge{"open", "On hold"}
	case fibonacco.JobAvailable:
		return badge{"open", "Waiting"}
	case fibonacco.JobRunning:
		return badge{"ink", "Running"}
	case fibonacco.JobRetryable:
		return badge{"honey", "Will be tried again"}
	case fibonacco.JobCompleted:
		return badge{"leaf", "Done"}
	case fibonacco.JobDiscarded:
		return badge{"brick", "Gave up"}
	case fibonacco.JobCancelled:
		return badge{"", "Canceled"}
	}
	return badge{"", string(s)}
}

// millis writes a time that is kept in milliseconds.
func millis(ms int64) string { return duration(time.Duration(ms) * time.Millisecond) }

// took writes how long something took that did take time.
func took(ms int64) string {
	if ms == 0 {
		return "<1 ms"
	}
	return millis(ms)
}

// rateBefore is rateOf of a time that may not be known.
func rateBefore(perMinute float64) string {
	if perMinute == 0 {
		return "none"
	}
	return rateOf(perMinute)
}

// rateOf writes jobs a minute: one decimal below ten.
func rateOf(perMinute float64) string {
	if perMinute > 0 && perMinute < 9.95 {
		return strings.TrimSuffix(strconv.FormatFloat(perMinute, 'f', 1, 64), ".0")
	}
	return number(int(perMinute + .5))
}

// balanceWords says why the workers of a queue changed.
func balanceWords(c fibonacco.BalanceChange) string {
	wait := millis(c.WaitMS)
	switch c.Reason {
	case fibonacco.BalanceStarted:
		return "The node started."
	case fibonacco.BalanceWaiting:
		if c.Waiting < 2 {
			return fmt.Sprintf("A job waited for %s.", wait)
		}
		return fmt.Sprintf("%s waited, the oldest for %s.", plural(c.Waiting, "job", "jobs"), wait)
	case fibonacco.BalanceQuiet:
		return "Nothing has waited for a while."
	case fibonacco.BalanceMost:
		return fmt.Sprintf("%s waited, the oldest for %s, but there are as many workers as the settings allow.", plural(c.Waiting, "job", "jobs"), wait)
	case fibonacco.BalanceStopped:
		return "The node stopped."
	}
	return string(c.Reason)
}

// changeSteps is "4 → 9", or "stayed at 9".
func changeSteps(c fibonacco.BalanceChange) string {
	if c.Before == c.After {
		return fmt.Sprintf("stayed at %d", c.After)
	}
	return fmt.Sprintf("%d → %d", c.Before, c.After)
}

// nodeName is a node's name without the id of its run.
func nodeName(id string) string {
	name, _, _ := strings.Cut(id, "/")
	return name
}

// lastError is why a job stands where it does; "" where nothing failed.
func lastError(j fibonacco.QueuedJob) string {
	if j.Cancelling {
		return "It has been told to stop."
	}
	if n := len(j.Errors); n > 0 {
		return j.Errors[n-1].Message
	}
	if j.State == fibonacco.JobCancelled {
		return "Canceled by a person"
	}
	return ""
}

// argsWords is what a job was given, on one line.
func argsWords(args map[string]any) string {
	var parts []string
	for _, name := range sortedNames(args) {
		value := fmt.Sprint(args[name])
		if list, ok := args[name].([]any); ok {
			value = plural(len(list), "entry", "entries")
			if len(list) == 1 {
				value = fmt.Sprint(list[0])
			}
			if n := len(list); n > 1 {
				if more, ok := list[n-1].(string); ok && strings.HasPrefix(more, "… and ") {
					value = fmt.Sprintf("%d %s", n-1, strings.TrimPrefix(more, "… "))
				}
			}
		}
		if at, err := time.Parse(time.RFC3339Nano, value); err == nil {
			value = at.UTC().Format("2 Jan 2006 15:04:05") + " UTC"
		}
		if strings.HasPrefix(value, "map[") {
			value = "…"
		}
		parts = append(parts, strings.ReplaceAll(name, "_", " ")+" "+value)
	}
	return strings.Join(parts, ", ")
}

// queueToast is the sentence about what has just been done.
func queueToast(q url.Values) string {
	n, _ := strconv.Atoi(q.Get("n"))
	switch q.Get("done") {
	case "held":
		return "The queue is held. What runs finishes."
	case "goes-on":
		return "The queue goes on."
	case "held-all":
		return "Every queue is held. What runs finishes, and nothing new begins."
	case "all-go-on":
		return "Every queue goes on."
	case "retried":
		return countWords(n, "is tried again.", "are tried again.")
	case "cancelled":
		return countWords(n, "is canceled, or told to stop.", "are canceled, or told to stop.")
	case "deleted":
		return countWords(n, "is forgotten.", "are forgotten.")
	case "none":
		return "Nothing changed: the jobs were gone, or a newer run stands for them."
	case "more":
		return fmt.Sprintf("%s are done. There are more: do it again.", plural(n, "job", "jobs"))
	case "unchosen":
		return "Choose at least one job first."
	}
	return ""
}

func countWords(n int, one, many string) string {
	if n == 1 {
		return "1 job " + one
	}
	return number(n) + " jobs " + many
}

// nodesWords is "Two nodes, 17 workers".
func nodesWords(b *fibonacco.QueueBoard) string {
	workers := 0
	for _, n := range b.Nodes {
		workers += n.Workers
	}
	if len(b.Nodes) == 0 {
		return "No node works right now"
	}
	words := "One node"
	if len(b.Nodes) > 1 {
		words = capital(inWords(len(b.Nodes))) + " nodes"
	}
	return words + ", " + plural(workers, "worker", "workers")
}

// supervisorsOf is how many supervisors look after queues.
func supervisorsOf(lines []fibonacco.QueueLine) int {
	names := map[string]bool{}
	for _, l := range lines {
		if l.Supervisor != "" {
			names[l.Supervisor] = true
		}
	}
	return len(names)
}

// short cuts a long sentence; the whole of it is on the job's own page.
func short(text string) string {
	const most = 120
	if runes := []rune(text); len(runes) > most {
		return strings.TrimSpace(string(runes[:most])) + "…"
	}
	return text
}

func kindPath(kind string, period fibonacco.JobPeriod) string {
	return "/queues/kinds?" + url.Values{"kind": {kind}, "period": {string(period)}}.Encode()
}

func balancePath(queue string) string {
	if queue == "" {
		return "/queues/balance"
	}
	return "/queues/balance?" + url.Values{"queue": {queue}}.Encode()
}

// holdAllWords is what it means to pause every queue, with what would wait.
func holdAllWords(d queuesData) string {
	working := len(d.Queues) - len(d.Held())
	return fmt.Sprintf("Holds %s on every node within two seconds: no mail is sent, no file imported, no yes worked on, and no notice goes out. %s now and may finish; %s. Pages and links in mails go on; what they cause lines up.",
		plural(working, "queue", "queues"), plural(d.Sum(func(l fibonacco.QueueLine) int { return l.Running }), "job runs", "jobs run"),
		plural(d.Sum(func(l fibonacco.QueueLine) int { return l.Waiting }), "job waits", "jobs wait"))
}

package config

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Balance is how a supervisor chooses its number of workers.
const (
	BalanceAuto = "auto" // between the minimum and the maximum, by how long jobs wait
	BalanceNone = "none" // always the maximum
)

// Supervisor is who works off some queues, on each node that has the worker role.
type Supervisor struct {
	Name         string        `yaml:"-"`      // "email"
	Queues       []string      `yaml:"queues"` // an earlier one goes first; each queue has one supervisor
	Balance      string        `yaml:"balance"`
	MinProcesses int           `yaml:"min_processes"` // workers; at least 1
	MaxProcesses int           `yaml:"max_processes"`
	Tries        int           `yaml:"tries"`      // runs of a job, the first included, before it is failed
	Timeout      time.Duration `yaml:"timeout"`    // of one run
	WaitAlert    time.Duration `yaml:"wait_alert"` // a job that waits longer raises an alert
}

// supervisorName is what a new supervisor may be called: its variables must be writable.
var supervisorName = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// supervisorFields are the keys of a supervisor.
func supervisorFields() []string {
	var names []string
	for field := range reflect.TypeFor[Supervisor]().Fields() {
		if tag := field.Tag.Get("yaml"); tag != "-" {
			names = append(names, tag)
		}
	}
	return names
}

// addSupervisor makes the keys of a supervisor that is not shipped.
func (l *load) addSupervisor(name string) {
	section := join(queuesSection, name)
	l.sections[section] = ""
	for _, field := range supervisorFields() {
		l.add(l.describe(join(section, field), "", "", ""))
	}
}

// checkSupervisors refuses a new supervisor that leaves out a key: there is no default for it.
func (l *load) checkSupervisors() {
	known := shipped().supervisorNames()
	for _, name := range l.supervisorNames() {
		if slices.Contains(known, name) {
			continue
		}
		section := join(queuesSection, name)
		var missing []string
		for _, field := range supervisorFields() {
			if path := join(section, field); l.origins[path] == (Origin{}) {
				missing = append(missing, field)
				l.wrong[path] = true
			}
		}
		if len(missing) > 0 {
			l.refuse(section, "is a new supervisor and must also give "+strings.Join(missing, ", ")+didYouMean(name, known))
		}
	}
}

// supervisorNames are those of the shipped and the laid-over queue files, in their order.
func (s *schema) supervisorNames() []string {
	var names []string
	for _, lf := range s.leaves {
		section, _ := split(lf.Path)
		if around, name := split(section); around == queuesSection && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// queueNames are the queues that the program puts jobs in: those of the shipped file.
func queueNames() []string {
	var names []string
	for _, name := range shipped().supervisorNames() {
		lf := shipped().byPath[join(join(queuesSection, name), "queues")]
		names = append(names, strings.Split(lf.Default, ",")...)
	}
	return names
}

func validateSupervisors(supervisors []Supervisor, report func(path, reason string)) {
	known := queueNames()
	worked := map[string]string{} // queue → its supervisor
	for _, s := range supervisors {
		at := func(field string) string { return join(join(queuesSection, s.Name), field) }
		check := checker{report}
		check.oneOf(at("balance"), s.Balance, BalanceAuto, BalanceNone)
		check.within(at("min_processes"), s.MinProcesses, 1, 1000)
		check.within(at("max_processes"), s.MaxProcesses, 1, 1000)
		if s.MaxProcesses < s.MinProcesses {
			report(at("max_processes"), fmt.Sprintf("must be at least min_processes, which is %d%s", s.MinProcesses, notNumber(s.MaxProcesses)))
		}
		check.within(at("tries"), s.Tries, 1, 100)
		check.lasts(at("timeout"), s.Timeout, time.Second, 24*time.Hour)
		check.lasts(at("wait_alert"), s.WaitAlert, time.Second, 24*time.Hour)
		if len(s.Queues) == 0 {
			report(at("queues"), "must name a queue")
		}
		for _, queue := range s.Queues {
			if !slices.Contains(known, queue) {
				report(at("queues"), fmt.Sprintf("names the unknown queue %q%s", queue, didYouMean(queue, known)))
			}
			if other := worked[queue]; other != "" {
				report(at("queues"), fmt.Sprintf("names the queue %q, which %s works off", queue, other))
			}
			worked[queue] = s.Name
		}
	}
	for _, queue := range known {
		if worked[queue] == "" {
			report(queuesSection, fmt.Sprintf("leaves the queue %q to nobody", queue))
		}
	}
}

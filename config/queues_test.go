package config_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco/config"
)

// TestQueueDefaults holds the supervisors against the specification, literally; queues for urgent
// work go first.
func TestQueueDefaults(t *testing.T) {
	t.Parallel()
	_, got, err := config.Load(options(t))
	if err != nil {
		t.Fatal(err)
	}
	supervisor := func(name string, least, most, tries int, timeout time.Duration, queues ...string) config.Supervisor {
		return config.Supervisor{
			Name: name, Queues: queues, Balance: "auto", MinProcesses: least, MaxProcesses: most,
			Tries: tries, Timeout: timeout, WaitAlert: time.Minute,
		}
	}
	equal(t, "supervisors", got, []config.Supervisor{
		supervisor("email", 5, 20, 3, 300*time.Second, "email-high", "emails"),
		supervisor("rvm", 2, 10, 3, 120*time.Second, "rvm"),
		supervisor("ai", 3, 15, 2, 60*time.Second, "ai-high", "ai"),
		supervisor("default", 2, 10, 3, 60*time.Second, "default"),
	})
}

const urgent = `
email:
  queues: [emails]
urgent:
  queues: [email-high]
  balance: none
  min_processes: 1
  max_processes: 4
  tries: 3
  timeout: 300
  wait_alert: 5s
`

func TestQueueFile(t *testing.T) {
	t.Parallel()
	file := write(t, "queues.yaml", urgent)
	named, local, byVariable := options(t), options(t), options(t, "FIBONACCO_QUEUES="+file)
	named.QueueFile = file
	local.Dir = filepath.Dir(file)
	inside := options(t)
	inside.Files = []string{write(t, "f.yaml", "queues:"+indent(urgent))}
	for name, opts := range map[string]config.Options{"named": named, "local": local, "by variable": byVariable, "inside": inside} {
		t.Run(name, func(t *testing.T) {
			opts.Environ = append(opts.Environ, "FIBONACCO_QUEUES__AI__MAX_PROCESSES=30", "FIBONACCO_QUEUES__URGENT__TRIES=7")
			got := read(t, opts).Supervisors
			if len(got) != 5 {
				t.Fatalf("got %+v, want five supervisors", got)
			}
			equal(t, "email", got[0].Queues, []string{"emails"})
			equal(t, "ai", got[2].MaxProcesses, 30)
			equal(t, "urgent", got[4], config.Supervisor{
				Name: "urgent", Queues: []string{"email-high"}, Balance: "none", MinProcesses: 1, MaxProcesses: 4,
				Tries: 7, Timeout: 5 * time.Minute, WaitAlert: 5 * time.Second,
			})
		})
	}
}

func TestWrongQueueFiles(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ text, field, reason string }{
		"typo":         {"emial:\n  max_processes: 20\n", "queues.emial", "is a new supervisor and must also give queues, balance, min_processes, tries, timeout, wait_alert; did you mean email? (FILE:1)"},
		"unknown key":  {"email:\n  workers: 3\n", "queues.email.workers", "is not a known key (FILE:2)"},
		"bad name":     {"E_Mail:\n  tries: 3\n", "queues.E_Mail", "did you mean queues.email? (FILE:1)"},
		"no queue":     {"rvm:\n  queues: []\n", "queues.rvm.queues", "must name a queue (FILE:2)"},
		"wrong type":   {"rvm:\n  tries: often\n", "queues.rvm.tries", `a whole number, not "often" (FILE:2)`},
		"not a map":    {"rvm: 3\n", "queues.rvm", "must be a section of keys (FILE:1)"},
		"worked twice": {"rvm:\n  queues: [rvm, ai]\n", "queues.ai.queues", `names the queue "ai", which rvm works off`},
		"named twice":  {"rvm:\n  queues: [rvm, rvm]\n", "queues.rvm.queues", `names the queue "rvm", which rvm works off`},
		"left out":     {"email:\n  queues: [emails]\n", "queues", `leaves the queue "email-high" to nobody`},
		"unknown":      {"default:\n  queues: [default, email-hgh]\n", "queues.default.queues", `names the unknown queue "email-hgh"; did you mean email-high? (FILE:2)`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opts := options(t)
			opts.QueueFile = write(t, "q.yaml", tc.text)
			found := false
			for _, f := range refusals(t, opts) {
				want := f.Field == tc.field && contains(f.Reason, tc.reason, opts.QueueFile)
				found = found || want
			}
			if !found {
				t.Errorf("got %+v, want %s to be refused with %q", refusals(t, opts), tc.field, tc.reason)
			}
		})
	}
}

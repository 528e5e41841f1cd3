// Command bench measures the hot paths on both engines, in one run, next to what they are
// compared with. Machines are noisy: trust ratios, not figures of different runs.
//
//	make bench                 everything
//	make bench ARGS="send"     one part; ARGS="-n 200000 plan" with another size
//
// Each measurement is a process of its own, so that peak memory is its own too.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"runtime/pprof"
	"strings"
	"syscall"
)

// figure is one line of the result.
type figure struct {
	Part   string  `json:"part"`
	Engine string  `json:"engine"`
	Name   string  `json:"name"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit"`
	Target string  `json:"target"`
}

// part is one measurement; n scales it, 0 means its own size.
type part struct {
	name    string
	engines []string
	run     func(ctx context.Context, engine string, n int) ([]figure, error)
	named   bool // only when it is asked for by name: it takes minutes
}

var parts = []part{
	{"render", []string{""}, benchRender, false},
	{"import", both, benchImport, false},
	{"plan", both, benchPlan, false},
	{"send", both, benchSend, false},
	{"track", both, benchTrack, false},
	{"webhooks", both, benchWebhooks, false},
	{"web", both, benchPages, false},
	{"paint", both[:1], benchPaint, true}, // needs a browser
	{"idle", both, benchIdle, false},
	{"crm", both, benchCRM, true},
	{"staff", both, benchStaff, true},
}

var both = []string{"sqlite", "postgres"}

func main() {
	n := flag.Int("n", 0, "size of each measurement; 0 means its own")
	engine := flag.String("engine", "", "only this engine: sqlite or postgres")
	child := flag.String("child", "", "used by bench itself")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	switch {
	case *child == "sink" || *child == "slowsink":
		err = runSink(ctx, *child == "slowsink")
	case *child != "":
		err = runChild(ctx, *child, *engine, *n)
	default:
		err = runAll(ctx, flag.Args(), *engine, *n)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func runAll(ctx context.Context, names []string, only string, n int) error {
	fmt.Printf("%d cores, %s\n\n%-8s %-9s %-44s %14s  %s\n", runtime.NumCPU(), runtime.Version(), "part", "engine", "figure", "value", "target")
	for _, p := range parts {
		if len(names) == 0 && p.named {
			continue
		}
		if len(names) > 0 && !strings.Contains(" "+strings.Join(names, " ")+" ", " "+p.name+" ") {
			continue
		}
		for _, engine := range p.engines {
			if only != "" && engine != "" && engine != only {
				continue
			}
			if engine == "postgres" && os.Getenv("FIBONACCO_TEST_POSTGRES") == "" {
				return fmt.Errorf("FIBONACCO_TEST_POSTGRES is not set: run it with make bench")
			}
			cmd := exec.CommandContext(ctx, os.Args[0], "-child", p.name, "-engine", engine, "-n", fmt.Sprint(n))
			cmd.Stderr = os.Stderr
			out, err := cmd.Output()
			if err != nil {
				return fmt.Errorf("%s on %s: %w", p.name, engine, err)
			}
			var figures []figure
			if err := json.Unmarshal(out, &figures); err != nil {
				return fmt.Errorf("%s on %s: %w", p.name, engine, err)
			}
			usage, _ := cmd.ProcessState.SysUsage().(*syscall.Rusage)
			if usage != nil && engine != "" && p.name != "idle" && p.name != "staff" {
				figures = append(figures, figure{Name: "peak memory", Value: float64(maxRSS(usage)) / (1 << 20), Unit: "MB"})
			}
			for _, f := range figures {
				fmt.Printf("%-8s %-9s %-44s %14s  %s\n", p.name, engine, f.Name, number(f.Value)+" "+f.Unit, f.Target)
			}
		}
	}
	return nil
}

func runChild(ctx context.Context, name, engine string, n int) error {
	if path := os.Getenv("BENCH_PROFILE"); path != "" {
		f, err := os.Create(path)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	for _, p := range parts {
		if p.name == name {
			figures, err := p.run(ctx, engine, n)
			if err != nil {
				return err
			}
			return json.NewEncoder(os.Stdout).Encode(figures)
		}
	}
	return fmt.Errorf("there is no part %q", name)
}

func maxRSS(u *syscall.Rusage) int64 {
	if runtime.GOOS == "darwin" {
		return u.Maxrss
	}
	return u.Maxrss << 10
}

func number(v float64) string {
	switch {
	case v >= 1000:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

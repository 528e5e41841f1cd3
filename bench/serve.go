package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/render"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/web/public"
)

const clickers = 128

// benchTrack follows tracked links over HTTP. Every answer means that the hit is on disk. The
// load comes from this very machine, on the same cores.
func benchTrack(ctx context.Context, engine string, n int) ([]figure, error) {
	n = size(n, 150_000)
	h, err := newHouse(ctx, engine, nil, false)
	if err != nil {
		return nil, err
	}
	defer h.close()
	sends, err := h.sent(ctx, 20_000)
	if err != nil {
		return nil, err
	}
	h.track.Start()
	mux := http.NewServeMux()
	public.Mount(mux, public.Deps{Tracker: h.track, Unsubscriber: h.track, Resubscriber: h.track, PublicURL: h.cfg.HTTP.PublicURL})
	addr, err := listen(ctx, mux)
	if err != nil {
		return nil, err
	}
	// A tenth first, so that the database knows what its tables look like when it counts.
	if _, _, err := click(h, addr, sends, n/10); err != nil {
		return nil, err
	}
	if err := h.settleStatistics(ctx); err != nil {
		return nil, err
	}
	took, all, err := click(h, addr, sends, n)
	if err != nil {
		return nil, err
	}
	slices.Sort(all)
	var stored int
	if err := h.db.View(ctx, func(tx *db.Tx) error {
		var err error
		stored, err = db.Count(ctx, tx, `SELECT COUNT(*) FROM email_events WHERE event_type = 'clicked'`)
		return err
	}); err != nil {
		return nil, err
	}
	if stored != n+n/10 {
		return nil, fmt.Errorf("%d hits were answered and %d are stored", n+n/10, stored)
	}
	h.track.Close()
	return []figure{
		{Name: fmt.Sprintf("durable clicks over HTTP, %d clients", clickers), Value: float64(n) / took.Seconds(), Unit: "hits/s", Target: "≥ 15000"},
		{Name: "99 of 100 answered within", Value: float64(all[len(all)*99/100].Microseconds()) / 1000, Unit: "ms", Target: "< 25"},
	}, nil
}

type send struct {
	ID, Business int64
	Email        string
}

// click follows n links with many clients at once and returns how long each took. The clients are
// as lean as wrk's: they share the cores with what is measured.
func click(h *house, addr string, sends []send, n int) (time.Duration, []time.Duration, error) {
	var next atomic.Int64
	times := make([][]time.Duration, clickers)
	errs := make([]error, clickers)
	var wg sync.WaitGroup
	began := time.Now()
	for c := range clickers {
		wg.Go(func() { times[c], errs[c] = clickOne(h, addr, sends, &next, n) })
	}
	wg.Wait()
	return time.Since(began), slices.Concat(times...), errors.Join(errs...)
}

func clickOne(h *house, addr string, sends []send, next *atomic.Int64, n int) ([]time.Duration, error) {
	conn, err := net.Dial("tcp", addr) //nolint:noctx // a measurement
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	in := bufio.NewReader(conn)
	var times []time.Duration
	var out []byte
	for {
		i := int(next.Add(1)) - 1
		if i >= n {
			return times, nil
		}
		s := sends[i%len(sends)]
		out = append(out[:0], "GET /track/click/"...)
		out = h.signer.AppendSend(out, fibonacco.TrackToken, fibonacco.SendClaim{SendID: s.ID, SMBID: s.Business, LinkID: render.LinkLearn})
		out = append(out, " HTTP/1.1\r\nHost: localhost\r\nUser-Agent: Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile/15E148 Safari/604.1\r\n\r\n"...)
		at := time.Now()
		if _, err := conn.Write(out); err != nil {
			return nil, err
		}
		if err := readAnswer(in, http.StatusFound); err != nil {
			return nil, err
		}
		times = append(times, time.Since(at))
	}
}

// readAnswer reads one answer, which must have this status.
func readAnswer(in *bufio.Reader, status int) error {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !strings.Contains(string(line), " "+strconv.Itoa(status)+" ") {
		return fmt.Errorf("a request was answered %q", line)
	}
	body := 0
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) <= 2 {
			_, err := in.Discard(body)
			return err
		}
		if size, ok := strings.CutPrefix(string(line), "Content-Length: "); ok {
			if body, err = strconv.Atoi(strings.TrimSpace(size)); err != nil {
				return err
			}
		}
	}
}

// benchIdle is what a running server with nothing to do holds.
func benchIdle(ctx context.Context, engine string, _ int) ([]figure, error) {
	h, err := newHouse(ctx, engine, nil, false)
	if err != nil {
		return nil, err
	}
	defer h.close()
	binary := filepath.Join(h.dir, "fibonacco")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/fibonacco")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build: %w\n%s", err, out)
	}
	cmd := exec.CommandContext(ctx, binary, "serve", "--listen", "127.0.0.1:0")
	cmd.Env = append(os.Environ(), "DATABASE_URL="+h.url, "FIBONACCO_DATA_DIR="+h.dir, "FIBONACCO_SECRET_KEY="+strings.Repeat("k", 64), "REDIS_URL=")
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	time.Sleep(6 * time.Second)
	before := cpu(cmd.Process.Pid)
	time.Sleep(10 * time.Second)
	used := cpu(cmd.Process.Pid) - before
	rss := residentMB(cmd.Process.Pid)
	_ = cmd.Process.Signal(syscall.SIGTERM)
	if err := cmd.Wait(); err != nil {
		return nil, fmt.Errorf("serve: %w", err)
	}
	if rss == 0 {
		return nil, nil // not Linux: nothing to read
	}
	return []figure{
		{Name: "idle server, resident memory", Value: rss, Unit: "MB", Target: "< 80"},
		{Name: "idle server, share of one core", Value: used / 10 * 100, Unit: "%"},
	}, nil
}

func residentMB(pid int) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil || runtime.GOOS != "linux" {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		var kb float64
		if _, err := fmt.Sscanf(line, "VmRSS: %f kB", &kb); err == nil {
			return kb / 1024
		}
	}
	return 0
}

// cpu is seconds of processor time that a process has used.
func cpu(pid int) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	var user, system float64
	if len(fields) > 12 {
		_, _ = fmt.Sscan(fields[11], &user)
		_, _ = fmt.Sscan(fields[12], &system)
	}
	return (user + system) / 100
}

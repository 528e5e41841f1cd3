package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/render"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/web/public"
)

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
	addr, err := serve(ctx, mux)
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
	return figuresOf("durable clicks over HTTP", clients, "≥ 15000", "< 25", took, all), nil
}

type send struct {
	ID, Business int64
	Email        string
}

// click follows n links with many clients at once and returns how long each took.
func click(h *house, addr string, sends []send, n int) (time.Duration, []time.Duration, error) {
	return drive(addr, clients, n, " 302 ", func(out []byte, i int) ([]byte, error) {
		s := sends[i%len(sends)]
		out = append(out, "GET /track/click/"...)
		out = h.signer.AppendSend(out, fibonacco.TrackToken, fibonacco.SendClaim{SendID: s.ID, SMBID: s.Business, LinkID: render.LinkLearn})
		return append(out, head...), nil
	})
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

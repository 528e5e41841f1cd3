// Screenshots takes the pictures of the operator's guide from a demo that it runs: always on the same
// date and at the same day of the programme, in the light theme, 1280 pixels wide. What the table in
// shots.go names is taken; arguments pick some. It runs by `make screenshots`.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	out := flag.String("out", "docs/screenshots", "folder for the pictures")
	day := flag.Int("day", 23, "day of the programme to stop at")
	pace := flag.Duration("pace", 2500*time.Millisecond, "how long a day of the demo takes; longer on a slow machine")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := take(ctx, *out, *day, *pace, flag.Args())
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "screenshots:", err)
		os.Exit(1)
	}
}

func take(ctx context.Context, out string, day int, pace time.Duration, only []string) (err error) {
	chosen := slices.DeleteFunc(slices.Clone(shots), func(s shot) bool { return len(only) > 0 && !slices.Contains(only, s.name) })
	if len(chosen) == 0 {
		return fmt.Errorf("there is no picture called %s", strings.Join(only, " or "))
	}
	dir, err := os.MkdirTemp("", "fibonacco-shots-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	binary := filepath.Join(dir, "fibonacco")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/fibonacco")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("build: %w", err)
	}
	base, end, err := demo(ctx, binary, filepath.Join(dir, "demo"), pace)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	if err := reach(ctx, base, day, pace); err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	return shoot(ctx, base, out, dir, chosen)
}

// demo starts the demo on a date that stays, and returns where it answers.
func demo(ctx context.Context, binary, dir string, pace time.Duration) (base string, end func() error, err error) {
	c := exec.CommandContext(ctx, binary, "demo", "--listen", "127.0.0.1:0", "--dir", dir, "--from", "2026-03-02", "--day", pace.String())
	c.Stderr = os.Stderr
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.WaitDelay = 20 * time.Second
	said, err := c.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := c.Start(); err != nil {
		return "", nil, fmt.Errorf("start the demo: %w", err)
	}
	end = func() error {
		_ = c.Process.Signal(os.Interrupt)
		return c.Wait()
	}
	address := regexp.MustCompile(`(http://\S+)/overview`)
	for lines := bufio.NewScanner(said); lines.Scan(); {
		if m := address.FindStringSubmatch(lines.Text()); m != nil {
			go func() { _, _ = io.Copy(io.Discard, said) }()
			return m[1], end, nil
		}
	}
	return "", nil, errors.Join(errors.New("the demo does not say where it is"), end())
}

// reach waits for a day of the programme, and stops the clock there in the afternoon. It goes slowly on
// the last day before, so that a busy machine does not pass it.
func reach(ctx context.Context, base string, day int, pace time.Duration) error {
	now := regexp.MustCompile(`data-now="(\d\d):\d\d"`)
	at := regexp.MustCompile(`Day (\d+) of 90`)
	for slowed := false; ; {
		page, err := get(ctx, base+"/overview")
		if err != nil {
			return err
		}
		today, hour := at.FindStringSubmatch(page), now.FindStringSubmatch(page)
		if today != nil && hour != nil {
			d, _ := strconv.Atoi(today[1])
			h, _ := strconv.Atoi(hour[1])
			if d > day || d == day && h >= 14 {
				break
			}
			if d >= day-1 && !slowed {
				if err := setClock(ctx, base, "slow"); err != nil {
					return err
				}
				slowed = true
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pace / 12):
		}
	}
	if err := setClock(ctx, base, "pause"); err != nil {
		return err
	}
	time.Sleep(3 * time.Second) // what was under way is stored
	return nil
}

func setClock(ctx context.Context, base, speed string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/clock", strings.NewReader(url.Values{"speed": {speed}}.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the clock does not take %s: %s", speed, resp.Status)
	}
	return nil
}

func get(ctx context.Context, address string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

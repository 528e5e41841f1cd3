// Checkclient holds the specification against the world outside: it generates a TypeScript client
// from a freshly started server's /api/openapi.json, compiles it with everything that is strict,
// and lets a small program (client/walk.ts) do with it what an integration does. Nothing in the
// generated client is touched. It needs Node with npm, and runs by `make check-client`.
package main

import (
	"bufio"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

//go:embed client
var client embed.FS

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := check(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "check-client:", err)
		os.Exit(1)
	}
}

func check(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "fibonacco-client-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	binary := filepath.Join(dir, "fibonacco")
	if err := run(ctx, ".", nil, "go", "build", "-o", binary, "./cmd/fibonacco"); err != nil {
		return err
	}
	env := []string{"FIBONACCO_DATA_DIR=" + filepath.Join(dir, "data"), "DATABASE_URL=sqlite://" + filepath.Join(dir, "data", "check.db"), "MAIL_MAILER=catcher"}
	token, err := makeToken(ctx, binary, env)
	if err != nil {
		return err
	}
	address, end, err := serve(ctx, binary, env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	return walk(ctx, filepath.Join(dir, "client"), address, token)
}

// makeToken asks the command line for an admin's token.
func makeToken(ctx context.Context, binary string, env []string) (string, error) {
	cmd := exec.CommandContext(ctx, binary, "token", "create", "--name", "check-client", "--role", "admin")
	cmd.Env, cmd.Stderr = append(os.Environ(), env...), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("make a token: %w", err)
	}
	token := regexp.MustCompile(`fib_[A-Za-z0-9_-]{20,}`).Find(out)
	if token == nil {
		return "", errors.New("the command line made no token")
	}
	return string(token), nil
}

// serve starts the server on a free port. end stops it, and reports when it did not stop well.
func serve(ctx context.Context, binary string, env []string) (address string, end func() error, err error) {
	cmd := exec.CommandContext(ctx, binary, "serve", "--listen", "127.0.0.1:0")
	cmd.Env = append(os.Environ(), env...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 30 * time.Second
	log, err := cmd.StderrPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, fmt.Errorf("start the server: %w", err)
	}
	end = func() error {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		return cmd.Wait()
	}
	listening := make(chan string, 1)
	go follow(log, listening)
	select {
	case address = <-listening:
	case <-time.After(time.Minute):
	}
	if address == "" {
		return "", nil, errors.Join(errors.New("the server did not come up"), end())
	}
	for range 300 {
		if healthy(ctx, address) {
			return address, end, nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return "", nil, errors.Join(errors.New("the server did not become healthy"), end())
}

var listens = regexp.MustCompile(`listen"?[=:]"?([0-9.]+:[0-9]+)`)

// follow passes the server's log on, and finds in it where it listens.
func follow(log io.Reader, listening chan<- string) {
	for lines := bufio.NewScanner(log); lines.Scan(); {
		if found := listens.FindStringSubmatch(lines.Text()); found != nil {
			select {
			case listening <- "http://" + found[1]:
			default:
			}
		}
		fmt.Fprintln(os.Stderr, "  server:", lines.Text())
	}
	select {
	case listening <- "":
	default:
	}
}

func healthy(ctx context.Context, address string) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/health", http.NoBody)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// walk generates the client, compiles it and runs the program that uses it.
func walk(ctx context.Context, dir, address, token string) error {
	inside, err := fs.Sub(client, "client")
	if err != nil {
		return err
	}
	if err := os.CopyFS(dir, inside); err != nil {
		return fmt.Errorf("set the client up: %w", err)
	}
	for _, step := range []string{
		"npm ci --ignore-scripts --no-audit --no-fund --loglevel=error",
		"npx --no-install openapi-typescript " + address + "/api/openapi.json -o schema.d.ts",
		"npx --no-install tsc --project tsconfig.json",
		"node out/walk.js",
	} {
		words := strings.Fields(step)
		if err := run(ctx, dir, []string{"FIBONACCO_URL=" + address, "FIBONACCO_TOKEN=" + token}, words[0], words[1:]...); err != nil {
			return err
		}
	}
	return nil
}

func run(ctx context.Context, dir string, env []string, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return nil
}

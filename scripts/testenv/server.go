package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// place is where servers live: one temporary folder, owned by the account they run as.
type place struct {
	dir     string
	account *account // nil: the user who called
	durable bool
}

// account is a user of this machine that is not root.
type account struct {
	name     string
	uid, gid uint32
}

// server is something running that the command is told of.
type server struct {
	url  string
	stop func() // returns when it is gone; called once
}

// newPlace makes the folder. PostgreSQL refuses to run as root, so root hands it to a
// lesser account.
func newPlace(opts options) (place, error) {
	home := place{durable: opts.durable}
	var err error
	if home.account, err = serverAccount(); err != nil {
		return place{}, err
	}
	parent := os.TempDir()
	if home.account != nil && !openToAll(parent) {
		parent = "/tmp" // root's own TMPDIR is often closed to others
	}
	if home.dir, err = os.MkdirTemp(parent, "fibonacco-test-"); err != nil {
		return place{}, err
	}
	return home, home.give(home.dir)
}

// folder makes a folder for one server.
func (p place) folder(name string) (string, error) {
	dir := filepath.Join(p.dir, name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", err
	}
	return dir, p.give(dir)
}

func (p place) give(dir string) error {
	if p.account == nil {
		return nil
	}
	return os.Chown(dir, int(p.account.uid), int(p.account.gid))
}

// command prepares a program to run in this place, free of the caller's PostgreSQL
// settings and language.
func (p place) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = p.dir
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "PG") })
	cmd.Env = append(cmd.Env, "LC_ALL=C", "TZ=UTC", "HOME="+p.dir)
	setServerProcess(cmd, p.account)
	return cmd
}

// process is a server that has been started.
type process struct {
	cmd  *exec.Cmd
	log  string
	gone chan struct{} // closed when it has ended
}

// spawn starts a server in its own process group. It outlives ctx: stop ends it.
func (p place) spawn(ctx context.Context, name, program string, args ...string) (*process, error) {
	proc := &process{log: filepath.Join(p.dir, name+".log"), gone: make(chan struct{})}
	out, err := os.Create(proc.log)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	proc.cmd = p.command(context.WithoutCancel(ctx), program, args...)
	proc.cmd.Stdout, proc.cmd.Stderr = out, out
	if err := proc.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = proc.cmd.Wait() // how it ended is in its log
		close(proc.gone)
	}()
	return proc, nil
}

// errEnded means that a server ended before it answered: the port may have been taken.
var errEnded = errors.New("ended before it answered")

// await returns when ready does so without an error, or with the end of the server's log.
func (proc *process) await(ctx context.Context, ready func() error) error {
	deadline := time.Now().Add(time.Minute)
	for {
		err := ready()
		if err == nil {
			return nil
		}
		select {
		case <-proc.gone:
			err = errEnded
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
			if time.Now().Before(deadline) {
				continue
			}
		}
		text, _ := os.ReadFile(proc.log) // no log, nothing to show
		return fmt.Errorf("%w\n%s", err, lastLines(string(text), 20))
	}
}

// stop ends the server as it likes to be ended, and its whole group if it dawdles.
func (proc *process) stop(politely syscall.Signal) {
	_ = proc.cmd.Process.Signal(politely) // an error means it is gone already
	select {
	case <-proc.gone:
	case <-time.After(10 * time.Second):
	}
	killGroup(proc.cmd.Process.Pid)
	<-proc.gone
}

// withFreePort calls start with a free port until it does not lose the race for it.
func withFreePort(ctx context.Context, start func(port int) (server, error)) (server, error) {
	for attempt := 1; ; attempt++ {
		port, err := freePort(ctx)
		if err != nil {
			return server{}, err
		}
		s, err := start(port)
		if errors.Is(err, errEnded) && attempt < 3 {
			continue
		}
		return s, err
	}
}

func freePort(ctx context.Context) (int, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// openToAll reports whether every account may pass through dir and the folders above it.
func openToAll(dir string) bool {
	for {
		info, err := os.Stat(dir)
		if err != nil || info.Mode()&0o001 == 0 {
			return false
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return true
		}
		dir = parent
	}
}

// Testenv runs a command with the servers its tests need: PostgreSQL, Redis and Chromium.
//
//	go run ./scripts/testenv [--without postgres,redis,chromium] [--durable] [-v] -- COMMAND…
//
// What is already on the machine is used; on Debian and Ubuntu, root installs what is
// missing; otherwise a Docker engine is asked; otherwise testenv says what is missing and
// exits with 2. The servers are private to this run: they listen on free loopback ports,
// keep their files in one temporary folder (TMPDIR moves it; without --durable it is in
// memory, where there is plenty), and are gone afterwards.
//
// The command sees
//
//	FIBONACCO_TEST_POSTGRES   URL of a superuser on the throw-away PostgreSQL
//	FIBONACCO_TEST_REDIS      URL of the throw-away Redis
//	FIBONACCO_TEST_CHROMIUM   path of a browser
//
// A variable that is already set is passed on as it is, and nothing is started for it.
// Testenv exits with the command's code.
//
// Reading order: main.go, memory.go, find.go, install.go, server.go, postgres.go, redis.go, docker.go,
// command.go; proc_*.go hold what differs between operating systems.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// service is one thing the tests need and the ways to get it.
type service struct {
	name     string   // as written after --without
	variable string   // how the command learns of it
	packages []string // of Debian and Ubuntu
	advice   string   // how a person installs it

	// find returns the value start needs: a folder or a program.
	find func(finder, context.Context) (string, bool)
	// start runs what find returned. Nil: there is nothing to run, the program is the value.
	start func(context.Context, place, string) (server, error)
	// container runs it in Docker instead. Nil: it cannot be.
	container func(context.Context, place) (server, error)
}

var services = []service{
	{
		name: "redis", variable: "FIBONACCO_TEST_REDIS", packages: []string{"redis-server"},
		advice: "apt-get install redis-server, brew install redis",
		find:   finder.redis, start: startRedis, container: containRedis,
	},
	{
		name: "postgres", variable: "FIBONACCO_TEST_POSTGRES", packages: []string{"postgresql"},
		advice: fmt.Sprintf("version %d or newer: apt-get install postgresql, brew install postgresql@16", oldestPostgres),
		find:   finder.postgres, start: startPostgres, container: containPostgres,
	},
	{
		name: "chromium", variable: "FIBONACCO_TEST_CHROMIUM", packages: []string{"chromium", "fonts-liberation"},
		advice: "apt-get install chromium, brew install --cask chromium, or Google Chrome",
		find:   finder.chromium,
	},
}

// options are the command line.
type options struct {
	without []string
	durable bool
	verbose bool
	command []string
}

func main() {
	// Linux stops a server when the thread that started it ends (see proc_linux.go):
	// keep this goroutine, which starts them, on the thread that lives longest.
	runtime.LockOSThread()
	os.Exit(run(os.Args[1:]))
}

func run(args []string) int {
	opts, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "testenv:", err)
		return 2
	}

	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go signalWhenOrphaned(signals)

	if !opts.durable && useMemory() {
		say(opts.verbose, "what is temporary is kept in %s", memory)
	}
	env, code := setUp(opts, signals)
	defer env.tearDown()
	if code != 0 {
		return code
	}
	say(opts.verbose, "ready")
	return runCommand(opts.command, env.variables, signals)
}

func parse(args []string) (options, error) {
	var opts options
	flags := flag.NewFlagSet("testenv", flag.ContinueOnError)
	flags.Usage = func() {
		fmt.Fprintln(flags.Output(), "usage: testenv [flags] -- COMMAND…")
		flags.PrintDefaults()
	}
	without := flags.String("without", "", "comma-separated `services` to leave out: postgres, redis, chromium")
	flags.BoolVar(&opts.durable, "durable", false, "PostgreSQL with fsync and synchronous_commit on, for benchmarks")
	flags.BoolVar(&opts.verbose, "v", false, "say what is found and started")
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	for name := range strings.FieldsFuncSeq(*without, func(r rune) bool { return r == ',' || r == ' ' }) {
		if !slices.ContainsFunc(services, func(s service) bool { return s.name == name }) {
			return options{}, fmt.Errorf("--without %s: no such service", name)
		}
		opts.without = append(opts.without, name)
	}
	opts.command = flags.Args()
	if len(opts.command) == 0 {
		return options{}, errors.New("no command to run; usage: testenv [flags] -- COMMAND…")
	}
	return opts, nil
}

// environment is what was started, and what the command is told.
type environment struct {
	variables []string
	servers   []server
	dir       string
}

func (e *environment) tearDown() {
	for _, s := range slices.Backward(e.servers) {
		s.stop()
	}
	if e.dir != "" {
		if err := os.RemoveAll(e.dir); err != nil {
			fmt.Fprintln(os.Stderr, "testenv:", err)
		}
	}
}

// setUp brings every wanted service up and returns 0, or says why not and returns the exit
// code. What it started is in the environment either way. A signal ends it early.
func setUp(opts options, signals <-chan os.Signal) (*environment, int) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	started := make(chan struct{})
	watched := make(chan int, 1) // the code a signal asks for, or 0
	go func() {
		select {
		case s := <-signals:
			cancel()
			watched <- signalCode(s)
		case <-started:
			watched <- 0
		}
	}()

	env := &environment{}
	err := env.start(ctx, opts)
	close(started)
	if code := <-watched; code != 0 {
		return env, code
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "testenv:", err)
		return env, 2
	}
	return env, 0
}

func (e *environment) start(ctx context.Context, opts options) error {
	wanted := slices.DeleteFunc(slices.Clone(services), func(s service) bool {
		return slices.Contains(opts.without, s.name) || os.Getenv(s.variable) != ""
	})
	if len(wanted) == 0 {
		return nil
	}
	found, err := obtain(ctx, wanted, opts.verbose)
	if err != nil {
		return err
	}
	home, err := newPlace(opts)
	if err != nil {
		return err
	}
	e.dir = home.dir

	for _, s := range wanted {
		value := found[s.name]
		if value == inDocker || s.start != nil {
			srv, err := launch(ctx, s, home, value)
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			e.servers = append(e.servers, srv)
			value = srv.url
		}
		say(opts.verbose, "%s=%s", s.variable, value)
		e.variables = append(e.variables, s.variable+"="+value)
	}
	return nil
}

func launch(ctx context.Context, s service, home place, value string) (server, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute) // a container's image may have to come first
	defer cancel()
	if value == inDocker {
		return s.container(ctx, home)
	}
	return s.start(ctx, home, value)
}

// say prints a line about what testenv does, when wanted.
func say(wanted bool, format string, args ...any) {
	if wanted {
		fmt.Fprintf(os.Stderr, "testenv: "+format+"\n", args...)
	}
}

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asTestenv makes this test binary behave as testenv itself: see TestMain.
const asTestenv = "TESTENV_TEST_AS_TESTENV"

func TestMain(m *testing.M) {
	if os.Getenv(asTestenv) != "" {
		os.Unsetenv(asTestenv)
		main()
	}
	os.Exit(m.Run())
}

// machine is a made-up file tree to find programs in.
type machine struct {
	finder
	t *testing.T
}

func newMachine(t *testing.T) machine {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("programs are shell scripts here")
	}
	root := t.TempDir()
	return machine{
		t: t,
		finder: finder{
			root: root,
			home: "/home/me",
			path: filepath.Join(root, "first") + string(filepath.ListSeparator) + filepath.Join(root, "second"),
		},
	}
}

// has puts a program in place that prints answer when asked for its version, or fails if
// answer is empty.
func (m machine) has(program, answer string) {
	m.t.Helper()
	program = m.root + program
	script := "#!/bin/sh\necho '" + answer + "'\n"
	if answer == "" {
		script = "#!/bin/sh\nexit 1\n"
	}
	must(m.t, os.MkdirAll(filepath.Dir(program), 0o755))
	must(m.t, os.WriteFile(program, []byte(script), 0o755))
}

func (m machine) hasPostgres(dir, version string) {
	m.t.Helper()
	m.has(dir+"/postgres", "postgres (PostgreSQL) "+version)
	m.has(dir+"/initdb", "initdb (PostgreSQL) "+version)
}

func TestFindPostgres(t *testing.T) {
	cases := map[string]struct {
		given func(machine)
		want  string // a folder below the root, "" for not found
	}{
		"nothing": {func(machine) {}, ""},
		"on the path": {func(m machine) {
			m.hasPostgres("/second", "14.2")
			m.hasPostgres("/usr/lib/postgresql/17/bin", "17.1")
		}, "/second"},
		"newest of Debian's, by number and not by letter": {func(m machine) {
			m.hasPostgres("/usr/lib/postgresql/9.6/bin", "9.6.24")
			m.hasPostgres("/usr/lib/postgresql/15/bin", "15.18 (Debian 15.18-0+deb12u1)")
			m.hasPostgres("/usr/lib/postgresql/100/bin", "100devel")
		}, "/usr/lib/postgresql/100/bin"},
		"too old": {func(m machine) { m.hasPostgres("/usr/lib/postgresql/13/bin", "13.9") }, ""},
		"too old on the path, new enough elsewhere": {func(m machine) {
			m.hasPostgres("/first", "9.6.24")
			m.hasPostgres("/opt/homebrew/opt/postgresql@16/bin", "16.3 (Homebrew)")
		}, "/opt/homebrew/opt/postgresql@16/bin"},
		"no initdb": {func(m machine) { m.has("/first/postgres", "postgres (PostgreSQL) 16.1") }, ""},
		"broken, then whole": {func(m machine) {
			m.has("/usr/lib/postgresql/16/bin/postgres", "")
			m.has("/usr/lib/postgresql/16/bin/initdb", "")
			m.hasPostgres("/usr/lib/postgresql/15/bin", "15.1")
		}, "/usr/lib/postgresql/15/bin"},
		"a link on the path leads to the folder": {func(m machine) {
			m.hasPostgres("/usr/lib/postgresql/15/bin", "15.1")
			must(m.t, os.Mkdir(m.root+"/first", 0o755))
			must(m.t, os.Symlink(m.root+"/usr/lib/postgresql/15/bin/postgres", m.root+"/first/postgres"))
		}, "/usr/lib/postgresql/15/bin"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			tc.given(m)
			got, ok := m.postgres(t.Context())
			wantFound(t, m, got, ok, tc.want)
		})
	}
}

func TestFindRedisAndChromium(t *testing.T) {
	const mac = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
	redis := func(m machine) (string, bool) { return m.redis(m.t.Context()) }
	chromium := func(m machine) (string, bool) { return m.chromium(m.t.Context()) }
	cases := map[string]struct {
		find     func(machine) (string, bool)
		programs map[string]string
		want     string
	}{
		"no redis":              {redis, nil, ""},
		"redis on the path":     {redis, map[string]string{"/second/redis-server": "v=7", "/usr/bin/redis-server": "v=6"}, "/second/redis-server"},
		"redis off the path":    {redis, map[string]string{"/usr/bin/redis-server": "v=6"}, "/usr/bin/redis-server"},
		"valkey serves as well": {redis, map[string]string{"/first/valkey-server": "v=8"}, "/first/valkey-server"},
		"no browser":            {chromium, nil, ""},
		"chromium before chrome, wherever": {
			chromium,
			map[string]string{"/first/google-chrome": "Chrome 1", "/second/chromium": "Chromium 1"},
			"/second/chromium",
		},
		"a stub that only asks for a snap": {
			chromium,
			map[string]string{"/first/chromium-browser": "", "/usr/bin/google-chrome": "Chrome 1"},
			"/usr/bin/google-chrome",
		},
		"macOS": {chromium, map[string]string{mac: "Chrome 1"}, mac},
		"in the user's folder, the newest": {chromium, map[string]string{
			"/home/me/.cache/ms-playwright/chromium-999/chrome-linux/chrome":  "Chromium 1",
			"/home/me/.cache/ms-playwright/chromium-1100/chrome-linux/chrome": "Chromium 2",
		}, "/home/me/.cache/ms-playwright/chromium-1100/chrome-linux/chrome"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			for program, answer := range tc.programs {
				m.has(program, answer)
			}
			got, ok := tc.find(m)
			wantFound(t, m, got, ok, tc.want)
		})
	}
}

func wantFound(t *testing.T, m machine, got string, ok bool, want string) {
	t.Helper()
	if want != "" {
		var err error
		want, err = filepath.EvalSymlinks(m.root + want) // macOS keeps temporary folders behind a link
		must(t, err)
		got, err = filepath.EvalSymlinks(got)
		must(t, err)
	}
	if got != want || ok != (want != "") {
		t.Errorf("found %q, %t; want %q", got, ok, want)
	}
}

func TestNotAProgram(t *testing.T) {
	m := newMachine(t)
	must(t, os.MkdirAll(m.root+"/first/redis-server", 0o755)) // a folder of that name
	must(t, os.MkdirAll(m.root+"/second", 0o755))
	must(t, os.WriteFile(m.root+"/second/redis-server", []byte("#!/bin/sh\n"), 0o644)) // not executable
	m.path += string(filepath.ListSeparator) + "."                                     // a relative folder is not searched
	if got := m.onPath("redis-server"); len(got) != 0 {
		t.Errorf("found %q", got)
	}
}

func TestParse(t *testing.T) {
	opts, err := parse([]string{"--without", "redis,chromium", "--durable", "--", "go", "test", "-v"})
	must(t, err)
	if !slices.Equal(opts.without, []string{"redis", "chromium"}) || !opts.durable || opts.verbose ||
		!slices.Equal(opts.command, []string{"go", "test", "-v"}) {
		t.Errorf("got %+v", opts)
	}
	for _, wrong := range [][]string{{}, {"-v", "--"}, {"--without", "mysql", "--", "true"}} {
		if _, err := parse(wrong); err == nil {
			t.Errorf("parse %q: no error", wrong)
		}
	}
}

func TestAdviseNamesWhatIsMissing(t *testing.T) {
	got := advise(services)
	for _, s := range services {
		for _, want := range []string{s.name, s.variable, s.advice} {
			if !strings.Contains(got, want) {
				t.Errorf("%q is not in:\n%s", want, got)
			}
		}
	}
}

// TestContain runs the Docker path against a client made of shell.
func TestContain(t *testing.T) {
	m := newMachine(t)
	redis := fakeRedis(t)
	calls := filepath.Join(m.root, "calls")
	must(t, os.MkdirAll(m.root+"/first", 0o755))
	must(t, os.WriteFile(m.root+"/first/docker", fmt.Appendf(nil, `#!/bin/sh
echo "$*" >>%q
case $1 in
run) echo 0123abcd ;;
port) echo %s ;;
esac
`, calls, redis), 0o755))
	t.Setenv("PATH", m.root+"/first"+string(filepath.ListSeparator)+os.Getenv("PATH"))

	if !dockerAnswers(t.Context()) {
		t.Fatal("the engine does not answer")
	}
	s, err := containRedis(t.Context(), place{})
	must(t, err)
	s.stop()

	if want := "redis://" + redis + "/0"; s.url != want {
		t.Errorf("URL %q, want %q", s.url, want)
	}
	text, err := os.ReadFile(calls)
	must(t, err)
	for _, want := range []string{
		"run --detach --rm --label fibonacco.testenv --publish 127.0.0.1::6379 redis:7-alpine redis-server --save  --appendonly no\n",
		"rm --force --volumes 0123abcd\n",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("docker was not called with %q, but:\n%s", want, text)
		}
	}
}

// fakeRedis answers every connection as Redis answers INFO, and returns its address.
func fakeRedis(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			fmt.Fprint(conn, "$31\r\n# Server\r\nredis_version:7.2.0\r\n\r\n")
			conn.Close()
		}
	}()
	return listener.Addr().String()
}

// testenv prepares a run of testenv itself, its temporary folders in a folder of the test.
func testenv(t *testing.T, args ...string) (cmd *exec.Cmd, dir string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "testenv-test-")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o755)) // as root, the servers run as someone else
	cmd = exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "FIBONACCO_TEST_") })
	cmd.Env = append(cmd.Env, asTestenv+"=1", "TMPDIR="+dir)
	return cmd, dir
}

func needServers(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts servers")
	}
	_, postgres := systemFinder().postgres(t.Context())
	_, redis := systemFinder().redis(t.Context())
	if !postgres || !redis {
		if os.Getenv("CI") == "true" {
			t.Fatal("PostgreSQL and Redis are not installed: run the tests with `make test`")
		}
		t.Skip("PostgreSQL and Redis are not installed")
	}
}

func TestRunStartsAndStops(t *testing.T) {
	needServers(t)
	t.Parallel()
	cmd, dir := testenv(t, "--without", "chromium", "--", "sh", "-c",
		`echo "$FIBONACCO_TEST_POSTGRES"; echo "$FIBONACCO_TEST_REDIS"; exit 7`)
	out, err := cmd.Output()
	var failed *exec.ExitError
	if !errors.As(err, &failed) || failed.ExitCode() != 7 {
		t.Fatalf("%v; want the command's exit code 7", err)
	}
	var postgres, redis string
	if _, err := fmt.Sscanf(string(out), "postgres://postgres@127.0.0.1:%5s/postgres?sslmode=disable\nredis://127.0.0.1:%5s", &postgres, &redis); err != nil {
		t.Fatalf("%v in:\n%s", err, out)
	}
	wantGone(t, dir, postgres, strings.TrimSuffix(redis, "/0"))
}

func TestRunStopsOnSignal(t *testing.T) {
	needServers(t)
	t.Parallel()
	cmd, dir := testenv(t, "--without", "chromium,postgres", "--", "sh", "-c",
		`echo "$FIBONACCO_TEST_REDIS"; exec sleep 60`)
	out := &lines{seen: make(chan string, 1)}
	cmd.Stdout = out
	must(t, cmd.Start())
	url := <-out.seen
	must(t, cmd.Process.Signal(syscall.SIGTERM))
	began := time.Now()
	err := cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 128+int(syscall.SIGTERM) || time.Since(began) > 20*time.Second {
		t.Errorf("ended with %d (%v) after %s", code, err, time.Since(began))
	}
	wantGone(t, dir, strings.TrimSuffix(strings.TrimPrefix(url, "redis://127.0.0.1:"), "/0"))
}

// lines hands over the first line written to it.
type lines struct {
	text bytes.Buffer
	seen chan string
}

func (l *lines) Write(p []byte) (int, error) {
	before := bytes.Contains(l.text.Bytes(), []byte("\n"))
	l.text.Write(p)
	if first, _, ok := strings.Cut(l.text.String(), "\n"); ok && !before {
		l.seen <- first
	}
	return len(p), nil
}

func TestRunUsesWhatIsSet(t *testing.T) {
	t.Parallel()
	cmd, dir := testenv(t, "--without", "redis,chromium", "--", "sh", "-c", `echo "$FIBONACCO_TEST_POSTGRES$FIBONACCO_TEST_REDIS"`)
	cmd.Env = append(cmd.Env, "FIBONACCO_TEST_POSTGRES=postgres://elsewhere/db")
	out, err := cmd.Output()
	must(t, err)
	if got := string(out); got != "postgres://elsewhere/db\n" {
		t.Errorf("got %q", got)
	}
	wantGone(t, dir)
}

func wantGone(t *testing.T, dir string, ports ...string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	must(t, err)
	if slices.ContainsFunc(left, func(e fs.DirEntry) bool { return strings.HasPrefix(e.Name(), "fibonacco-test-") }) {
		t.Errorf("left behind: %v", left)
	}
	for _, port := range ports {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", "127.0.0.1:"+port)
		if err == nil {
			conn.Close()
			t.Errorf("port %s still answers", port)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

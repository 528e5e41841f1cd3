package main

import (
	"cmp"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// oldestPostgres is the oldest major version the product supports.
const oldestPostgres = 14

// finder looks for programs: on the PATH first, then in the folders where Debian, macOS
// and others put what they keep off it. A program counts only if it runs.
type finder struct {
	path string // a PATH
	root string // put before every absolute folder; "" outside tests
	home string // the user's folder
}

func systemFinder() finder {
	home, _ := os.UserHomeDir() // without one, the folders below it do not exist either
	return finder{path: os.Getenv("PATH"), home: home}
}

// postgres returns the folder that holds initdb and postgres, at least oldestPostgres.
func (f finder) postgres(ctx context.Context) (string, bool) {
	programs := f.onPath("postgres")
	programs = append(programs, f.newest("/usr/lib/postgresql/*/bin/postgres")...)
	programs = append(programs, f.newest("/usr/pgsql-*/bin/postgres")...)
	programs = append(programs, f.newest("/opt/homebrew/opt/postgresql*/bin/postgres")...)
	programs = append(programs, f.newest("/usr/local/opt/postgresql*/bin/postgres")...)
	programs = append(programs, f.newest("/Applications/Postgres.app/Contents/Versions/*/bin/postgres")...)
	programs = append(programs, f.newest("/usr/local/pgsql/bin/postgres")...)
	for _, program := range programs {
		// A link on the PATH leads to a folder with everything else.
		if real, err := filepath.EvalSymlinks(program); err == nil {
			program = real
		}
		dir := filepath.Dir(program)
		if !isProgram(filepath.Join(dir, "initdb")) {
			continue
		}
		if answer, ok := version(ctx, program); ok && postgresMajor(answer) >= oldestPostgres {
			return dir, true
		}
	}
	return "", false
}

// redis returns a Redis server, or Valkey, its twin.
func (f finder) redis(ctx context.Context) (string, bool) {
	programs := f.onPath("redis-server", "valkey-server")
	for _, dir := range []string{"/usr/bin", "/usr/local/bin", "/opt/homebrew/bin", "/opt/homebrew/opt/redis/bin"} {
		programs = append(programs, f.newest(dir+"/redis-server")...)
	}
	return firstThatRuns(ctx, programs)
}

// chromium returns a browser that speaks the DevTools protocol.
func (f finder) chromium(ctx context.Context) (string, bool) {
	programs := f.onPath("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
	for _, program := range []string{
		"/usr/bin/chromium",
		"/usr/bin/chromium-browser",
		"/usr/bin/google-chrome",
		"/opt/google/chrome/chrome",
		"/Applications/Chromium.app/Contents/MacOS/Chromium",
		"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
		"/opt/homebrew/bin/chromium",
		f.home + "/Applications/Chromium.app/Contents/MacOS/Chromium",
		f.home + "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
		f.home + "/.cache/ms-playwright/chromium-*/chrome-linux*/chrome",
		f.home + "/Library/Caches/ms-playwright/chromium-*/chrome-mac*/Chromium.app/Contents/MacOS/Chromium",
	} {
		programs = append(programs, f.newest(program)...)
	}
	return firstThatRuns(ctx, programs)
}

// onPath lists every program of these names on the PATH, by name, then by folder.
func (f finder) onPath(names ...string) []string {
	var programs []string
	for _, name := range names {
		for _, dir := range filepath.SplitList(f.path) {
			program := filepath.Join(dir, name)
			if filepath.IsAbs(program) && isProgram(program) {
				programs = append(programs, program)
			}
		}
	}
	return programs
}

// newest lists the programs that match a pattern, the highest version in the path first.
func (f finder) newest(pattern string) []string {
	programs, _ := filepath.Glob(f.root + pattern) // the patterns above are well formed
	programs = slices.DeleteFunc(programs, func(p string) bool { return !isProgram(p) })
	slices.SortStableFunc(programs, func(a, b string) int {
		return slices.Compare(numbers(b), numbers(a))
	})
	return programs
}

var digits = regexp.MustCompile(`\d+`)

// numbers returns the numbers in a path: 9 and 6 for "/usr/lib/postgresql/9.6/bin".
func numbers(path string) []int {
	var all []int
	for _, d := range digits.FindAllString(path, -1) {
		n, _ := strconv.Atoi(d) // only an absurdly long one fails, and sorts as the highest
		all = append(all, n)
	}
	return all
}

var postgresVersion = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// postgresMajor reads the major version from what "postgres --version" prints, or 0.
func postgresMajor(answer string) int {
	m := postgresVersion.FindStringSubmatch(answer)
	if m == nil {
		return 0
	}
	return cmp.Or(numbers(m[1])...)
}

func isProgram(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir() && info.Mode()&0o111 != 0
}

// firstThatRuns skips stubs, such as Ubuntu's chromium-browser without its snap.
func firstThatRuns(ctx context.Context, programs []string) (string, bool) {
	for _, program := range programs {
		if _, ok := version(ctx, program); ok {
			return program, true
		}
	}
	return "", false
}

func version(ctx context.Context, program string) (answer string, ok bool) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, program, "--version").Output()
	return strings.TrimSpace(string(out)), err == nil
}

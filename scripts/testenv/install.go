package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// inDocker stands in for a path when a service runs in a container.
const inDocker = "docker"

// obtain finds each service, installing or turning to Docker where it must. The error
// names everything that cannot be had and how a person gets it.
func obtain(ctx context.Context, wanted []service, verbose bool) (map[string]string, error) {
	found := map[string]string{}
	look := func() (missing []service) {
		for _, s := range wanted {
			if found[s.name] != "" {
				continue
			}
			if value, ok := s.find(systemFinder(), ctx); ok {
				say(verbose, "%s found: %s", s.name, value)
				found[s.name] = value
				continue
			}
			missing = append(missing, s)
		}
		return missing
	}

	missing := look()
	if len(missing) > 0 && canInstall() {
		if err := install(ctx, missing); err != nil {
			say(true, "%v", err)
		}
		missing = look()
	}
	if len(missing) > 0 && dockerAnswers(ctx) {
		missing = slices.DeleteFunc(missing, func(s service) bool {
			if s.container != nil {
				found[s.name] = inDocker
			}
			return s.container != nil
		})
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(missing) > 0 {
		return nil, errors.New(advise(missing))
	}
	return found, nil
}

func advise(missing []service) string {
	var b strings.Builder
	var names []string
	b.WriteString("not found, and could not be installed:\n")
	for _, s := range missing {
		fmt.Fprintf(&b, "  %-9s %s\n", s.name, s.advice)
		names = append(names, s.name)
	}
	b.WriteString("Install it, or start Docker (PostgreSQL and Redis run in containers then), or set\n")
	for _, s := range missing {
		fmt.Fprintf(&b, "  %s\n", s.variable)
	}
	fmt.Fprintf(&b, "or run without it: --without %s", strings.Join(names, ","))
	return b.String()
}

// canInstall reports whether this is root on Debian, Ubuntu or a child of theirs.
func canInstall() bool {
	if os.Geteuid() != 0 {
		return false
	}
	if _, err := os.Stat("/etc/debian_version"); err != nil {
		return false
	}
	_, err := exec.LookPath("apt-get")
	return err == nil
}

// install brings in the packages, each service on its own so that one that does not exist
// here (Ubuntu has no chromium package) does not hold up the others.
func install(ctx context.Context, missing []service) error {
	allow, err := forbidStarting()
	if err != nil {
		return err
	}
	defer allow()

	say(true, "apt-get update")
	if err := aptGet(ctx, "update", "-q"); err != nil {
		say(true, "%v; going on with the lists at hand", err)
	}
	var failed []error
	for _, s := range missing {
		say(true, "apt-get install %s", strings.Join(s.packages, " "))
		args := append([]string{"install", "-q", "-y", "--no-install-recommends"}, s.packages...)
		if err := aptGet(ctx, args...); err != nil {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// aptGet runs apt-get, waiting for another one to finish: apt waits for dpkg's lock
// itself, but gives up at once on the lock of its package lists.
func aptGet(ctx context.Context, args ...string) error {
	args = append([]string{"-o", "DPkg::Lock::Timeout=900"}, args...)
	for deadline := time.Now().Add(15 * time.Minute); ; {
		cmd := exec.CommandContext(ctx, "apt-get", args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		out, err := cmd.CombinedOutput()
		if err == nil {
			return nil
		}
		if !strings.Contains(string(out), "Could not get lock") || time.Now().After(deadline) {
			return fmt.Errorf("apt-get %s: %w\n%s", strings.Join(args[2:], " "), err, lastLines(string(out), 12))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(3 * time.Second):
		}
	}
}

// policyFile is the script Debian's packages ask before they start a server.
const policyFile = "/usr/sbin/policy-rc.d"

// forbidStarting keeps new packages from starting servers of their own, until allow is
// called. A machine that already has a policy keeps it.
func forbidStarting() (allow func(), err error) {
	f, err := os.OpenFile(policyFile, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if errors.Is(err, fs.ErrExist) {
		return func() {}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("keep packages from starting servers: %w", err)
	}
	_, err = f.WriteString("#!/bin/sh\nexit 101\n")
	if err = errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(policyFile)
		return nil, fmt.Errorf("keep packages from starting servers: %w", err)
	}
	return func() { _ = os.Remove(policyFile) }, nil
}

// lastLines returns at most n lines from the end of text.
func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

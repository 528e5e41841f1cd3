package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// runCommand runs the command in front of the user, hands signals on to it and returns
// the code to exit with.
//
// Under a terminal the command stays in the terminal's process group, so that it may read
// from it; Ctrl-C reaches it without our help. Elsewhere it leads a group of its own, so
// that a signal reaches its children too: "go test" does not pass one on to its tests.
func runCommand(command, variables []string, signals <-chan os.Signal) int {
	cmd := exec.Command(command[0], command[1:]...) //nolint:noctx // ended by signals, not by a context
	cmd.Env = append(os.Environ(), variables...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	grouped := !hasTerminal()
	if grouped {
		setOwnGroup(cmd)
	}
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "testenv:", err)
		return 127
	}

	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	var patience <-chan time.Time
	for {
		select {
		case s := <-signals:
			if patience == nil {
				patience = time.After(30 * time.Second)
			}
			forward(cmd.Process, s, grouped)
		case <-patience:
			forward(cmd.Process, os.Kill, grouped)
		case err := <-ended:
			if grouped {
				killGroup(cmd.Process.Pid) // what it left running
			}
			return exitCode(cmd, err)
		}
	}
}

func forward(p *os.Process, s os.Signal, grouped bool) {
	if grouped {
		signalGroup(p.Pid, s)
		return
	}
	if s != os.Interrupt {
		_ = p.Signal(s) // an error means it is gone already
	}
}

// exitCode follows the shell: a command ended by signal n makes 128+n.
func exitCode(cmd *exec.Cmd, err error) int {
	if err == nil {
		return 0
	}
	var failed *exec.ExitError
	if !errors.As(err, &failed) {
		fmt.Fprintln(os.Stderr, "testenv:", err)
		return 1
	}
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return signalCode(status.Signal())
	}
	return failed.ExitCode()
}

func signalCode(s os.Signal) int {
	if n, ok := s.(syscall.Signal); ok {
		return 128 + int(n)
	}
	return 1
}

// hasTerminal reports whether someone may be typing.
func hasTerminal() bool {
	tty, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	return tty.Close() == nil
}

// signalWhenOrphaned stands in for the signal that ended our parent: "go run" does not pass
// it on.
func signalWhenOrphaned(signals chan<- os.Signal) {
	parent := os.Getppid()
	for range time.Tick(500 * time.Millisecond) {
		if os.Getppid() != parent {
			signals <- syscall.SIGTERM
			return
		}
	}
}

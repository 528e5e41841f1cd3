//go:build !unix

package main

import (
	"errors"
	"os"
	"os/exec"
)

// serverAccount refuses: servers are started on Unix only. With every FIBONACCO_TEST_
// variable set, or every service left out, testenv runs here too.
func serverAccount() (*account, error) {
	return nil, errors.New("servers are started on Linux and macOS only: set the FIBONACCO_TEST_ variables yourself, or use WSL")
}

func setServerProcess(*exec.Cmd, *account) {}

func setOwnGroup(*exec.Cmd) {}

func signalGroup(leader int, _ os.Signal) { killGroup(leader) }

func killGroup(leader int) {
	if p, err := os.FindProcess(leader); err == nil {
		_ = p.Kill() // an error means it is gone already
	}
}

// freeBytes is 0: only Linux keeps files in memory where every user may write.
func freeBytes(string) uint64 { return 0 }

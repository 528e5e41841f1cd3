package main

import (
	"os/exec"
	"syscall"
)

// dieWithParent stops a server even when testenv is killed and cannot. PostgreSQL takes
// SIGINT as "disconnect everyone and shut down", Redis as "shut down".
func dieWithParent(cmd *exec.Cmd) { cmd.SysProcAttr.Pdeathsig = syscall.SIGINT }

// freeBytes is how much room a file system has left; 0 when that cannot be told.
func freeBytes(dir string) uint64 {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return 0
	}
	return fs.Bavail * uint64(fs.Bsize)
}

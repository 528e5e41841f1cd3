package main

import (
	"os/exec"
	"syscall"
)

// dieWithParent stops a server even when testenv is killed and cannot. PostgreSQL takes
// SIGINT as "disconnect everyone and shut down", Redis as "shut down".
func dieWithParent(cmd *exec.Cmd) { cmd.SysProcAttr.Pdeathsig = syscall.SIGINT }

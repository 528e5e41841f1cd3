//go:build unix && !linux

package main

import "os/exec"

// dieWithParent does nothing: only Linux ends a child with its parent.
func dieWithParent(*exec.Cmd) {}

// freeBytes is 0: only Linux keeps files in memory where every user may write.
func freeBytes(string) uint64 { return 0 }

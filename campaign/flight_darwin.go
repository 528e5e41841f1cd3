package campaign

import "syscall"

// bootTime tells boots of a Mac apart.
func bootTime() string {
	s, err := syscall.Sysctl("kern.bootsessionuuid")
	if err != nil {
		return ""
	}
	return s
}

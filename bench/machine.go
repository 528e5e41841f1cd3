package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// cpuOf is the CPU seconds that a process has used; 0 where /proc does not say.
func cpuOf(pid int) float64 {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	rest := strings.Fields(string(raw[strings.LastIndexByte(string(raw), ')')+1:]))
	if len(rest) < 13 {
		return 0
	}
	return ticks(rest[11]) + ticks(rest[12])
}

// cpuOfAll is the CPU seconds that everything on this machine has used.
func cpuOfAll() float64 {
	raw, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(raw), "\n")
	f := strings.Fields(line) // cpu user nice system idle iowait irq softirq
	if len(f) < 8 {
		return 0
	}
	return ticks(f[1]) + ticks(f[2]) + ticks(f[3]) + ticks(f[6]) + ticks(f[7])
}

// ticks is a count of hundredths of a second, which Linux shows to every program.
func ticks(s string) float64 {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0
	}
	return n / 100
}

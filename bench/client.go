package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// How many ask at once: many do where answers wait for the disk together, and fewer where an answer is a
// page, or there would be no telling how long one takes from how long the queue is.
const (
	clients = 128
	readers = 32
)

// head ends the first line of a request, and is what a telephone sends with it.
const head = " HTTP/1.1\r\nHost: localhost\r\nUser-Agent: Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile/15E148 Safari/604.1\r\n\r\n"

// drive sends n requests with that many clients at once and returns how long each took. write appends the one
// of a number; every answer must have status in its first line. The clients are as lean as wrk's: they
// share the cores with what is measured.
func drive(addr string, clients, n int, status string, write func(out []byte, i int) ([]byte, error)) (time.Duration, []time.Duration, error) {
	var next atomic.Int64
	times := make([][]time.Duration, clients)
	errs := make([]error, clients)
	var wg sync.WaitGroup
	began := time.Now()
	for c := range clients {
		wg.Go(func() { times[c], errs[c] = driveOne(addr, status, write, &next, n) })
	}
	wg.Wait()
	took := time.Since(began)
	all := slices.Concat(times...)
	slices.Sort(all)
	return took, all, cmp.Or(errs...) // one of them says it
}

func driveOne(addr, status string, write func(out []byte, i int) ([]byte, error), next *atomic.Int64, n int) ([]time.Duration, error) {
	conn, err := net.Dial("tcp", addr) //nolint:noctx // a measurement
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	in := bufio.NewReader(conn)
	var times []time.Duration
	var out []byte
	for {
		i := int(next.Add(1)) - 1
		if i >= n {
			return times, nil
		}
		if out, err = write(out[:0], i); err != nil {
			return nil, err
		}
		at := time.Now()
		if _, err := conn.Write(out); err != nil {
			return nil, err
		}
		if err := readAnswer(in, status); err != nil {
			return nil, err
		}
		times = append(times, time.Since(at))
	}
}

// serve answers at an address of this machine until the process ends.
func serve(ctx context.Context, handler http.Handler) (addr string, err error) {
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(ln) }()
	return ln.Addr().String(), nil
}

// readAnswer reads one answer, which must have that status and say how long it is.
func readAnswer(in *bufio.Reader, status string) error {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.Contains(line, []byte(status)) {
		return fmt.Errorf("a request was answered %q", line)
	}
	body := 0
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) <= 2 {
			_, err := in.Discard(body)
			return err
		}
		if size, ok := strings.CutPrefix(string(line), "Content-Length: "); ok {
			if body, err = strconv.Atoi(strings.TrimSpace(size)); err != nil {
				return err
			}
		}
	}
}

// figuresOf is how many of n requests were answered in a second, and how long nearly all of them took.
func figuresOf(name string, clients int, target, patience string, took time.Duration, all []time.Duration) []figure {
	return []figure{
		{Name: fmt.Sprintf("%s, %d clients", name, clients), Value: float64(len(all)) / took.Seconds(), Unit: "/s", Target: target},
		{Name: "99 of 100 answered within", Value: float64(all[len(all)*99/100].Microseconds()) / 1000, Unit: "ms", Target: patience},
	}
}

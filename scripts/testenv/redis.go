package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"syscall"
)

// startRedis runs a Redis that keeps nothing.
func startRedis(ctx context.Context, home place, program string) (server, error) {
	dir, err := home.folder("redis")
	if err != nil {
		return server{}, err
	}
	return withFreePort(ctx, func(port int) (server, error) {
		args := append([]string{"--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--dir", dir}, redisSettings...)
		proc, err := home.spawn(ctx, "redis", program, args...)
		if err != nil {
			return server{}, err
		}
		stop := func() { proc.stop(syscall.SIGTERM) }
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		err = proc.await(ctx, func() error {
			return redisAnswers(ctx, address, "process_id:"+strconv.Itoa(proc.cmd.Process.Pid))
		})
		if err != nil {
			stop()
			return server{}, err
		}
		return server{url: redisURL(address), stop: stop}, nil
	})
}

var redisSettings = []string{"--save", "", "--appendonly", "no"}

func redisURL(address string) string { return "redis://" + address + "/0" }

// redisAnswers asks the server about itself and wants a line in the answer: the process
// id tells it from a stranger on the same port.
func redisAnswers(ctx context.Context, address, want string) error {
	conn, err := dial(ctx, address)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("INFO server\r\n")); err != nil {
		return err
	}
	// The answer is "$LENGTH", then that many bytes of lines.
	in := bufio.NewReader(conn)
	header, err := in.ReadString('\n')
	if err != nil {
		return err
	}
	length, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(header, "$")))
	if err != nil {
		return fmt.Errorf("unexpected answer to INFO: %q", header)
	}
	for length > 0 {
		line, err := in.ReadString('\n')
		if err != nil {
			return err
		}
		if strings.HasPrefix(strings.TrimSpace(line), want) {
			return nil
		}
		length -= len(line)
	}
	return errors.New("another Redis answers on this port")
}

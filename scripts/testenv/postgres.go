package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// startPostgres makes a new cluster and runs it. bin is the folder finder.postgres found.
func startPostgres(ctx context.Context, home place, bin string) (server, error) {
	data, err := home.folder("postgres")
	if err != nil {
		return server{}, err
	}
	sockets, err := home.folder("sockets")
	if err != nil {
		return server{}, err
	}
	if len(sockets) > 80 {
		sockets = "" // a socket's path is limited to about 100 bytes: TCP alone will do
	}
	initdb := home.command(ctx, filepath.Join(bin, "initdb"),
		"--pgdata", data, "--username", "postgres", "--auth", "trust",
		"--encoding", "UTF8", "--locale", "C", "--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		return server{}, fmt.Errorf("initdb: %w\n%s", err, lastLines(string(out), 12))
	}

	return withFreePort(ctx, func(port int) (server, error) {
		args := append([]string{
			"-D", data, "-p", strconv.Itoa(port),
			"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=" + sockets,
		}, postgresSettings(home.durable)...)
		proc, err := home.spawn(ctx, "postgres", filepath.Join(bin, "postgres"), args...)
		if err != nil {
			return server{}, err
		}
		// The folder and the cluster go with the run: nothing to save, so no checkpoint.
		stop := func() { proc.stop(syscall.SIGQUIT) }
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		err = proc.await(ctx, func() error {
			if err := postmasterReady(data); err != nil {
				return err
			}
			return postgresAnswers(ctx, address)
		})
		if err != nil {
			stop()
			return server{}, err
		}
		return server{url: postgresURL(address), stop: stop}, nil
	})
}

func postgresURL(address string) string {
	return "postgres://postgres@" + address + "/postgres?sslmode=disable"
}

// postgresSettings are for short-lived databases. Without durable they trade safety for
// speed; with it a commit is on disk before it is answered, as in production.
func postgresSettings(durable bool) []string {
	settings := []string{
		"max_connections=200",
		"shared_buffers=256MB",
		"max_wal_size=4GB",
		"timezone=UTC",
	}
	if durable {
		settings = append(settings, "fsync=on", "synchronous_commit=on", "full_page_writes=on", "shared_buffers=2GB",
			"max_wal_size=16GB", "checkpoint_timeout=15min", "wal_compression=on") // as compose.yaml has it
	} else {
		settings = append(settings, "fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=minimal", "max_wal_senders=0")
	}
	var args []string
	for _, s := range settings {
		args = append(args, "-c", s)
	}
	return args
}

// postmasterReady reads the server's own word, as pg_ctl does, so that a stranger on the
// same port is not taken for it.
func postmasterReady(data string) error {
	text, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return err
	}
	lines := strings.Split(string(text), "\n")
	if len(lines) < 8 || strings.TrimSpace(lines[7]) != "ready" {
		return errors.New("still starting")
	}
	return nil
}

// postgresAnswers opens a session as the superuser, by hand: a start-up message, then "R",
// the answer that begins a granted session.
func postgresAnswers(ctx context.Context, address string) error {
	conn, err := dial(ctx, address)
	if err != nil {
		return err
	}
	defer conn.Close()
	const protocol = 3 << 16 // 3.0
	message := binary.BigEndian.AppendUint32(nil, protocol)
	message = append(message, "user\x00postgres\x00database\x00postgres\x00\x00"...)
	packet := binary.BigEndian.AppendUint32(nil, uint32(len(message)+4))
	if _, err := conn.Write(append(packet, message...)); err != nil {
		return err
	}
	answer := make([]byte, 1)
	if _, err := io.ReadFull(conn, answer); err != nil {
		return err
	}
	if answer[0] != 'R' {
		return fmt.Errorf("unexpected answer to a start-up message: %q", answer)
	}
	_, err = conn.Write([]byte{'X', 0, 0, 0, 4}) // goodbye
	return err
}

// dial connects for a short exchange.
func dial(ctx context.Context, address string) (net.Conn, error) {
	const limit = 2 * time.Second
	conn, err := (&net.Dialer{Timeout: limit}).DialContext(ctx, "tcp", address)
	if err == nil {
		time.AfterFunc(limit, func() { _ = conn.Close() })
	}
	return conn, err
}

package main

import (
	"context"
	"log/slog"
	"net"
	"time"

	"github.com/fibonacco/fibonacco/settings"
)

// lastingListener outlives the servers that listen on it: while one hands over to the next, new
// connections wait where the kernel keeps them, and none is refused.
type lastingListener struct{ *net.TCPListener }

// Close makes the server's Accept return, and leaves the socket open.
func (l lastingListener) Close() error { return l.SetDeadline(time.Unix(1, 0)) }

// reopen undoes Close.
func (l lastingListener) reopen() error { return l.SetDeadline(time.Time{}) }

// untilChanged is a context that also ends when the settings in the database are no longer those in
// force. changed says whether that was why, once it has ended.
func (a *app) untilChanged(ctx context.Context) (watched context.Context, changed func() bool) {
	watched, end := context.WithCancel(ctx)
	why := make(chan bool, 1)
	go func() {
		why <- settings.Watch(watched, a.db, a.cluster, a.stored, a.log)
		end()
	}()
	return watched, func() bool {
		end()
		return <-why && ctx.Err() == nil
	}
}

// How long a server that was up waits between tries to come up again: the first time, and at most.
const (
	retryFirst = time.Second
	retryMost  = 30 * time.Second
)

// untilDone tries until it succeeds, or until nobody wants it any more: a database that is away while
// the settings are taken up does not end the process. Whoever connects meanwhile waits.
func untilDone(ctx context.Context, wait time.Duration, try func() error) error {
	for {
		err := try()
		if err == nil || ctx.Err() != nil {
			return err
		}
		slog.Error("the server cannot take up the new settings; trying again", "in", wait, "error", err)
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return err
		case <-timer.C:
		}
		wait = min(2*wait, retryMost)
	}
}

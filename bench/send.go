package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/smtp"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/mail/mailtest"
	mailsmtp "github.com/fibonacco/fibonacco/mail/smtp"
)

const connections = 10

// runSink is a receiving server in a process of its own.
func runSink(ctx context.Context) error {
	s, err := mailtest.StartSink(mailtest.SinkOptions{})
	if err != nil {
		return err
	}
	fmt.Println(s.Addr())
	<-ctx.Done()
	return s.Close()
}

func startSink(ctx context.Context) (addr string, stop func(), err error) {
	cmd := exec.CommandContext(ctx, os.Args[0], "-child", "sink")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	return strings.TrimSpace(line), func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }, err
}

// pump sends n ready-made messages with Go's net/smtp, one after another on each connection:
// what a plain sender with nothing to remember does.
func pump(addr string, message []byte, n int) (time.Duration, error) {
	var left atomic.Int64
	left.Store(int64(n))
	errs := make([]error, connections)
	var wg sync.WaitGroup
	began := time.Now()
	for i := range connections {
		wg.Go(func() { errs[i] = pumpOne(addr, message, &left) })
	}
	wg.Wait()
	return time.Since(began), errors.Join(errs...)
}

func pumpOne(addr string, message []byte, left *atomic.Int64) error {
	conn, err := net.Dial("tcp", addr) //nolint:noctx // a measurement
	if err != nil {
		return err
	}
	c, err := smtp.NewClient(conn, "localhost")
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	for left.Add(-1) >= 0 {
		if err := errors.Join(c.Mail("sarah@local.example"), c.Rcpt("owner@shop.example")); err != nil {
			return err
		}
		w, err := c.Data()
		if err != nil {
			return err
		}
		if _, err := w.Write(message); err != nil {
			return err
		}
		if err := errors.Join(w.Close(), c.Reset()); err != nil {
			return err
		}
	}
	return c.Quit()
}

// benchSend sends planned mails end to end, between two runs of the pump with the same bytes.
func benchSend(ctx context.Context, engine string, n int) ([]figure, error) {
	n = size(n, 100_000)
	addr, stop, err := startSink(ctx)
	if err != nil {
		return nil, err
	}
	defer stop()
	url := fmt.Sprintf("smtp://%s?connections=%d", addr, connections)
	mailer, err := mailsmtp.New(mailsmtp.Options{URL: url})
	if err != nil {
		return nil, err
	}
	probe := &probe{Mailer: mailer}
	h, err := newHouse(ctx, engine, probe, true)
	if err != nil {
		return nil, err
	}
	defer h.close()
	if err := h.fill(ctx, n, "pending", ""); err != nil {
		return nil, err
	}
	if _, err := h.campaign.StartProgramme(ctx, fibonacco.SMBFilter{}); err != nil {
		return nil, err
	}
	if err := h.db.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE send_batches SET scheduled_for = $1`, tx.Now.Add(-time.Minute))
		return err
	}); err != nil {
		return nil, err
	}
	if err := h.settleStatistics(ctx); err != nil {
		return nil, err
	}
	h.campaign.Schedule()
	h.campaign.Start(ctx)
	began := time.Now()
	if err := h.queue.Start(ctx); err != nil {
		return nil, err
	}
	for {
		var left int
		if err := h.db.View(ctx, func(tx *db.Tx) error {
			var err error
			left, err = db.Count(ctx, tx, `SELECT COUNT(*) FROM (SELECT 1 FROM campaign_sends WHERE status IN ('queued', 'sending') LIMIT 1) AS one`)
			return err
		}); err != nil {
			return nil, err
		}
		if left == 0 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	took := time.Since(began)
	if err := errors.Join(h.queue.Stop(ctx), h.campaign.Stop(), h.queue.Depart(ctx)); err != nil {
		return nil, err
	}
	var sent int
	if err := h.db.View(ctx, func(tx *db.Tx) error {
		var err error
		sent, err = db.Count(ctx, tx, `SELECT COUNT(*) FROM campaign_sends WHERE status = 'sent'`)
		return err
	}); err != nil {
		return nil, err
	}
	if sent != n {
		return nil, fmt.Errorf("sent %d of %d", sent, n)
	}
	message := probe.message()
	var pumped []float64
	for range 3 {
		d, err := pump(addr, message, min(n, 60_000))
		if err != nil {
			return nil, err
		}
		pumped = append(pumped, float64(min(n, 60_000))/d.Seconds())
	}
	bare := median(pumped)
	rate := float64(n) / took.Seconds()
	return []figure{
		{Name: fmt.Sprintf("%d mails end to end, %d connections", n, connections), Value: rate, Unit: "mails/s"},
		{Name: fmt.Sprintf("bare net/smtp pump, same %d bytes", len(message)), Value: bare, Unit: "mails/s"},
		{Name: "end to end ÷ pump", Value: rate / bare, Unit: "×", Target: "≥ 1.00"},
	}, nil
}

// probe keeps one of the mails that pass.
type probe struct {
	fibonacco.Mailer
	one atomic.Pointer[[]byte]
}

func (p *probe) Run(ctx context.Context, mails <-chan *fibonacco.Mail, f fibonacco.FlightLog, done func(*fibonacco.Mail, fibonacco.Handover)) {
	p.Mailer.Run(ctx, mails, f, func(m *fibonacco.Mail, h fibonacco.Handover) {
		if p.one.Load() == nil {
			p.one.Store(&m.Message)
		}
		done(m, h)
	})
}

func (p *probe) message() []byte { return *p.one.Load() }

func median(v []float64) float64 {
	for i := range v {
		for j := i + 1; j < len(v); j++ {
			if v[j] < v[i] {
				v[i], v[j] = v[j], v[i]
			}
		}
	}
	return v[len(v)/2]
}

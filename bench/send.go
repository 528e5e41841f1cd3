package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
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
	"github.com/fibonacco/fibonacco/mail/dkim"
	"github.com/fibonacco/fibonacco/mail/domains"
	"github.com/fibonacco/fibonacco/mail/mailtest"
	mailsmtp "github.com/fibonacco/fibonacco/mail/smtp"
)

const connections = 10

// runSink is a receiving server in a process of its own.
func runSink(ctx context.Context, noPipelining bool) error {
	s, err := mailtest.StartSink(mailtest.SinkOptions{NoPipelining: noPipelining})
	if err != nil {
		return err
	}
	fmt.Println(s.Addr())
	<-ctx.Done()
	return s.Close()
}

type sink struct {
	addr string
	pid  int
	stop func()
}

func startSink(ctx context.Context, noPipelining bool) (*sink, error) {
	child := "sink"
	if noPipelining {
		child = "slowsink"
	}
	cmd := exec.CommandContext(ctx, os.Args[0], "-child", child)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	return &sink{strings.TrimSpace(line), cmd.Process.Pid, func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }}, err
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

// sending is one way to measure it.
type sending struct {
	name         string
	share        int  // of n, one part in this many
	noPipelining bool // the sink does not offer it
	dkim         bool // each mail is signed by a 2,048-bit RSA key
}

var sendings = []sending{
	{name: "", share: 1},
	{name: ", without PIPELINING", share: 4, noPipelining: true},
	{name: ", signed with DKIM", share: 4, dkim: true},
}

// benchSend sends planned mails end to end, and then the same bytes with the pump.
func benchSend(ctx context.Context, engine string, n int) ([]figure, error) {
	n = size(n, 100_000)
	var all []figure
	for _, way := range sendings {
		figures, err := way.measure(ctx, engine, n/way.share)
		if err != nil {
			return nil, err
		}
		all = append(all, figures...)
	}
	return all, nil
}

func (way sending) measure(ctx context.Context, engine string, n int) ([]figure, error) {
	sink, err := startSink(ctx, way.noPipelining)
	if err != nil {
		return nil, err
	}
	defer sink.stop()
	options := mailsmtp.Options{URL: fmt.Sprintf("smtp://%s?connections=%d", sink.addr, connections), PerDomain: true}
	if way.dkim {
		if options.Signer, err = newSigner(); err != nil {
			return nil, err
		}
	}
	mailer, err := mailsmtp.New(options)
	if err != nil {
		return nil, err
	}
	probe := &probe{Mailer: domains.New(mailer, domains.Options{})} // as serve does it
	h, err := newHouse(ctx, engine, probe, true)
	if err != nil {
		return nil, err
	}
	defer h.close()
	if err := h.planned(ctx, n); err != nil {
		return nil, err
	}
	h.campaign.Schedule()
	h.campaign.Start(ctx)
	ours, theirs, everybody := cpuOf(os.Getpid()), cpuOf(sink.pid), cpuOfAll()
	began := time.Now()
	if err := h.queue.Start(ctx); err != nil {
		return nil, err
	}
	if err := h.untilSent(ctx); err != nil {
		return nil, err
	}
	took := time.Since(began)
	ours, theirs, everybody = cpuOf(os.Getpid())-ours, cpuOf(sink.pid)-theirs, cpuOfAll()-everybody
	if err := errors.Join(h.queue.Stop(ctx), h.campaign.Stop(), h.queue.Depart(ctx)); err != nil {
		return nil, err
	}
	if err := h.allSent(ctx, n); err != nil {
		return nil, err
	}
	message := probe.message()
	var pumped []float64
	for range 3 {
		d, err := pump(sink.addr, message, min(n, 60_000))
		if err != nil {
			return nil, err
		}
		pumped = append(pumped, float64(min(n, 60_000))/d.Seconds())
	}
	bare, rate := median(pumped), float64(n)/took.Seconds()
	per := 100_000 / float64(n)
	return []figure{
		{Name: fmt.Sprintf("%d mails end to end, %d connections%s", n, connections, way.name), Value: rate, Unit: "mails/s"},
		{Name: fmt.Sprintf("bare net/smtp pump, same %d bytes%s", len(message), way.name), Value: bare, Unit: "mails/s"},
		{Name: "end to end ÷ pump" + way.name, Value: rate / bare, Unit: "×", Target: "≥ 1.50"},
		{Name: "CPU of us for 100,000 mails" + way.name, Value: ours * per, Unit: "s"},
		{Name: "CPU of the sink", Value: theirs * per, Unit: "s"},
		{Name: "CPU of all else: the database, and the machine's own", Value: max(0, everybody-ours-theirs) * per, Unit: "s"},
	}, nil
}

// planned fills the database with n businesses whose first mail is due.
func (h *house) planned(ctx context.Context, n int) error {
	if err := h.fill(ctx, n, "pending", ""); err != nil {
		return err
	}
	if _, err := h.campaign.StartProgramme(ctx, fibonacco.SMBFilter{}); err != nil {
		return err
	}
	if err := h.db.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE send_batches SET scheduled_for = $1`, tx.Now.Add(-time.Minute))
		return err
	}); err != nil {
		return err
	}
	return h.settleStatistics(ctx)
}

// untilSent waits until nothing is queued or on its way.
func (h *house) untilSent(ctx context.Context) error {
	for {
		var left int
		if err := h.db.View(ctx, func(tx *db.Tx) error {
			var err error
			left, err = db.Count(ctx, tx, `SELECT COUNT(*) FROM (SELECT 1 FROM campaign_sends WHERE status IN ('queued', 'sending') LIMIT 1) AS one`)
			return err
		}); err != nil || left == 0 {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (h *house) allSent(ctx context.Context, n int) error {
	return h.db.View(ctx, func(tx *db.Tx) error {
		sent, err := db.Count(ctx, tx, `SELECT COUNT(*) FROM campaign_sends WHERE status = 'sent'`)
		if err == nil && sent != n {
			err = fmt.Errorf("sent %d of %d", sent, n)
		}
		return err
	})
}

// newSigner signs as a sender with a key of the usual size does.
func newSigner() (mailsmtp.Signer, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return dkim.New(dkim.Key{Domain: "local.example", Selector: "bench", PEM: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})})
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

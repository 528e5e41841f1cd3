package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/mail/ses"
	"github.com/fibonacco/fibonacco/mail/sns"
	"github.com/fibonacco/fibonacco/mail/sns/snstest"
	"github.com/fibonacco/fibonacco/web"
)

// benchWebhooks takes what Amazon says became of mails, over HTTP, through the whole server. Every
// answer means that the message was proven and is on disk. Amazon is this very machine, on the same
// cores.
func benchWebhooks(ctx context.Context, engine string, n int) ([]figure, error) {
	n = size(n, 40_000)
	h, err := newHouse(ctx, engine, nil, false)
	if err != nil {
		return nil, err
	}
	defer h.close()
	warm := n / 10
	sends, err := h.sent(ctx, n+warm)
	if err != nil {
		return nil, err
	}
	amazon := snstest.New(time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	post, err := newPost(ctx, h, amazon, sends)
	if err != nil {
		return nil, err
	}
	defer func() { _ = post.file.Close() }()

	h.track.Start()
	verifier := sns.New(sns.Options{Topics: []string{sesTopic}, Client: &http.Client{Transport: amazon}})
	quiet := slog.New(slog.DiscardHandler)
	nothing := func(context.Context, *sns.Message) error { return errors.New("nobody asks for a confirmation") }
	addr, err := serve(ctx, web.New(web.Options{SESWebhook: ses.NewWebhook(verifier, nothing, h.track, quiet), Log: quiet, Config: h.cfg}))
	if err != nil {
		return nil, err
	}
	// A tenth first, so that the database knows what its tables look like when it counts.
	if _, _, err := post.send(addr, 0, warm); err != nil {
		return nil, err
	}
	if err := h.settleStatistics(ctx); err != nil {
		return nil, err
	}
	took, all, err := post.send(addr, warm, n+warm)
	if err != nil {
		return nil, err
	}
	if err := h.allReported(ctx, n+warm); err != nil {
		return nil, err
	}
	h.track.Close()
	proof, err := post.prove(ctx, verifier, min(n, 5000))
	if err != nil {
		return nil, err
	}
	return []figure{
		{Name: fmt.Sprintf("SES events proven and durable, %d clients", clients), Value: float64(n) / took.Seconds(), Unit: "events/s", Target: "≥ 10000"},
		{Name: "99 of 100 answered within", Value: float64(all[len(all)*99/100].Microseconds()) / 1000, Unit: "ms"},
		{Name: "of it, reading and proving one message", Value: float64(proof.Nanoseconds()) / 1000, Unit: "µs"},
	}, nil
}

// send posts a part of the requests, with many clients at once, and returns how long each took.
func (p *post) send(addr string, from, to int) (time.Duration, []time.Duration, error) {
	return drive(addr, clients, to-from, " 200 ", func(out []byte, i int) ([]byte, error) { return p.read(from+i, out) })
}

// prove reads and proves some of the messages one after another, and says how long one takes.
func (p *post) prove(ctx context.Context, v *sns.Verifier, n int) (time.Duration, error) {
	var took time.Duration
	var request []byte
	for i := range n {
		var err error
		if request, err = p.read(i, request); err != nil {
			return 0, err
		}
		_, body, _ := strings.Cut(string(request), "\r\n\r\n")
		began := time.Now()
		m, err := sns.Parse([]byte(body))
		if err == nil {
			err = v.Verify(ctx, m)
		}
		if err == nil {
			_, err = ses.Reports(m.Message)
		}
		if err != nil {
			return 0, err
		}
		took += time.Since(began)
	}
	return took / time.Duration(n), nil
}

// sent makes n mails to n businesses that have left an hour ago.
func (h *house) sent(ctx context.Context, n int) (sends []send, err error) {
	if err := h.fill(ctx, n, "pending", ""); err != nil {
		return nil, err
	}
	if _, err := h.campaign.StartProgramme(ctx, fibonacco.SMBFilter{}); err != nil {
		return nil, err
	}
	if err := h.db.Update(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE campaign_sends SET status = 'sent', sent_at = $1`, tx.Now.Add(-time.Hour)); err != nil {
			return err
		}
		var err error
		sends, err = db.Select[send](ctx, tx, `SELECT id, smb_id AS business, email FROM campaign_sends ORDER BY id`)
		return err
	}); err != nil {
		return nil, err
	}
	return sends, h.settleStatistics(ctx)
}

// allReported fails unless each message is stored once, and its event with it.
func (h *house) allReported(ctx context.Context, n int) error {
	return h.db.View(ctx, func(tx *db.Tx) error {
		for _, table := range []string{"provider_messages", "email_events"} {
			stored, err := db.Count(ctx, tx, `SELECT COUNT(*) FROM `+table)
			if err == nil && stored != n {
				err = fmt.Errorf("%d messages were answered and %s has %d", n, table, stored)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

package main

import (
	"bytes"
	"context"
	"fmt"
	"mime"
	"net/mail"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
)

// mailTester implements fibonacco.MailTester over the mailer of this process. What became of a test is
// kept in the audit log, without the address.
type mailTester struct {
	app *app
	mu  sync.Mutex // one at a time
}

var _ fibonacco.MailTester = (*mailTester)(nil)

const (
	mailTestAction = "mail.tested"
	mailTestMost   = 20 * time.Second
)

// SendTestMail implements fibonacco.MailTester.
func (t *mailTester) SendTestMail(ctx context.Context, to string) (*fibonacco.MailTest, error) {
	if to = strings.TrimSpace(to); !fibonacco.ValidEmail(to) {
		return nil, fibonacco.InvalidFields("the test cannot be sent", []fibonacco.FieldError{{Field: "to", Reason: "is not an e-mail address"}})
	}
	if t.app.mailer == nil {
		return nil, fibonacco.Errorf(fibonacco.Unavailable, "this node mails nothing: it lacks the role worker")
	}
	if !t.mu.TryLock() {
		return nil, fibonacco.Errorf(fibonacco.TooMany, "another test is under way: wait for its answer")
	}
	defer t.mu.Unlock()
	began := fibonacco.RealTime()
	test := &fibonacco.MailTest{At: began.UTC().Truncate(time.Microsecond), Mailer: t.app.mailer.Name()}
	asking, cancel := context.WithTimeout(ctx, mailTestMost)
	defer cancel()
	if err := t.handOver(asking, to, test); err != nil {
		return nil, err
	}
	test.TookMS = int(fibonacco.RealTime().Sub(began).Milliseconds())
	return test, t.note(ctx, test)
}

// handOver fills in what the provider says. What it takes no mail for is an answer, too.
func (t *mailTester) handOver(ctx context.Context, to string, test *fibonacco.MailTest) error {
	if err := t.app.mailer.Check(ctx); err != nil {
		test.Answer = err.Error()
		return nil
	}
	m, err := t.compose(to)
	if err != nil {
		return err
	}
	h, err := t.app.campaign.Deliver(ctx, m)
	switch {
	case ctx.Err() != nil || err != nil:
		test.Answer = fmt.Sprintf("no answer within %s", mailTestMost)
		if ready := t.app.mailer.Ready(); ready != nil {
			test.Answer += ": " + ready.Error()
		}
	case h.Result == fibonacco.Accepted:
		test.Accepted, test.Code, test.Answer = true, h.Code, "accepted"
		if h.MessageID != "" {
			test.Answer += " as " + h.MessageID
		}
	case h.Result == fibonacco.Unanswered:
		test.Answer = "the mail left and no answer came: it may arrive, or not"
	default:
		test.Code, test.Answer = h.Code, h.Reason
	}
	return nil
}

// compose writes the mail by hand: it shows what headers and signature receivers get, and nothing of
// the programme.
func (t *mailTester) compose(to string) (*fibonacco.Mail, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("make a message id: %w", err)
	}
	cfg := t.app.cfg
	from := cfg.Email.FromEmail
	m := &fibonacco.Mail{From: from, To: to, MessageID: id.String() + from[strings.LastIndexByte(from, '@'):]}
	var b bytes.Buffer
	for _, h := range [][2]string{
		{"From", (&mail.Address{Name: cfg.Email.FromName, Address: from}).String()},
		{"To", (&mail.Address{Address: to}).String()},
		{"Reply-To", (&mail.Address{Address: cfg.Email.ReplyTo}).String()},
		{"Subject", mime.QEncoding.Encode("utf-8", "A test from "+cfg.Company.Name)},
		{"Date", fibonacco.RealTime().UTC().Format(time.RFC1123Z)},
		{"Message-ID", "<" + m.MessageID + ">"},
		{"Auto-Submitted", "auto-generated"},
		{"MIME-Version", "1.0"},
		{"Content-Type", "text/plain; charset=utf-8"},
		{"Content-Transfer-Encoding", "8bit"},
	} {
		b.WriteString(h[0] + ": " + h[1] + "\r\n")
	}
	b.WriteString("\r\nThis mail was sent to see whether mail leaves.\r\nIf you can read it, it does: look whether it is in the inbox, and at its\r\n" +
		"headers for spf=pass, dkim=pass and dmarc=pass.\r\n\r\n-- \r\n" + mailLines(cfg.Company.Name+"\n"+cfg.Company.PostalAddress))
	m.Message = b.Bytes()
	return m, nil
}

// mailLines ends each line as mail does.
func mailLines(text string) string {
	var b strings.Builder
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		b.WriteString(strings.TrimSpace(line) + "\r\n")
	}
	return b.String()
}

func (t *mailTester) note(ctx context.Context, test *fibonacco.MailTest) error {
	return t.app.db.Update(ctx, func(tx *db.Tx) error {
		return audit.Record(ctx, tx, fibonacco.AuditEntry{Action: mailTestAction, Entity: "mailer", EntityID: test.Mailer, After: map[string]any{
			"at": test.At.Format(time.RFC3339), "accepted": test.Accepted, "code": test.Code, "answer": test.Answer, "took_ms": test.TookMS,
		}})
	})
}

// LastMailTest implements fibonacco.MailTester.
func (t *mailTester) LastMailTest(ctx context.Context) (*fibonacco.MailTest, error) {
	page, err := audit.New(t.app.db).ListAudit(ctx, fibonacco.ListQuery{Filter: fibonacco.Filter{"action": mailTestAction}, Size: 1})
	if err != nil || len(page.Data) == 0 {
		return nil, err
	}
	e := page.Data[0]
	test := &fibonacco.MailTest{Mailer: e.EntityID}
	test.Accepted, _ = e.After["accepted"].(bool)
	test.Answer, _ = e.After["answer"].(string)
	code, _ := e.After["code"].(float64)
	took, _ := e.After["took_ms"].(float64)
	test.Code, test.TookMS = int(code), int(took)
	at, _ := e.After["at"].(string)
	if test.At, err = time.Parse(time.RFC3339, at); err != nil {
		return nil, fmt.Errorf("read the last mail test: %w", err)
	}
	return test, nil
}

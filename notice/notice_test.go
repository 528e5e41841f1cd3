package notice_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/notice"
	"github.com/fibonacco/fibonacco/queue"
)

// post is a provider that answers as it is told, and keeps what it got.
type post struct {
	mu      sync.Mutex
	answers []fibonacco.Handover
	mails   []*fibonacco.Mail
}

func (p *post) deliver(_ context.Context, m *fibonacco.Mail) (fibonacco.Handover, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mails = append(p.mails, m)
	if len(p.answers) == 0 {
		return fibonacco.Handover{Result: fibonacco.Accepted}, nil
	}
	h := p.answers[0]
	p.answers = p.answers[1:]
	if h.Result == fibonacco.Unanswered {
		return fibonacco.Handover{}, errors.New("connection reset")
	}
	return h, nil
}

func (p *post) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.mails)
}

var house = fibonacco.Config{
	Email:   fibonacco.EmailConfig{FromName: "Sarah", FromEmail: "sarah@example.com", ReplyTo: "reply@example.com"},
	Company: fibonacco.CompanyConfig{Name: "Brooklyn Local", PostalAddress: "1 Main St"},
}

type world struct {
	*testing.T
	db    *db.DB
	clock *fibonacco.FakeClock
	svc   *notice.Service
	post  *post
}

func newWorld(t *testing.T, d *db.DB, clock *fibonacco.FakeClock, answers ...fibonacco.Handover) *world {
	t.Helper()
	q, err := queue.New(queue.Options{DB: d, Supervisors: []queue.Supervisor{
		{Name: "email", Queues: []string{queue.EmailHigh}, Balance: "none", MinProcesses: 2, MaxProcesses: 2, Tries: 3, Timeout: time.Minute},
	}})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, db: d, clock: clock, post: &post{answers: answers}}
	w.svc = notice.New(notice.Options{DB: d, Queue: q, Config: house, Deliver: w.post.deliver})
	if err := q.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Stop(context.WithoutCancel(t.Context())) })
	return w
}

func (w *world) do(f func(tx *db.Tx) error) {
	w.Helper()
	if err := w.db.Update(w.Context(), f); err != nil {
		w.Fatal(err)
	}
}

func (w *world) state(key string) (s string) {
	w.Helper()
	if err := w.db.View(w.Context(), func(tx *db.Tx) error {
		return tx.QueryRow(w.Context(), `SELECT status || ' ' || attempts || ' ' || CAST(content AS text) FROM notices WHERE notice_key = $1`, key).Scan(&s)
	}); err != nil {
		w.Fatal(err)
	}
	return s
}

func (w *world) until(key, want string) {
	w.Helper()
	for range 400 {
		if strings.HasPrefix(w.state(key), want) {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	w.Fatalf("%s is %s, want %s", key, w.state(key), want)
}

func hello(key string) fibonacco.Notice {
	return fibonacco.Notice{
		Key: key, Purpose: "test", To: "marisol@example.com", Subject: "Your page is ready", Paragraphs: []string{"Hi Marisol,", "it is there."},
		Facts: [][2]string{{"Where", "Court St"}}, Button: "Open my page", ButtonURL: "https://go.example.com/b/marisol",
	}
}

func TestANoticeIsMailedOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		for range 3 {
			w.do(func(tx *db.Tx) error { return w.svc.Post(t.Context(), tx, hello("a")) })
		}
		w.until("a", "sent 1 {}")
		if n := w.post.count(); n != 1 {
			t.Fatalf("%d mails", n)
		}
		m := w.post.mails[0]
		if m.To != "marisol@example.com" || m.From != "sarah@example.com" || !strings.HasSuffix(m.MessageID, "@example.com") {
			t.Errorf("envelope %+v", m)
		}
		if err := w.db.Update(t.Context(), func(tx *db.Tx) error {
			if err := w.svc.Post(t.Context(), tx, hello("never")); err != nil {
				return err
			}
			return errors.New("the cause does not happen")
		}); err == nil {
			t.Error("the transaction went through")
		}
		time.Sleep(50 * time.Millisecond)
		if n := w.post.count(); n != 1 {
			t.Errorf("%d mails: one without its cause", n)
		}
	})
}

func TestWhatBecomesOfANotice(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		for name, c := range map[string]struct {
			answer fibonacco.Handover
			want   string
		}{
			"refused": {fibonacco.Handover{Result: fibonacco.Refused, Reason: "550 no such user"}, "failed 1 {}"},
			"unknown": {fibonacco.Handover{Result: fibonacco.Unanswered}, "unknown 1 {}"},
			"later":   {fibonacco.Handover{Result: fibonacco.Deferred, Reason: "451 later"}, "queued 1 {\"after"},
		} {
			t.Run(name, func(t *testing.T) {
				w := newWorld(t, d, clock, c.answer)
				w.do(func(tx *db.Tx) error { return w.svc.Post(t.Context(), tx, hello(name)) })
				w.until(name, strings.TrimSuffix(c.want, `{"after`))
				if w.post.count() != 1 {
					t.Errorf("%d mails", w.post.count())
				}
			})
		}
	})
}

func TestLaterAndCancelled(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		w.do(func(tx *db.Tx) error {
			for i, key := range []string{"tomorrow", "called off"} {
				n := hello(key)
				n.At = clock.Now().Add(time.Duration(24+i) * time.Hour)
				if err := w.svc.Post(t.Context(), tx, n); err != nil {
					return err
				}
			}
			return nil
		})
		release := func() {
			if err := w.svc.Release(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		release()
		if s := w.state("tomorrow"); !strings.HasPrefix(s, "queued 0") {
			t.Errorf("before its time: %s", s)
		}
		w.do(func(tx *db.Tx) error { return w.svc.Cancel(t.Context(), tx, "called off", "nothing") })
		clock.Advance(26 * time.Hour)
		release()
		release()
		w.until("tomorrow", "sent 1 {}")
		if s := w.state("called off"); s != "cancelled 0 {}" || w.post.count() != 1 {
			t.Errorf("called off: %s, %d mails", s, w.post.count())
		}
	})
}

func TestSuppressedAddresses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		for reason, want := range map[string]string{"complaint": "suppressed 1 {}", "unsubscribe": "sent 1 {}"} {
			w.do(func(tx *db.Tx) error {
				_, err := tx.Exec(t.Context(), `INSERT INTO suppressions (email_key, reason, created_at) VALUES ($1, $2, $3)`, reason+"@example.com", reason, tx.Now)
				return err
			})
			n := hello(reason)
			n.To = strings.ToUpper(reason[:1]) + reason[1:] + "@example.com"
			w.do(func(tx *db.Tx) error { return w.svc.Post(t.Context(), tx, n) })
			w.until(reason, want)
		}
	})
}

func TestADeathOnTheWay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		n := hello("dead")
		n.At = clock.Now().Add(time.Hour)
		w.do(func(tx *db.Tx) error { return w.svc.Post(t.Context(), tx, n) })
		w.do(func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE notices SET status = 'sending', released_at = $1, updated_at = $1`, tx.Now)
			return err
		})
		clock.Advance(2 * time.Hour)
		if err := w.svc.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s := w.state("dead"); s != "unknown 0 {}" || w.post.count() != 0 {
			t.Errorf("%s, %d mails", s, w.post.count())
		}
	})
}

func TestWhatCannotBeMailed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		bad := fibonacco.Notice{To: "x", ReplyTo: "y", Subject: " ", Button: "Go", ButtonURL: "javascript:alert(1)", Calendar: "BEGIN", Method: "x", Leave: "https://example.com/\r\nBcc: x@example.com"}
		err := w.db.Update(t.Context(), func(tx *db.Tx) error { return w.svc.Post(t.Context(), tx, bad) })
		var e *fibonacco.Error
		if !errors.As(err, &e) || len(e.Fields) != 9 {
			t.Errorf("%v", err)
		}
	})
}

// A notice that nobody has asked for says why it came, and ends with one click.
func TestANoticeThatCanBeEnded(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		w.do(func(tx *db.Tx) error {
			n := hello("asked")
			n.Leave, n.Footer = "https://go.example.com/review/r/x/stop", "You get this because Marisol named you & <others>."
			return w.svc.Post(t.Context(), tx, n)
		})
		w.until("asked", "sent")
		m, err := mail.ReadMessage(strings.NewReader(string(w.post.mails[0].Message)))
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Header.Get("List-Unsubscribe") + " " + m.Header.Get("List-Unsubscribe-Post"); got != "<https://go.example.com/review/r/x/stop> List-Unsubscribe=One-Click" {
			t.Errorf("header %s", got)
		}
		body, err := io.ReadAll(m.Body)
		if err != nil || !strings.Contains(string(body), "Marisol named you & <others>.") || !strings.Contains(string(body), "named you &amp; &lt;others&gt;.") || strings.Contains(string(body), "asked for") {
			t.Errorf("%v\n%s", err, body)
		}
	})
}

// Whatever stands in a notice, its mail can be read, and says so and nothing else.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, db.SQLite, fibonacco.NewFakeClock(dbtest.Start))
	q, err := queue.New(queue.Options{DB: d})
	if err != nil {
		t.Fatal(err)
	}
	svc := notice.New(notice.Options{DB: d, Queue: q, Config: house})
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"<script>alert(1)</script>", "a\r\nBcc: x@example.com", "{{.}}", "\u202eevil", "=?utf-8?q?x?="}))
		n := hello("x")
		n.Subject, n.Paragraphs, n.Facts = text.Draw(t, "subject"), []string{text.Draw(t, "paragraph")}, [][2]string{{text.Draw(t, "label"), text.Draw(t, "value")}}
		n.Calendar, n.Method = "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "REQUEST"
		raw, err := svc.Compose(&n, "id", dbtest.Start)
		if err != nil {
			t.Fatal(err)
		}
		m, err := mail.ReadMessage(strings.NewReader(string(raw)))
		if err != nil {
			t.Fatalf("%v\n%s", err, raw)
		}
		if got := fmt.Sprint(len(m.Header["Bcc"]), m.Header.Get("To"), m.Header.Get("Auto-Submitted")); got != "0<marisol@example.com>auto-generated" {
			t.Fatalf("header %s", got)
		}
		_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
		if err != nil {
			t.Fatal(err)
		}
		parts := multipart.NewReader(m.Body, params["boundary"])
		kinds := ""
		for {
			p, err := parts.NextPart()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			kind, _, _ := mime.ParseMediaType(p.Header.Get("Content-Type"))
			kinds += kind + " "
			body, err := io.ReadAll(p)
			if err != nil {
				t.Fatal(err)
			}
			if _, inner, err := mime.ParseMediaType(p.Header.Get("Content-Type")); err == nil && kind == "multipart/alternative" {
				both := multipart.NewReader(strings.NewReader(string(body)), inner["boundary"])
				for _, want := range []string{"text/plain", "text/html"} {
					part, err := both.NextPart() // decodes quoted-printable
					if err != nil {
						t.Fatal(err)
					}
					text, err := io.ReadAll(part)
					if err != nil || !strings.HasPrefix(part.Header.Get("Content-Type"), want) {
						t.Fatalf("%v %v", part.Header, err)
					}
					if want == "text/html" && strings.Contains(string(text), "<script") {
						t.Fatalf("markup:\n%s", text)
					}
				}
			}
		}
		if kinds != "multipart/alternative text/calendar " {
			t.Fatalf("parts %s", kinds)
		}
	})
}

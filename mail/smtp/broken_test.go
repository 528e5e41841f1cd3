package smtp_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/mail/mailtest"
	"github.com/fibonacco/fibonacco/mail/smtp"
)

// impatient is a time-out that servers which do answer keep, also on a busy machine.
const impatient = time.Second

// TestBroken drops the connection, or falls silent, at each step: at the first mail of a
// connection, in the middle, and at a connection that has served long. What happened to each mail
// must be what was reported.
func TestBroken(t *testing.T) {
	t.Parallel()
	var all crowd
	defer all.running.Wait()
	points := append(steps, mailtest.AtBody)
	for _, pipelining := range []bool{true, false} {
		for _, at := range points {
			for _, hang := range []bool{false, true} {
				for _, nth := range []int{1, 3, 15, 20} {
					name := fmt.Sprintf("pipelining %t/%s/hang %t/mail %d", pipelining, at, hang, nth)
					all.add(t, name, func(t *testing.T) {
						server := mailtest.NewServer(t, mailtest.ServerOptions{
							NoPipelining: !pipelining,
							Rules:        []mailtest.Rule{{At: at, Nth: nth, Hang: hang, Drop: !hang}},
						})
						mails := many(20)
						m := newMailer(t, server.URL(), "connections=1", func(o *smtp.Options) {
							o.Timeouts.Command, o.Timeouts.Data = impatient, impatient
						})
						book := mailtest.RunAll(t, m, mails...)
						honest(t, server, book, mails)
						checkBroken(t, book, mails, pipelining, at, hang, nth)
					})
				}
			}
		}
	}
}

// checkBroken knows what becomes of the mail (nth, from 1) at which the connection broke.
func checkBroken(
	t *testing.T, book *mailtest.Book, mails []*fibonacco.Mail, pipelining bool, at mailtest.Step, hang bool, nth int,
) {
	t.Helper()
	bodyWasOut := at == mailtest.AtDot || at == mailtest.AtBody
	for i, mail := range mails {
		h, want := result(t, book, mail), accepted
		switch {
		case i == nth-1 && bodyWasOut:
			want = unanswered
		case i == nth-1 && (hang || nth == 1):
			want = notTried // the server is not well: no second try at once
		case i == nth && bodyWasOut && pipelining && nth > 1 && (hang || nth < 10):
			want = notTried // it was on the wire behind the one that is in doubt
		}
		if h.Result != want {
			t.Errorf("mail %d: %+v, want %d", i+1, h, want)
		}
		if h.Result != accepted && h.Reason == "" {
			t.Errorf("mail %d has no reason", i+1)
		}
		if n := book.Intents(mail.SendID); (n > 0) != (h.Result == accepted || h.Result == unanswered) {
			t.Errorf("mail %d: %+v after %d intents", i+1, h, n)
		}
	}
}

// TestGarbledReplies: a server that talks nonsense is as good as gone.
func TestGarbledReplies(t *testing.T) {
	t.Parallel()
	for _, at := range steps {
		for _, reply := range []string{"hello", "999 what", "25", "250-a\r\n354 b", "250\tx", "355", "299-\r\n", ""} {
			if at == mailtest.AtDATA && reply == "355" {
				continue // as good as 354
			}
			server := mailtest.NewServer(t, mailtest.ServerOptions{
				Rules: []mailtest.Rule{{At: at, Nth: 2, Raw: reply + "\r\n", Drop: true}},
			})
			mails := many(3)
			book := mailtest.RunAll(t, newMailer(t, server.URL(), "connections=1"), mails...)
			honest(t, server, book, mails)
			want := accepted // on a new connection
			if at == mailtest.AtDot {
				want = unanswered
			}
			if h := result(t, book, mails[1]); h.Result != want {
				t.Errorf("%q at %s: %+v", reply, at, h)
			}
		}
	}
}

// TestHalfABody: when the server hangs up within a long body, nobody knows what it makes of it; when
// it says why before it does, that is its answer.
func TestHalfABody(t *testing.T) {
	t.Parallel()
	for reply, want := range map[string]fibonacco.HandoverResult{
		"":                      unanswered,
		"552 5.3.4 Too big":     refused,
		"451 4.3.0 Out of mind": deferred,
		"250 2.0.0 How quick":   unanswered, // it cannot have seen the end
	} {
		server := mailtest.NewServer(t, mailtest.ServerOptions{
			Rules: []mailtest.Rule{{At: mailtest.AtBody, Nth: 1, Reply: reply, Drop: true, Wait: 20 * time.Millisecond}},
		})
		mails := many(2)
		mails[0].Message = append(mails[0].Message, strings.Repeat("a long line\r\n", 1<<20)...)
		book := mailtest.RunAll(t, newMailer(t, server.URL(), "connections=1"), mails...)
		honest(t, server, book, mails)
		if h := result(t, book, mails[0]); h.Result != want {
			t.Errorf("%q: %+v", reply, h)
		}
		if h := result(t, book, mails[1]); h.Result != accepted {
			t.Errorf("%q: the next: %+v", reply, h)
		}
	}
}

// TestPoison: a mail that the server dies of is not tried for ever, and stops the others only once.
func TestPoison(t *testing.T) {
	t.Parallel()
	var all crowd
	defer all.running.Wait()
	for name, tc := range map[string]struct {
		rule mailtest.Rule
		want fibonacco.HandoverResult
	}{
		"connection lost": {mailtest.Rule{At: mailtest.AtRCPT, Drop: true}, deferred},
		"421":             {mailtest.Rule{At: mailtest.AtRCPT, Reply: "421 4.3.0 Help", Drop: true}, deferred},
		"hangs":           {mailtest.Rule{At: mailtest.AtRCPT, Hang: true}, deferred},
		"refuses sender":  {mailtest.Rule{At: mailtest.AtRCPT, Reply: "530 5.7.0 Who are you?"}, refused},
	} {
		all.add(t, name, func(t *testing.T) {
			tc.rule.Line = "recipient3@"
			server := mailtest.NewServer(t, mailtest.ServerOptions{Rules: []mailtest.Rule{tc.rule}})
			m := newMailer(t, server.URL(), "connections=1", func(o *smtp.Options) { o.Timeouts.Command = impatient })
			for try := int64(0); ; try++ {
				mails := []*fibonacco.Mail{mailtest.NewMail(3), mailtest.NewMail(10 + 2*try), mailtest.NewMail(11 + 2*try)}
				book := mailtest.RunAll(t, m, mails...)
				honest(t, server, book, mails)
				h := result(t, book, mails[0])
				if h.Result == tc.want && try > 0 {
					return
				}
				if h.Result != notTried || try > 3 {
					t.Fatalf("try %d: %+v", try+1, h)
				}
			}
		})
	}
}

// TestContextEnds: what is on the wire gets a moment, and then everything is reported.
func TestContextEnds(t *testing.T) {
	t.Parallel()
	var all crowd
	defer all.running.Wait()
	for _, pipelining := range []bool{true, false} {
		for at, want := range map[mailtest.Step]fibonacco.HandoverResult{
			mailtest.AtGreeting: notTried,
			mailtest.AtEHLO:     notTried,
			mailtest.AtMAIL:     notTried,
			mailtest.AtDATA:     notTried,
			mailtest.AtDot:      unanswered,
		} {
			all.add(t, fmt.Sprintf("%s hangs, pipelining %t", at, pipelining), func(t *testing.T) {
				server := mailtest.NewServer(t, mailtest.ServerOptions{
					NoPipelining: !pipelining, Rules: []mailtest.Rule{{At: at, Hang: true}},
				})
				m := newMailer(t, server.URL(), "connections=2", func(o *smtp.Options) {
					o.Timeouts.Command, o.Timeouts.Data = time.Minute, time.Minute
				})
				in, book := make(chan *fibonacco.Mail, 10), mailtest.NewBook()
				mails := many(10)
				for _, mail := range mails {
					in <- mail
				}
				stop := mailtest.Start(t, m, in, book)
				eventually(t, "the server hangs", func() bool { return server.Seen(at) > 0 })
				began := fibonacco.RealTime()
				stop()
				if took := fibonacco.RealTime().Sub(began); took > 5*time.Second {
					t.Errorf("Run returned after %v", took)
				}
				taken := mails[:len(mails)-len(in)]
				honest(t, server, book, taken)
				for _, mail := range taken {
					if h := result(t, book, mail); h.Result != want && h.Result != notTried {
						t.Errorf("mail %d: %+v", mail.SendID, h)
					}
				}
				if h := result(t, book, mails[0]); h.Result != want {
					t.Errorf("the first mail: %+v", h)
				}
			})
		}
	}
}

// TestContextEndsInGoodTime: a slow answer that comes within the grace still counts, and nothing
// more is taken.
func TestContextEndsInGoodTime(t *testing.T) {
	t.Parallel()
	server := mailtest.NewServer(t, mailtest.ServerOptions{
		Rules: []mailtest.Rule{{At: mailtest.AtDot, Wait: 100 * time.Millisecond}},
	})
	m := newMailer(t, server.URL(), "connections=1", func(o *smtp.Options) { o.Timeouts.Grace = 10 * time.Second })
	in, book := make(chan *fibonacco.Mail, 20), mailtest.NewBook()
	mails := many(20)
	for _, mail := range mails {
		in <- mail
	}
	stop := mailtest.Start(t, m, in, book)
	eventually(t, "the second body is there", func() bool { return server.Seen(mailtest.AtDot) == 2 })
	stop()
	taken := mails[:len(mails)-len(in)]
	honest(t, server, book, taken)
	if len(taken) != 3 { // the third was on the wire behind the second
		t.Errorf("%d mails were taken", len(taken))
	}
	for _, mail := range taken {
		if h := result(t, book, mail); h.Result != accepted {
			t.Errorf("mail %d: %+v", mail.SendID, h)
		}
	}
}

// TestContextEndsOnce: a step that begins after the context has ended does not get its full time.
func TestContextEndsOnce(t *testing.T) {
	t.Parallel()
	server := mailtest.NewServer(t, mailtest.ServerOptions{Rules: []mailtest.Rule{
		{At: mailtest.AtDot, Nth: 2, Wait: 100 * time.Millisecond}, {At: mailtest.AtDot, Nth: 3, Hang: true},
	}})
	m := newMailer(t, server.URL(), "connections=1", func(o *smtp.Options) {
		o.Timeouts.Command, o.Timeouts.Data = time.Minute, time.Minute
	})
	in, book := make(chan *fibonacco.Mail, 5), mailtest.NewBook()
	mails := many(5)
	for _, mail := range mails {
		in <- mail
	}
	stop := mailtest.Start(t, m, in, book)
	eventually(t, "the second body is there", func() bool { return server.Seen(mailtest.AtDot) == 2 })
	stop()
	honest(t, server, book, mails[:3])
	for i, want := range []fibonacco.HandoverResult{accepted, accepted, unanswered} {
		if h := result(t, book, mails[i]); h.Result != want {
			t.Errorf("mail %d: %+v", i+1, h)
		}
	}
}

package smtp_test

import (
	"fmt"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/mail/mailtest"
)

// Short names for the tables.
const (
	accepted   = fibonacco.Accepted
	deferred   = fibonacco.Deferred
	refused    = fibonacco.Refused
	notTried   = fibonacco.NotTried
	unanswered = fibonacco.Unanswered
)

var steps = []mailtest.Step{mailtest.AtMAIL, mailtest.AtRCPT, mailtest.AtDATA, mailtest.AtDot}

// What each reply means for its mail, wherever it comes, with exceptions by step.
var replies = []struct {
	reply  string
	want   fibonacco.HandoverResult
	but    map[mailtest.Step]fibonacco.HandoverResult
	others bool // go on as if nothing had happened
}{
	{reply: "450 4.2.1 Mailbox busy", want: deferred, others: true},
	{reply: "451 4.3.0 Local error", want: deferred, others: true},
	{reply: "452 4.2.2 Mailbox full", want: deferred, others: true},
	{reply: "450 4.7.1 Greylisted, come back later", want: deferred, others: true},
	{reply: "451 4.7.0 Slow down", want: deferred, others: true},
	{reply: "454 Throttling failure: Maximum sending rate exceeded.", want: deferred, others: true},
	{
		reply: "550 5.1.1 No such user", want: refused, others: true,
		but: map[mailtest.Step]fibonacco.HandoverResult{mailtest.AtMAIL: notTried},
	},
	{
		reply: "554 5.7.1 Looks like spam", want: refused, others: true,
		but: map[mailtest.Step]fibonacco.HandoverResult{mailtest.AtMAIL: notTried},
	},
	{reply: "552 5.3.4 Message too big", want: refused, others: true},
	{reply: "552 Message too big", want: refused, others: true},
	{reply: "555 5.5.4 Unknown parameter", want: refused, others: true},
	{reply: "530 5.7.0 Authentication required", want: notTried},
	{reply: "554 5.7.1 Relay access denied", want: notTried},
	{
		reply: "421 4.3.2 Going down", want: notTried,
		but: map[mailtest.Step]fibonacco.HandoverResult{mailtest.AtDot: deferred},
	},
}

// TestReplies lets one mail of five meet each reply at each step, as the first of its connection
// and behind others, and looks at what becomes of it and of the others.
func TestReplies(t *testing.T) {
	t.Parallel()
	var all crowd
	defer all.running.Wait()
	for _, pipelining := range []bool{true, false} {
		for _, at := range steps {
			for _, r := range replies {
				for _, nth := range []int{1, 3, 5} {
					name := fmt.Sprintf("pipelining %t/%s/%s/mail %d", pipelining, at, r.reply, nth)
					all.add(t, name, func(t *testing.T) {
						server := mailtest.NewServer(t, mailtest.ServerOptions{
							NoPipelining: !pipelining,
							Rules:        []mailtest.Rule{{At: at, Nth: nth, Reply: r.reply, Drop: r.reply[:3] == "421"}},
						})
						mails := many(5)
						book := mailtest.RunAll(t, newMailer(t, server.URL(), "connections=1"), mails...)
						honest(t, server, book, mails)
						want, special := r.but[at]
						if !special {
							want = r.want
						}
						for i, mail := range mails {
							h := result(t, book, mail)
							switch {
							case i == nth-1:
								if h.Result != want || h.Code == 0 || h.Reason == "" {
									t.Errorf("mail %d: %+v, want %d", i+1, h, want)
								}
							case h.Result == accepted:
							case i == nth && h.Result == notTried && at == mailtest.AtDot && pipelining && !r.others:
								// It was on the wire behind the mail that stopped everything.
							default:
								t.Errorf("mail %d, an innocent one: %+v", i+1, h)
							}
						}
					})
				}
			}
		}
	}
}

// TestLaxData is about servers that want a body although they refused the recipient: they get an
// empty one, and the mail is as refused as elsewhere.
func TestLaxData(t *testing.T) {
	t.Parallel()
	for _, pipelining := range []bool{true, false} {
		for _, reply := range []string{"550 5.1.1 Unknown", "450 4.2.0 Later", "251 forwarded, fine"} {
			server := mailtest.NewServer(t, mailtest.ServerOptions{
				LaxData: true, NoPipelining: !pipelining,
				Rules: []mailtest.Rule{{At: mailtest.AtRCPT, Line: "recipient2@", Reply: reply}},
			})
			mails := many(3)
			book := mailtest.RunAll(t, newMailer(t, server.URL(), "connections=1"), mails...)
			honest(t, server, book, mails)
			want := map[byte]fibonacco.HandoverResult{'5': refused, '4': deferred, '2': accepted}[reply[0]]
			for i, w := range []fibonacco.HandoverResult{accepted, want, accepted} {
				if h := result(t, book, mails[i]); h.Result != w {
					t.Errorf("mail %d: %+v, want %d", i+1, h, w)
				}
			}
		}
	}
}

// TestEmptyBodyRefusals is about what may happen to the empty body itself.
func TestEmptyBodyRefusals(t *testing.T) {
	t.Parallel()
	for _, rule := range []mailtest.Rule{
		{Reply: "421 4.7.0 Too many errors", Drop: true},
		{Reply: "250 2.0.0 Whatever"},
		{Drop: true},
	} {
		rule.At, rule.Nth = mailtest.AtDot, 2
		server := mailtest.NewServer(t, mailtest.ServerOptions{
			LaxData: true,
			Rules:   []mailtest.Rule{rule, {At: mailtest.AtRCPT, Line: "recipient2@", Reply: "550 5.1.1 Unknown"}},
		})
		mails := many(4)
		book := mailtest.RunAll(t, newMailer(t, server.URL(), "connections=1"), mails...)
		book.Check(t, mails)
		for i, want := range []fibonacco.HandoverResult{accepted, refused, accepted, accepted} {
			if h := result(t, book, mails[i]); h.Result != want {
				t.Errorf("%+v: mail %d: %+v", rule, i+1, h)
			}
		}
	}
}

// TestReplyForms: whatever form a reply has, it means the same.
func TestReplyForms(t *testing.T) {
	t.Parallel()
	var all crowd
	defer all.running.Wait()
	for _, pipelining := range []bool{true, false} {
		forms := map[string]mailtest.Rule{
			"in single bytes":    {Split: true},
			"in many lines":      {Reply: "250 one\ntwo\nthree"},
			"without a text":     {Reply: "250 "},
			"many lines, pieces": {Reply: "250 one\ntwo", Split: true},
		}
		for name, rule := range forms {
			all.add(t, fmt.Sprintf("%s, pipelining %t", name, pipelining), func(t *testing.T) {
				var rules []mailtest.Rule
				for _, at := range []mailtest.Step{mailtest.AtMAIL, mailtest.AtRCPT, mailtest.AtDot} {
					rule.At = at
					rules = append(rules, rule)
				}
				server := mailtest.NewServer(t, mailtest.ServerOptions{NoPipelining: !pipelining, Rules: rules})
				mails := many(4)
				book := mailtest.RunAll(t, newMailer(t, server.URL(), "connections=1"), mails...)
				honest(t, server, book, mails)
				if n := len(server.Received()); n != 4 {
					t.Errorf("%d arrived", n)
				}
			})
		}
	}
}

// TestProviderID: Amazon's id comes out of its reply, a relay's queue id does not.
func TestProviderID(t *testing.T) {
	t.Parallel()
	const ses = "0100018f2b3c4d5e-6f708192-a3b4-c5d6-e7f8-091a2b3c4d5e-000000"
	for reply, want := range map[string]string{
		"250 Ok " + ses:                      ses,
		"250 2.0.0 Ok: queued as 4BZK0x1y2z": "",
		"250 Ok thanks":                      "",
	} {
		server := mailtest.NewServer(t, mailtest.ServerOptions{Rules: []mailtest.Rule{{At: mailtest.AtDot, Reply: reply}}})
		mails := many(1)
		book := mailtest.RunAll(t, newMailer(t, server.URL(), "connections=1"), mails...)
		if h := result(t, book, mails[0]); h.Result != accepted || h.MessageID != want {
			t.Errorf("%q: %+v", reply, h)
		}
	}
}

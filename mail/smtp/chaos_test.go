package smtp_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/mail/mailtest"
	"github.com/fibonacco/fibonacco/mail/smtp"
)

// TestChaos lets servers misbehave at random, retries what may be retried, as the sender does, and
// checks the one thing that matters: nothing arrives twice, nothing is reported that is not so, and
// nothing is lost.
func TestChaos(t *testing.T) {
	t.Parallel()
	var all crowd
	defer all.running.Wait()
	for seed := range uint64(12) {
		name := "step by step"
		if seed%2 == 0 {
			name = "pipelining"
		}
		all.add(t, name, func(t *testing.T) { chaos(t, rand.New(rand.NewPCG(seed, 7)), seed%2 == 0) })
	}
}

func chaos(t *testing.T, random *rand.Rand, pipelining bool) {
	server := mailtest.NewServer(t, mailtest.ServerOptions{
		NoPipelining: !pipelining, LaxData: random.IntN(2) == 0, Rules: badDays(random),
		MailsPerConn: random.IntN(3) * 20,
	})
	m := newMailer(t, server.URL(), "connections=5", func(o *smtp.Options) {
		// On a busy machine servers may miss this, too: so much the better.
		o.Timeouts.Command, o.Timeouts.Data = 150*time.Millisecond, 150*time.Millisecond
	})
	mails := many(200)
	said := map[*fibonacco.Mail]fibonacco.Handover{}
	todo := mails
	for round := 0; len(todo) > 0; round++ {
		if round == 30 {
			t.Fatalf("%d mails did not find an end", len(todo))
		}
		book := mailtest.RunAll(t, m, todo...)
		book.Check(t, todo)
		var again []*fibonacco.Mail
		for _, mail := range todo {
			said[mail] = result(t, book, mail)
			if r := said[mail].Result; r == notTried || r == deferred {
				again = append(again, mail)
			}
		}
		todo = again
	}
	times := arrivals(server)
	for _, mail := range mails {
		n, h := times[mail.MessageID], said[mail]
		if n > 1 || (h.Result == accepted && n != 1) || (h.Result == refused && n != 0) {
			t.Errorf("mail %d arrived %d times: %+v", mail.SendID, n, h)
		}
	}
	for _, v := range server.Violations() {
		t.Error(v)
	}
}

// badDays is a script of some accidents, each of which happens a few times.
func badDays(random *rand.Rand) (rules []mailtest.Rule) {
	points := append(steps, mailtest.AtBody, mailtest.AtGreeting, mailtest.AtEHLO, mailtest.AtRSET)
	answers := []string{
		"450 4.2.0 Later", "451 4.7.0 Slow down", "421 4.3.2 Down", "421 Too many messages", "550 5.1.1 No",
		"554 5.7.1 Spam", "530 Log in", "452 4.3.1 Full",
	}
	for range 25 {
		rule := mailtest.Rule{At: points[random.IntN(len(points))], Nth: 1 + random.IntN(180)}
		switch random.IntN(8) {
		case 0:
			rule.Hang = true
		case 1, 2:
			rule.Drop = true
		case 3:
			rule.Split = true
		case 4:
			rule.Raw, rule.Drop = "garbage\r\n", true
		default:
			rule.Reply = answers[random.IntN(len(answers))]
			rule.Drop = rule.Reply[:3] == "421" || rule.At == mailtest.AtBody // answers come after the body
		}
		rules = append(rules, rule)
	}
	return rules
}

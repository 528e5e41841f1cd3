package smtp

import (
	"bytes"
	"regexp"

	"github.com/fibonacco/fibonacco"
)

// stage is which command a reply answers.
type stage int

const (
	atMail stage = iota
	atRcpt
	atData
	atDot // the reply to a body
)

// effect is what a reply means beyond the mail it answers.
type effect int

const (
	goOn      effect = iota // nothing
	slowDown                // too fast: all lanes slow down
	reconnect               // this connection has had its share: open another
	backOff                 // 421: the server wants to be left alone; all lanes stop for a while
	refuseUs                // it is us the server does not take, not this mail: all lanes stop
)

// verdict is what one reply means, for its mail and for the rest.
type verdict struct {
	fibonacco.Handover
	effect effect
	domain bool // it may be the recipient's domain that complains of our speed
}

var (
	// How servers say "too fast". Not "try again later": that is what greylisting says, too.
	tooFast = regexp.MustCompile(`(?i)throttl|slow(ing)? down|too (fast|quickly)|\brate\b|\bratelimit|\bquota exceeded|\bsending limit`)
	// Greylisting turns a recipient away for some minutes and has nothing to do with speed.
	greylisted = regexp.MustCompile(`(?i)gr[ae]y-?list`)
	// A connection that was used up, or that nobody used for long.
	usedUp = regexp.MustCompile(`(?i)too many (messages|mails|e-?mails|errors|transactions)|(messages|mails|transactions) per (connection|session)|time-?out|timed out|\bidle\b`)
	// Refusals that would meet every other mail just the same.
	notUs = regexp.MustCompile(`(?i)relay(ing)? (access )?(denied|not permitted|prohibited)|unable to relay|` +
		`authentication (is )?required|not authenticated|sending paused|paused for this account|` +
		`account (is |has been )?(suspended|disabled|paused|blocked)`)
)

// judge says what a reply other than the hoped-for one means. served is how many mails this
// connection has carried before.
func judge(at stage, code int, text []byte, served int) verdict {
	v := verdict{Handover: fibonacco.Handover{Code: code, Reason: clean(string(text))}}
	v.domain = code < 500 && at != atMail && isPolicy(text)
	switch {
	case code == 421:
		// The service goes away, and says nothing about the mail. But when it has seen the body,
		// that was its answer to it.
		v.Result, v.effect = fibonacco.NotTried, backOff
		if at == atDot {
			v.Result = fibonacco.Deferred
		}
		if served > 0 && usedUp.Match(text) {
			v.effect = reconnect
		}
	case code < 500:
		v.Result = fibonacco.Deferred
		if asksForLess(text) {
			v.effect = slowDown
		}
	case refusesUs(at, code, text):
		v.Result, v.effect = fibonacco.NotTried, refuseUs
	default:
		v.Result = fibonacco.Refused
	}
	return v
}

// asksForLess reports whether a 4xx reply is about our speed or the server's health, not about
// this mail.
func asksForLess(text []byte) bool {
	if greylisted.Match(text) {
		return false
	}
	if _, subject, detail, ok := enhanced(text); ok {
		switch {
		case subject == 1 || subject == 2: // the recipient's address or mailbox
			return false
		case subject == 7: // policy
			return true
		case subject == 3 && (detail == 1 || detail == 2): // system full, system not accepting
			return true
		}
	}
	return tooFast.Match(text)
}

// isPolicy reports whether a reply carries a status of policy, 4.7.x, which is how domains ask for less.
func isPolicy(text []byte) bool {
	_, subject, _, ok := enhanced(text)
	return ok && subject == 7 && !greylisted.Match(text)
}

// refusesUs reports whether a 5xx reply is about us or our sender address: no login, not allowed
// to relay, account suspended. Every other mail would be refused as well, so none of them is to
// blame.
func refusesUs(at stage, code int, text []byte) bool {
	switch code {
	case 530, 534, 535, 538: // authentication
		return true
	}
	if notUs.Match(text) {
		return true
	}
	if at != atMail {
		return false
	}
	// What MAIL says about the size of a message, or a parameter it needs, is about that mail.
	_, subject, detail, ok := enhanced(text)
	return code != 552 && code != 555 && (!ok || subject != 3 || detail != 4)
}

// providerID finds the id under which a provider will report on a mail, in its reply to the body.
// Only Amazon's is known: "Ok 0100018f2b…-000000". Relays answer with queue ids that nobody asks for.
func providerID(text []byte) string {
	id, ok := bytes.CutPrefix(text, []byte("Ok "))
	if !ok || len(id) < 40 || len(bytes.Trim(id, "0123456789abcdef-")) > 0 {
		return ""
	}
	return string(id)
}

package mailtest

import (
	"strings"
	"time"
)

// Step is a point of an SMTP conversation at which a Rule can act.
type Step string

// The steps, in the order they come.
const (
	AtGreeting Step = "greeting" // on connecting, instead of 220
	AtEHLO     Step = "EHLO"
	AtHELO     Step = "HELO"
	AtSTARTTLS Step = "STARTTLS"
	AtAUTH     Step = "AUTH"
	AtMAIL     Step = "MAIL"
	AtRCPT     Step = "RCPT"
	AtDATA     Step = "DATA"
	AtBody     Step = "body" // when the first bytes of a message are there, before its end
	AtDot      Step = "dot"  // when a message is there to its end
	AtRSET     Step = "RSET"
	AtNOOP     Step = "NOOP"
	AtQUIT     Step = "QUIT"
)

// Rule is one piece of bad behaviour. The first rule that fits acts. A rule with none of Reply,
// Raw, Hang and Drop only waits (or splits) and then the server goes on as usual.
type Rule struct {
	At   Step
	Nth  int    // fits only the n-th time the server is at this step, over all connections, from 1; 0 fits always
	Upto int    // with Nth 0: fits only the first so many times; 0 fits always
	Line string // fits only when the command holds this; "" fits always

	Wait  time.Duration // before anything else
	Reply string        // instead of the usual answer, without the line end; lines are parted by "\n"
	Raw   string        // these bytes in place of an answer; counts as no answer
	Split bool          // the answer goes out byte by byte
	Hang  bool          // no answer, and nothing is read any more, until the server closes
	Drop  bool          // the connection is closed, after Reply if there is one
}

func (r *Rule) fits(at Step, nth int, line string) bool {
	switch {
	case r.At != at:
		return false
	case r.Nth > 0 && r.Nth != nth:
		return false
	case r.Upto > 0 && nth > r.Upto:
		return false
	}
	return strings.Contains(line, r.Line)
}

// silent reports whether no answer comes where one is due.
func (r *Rule) silent() bool { return r.Reply == "" && (r.Raw != "" || r.Drop || r.Hang) }

// rule notes that the server is at a step, and finds the rule that acts, if any.
func (s *Server) rule(at Step, line string) *Rule {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen[at]++
	for i := range s.rules {
		if s.rules[i].fits(at, s.seen[at], line) {
			rule := s.rules[i]
			return &rule
		}
	}
	return nil
}

// SetRules replaces the rules and starts counting steps anew.
func (s *Server) SetRules(rules ...Rule) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules, s.seen = rules, map[Step]int{}
}

// Seen is how often the server was at a step since the rules were set.
func (s *Server) Seen(at Step) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen[at]
}

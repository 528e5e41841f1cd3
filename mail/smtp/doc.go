// Package smtp hands mails to SMTP servers, one or several: a relay, a submission service, Amazon's
// SMTP endpoint.
//
// For each server there is a fixed number of lanes. A lane is a goroutine with at most one connection. It
// takes a mail, and as long as another is at hand it writes the body of the one and the commands
// of the next together:
//
//	body of 1 <CRLF> . <CRLF> MAIL FROM … RCPT TO … DATA     (for 2)
//
// so that one mail costs one round trip, not five. Without PIPELINING it goes step by step.
//
// Three rules keep a mail from arriving twice (R1). A body leaves only after the server answered
// 354 for exactly that mail. flight.Intent is called just before. When a connection breaks, the
// mail whose body was on it is Unanswered; any other starts over, because a server delivers
// nothing before it has seen the final dot.
//
// What concerns all lanes is in gate: when the server is away nobody takes mail (breaker), when
// it says "slow down" all of them slow down (pace).
//
// Several servers share the mail by weight, and each gets what another has not begun (spread).
//
// Read options.go and url.go, then lane.go, take.go (when a mail is taken), exchange.go (the conversation),
// verdict.go (what each reply means), broken.go (what a lost connection means), gate.go, and spread.go with turn.go.
package smtp

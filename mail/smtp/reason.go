package smtp

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"regexp"
	"strings"
	"syscall"
	"unicode/utf8"
)

// maxReason is how many bytes of a server's words are kept.
const maxReason = 300

// mailbox finds addresses in free text, also percent-encoded in links, quoted, or with an IP
// address for a domain. Rather too much than too little: what is left ends up in logs and pages.
var mailbox = regexp.MustCompile(`(?:"[^"]*"|[^\s<>()\[\],;:"'=]+)(?:@|%40)(?:\[[^\]]*\]?|[^\s<>()\[\],;:"']+)`)

// clean makes words of a server fit to be shown and logged: one line, no addresses, not too long.
func clean(text string) string {
	text = strings.ToValidUTF8(text, "?")
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }), " ")
	text = mailbox.ReplaceAllString(text, "(address)")
	if len(text) > maxReason {
		cut := maxReason
		for !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = text[:cut] + "…"
	}
	return text
}

// explain says in a few words what went wrong on the network.
func explain(err error) string {
	var dns *net.DNSError
	switch {
	case isTimeout(err):
		return "no answer in time"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.As(err, &dns):
		return "host not found"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET),
		errors.Is(err, syscall.EPIPE), errors.Is(err, net.ErrClosed):
		return "connection lost"
	case errors.Is(err, context.Canceled):
		return "stopped"
	}
	return clean(err.Error())
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) ||
		(errors.As(err, &timeout) && timeout.Timeout())
}

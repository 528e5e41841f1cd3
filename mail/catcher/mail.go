package catcher

import (
	"bytes"
	"fmt"
	"mime"
	"strings"
	"unicode/utf8"

	"github.com/fibonacco/fibonacco"
)

// The domains that show failure. They are reserved (RFC 2606): nobody's mail is lost.
const (
	RefuseDomain = "refuse.example" // 550, for good
	DeferDomain  = "defer.example"  // 451, for now
)

// verdict knows the mails that are not caught.
func verdict(mail *fibonacco.Mail) (h fibonacco.Handover, failed bool) {
	domain := mail.To[strings.LastIndexByte(mail.To, '@')+1:]
	switch {
	case len(mail.Message) > maxRecord/2:
		return fibonacco.Handover{Result: fibonacco.Refused, Code: 552, Reason: "5.3.4 the message is too large"}, true
	case strings.EqualFold(domain, RefuseDomain):
		reason := fmt.Sprintf("5.1.1 nobody at %s takes mail", RefuseDomain)
		return fibonacco.Handover{Result: fibonacco.Refused, Code: 550, Reason: reason}, true
	case strings.EqualFold(domain, DeferDomain):
		reason := fmt.Sprintf("4.2.1 %s takes mail later", DeferDomain)
		return fibonacco.Handover{Result: fibonacco.Deferred, Code: 451, Reason: reason}, true
	}
	return h, false
}

// words decodes the subjects of RFC 2047.
var words mime.WordDecoder

// subject finds a message's subject, unfolded and decoded; "" when there is none.
func subject(message []byte) string {
	header, _, _ := bytes.Cut(message, []byte("\r\n\r\n"))
	const name = "subject:"
	for len(header) > 0 {
		line, rest, _ := bytes.Cut(header, []byte("\r\n"))
		header = rest
		if len(line) < len(name) || !strings.EqualFold(string(line[:len(name)]), name) {
			continue
		}
		text := string(line[len(name):])
		for len(rest) > 0 && (rest[0] == ' ' || rest[0] == '\t') {
			line, rest, _ = bytes.Cut(rest, []byte("\r\n"))
			text += " " + string(bytes.TrimLeft(line, " \t"))
		}
		text = strings.TrimSpace(text)
		if decoded, err := words.DecodeHeader(text); err == nil {
			text = decoded
		}
		return strings.ToValidUTF8(text, "?")
	}
	return ""
}

// cut keeps a field small enough for a record.
func cut(s string) string {
	if len(s) <= maxField {
		return s
	}
	end := maxField
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

package smtp

import (
	"errors"
	"strings"

	"golang.org/x/net/idna"
)

// maxAddress keeps a command within the 512 bytes that every server takes.
const maxAddress = 320

var (
	errAddress = errors.New("is not a valid address")
	errDomain  = errors.New("has a domain that is not valid")
)

// envelopeAddress checks an address that goes between angle brackets, and makes its domain ASCII.
// utf8 is true when the local part needs SMTPUTF8. Nothing that could end the command or the path
// gets through: no control characters, no angle brackets, spaces only inside quotes.
func envelopeAddress(address string) (ascii string, utf8 bool, err error) {
	at := strings.LastIndexByte(address, '@')
	if at < 1 || at == len(address)-1 || len(address) > maxAddress {
		return "", false, errAddress
	}
	local, domain := address[:at], address[at+1:]
	quoted := len(local) > 2 && local[0] == '"' && local[len(local)-1] == '"'
	for i := range len(local) {
		switch c := local[i]; {
		case c < ' ' || c == 0x7f || c == '<' || c == '>':
			return "", false, errAddress
		case !quoted && (c == ' ' || c == '"' || c == ',' || c == ';' || c == '@'):
			return "", false, errAddress
		case c >= 0x80:
			utf8 = true
		}
	}
	plain := true
	for i := range len(domain) {
		switch c := domain[i]; {
		case c >= 0x80:
			plain = false
		case c <= ' ' || c == 0x7f || strings.IndexByte(`<>"(),;\`, c) >= 0:
			return "", false, errDomain
		}
	}
	if !plain {
		if domain, err = idna.Lookup.ToASCII(domain); err != nil {
			return "", false, errDomain
		}
		address = local + "@" + domain
	}
	return address, utf8, nil
}

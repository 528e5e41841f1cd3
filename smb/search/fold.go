package search

import (
	"strings"

	"github.com/fibonacco/fibonacco/smb/normal"
)

// Text is a business as it is searched. Each word has a space before it, so that the beginning of
// a word can be told from its middle.
type Text struct {
	Name  string // " cafe del mar llc"
	Words string // the trading name likewise, the address in lower case, the digits of the number
}

// TextOf folds what a business is found by.
func TextOf(name, tradingName, email, phone string) Text {
	var b strings.Builder
	spaced(&b, normal.Words(tradingName))
	spaced(&b, lower(email))
	spaced(&b, digits(phone))
	words := b.String()
	b.Reset()
	spaced(&b, normal.Words(name))
	return Text{Name: b.String(), Words: words}
}

func spaced(b *strings.Builder, text string) {
	if text != "" {
		b.WriteByte(' ')
		b.WriteString(text)
	}
}

// lower is an address in lower case, as one word.
func lower(email string) string { return strings.Join(strings.Fields(strings.ToLower(email)), "") }

func digits(phone string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, phone)
}

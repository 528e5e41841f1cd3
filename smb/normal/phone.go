package normal

import (
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// region is where a number without a country code is.
const region = "US"

// Phone is a telephone number in E.164, "+17185550142", from any way people write one. A number
// without a country code is taken to be American, an extension is dropped, and of two numbers in
// one text ("718-555-0142 / 347-555-0100") the first counts. ok is false, and e164 "", for what
// is no number that could ring, an empty text and a local number without its area code included.
//
// The numbers kept for fiction and tests, 555-0100 to 555-0199, count as valid in every area
// code, so that sample businesses can have telephones.
func Phone(raw string) (e164 string, ok bool) {
	if e164, ok := plainPhone(raw); ok {
		return e164, true
	}
	return parsePhone(raw)
}

// plainPhone is the short way, some fifty times as fast as the library: ten digits, or eleven
// beginning with 1, with nothing around them but the usual punctuation, in an area code where
// the library accepts every number. A false answer means "ask the library".
func plainPhone(raw string) (e164 string, ok bool) {
	if len(raw) > 32 {
		return "", false
	}
	var digits [12]byte
	digits[0] = '+'
	n, plus, open := 1, false, false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case c >= '0' && c <= '9':
			if n == 1 && c != '1' {
				digits[1], n = '1', 2
				if plus {
					return "", false // another country's
				}
			}
			if n == len(digits) {
				return "", false
			}
			digits[n] = c
			n++
		case c == '+' && n == 1 && !plus && !open:
			plus = true
		case c == '(' && !open && n <= 2:
			open = true
		case c == ')' && open, c == ' ', c == '-' && n > 1, c == '.' && n > 1:
		default:
			return "", false
		}
	}
	if n != len(digits) || digits[5] < '2' || !uniform[int(digits[2]-'0')*100+int(digits[3]-'0')*10+int(digits[4]-'0')] {
		return "", false
	}
	return string(digits[:]), true
}

// parsePhone asks the library, once for the whole text and once for the first of several numbers.
func parsePhone(raw string) (string, bool) {
	text := strings.TrimSpace(raw)
	if whole, fraction, ok := strings.Cut(text, "."); ok && fraction == "0" && isDigits(whole) {
		text = whole // a spreadsheet took the number for a number
	}
	if e164, ok := parseOne(text); ok {
		return e164, true
	}
	for _, separator := range []string{"/", ";", ",", "|", "\n", " or ", " and ", " & "} {
		if first, _, ok := strings.Cut(text, separator); ok {
			if e164, ok := parseOne(strings.TrimSpace(first)); ok {
				return e164, true
			}
		}
	}
	return "", false
}

func parseOne(text string) (string, bool) {
	if len(text) < 7 || len(text) > 100 {
		return "", false
	}
	number, err := phonenumbers.Parse(text, region)
	if err != nil {
		return "", false
	}
	if !phonenumbers.IsValidNumber(number) && !fictitious(number) {
		return "", false
	}
	return phonenumbers.Format(number, phonenumbers.E164), true
}

// fictitious reports whether a number is NXX-555-01XX.
func fictitious(number *phonenumbers.PhoneNumber) bool {
	national := number.GetNationalNumber()
	return number.GetCountryCode() == 1 && national >= 2_000_000_000 && national <= 9_999_999_999 &&
		national%10_000_000/100 == 555_01
}

func isDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

package normal

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxKey is how many characters a key column holds.
const maxKey = 255

// NameKey is the part of a business's name that stays the same however it is written: lower case,
// no accents, no punctuation, "&" as "and", single spaces, and no company form at the end ("LLC",
// "Inc.", "Corp", "Co", "Ltd", "L.L.C."). At most 255 characters. It is "" for a name without
// letters and digits; "" is not a key to compare by. NameKey of a key is the key itself.
func NameKey(name string) string {
	key := words(name)
	if len(key) > maxKey {
		key = key[:cut(key)]
	}
	return string(trimForms(key))
}

// Words is a text as it is searched, and searched for: NameKey's letters and single spaces, of any
// length and with nothing taken off its end. Words of words are the same words.
func Words(text string) string { return string(words(text)) }

// TrimForms is words without the company forms at their end: NameKey(name) is TrimForms(Words(name))
// as long as that fits a key.
func TrimForms(words string) string { return string(trimForms([]byte(words))) }

func words(text string) []byte {
	if isASCII(text) {
		return appendWords(make([]byte, 0, len(text)+4), text)
	}
	return appendWords(make([]byte, 0, len(text)+4), norm.NFC.String(fold(text)))
}

// fold takes accents off letters and puts them in lower case.
func fold(name string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.ToValidUTF8(name, " ")) {
		switch {
		case r >= 0x300 && r <= 0x36f: // the accent of the letter before
			continue
		}
		r = unicode.ToLower(r)
		if plain, ok := unaccented[r]; ok {
			b.WriteString(plain)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// unaccented is the letters that Unicode does not take apart.
var unaccented = map[rune]string{
	'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'đ': "d", 'ð': "d", 'ł': "l", 'þ': "th", 'ı': "i", 'ħ': "h", 'ŧ': "t",
	'’': "'", '‘': "'", '`': "'", '´': "'", 'ʼ': "'",
}

// appendWords writes the words of a name with single spaces between them.
func appendWords(key []byte, name string) []byte {
	space, run := false, 0 // run: letters and digits since the last separator or dot
	word := func() {
		if space && len(key) > 0 {
			key = append(key, ' ')
		}
		space = false
		run++
	}
	for i := 0; i < len(name); {
		c := name[i]
		if c < utf8.RuneSelf {
			i++
			switch {
			case c >= 'A' && c <= 'Z':
				word()
				key = append(key, c+'a'-'A')
			case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
				word()
				key = append(key, c)
			case c == '\'': // Joe's is Joes
			case c == '.' && run == 1: // L.L.C. is LLC, but St. Mary is two words
				run = 0
			case c == '&':
				space = true
				word()
				key = append(key, "and"...)
				space, run = true, 0
			default:
				space, run = true, 0
			}
			continue
		}
		r, size := utf8.DecodeRuneInString(name[i:])
		i += size
		if unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) {
			word()
			key = utf8.AppendRune(key, r)
		} else {
			space, run = true, 0
		}
	}
	return key
}

// forms is the company forms that say nothing about which business it is.
var forms = []string{
	"llc", "inc", "corp", "co", "ltd", "incorporated", "corporation", "company", "limited", "llp", "pllc", "l l c",
}

// BeginsForm reports whether a word may be the beginning of a company form.
func BeginsForm(word string) bool {
	for _, form := range forms {
		if strings.HasPrefix(form, word) {
			return true
		}
	}
	return false
}

// trimForms takes company forms off the end, but never all that there is.
func trimForms(key []byte) []byte {
	for again := true; again; {
		again = false
		for _, form := range forms {
			rest, ok := strings.CutSuffix(string(key), form)
			if ok && strings.HasSuffix(rest, " ") {
				key, again = key[:len(rest)-1], true
				break
			}
		}
	}
	return key
}

// cut is where a key that is too long ends: after the last whole character that fits.
func cut(key []byte) int {
	n := 0
	for i := 0; i < len(key); n++ {
		if n == maxKey {
			return len(strings.TrimRight(string(key[:i]), " "))
		}
		_, size := utf8.DecodeRune(key[i:])
		i += size
	}
	return len(key)
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// EmailKey is the form of an address that addresses are compared in: the whole of it in lower
// case, without space around it. "" stays "".
func EmailKey(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

package render

import (
	"strings"
	"unicode/utf8"

	"github.com/fibonacco/fibonacco/campaign/template"
)

// part is the HTML or the text of a mail: what is the same for everybody is quoted-printable
// already, each stretch ending at the beginning of a line.
type part []piece

// piece is one stretch of a part: static, the token of a link, a value, or what only Liquid can
// tell.
type piece struct {
	static []byte
	link   int // index of a link when nothing else is set
	value  *template.Part
	whole  *template.Template
}

// bodyMark is where a layout has the campaign's own text.
const bodyMark = string(lastToken)

// compilePart reads a layout and the body inside it: both Liquid, with runes for links. They are
// compiled apart, so that tags in a body slow down nothing else.
func compilePart(layout, body string, escape template.Escape) (part, error) {
	before, after, _ := strings.Cut(layout, bodyMark)
	var p part
	for _, source := range []string{before, body, after} {
		t, err := template.Compile(source, escape)
		if err != nil {
			return nil, err
		}
		parts, ok := t.Parts()
		if !ok {
			p = append(p, piece{whole: t})
		}
		for i := range parts {
			p = appendPieces(p, &parts[i])
		}
	}
	return p, nil
}

// appendPieces cuts a part of a template at its links and encodes what is static.
func appendPieces(p part, t *template.Part) part {
	if !t.Static() {
		return append(p, piece{value: t})
	}
	for text := t.Text; text != ""; {
		n, link := nextLink(text)
		if n > 0 {
			encoded, col := appendQP(nil, []byte(text[:n]))
			p = append(p, piece{static: softBreak(encoded, col)})
		}
		if link >= 0 {
			p = append(p, piece{link: link})
			n += utf8.RuneLen(firstLink)
		}
		text = text[n:]
	}
	return p
}

// nextLink is where the next link's rune begins and which link it is; without one it is the end
// and -1.
func nextLink(s string) (n, link int) {
	n = strings.IndexFunc(s, func(r rune) bool { return r >= firstLink })
	if n < 0 {
		return len(s), -1
	}
	r, _ := utf8.DecodeRuneInString(s[n:])
	return n, int(r - firstLink)
}

// append renders the part for one recipient. Each token is at most 64 characters of the kind that
// quoted-printable leaves alone, so it fits a line.
func (p part) append(dst []byte, f *template.Fields, t *tokens) ([]byte, error) {
	var space [512]byte
	for i := range p {
		switch q := &p[i]; {
		case q.static != nil:
			dst = append(dst, q.static...)
		case q.value != nil:
			var col int
			dst, col = appendQP(dst, q.value.Append(space[:0], f))
			dst = softBreak(dst, col)
		case q.whole != nil:
			var err error
			if dst, err = appendWhole(dst, q.whole, f, t); err != nil {
				return dst, err
			}
		default:
			dst = append(append(dst, t.of(q.link)...), '=', '\r', '\n')
		}
	}
	return dst, nil
}

// appendWhole lets Liquid render and puts the links in afterwards. No value holds a link's rune:
// the fields are clean.
func appendWhole(dst []byte, whole *template.Template, f *template.Fields, t *tokens) ([]byte, error) {
	out, err := whole.Render(nil, *f)
	if err != nil {
		return dst, err
	}
	var b []byte
	for text := string(out); text != ""; {
		n, link := nextLink(text)
		b = append(b, text[:n]...)
		if link >= 0 {
			b = append(b, t.of(link)...)
			n += utf8.RuneLen(firstLink)
		}
		text = text[n:]
	}
	dst, col := appendQP(dst, b)
	return softBreak(dst, col), nil
}

package render

import (
	"strings"
	"unicode/utf8"

	"github.com/fibonacco/fibonacco/campaign/template"
)

// part is the HTML or the text of a mail: what is the same for everybody is quoted-printable
// already, each stretch ending at the beginning of a line.
type part struct {
	pieces []piece
	whole  *template.Template // instead of pieces: the body has tags, which only Liquid understands
}

// piece is one stretch of a part: static, the token of a link, or a value.
type piece struct {
	static []byte
	link   int // index of a link when static and value are nil
	value  *template.Part
}

// compilePart reads a page that is Liquid with runes for links.
func compilePart(source string, escape template.Escape) (part, error) {
	t, err := template.Compile(source, escape)
	if err != nil {
		return part{}, err
	}
	parts, ok := t.Parts()
	if !ok {
		return part{whole: t}, nil
	}
	var p part
	for i := range parts {
		if !parts[i].Static() {
			p.pieces = append(p.pieces, piece{value: &parts[i]})
			continue
		}
		text := parts[i].Text
		for text != "" {
			n, link := nextLink(text)
			if n > 0 {
				encoded, col := appendQP(nil, []byte(text[:n]))
				p.pieces = append(p.pieces, piece{static: softBreak(encoded, col)})
			}
			if link >= 0 {
				p.pieces = append(p.pieces, piece{link: link})
				n += utf8.RuneLen(firstLink)
			}
			text = text[n:]
		}
	}
	return p, nil
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
func (p *part) append(dst []byte, f *template.Fields, t *tokens) ([]byte, error) {
	if p.whole != nil {
		return p.appendWhole(dst, f, t)
	}
	var space [512]byte
	for i := range p.pieces {
		switch q := &p.pieces[i]; {
		case q.static != nil:
			dst = append(dst, q.static...)
		case q.value != nil:
			var col int
			dst, col = appendQP(dst, q.value.Append(space[:0], f))
			dst = softBreak(dst, col)
		default:
			dst = append(append(dst, t.of(q.link)...), '=', '\r', '\n')
		}
	}
	return dst, nil
}

// appendWhole lets Liquid render and puts the links in afterwards. No value holds a link's rune:
// the fields are clean.
func (p *part) appendWhole(dst []byte, f *template.Fields, t *tokens) ([]byte, error) {
	out, err := p.whole.Render(nil, *f)
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

package pdf

import (
	"strings"
)

// line is one piece of a page that is not taken apart.
type line struct {
	before float64 // space above it, which falls away at the top of a page
	height float64
	keep   bool // stays on a page with the next one
	draw   func(y float64)
	late   func() []line // lines that are only known once everything before them is set
}

// run is a stretch of text in one style.
type run struct {
	text  string
	style style
	link  string // an address; "" is none
	brk   bool   // a line ends here, whatever text says
}

// word is what stays on one line, in one or more styles: "**Note**:" is one of two pieces.
type word struct {
	pieces []run
	width  float64
	brk    bool // the line ends behind it
}

// words takes runs apart at their blanks. A non-breaking one is none.
func (s *sheet) words(runs []run, size float64) []word {
	var all []word
	open := false // the last word may go on
	for _, r := range runs {
		if r.brk {
			if len(all) > 0 {
				all[len(all)-1].brk = true
			}
			open = false
			continue
		}
		text, missing := printable(r.text)
		s.missing = s.missing || missing
		f := faceOf(r.style)
		for i, part := range strings.Split(text, " ") {
			if i > 0 {
				open = false
			}
			if part == "" {
				continue
			}
			piece := run{text: part, style: r.style, link: r.link}
			if !open {
				all = append(all, word{})
			}
			w := &all[len(all)-1]
			w.pieces, w.width, open = append(w.pieces, piece), w.width+f.width(part, size), true
		}
	}
	return all
}

// wrap fills lines of a width, each as long as it can be. A word that is wider is cut.
func wrap(words []word, width, size float64) [][]word {
	blank := faceOf(0).advance[' '] * size
	var lines [][]word
	var at []word
	used := 0.0
	end := func() {
		lines = append(lines, at)
		at, used = nil, 0
	}
	for _, w := range words {
		for w.width > width {
			if used > 0 {
				end()
			}
			var head word
			head, w = w.cut(width, size)
			at = []word{head}
			end()
		}
		if len(w.pieces) == 0 {
			continue
		}
		if len(at) > 0 && used+blank+w.width > width {
			end()
		}
		if len(at) > 0 {
			used += blank
		}
		at, used = append(at, w), used+w.width
		if w.brk {
			end()
		}
	}
	if len(at) > 0 {
		end()
	}
	return lines
}

// cut takes off as much as fits, and one character at least.
func (w word) cut(width, size float64) (head, rest word) {
	rest.brk = w.brk
	used, full := 0.0, false
	for _, p := range w.pieces {
		f := faceOf(p.style)
		split := len(p.text)
		for i, r := range p.text {
			step := f.advance[r] * size
			if full || used+step > width && used > 0 {
				split, full = i, true
				break
			}
			used += step
		}
		if split > 0 {
			piece := p
			piece.text = p.text[:split]
			head.pieces = append(head.pieces, piece)
		}
		if split < len(p.text) {
			piece := p
			piece.text = p.text[split:]
			rest.pieces = append(rest.pieces, piece)
			rest.width += f.width(piece.text, size)
		}
	}
	head.width = used
	return head, rest
}

// joined is a line's words as few stretches, each in one style, with the blanks between them.
func joined(words []word) []run {
	var out []run
	add := func(p run) {
		if n := len(out); n > 0 && out[n-1].style == p.style && out[n-1].link == p.link {
			out[n-1].text += p.text
			return
		}
		out = append(out, p)
	}
	for i, w := range words {
		if i > 0 {
			// A blank belongs to a link, or to a style, only when both of its sides do.
			before, after := words[i-1].pieces[len(words[i-1].pieces)-1], w.pieces[0]
			blank := run{text: " "}
			if before.link == after.link {
				blank.link = before.link
			}
			if before.style == after.style {
				blank.style = before.style
			}
			add(blank)
		}
		for _, p := range w.pieces {
			add(p)
		}
	}
	return out
}

package pdf

import (
	"strings"
	"sync"
	"unicode"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gobolditalic"
	"golang.org/x/image/font/gofont/goitalic"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/text/unicode/norm"
)

// style is how a run looks. The zero value is upright and regular.
type style uint8

const (
	bold style = 1 << iota
	italic
	mono
)

const (
	box    = "□" // stands for a character without a glyph
	bullet = "•"
)

// face is one font. The Go fonts have the letters of Western and Eastern Europe, Greek and Cyrillic.
type face struct {
	family, style string // as fpdf calls it
	ttf           []byte
	advance       map[rune]float64 // of every rune that has a glyph, in ems
}

// faces are made once: reading a font's widths takes longer than setting a page.
var faces = sync.OnceValue(func() map[style]*face {
	all := map[style]*face{
		0:             {family: "go", style: "", ttf: goregular.TTF},
		bold:          {family: "go", style: "B", ttf: gobold.TTF},
		italic:        {family: "go", style: "I", ttf: goitalic.TTF},
		bold | italic: {family: "go", style: "BI", ttf: gobolditalic.TTF},
		mono:          {family: "mono", style: "", ttf: gomono.TTF},
	}
	for _, f := range all {
		f.measure()
	}
	return all
})

// faceOf is the font of a style. There is one monospaced one, whatever else is asked for.
func faceOf(s style) *face {
	if s&mono != 0 {
		s = mono
	}
	return faces()[s]
}

// measure reads the widths. A font that cannot be read is part of the program and has no others: it panics.
func (f *face) measure() {
	parsed, err := sfnt.Parse(f.ttf)
	if err != nil {
		panic("pdf: the font " + f.family + f.style + ": " + err.Error())
	}
	f.advance = map[rune]float64{}
	var buf sfnt.Buffer
	const ems = 1000
	for r := rune(' '); r < 0xFFFD; r++ {
		glyph, err := parsed.GlyphIndex(&buf, r)
		if err != nil || glyph == 0 {
			continue
		}
		if w, err := parsed.GlyphAdvance(&buf, glyph, fixed.I(ems), font.HintingNone); err == nil && w > 0 {
			f.advance[r] = float64(w) / 64 / ems
		}
	}
}

// width of a text that printable has passed, in points.
func (f *face) width(text string, size float64) (w float64) {
	for _, r := range text {
		w += f.advance[r]
	}
	return w * size
}

// printable is a text that every face can show. What a face has no glyph for becomes its plain letter
// where there is one, else a box; what cannot be seen goes. missing reports whether there is a box.
func printable(text string) (out string, missing bool) {
	if plainText(text) {
		return text, false
	}
	var b strings.Builder
	joined := false // the next rune is part of what stands there already
	for _, r := range norm.NFC.String(text) {
		part := joined
		joined = r == zeroWidthJoiner
		switch {
		case unicode.IsSpace(r) && r != nonBreaking:
			b.WriteByte(' ')
		case shown(r):
			b.WriteRune(r)
		case unicode.IsControl(r), unicode.In(r, unicode.Cf, unicode.Mn, unicode.Me, unicode.Cs), skinTone(r), part:
		default:
			if letters := decomposed(r); letters != "" {
				b.WriteString(letters)
				continue
			}
			b.WriteString(box)
			missing = true
		}
	}
	return b.String(), missing
}

const (
	nonBreaking     = '\u00a0'
	zeroWidthJoiner = '\u200d'
)

func plainText(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// shown reports whether every face has a glyph.
func shown(r rune) bool {
	for _, f := range faces() {
		if _, ok := f.advance[r]; !ok {
			return false
		}
	}
	return true
}

func skinTone(r rune) bool { return r >= 0x1F3FB && r <= 0x1F3FF }

// decomposed is a rune by plainer ones, "" when that cannot be shown either.
func decomposed(r rune) string {
	var b strings.Builder
	for _, part := range norm.NFKD.String(string(r)) {
		switch {
		case shown(part):
			b.WriteRune(part)
		case !unicode.Is(unicode.Mn, part):
			return ""
		}
	}
	return b.String()
}

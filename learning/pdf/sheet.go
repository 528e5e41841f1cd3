package pdf

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"codeberg.org/go-pdf/fpdf"
)

// color is one of the product's own, as components from 0 to 255.
type color struct{ r, g, b int }

var (
	text1    = &color{0x14, 0x22, 0x2C}
	text2    = &color{0x46, 0x55, 0x60}
	ink      = &color{0x0F, 0x55, 0x70}
	ink3     = &color{0x3F, 0x86, 0xA3}
	ink2     = &color{0x9C, 0xC2, 0xD1}
	honey    = &color{0xF0, 0xAE, 0x1C}
	hairline = &color{0xC6, 0xC3, 0xBA}
)

// US Letter, in points. The text is as wide as is read with ease.
const (
	pageWidth, pageHeight = 612.0, 792.0
	marginLeft            = 86.0
	marginTop             = 92.0
	marginBottom          = 84.0
	headAt, footAt        = 46.0, 742.0 // baselines of what stands on every page
)

// mostPages bounds a paper: many times the longest article.
const mostPages = 60

// sheet is a paper that is being set.
type sheet struct {
	press   *Press
	company string
	title   string
	at      time.Time
	pdf     *fpdf.Fpdf
	left    float64
	y       float64
	fresh   bool // nothing stands on this page yet
	full    bool // mostPages are used up
	missing bool // a box stands for a character
	images  int
	fonts   map[*face]bool // that are in the file: each takes time and room
}

func newSheet(s sheet) *sheet {
	s.pdf = fpdf.NewCustom(&fpdf.InitType{UnitStr: "pt", Size: fpdf.SizeType{Wd: pageWidth, Ht: pageHeight}})
	s.pdf.SetAutoPageBreak(false, 0)
	s.pdf.SetMargins(0, 0, 0)
	s.pdf.SetCatalogSort(true)
	s.pdf.SetCreationDate(s.at)
	s.pdf.SetModificationDate(s.at)
	s.pdf.SetLang("en-US")
	title, _ := printable(s.title)
	author, _ := printable(s.company)
	s.pdf.SetTitle(title, true)
	s.pdf.SetAuthor(author, true)
	s.fonts = map[*face]bool{}
	s.left = marginLeft
	s.newPage()
	return &s
}

func (s *sheet) width() float64 { return pageWidth - 2*marginLeft }

// room is what is left of the page.
func (s *sheet) room() float64 { return pageHeight - marginBottom - s.y }

func (s *sheet) newPage() {
	if s.pdf.PageNo() >= mostPages {
		s.full = true
		return
	}
	s.pdf.AddPage()
	s.y, s.fresh = marginTop, true
}

// place puts lines on pages. Those that are to be kept together go to the next page together, unless a
// page cannot hold them.
func (s *sheet) place(lines []line) {
	for i := 0; i < len(lines) && !s.full; {
		if lines[i].late != nil {
			s.place(lines[i].late())
			i++
			continue
		}
		end := i + 1
		height := lines[i].before + lines[i].height
		for end < len(lines) && lines[end-1].keep && lines[end].late == nil {
			height += lines[end].before + lines[end].height
			end++
		}
		if height > s.room() && !s.fresh && height <= pageHeight-marginTop-marginBottom {
			s.newPage()
		}
		for ; i < end && !s.full; i++ {
			s.placeLine(lines[i])
		}
	}
}

func (s *sheet) placeLine(l line) {
	if !s.fresh && l.before+l.height > s.room() {
		if s.newPage(); s.full {
			return
		}
	}
	if !s.fresh {
		s.y += l.before
	}
	l.draw(s.y)
	s.y += l.height
	s.fresh = s.fresh && l.height == 0
}

// use makes a face the one of the next text.
func (s *sheet) use(f *face, size float64) {
	if !s.fonts[f] {
		s.fonts[f] = true
		// fpdf writes into the bytes it is given while it makes the font smaller.
		s.pdf.AddUTF8FontFromBytes(f.family, f.style, slices.Clone(f.ttf))
	}
	s.pdf.SetFont(f.family, f.style, size)
}

// drawText draws one line whose top is at y.
func (s *sheet) drawText(x, y float64, stretches []run, b block) {
	// The baseline: the fonts stand .95 of their size above it and .21 below.
	base := y + (b.lead-1.16)*b.size/2 + .95*b.size
	for _, r := range stretches {
		f := faceOf(r.style)
		w := f.width(r.text, b.size)
		c := b.color
		if r.link != "" {
			c = ink
		}
		s.use(f, b.size)
		s.pdf.SetTextColor(c.r, c.g, c.b)
		s.pdf.Text(x, base, r.text)
		if r.link != "" {
			s.fill(x, base+.14*b.size, w, .5, ink2)
			s.pdf.LinkString(x, y, w, b.size*b.lead, r.link)
		}
		x += w
	}
}

func (s *sheet) fill(x, y, w, h float64, c *color) {
	s.pdf.SetFillColor(c.r, c.g, c.b)
	s.pdf.Rect(x, y, w, h, "F")
}

// turnTo goes back to a page that was set already. Its font is not the last one used: the next text has
// to say its own, which fpdf leaves out when it thinks that nothing has changed.
func (s *sheet) turnTo(page int) {
	s.pdf.SetPage(page)
	s.use(faceOf(0), 1)
}

// finish draws what stands on every page, now that their number is known.
func (s *sheet) finish() ([]byte, error) {
	pages := s.pdf.PageCount()
	foot := block{size: 8, lead: 1, color: text2}
	for n := 1; n <= pages; n++ {
		s.turnTo(n)
		if n == 1 {
			s.mark(s.left, headAt-11)
			s.baseline(s.left+26, headAt, s.company, block{size: 9.5, color: text1}, bold, s.width()-26)
		} else {
			s.baseline(s.left, headAt, s.title, foot, 0, s.width())
		}
		number := fmt.Sprintf("Page %d of %d", n, pages)
		w := faceOf(0).width(number, foot.size)
		s.baseline(s.left+s.width()-w, footAt, number, foot, 0, w+1)
		s.baseline(s.left, footAt, s.signature(), foot, 0, s.width()-w-21)
	}
	var out bytes.Buffer
	if err := s.pdf.Output(&out); err != nil {
		return nil, fmt.Errorf("write a PDF of %d pages: %w", pages, err)
	}
	return out.Bytes(), nil
}

// signature is who stands behind every page.
func (s *sheet) signature() string {
	if s.press.Company.PostalAddress == "" {
		return s.company
	}
	return s.company + ", " + s.press.Company.PostalAddress
}

// baseline draws one line of text, cut to a width, on a baseline.
func (s *sheet) baseline(x, y float64, text string, b block, st style, width float64) {
	text, missing := printable(text)
	s.missing = s.missing || missing
	s.pdf.SetTextColor(b.color.r, b.color.g, b.color.b)
	f := faceOf(st)
	s.use(f, b.size)
	s.pdf.Text(x, y, f.fit(text, b.size, width))
}

// fit is as much of a text as a width holds, with dots where it was cut.
func (f *face) fit(text string, size, width float64) string {
	if f.width(text, size) <= width {
		return text
	}
	const dots = "…"
	used := f.advance['…'] * size
	for i, r := range text {
		if used += f.advance[r] * size; used > width {
			return text[:i] + dots
		}
	}
	return text
}

// mark is the sign of the page's head: the product's rectangles, 21 by 13.
func (s *sheet) mark(x, y float64) {
	s.fill(x, y, 12.5, 13, ink)
	s.fill(x+13.3, y, 7.7, 7.6, ink3)
	s.fill(x+16.4, y+8.4, 4.6, 4.6, ink2)
	s.fill(x+13.3, y+10.5, 2.5, 2.5, honey)
	s.fill(x+13.3, y+8.4, 2.5, 1.5, ink2)
}

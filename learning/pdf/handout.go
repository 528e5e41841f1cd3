package pdf

import (
	"fmt"

	"github.com/fibonacco/fibonacco"
)

const (
	notesWidth = 152.0 // the column for notes, on the right
	notesGap   = 24.0
	notesPitch = 22.0 // between the lines to write on
	leastSlide = 5 * notesPitch
	slidePad   = 13.0
)

// placeSlide sets one slide with what is said to it on the left, and lines to write on beside it. It
// goes to the next page in one piece where a page can hold it.
func (s *sheet) placeSlide(i int, slide fibonacco.Slide) {
	width := s.width() - notesWidth - notesGap
	said := s.slideLines(i, slide, width)
	height := 0.0
	for _, l := range said {
		height += l.before + l.height
	}
	height = max(height, leastSlide) + 2*slidePad
	if page := pageHeight - marginTop - marginBottom; !s.fresh && height > s.room() && (height <= page || s.room() < leastSlide) {
		s.newPage()
	}
	if s.full {
		return
	}
	s.fill(s.left, s.y+slidePad/2, s.width(), .5, hairline)
	top, page := s.y+slidePad, s.pdf.PageNo()
	s.y, s.fresh = top, true // the slide's own space above does not count
	for _, l := range said {
		before := s.pdf.PageNo()
		s.placeLine(l)
		if s.full {
			return
		}
		if s.pdf.PageNo() != before { // longer than a page: notes beside each part
			s.notes(top, pageHeight-marginBottom, before)
			top, page = marginTop, s.pdf.PageNo()
		}
	}
	s.y = max(s.y, min(top+leastSlide, pageHeight-marginBottom))
	s.notes(top, s.y, page)
	s.y, s.fresh = s.y+slidePad, false
}

// notes draws the lines to write on, on a page that was set already.
func (s *sheet) notes(top, bottom float64, page int) {
	now := s.pdf.PageNo()
	s.turnTo(page)
	x := s.left + s.width() - notesWidth
	s.baseline(x, top+8, "Notes", block{size: 8, color: text2}, 0, notesWidth)
	for y := top + 8 + notesPitch; y <= bottom; y += notesPitch {
		s.fill(x, y, notesWidth, .5, hairline)
	}
	s.turnTo(now)
}

// slideLines is a slide in words: its number, headline, text and list, and what the narrator says.
func (s *sheet) slideLines(i int, slide fibonacco.Slide, width float64) []line {
	blocks := []block{
		{runs: plain(fmt.Sprintf("Slide %d", i+1)), size: 8.5, color: ink, keep: true},
		{runs: []run{{text: slide.Headline, style: bold}}, size: 13.5, lead: 1.22, before: 2, keep: true},
	}
	if slide.Body != "" {
		blocks = append(blocks, block{runs: plain(slide.Body), size: 10, before: 5})
	}
	for _, b := range itemBlocks(slide) {
		b.size, b.before = 10, 4
		blocks = append(blocks, b)
	}
	if slide.Narration != "" {
		blocks = append(blocks, block{kind: quote, runs: []run{{text: "“" + slide.Narration + "”", style: italic}}, size: 9, before: 8})
	}
	return s.setAll(blocks, width)
}

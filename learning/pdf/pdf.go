// Package pdf sets a learning page for paper: its article, and its slides as a handout with room for
// notes (M3-11). A page comes in filled for its reader and goes out as a file; nothing is read from the
// network or kept.
//
// Read in this order: pdf.go (the two papers), prose.go (an article's HTML as blocks), block.go and
// line.go (blocks as lines), sheet.go (lines on pages), handout.go, font.go.
//
// The same page makes the same bytes. No link in a paper is signed: it may be passed on, and lie about.
package pdf

import (
	"fmt"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
)

// Press makes papers. Safe for concurrent use when Picture is.
type Press struct {
	Company fibonacco.CompanyConfig // signs every paper
	Base    string                  // public URL without a slash at its end
	// Picture is the file behind an image's address, PNG or JPEG; nil where there is none. A nil func
	// has no pictures: their descriptions stand in.
	Picture func(src string) []byte
}

// Article is a page's article. Of a page that has none it is the slides' texts.
func (p *Press) Article(page *fibonacco.LearningPage) ([]byte, error) {
	s := p.sheet(page)
	lines := s.titleLines(page)
	blocks := parseProse(page.ArticleHTML, p.absolute)
	if len(blocks) == 0 {
		for _, slide := range page.Slides {
			blocks = append(blocks, slideBlocks(slide)...)
		}
	}
	lines = append(lines, s.setAll(blocks, s.width())...)
	lines = append(lines, s.signatureLines(page)...)
	s.place(lines)
	return s.finish()
}

// Handout is a page's slides, each with what is said to it and room for notes.
func (p *Press) Handout(page *fibonacco.LearningPage) ([]byte, error) {
	s := p.sheet(page)
	s.place(s.titleLines(page))
	s.y += 21
	for i, slide := range page.Slides {
		s.placeSlide(i, slide)
	}
	s.place(s.signatureLines(page))
	return s.finish()
}

func (p *Press) sheet(page *fibonacco.LearningPage) *sheet {
	company := p.Company.Name
	if company == "" {
		company = "Your local media company"
	}
	at := page.UpdatedAt
	if at.IsZero() {
		at = time.Unix(0, 0)
	}
	return newSheet(sheet{press: p, company: company, title: page.Title, at: at.UTC()})
}

// webAddress is where anybody may read the page.
func (p *Press) webAddress(page *fibonacco.LearningPage) string {
	return p.Base + "/learn/" + page.Slug
}

// titleLines is the head of a paper: whose it is, for whom, and what about.
func (s *sheet) titleLines(page *fibonacco.LearningPage) []line {
	var lines []line
	if page.For != "" {
		lines = append(lines, s.set(block{runs: plain("For " + page.For), size: 10.5, color: ink, keep: true}, s.width())...)
	}
	lines = append(lines, s.set(block{runs: []run{{text: page.Title, style: bold}}, size: 25, lead: 1.14, before: 4, keep: true}, s.width())...)
	rule := s.ruleLine(55, 2.5, ink3)
	rule.before, rule.keep = 13, true
	return append(lines, rule)
}

// signatureLines is the end of a paper: who stands behind it, and where it is on the web.
func (s *sheet) signatureLines(page *fibonacco.LearningPage) []line {
	rule := s.ruleLine(s.width(), .5, hairline)
	rule.before, rule.keep = 26, true
	lines := []line{rule}
	add := func(b block) {
		b.size, b.before, b.keep = 9, 5, true
		lines = append(lines, s.set(b, s.width())...)
	}
	add(block{runs: []run{{text: s.company, style: bold}}})
	if address := strings.TrimSpace(s.press.Company.PostalAddress); address != "" {
		add(block{runs: plain(address), color: text2})
	}
	if url := s.press.webAddress(page); s.press.Base != "" {
		add(block{runs: []run{{text: "On the web, with the slides and their sound: "}, {text: url, link: url}}, color: text2})
	}
	lines = append(lines, line{height: 0, draw: func(float64) {}}) // ends what is kept together
	return append(lines, line{late: s.missingNote})
}

// missingNote says what the boxes are, where there are any.
func (s *sheet) missingNote() []line {
	if !s.missing {
		return nil
	}
	return s.set(block{
		runs: plain(box + " stands for a character that the typeface of this paper does not have. The page on the web shows it."),
		size: 9, before: 5, color: text2,
	}, s.width())
}

// slideBlocks is what a slide says, for an article's place.
func slideBlocks(slide fibonacco.Slide) []block {
	blocks := []block{{kind: heading, level: 2, runs: plain(slide.Headline)}}
	if slide.Body != "" {
		blocks = append(blocks, block{runs: plain(slide.Body)})
	}
	return append(blocks, itemBlocks(slide)...)
}

// itemBlocks is a slide's list; steps are numbered.
func itemBlocks(slide fibonacco.Slide) []block {
	var blocks []block
	for i, item := range slide.Items {
		b := block{kind: listItem, marker: bullet, runs: labelled(item)}
		if slide.Component == "StepSlide" {
			b.marker = fmt.Sprintf("%d.", i+1)
		}
		blocks = append(blocks, b)
	}
	return blocks
}

// labelled sets the label of "Label: sentence" in bold.
func labelled(item string) []run {
	label, rest, ok := strings.Cut(item, ": ")
	if !ok || len(label) > 60 {
		return plain(item)
	}
	return []run{{text: label + ": ", style: bold}, {text: rest}}
}

func plain(text string) []run { return []run{{text: text}} }

package pdf

// blockKind is what a block is for.
type blockKind uint8

const (
	paragraph blockKind = iota
	heading
	listItem
	quote
	code
	rule
	table
	picture
)

// block is a part of a text, above lines and below pages. Sizes of 0 are the kind's own.
type block struct {
	kind   blockKind
	level  int    // of a heading, 1 to 6; of a list item and a quote, how deep it is, from 0
	marker string // of a list item; "" goes on with the item before
	runs   []run
	rows   [][]cell // of a table
	src    string   // of a picture
	alt    string

	size, lead, before float64 // points; times the size; points
	color              *color
	keep               bool
}

// cell is one of a table.
type cell struct{ runs []run }

const (
	textSize  = 10.5
	textLead  = 1.48
	listStep  = 18.0 // how far a list stands in
	quoteStep = 14.0
)

// measures are the sizes of a kind, for what a block does not say itself.
func (b block) measures() block {
	size, lead, before := textSize, textLead, 8.5
	switch b.kind {
	case heading:
		switch {
		case b.level <= 2:
			size, lead, before = 16, 1.2, 22
		case b.level == 3:
			size, lead, before = 12.5, 1.25, 17
		default:
			size, lead, before = textSize, 1.3, 13
		}
	case listItem:
		before = 4.5
	case code:
		size, lead = 9, 1.4
	case table:
		size, lead, before = 9.5, 1.35, 11
	case rule, picture:
		before = 13
	}
	if b.size == 0 {
		b.size = size
	}
	if b.lead == 0 {
		b.lead = lead
	}
	if b.before == 0 {
		b.before = before
	}
	if b.color == nil {
		b.color = text1
	}
	return b
}

// setAll sets blocks one below the other.
func (s *sheet) setAll(blocks []block, width float64) []line {
	var lines []line
	for _, b := range blocks {
		lines = append(lines, s.set(b, width)...)
	}
	return lines
}

// set makes a block's lines for a column of a width, which begins at the sheet's left edge.
func (s *sheet) set(b block, width float64) []line {
	b = b.measures()
	switch b.kind {
	case heading:
		for i := range b.runs {
			b.runs[i].style |= bold
		}
		b.keep = true
		return s.text(b, 0, width)
	case listItem:
		in := listStep * float64(b.level+1)
		lines := s.text(b, in, width)
		if len(lines) > 0 && b.marker != "" {
			lines[0] = s.marked(lines[0], b, in)
		}
		return lines
	case quote:
		in := quoteStep * float64(b.level+1)
		b.color = text2
		lines := s.text(b, in, width)
		for i := range lines {
			lines[i] = s.barred(lines[i], in-quoteStep+1, i > 0)
		}
		return lines
	case code:
		return s.text(b, 10, width)
	case rule:
		l := s.ruleLine(width, .5, hairline)
		l.before = b.before
		return []line{l}
	case table:
		return s.table(b, width)
	case picture:
		return s.picture(b, width)
	}
	return s.text(b, 0, width)
}

// text sets runs from in to width. No line of a paragraph is left alone on a page.
func (s *sheet) text(b block, in, width float64) []line {
	rows := wrap(s.words(b.runs, b.size), max(width-in, 4*b.size), b.size)
	lines := make([]line, len(rows))
	for i, row := range rows {
		stretches := joined(row)
		lines[i] = line{height: b.size * b.lead, draw: func(y float64) { s.drawText(s.left+in, y, stretches, b) }}
		lines[i].keep = b.keep || len(rows) > 1 && (i == 0 || i == len(rows)-2)
	}
	if len(lines) > 0 {
		lines[0].before = b.before
	}
	return lines
}

// marked puts a list's sign before a line.
func (s *sheet) marked(l line, b block, in float64) line {
	draw := l.draw
	f := faceOf(0)
	marker, _ := printable(b.marker)
	// Numbers stand to the right, so that their points are below one another.
	x := in - 6 - f.width(marker, b.size)
	l.draw = func(y float64) {
		s.drawText(s.left+x, y, []run{{text: marker}}, block{size: b.size, lead: b.lead, color: ink})
		draw(y)
	}
	return l
}

// barred draws a quote's bar beside a line; goes on up to the line before.
func (s *sheet) barred(l line, x float64, goesOn bool) line {
	draw := l.draw
	l.draw = func(y float64) {
		s.fill(s.left+x, y, 2, l.height, ink2)
		draw(y)
	}
	if goesOn {
		l.before = 0
	}
	return l
}

// ruleLine is a line of a width, drawn across.
func (s *sheet) ruleLine(width, thick float64, c *color) line {
	return line{height: thick, draw: func(y float64) { s.fill(s.left, y, width, thick, c) }}
}

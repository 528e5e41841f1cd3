package pdf

import "slices"

// mostColumns is how many a table may have on a paper.
const mostColumns = 8

const (
	cellGap = 10.0 // between columns
	cellPad = 4.0  // above and below a row
)

// table sets a table: a line for each row, which stays in one piece unless a page cannot hold it.
func (s *sheet) table(b block, width float64) []line {
	columns := 0
	for _, row := range b.rows {
		columns = max(columns, len(row))
	}
	widths := columnWidths(b, columns, width-cellGap*float64(columns-1))
	var lines []line
	for i, row := range b.rows {
		l := s.row(b, row, widths)
		l.keep = i == 0 && len(b.rows) > 1
		if i == 0 {
			l.before = b.before
		}
		if l.height > pageHeight-marginTop-marginBottom {
			for _, c := range row { // nothing that anybody writes by hand
				lines = append(lines, s.text(block{runs: c.runs}.measures(), 0, width)...)
			}
			continue
		}
		lines = append(lines, l)
	}
	return lines
}

// row sets the cells side by side, each in its column, over a hairline.
func (s *sheet) row(b block, row []cell, widths []float64) line {
	type set struct {
		x     float64
		lines [][]word
	}
	var cells []set
	x, most := 0.0, 1
	for i, c := range row {
		lines := wrap(s.words(c.runs, b.size), widths[i], b.size)
		cells = append(cells, set{x, lines})
		most = max(most, len(lines))
		x += widths[i] + cellGap
	}
	height := float64(most)*b.size*b.lead + 2*cellPad
	total := -cellGap
	for _, w := range widths {
		total += w + cellGap
	}
	return line{height: height, draw: func(y float64) {
		for _, c := range cells {
			for i, words := range c.lines {
				s.drawText(s.left+c.x, y+cellPad+float64(i)*b.size*b.lead, joined(words), b)
			}
		}
		s.fill(s.left, y+height-.5, total, .5, hairline)
	}}
}

// columnWidths gives each column what its widest cell asks for, where there is room, and otherwise a
// share by that, but never less than some letters.
func columnWidths(b block, columns int, width float64) []float64 {
	want := make([]float64, columns)
	for _, row := range b.rows {
		for i, c := range row {
			w := 0.0
			for _, r := range c.runs {
				text, _ := printable(r.text)
				w += faceOf(r.style).width(text, b.size)
			}
			want[i] = max(want[i], min(w+1, width))
		}
	}
	least := min(7*b.size, width/float64(columns))
	// From the narrowest: who asks for less than an even share gets it, the others share what is left.
	order := make([]int, columns)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		switch {
		case want[i] < want[j]:
			return -1
		case want[i] > want[j]:
			return 1
		}
		return 0
	})
	left := width
	for n, i := range order {
		share := left / float64(columns-n)
		want[i] = max(min(want[i], share), min(least, share))
		left -= want[i]
	}
	return want
}

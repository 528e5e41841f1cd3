package ui

import "regexp"

// diffWord is a run of words that two texts share, or that only one has.
type diffWord struct {
	Text string
	Op   rune // '=' in both, '-' only before, '+' only after
}

// diffMost bounds the words that are compared one by one: a mail has some hundreds, and the work grows
// with their square.
const diffMost = 4000

var words = regexp.MustCompile(`\s+|[\pL\pN_]+|[^\s\pL\pN_]`)

// diffWords says what has to be taken out of one text and put in to make another: a longest common
// subsequence of words, after what both begin and end with.
func diffWords(was, is string) []diffWord {
	a, b := words.FindAllString(was, -1), words.FindAllString(is, -1)
	begin := 0
	for begin < len(a) && begin < len(b) && a[begin] == b[begin] {
		begin++
	}
	end := 0
	for end < len(a)-begin && end < len(b)-begin && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	var out diffRun
	for _, w := range a[:begin] {
		out.add('=', w)
	}
	out.middle(a[begin:len(a)-end], b[begin:len(b)-end])
	for _, w := range a[len(a)-end:] {
		out.add('=', w)
	}
	return out
}

// diffRun collects words; neighbours of one kind are one run.
type diffRun []diffWord

func (d *diffRun) add(op rune, text string) {
	if n := len(*d); n > 0 && (*d)[n-1].Op == op {
		(*d)[n-1].Text += text
		return
	}
	*d = append(*d, diffWord{text, op})
}

func (d *diffRun) middle(a, b []string) {
	if len(a) > diffMost || len(b) > diffMost {
		for _, w := range a {
			d.add('-', w)
		}
		for _, w := range b {
			d.add('+', w)
		}
		return
	}
	// common[i][j] is how many words a[i:] and b[j:] share in order.
	common := make([][]int32, len(a)+1)
	for i := range common {
		common[i] = make([]int32, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			d.add('=', a[i])
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && common[i+1][j] >= common[i][j+1]:
			d.add('-', a[i])
			i++
		default:
			d.add('+', b[j])
			j++
		}
	}
}

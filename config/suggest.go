package config

import (
	"fmt"
	"strings"
)

// didYouMean is "; did you mean X?" for the known name nearest to a mistyped one, or "" when none is
// near. A name that was given without its section is near, too.
func didYouMean(given string, known []string) string {
	const longest = 100
	if len(given) > longest {
		return ""
	}
	lower := strings.ToLower(given)
	best, least := "", len(given)+1
	for _, name := range known {
		x, y := apart(lower, strings.ToLower(name))
		d := distance(x, y)
		if _, last := split(name); last == given {
			d = 1
		}
		if d <= 1+len(x)/3 && d < least {
			best, least = name, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %s?", best)
}

// apart cuts off how both names begin, so that a long section does not make all its keys alike.
func apart(a, b string) (x, y string) {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return a[n:], b[n:]
}

// distance counts the letters to insert, drop, change or swap with their neighbour to turn a
// into b.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	before := make([]int, len(y)+1) // two rows up
	above := make([]int, len(y)+1)
	row := make([]int, len(y)+1)
	for j := range above {
		above[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		for j := 1; j <= len(y); j++ {
			change := 1
			if x[i-1] == y[j-1] {
				change = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+change)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, above, row = above, row, before
	}
	return above[len(y)]
}

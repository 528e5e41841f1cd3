package ui

import (
	"fmt"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
)

// scoreChart is a score day by day over a zero line, with the lines of the tiers.
type scoreChart struct {
	Line, Area string
	X, Y       float64 // the last day's point
	First, To  string
	Summary    string
	Tiers      []gridLine
	Empty      bool
}

const (
	scoreLeft, scoreRight = 26.0, 271.0
	scoreTop, scoreZero   = 8.0, 102.0
)

func scoreY(score int) float64 { return scoreZero - (scoreZero-scoreTop)*float64(score)/100 }

// drawScores draws what a business's score was at the end of each day.
func drawScores(days []fibonacco.DayScore) scoreChart {
	c := scoreChart{Tiers: []gridLine{{scoreY(80), "Premium 80"}, {scoreY(50), "Engaged 50"}, {scoreY(20), "Active 20"}}}
	if len(days) < 2 {
		c.Empty = true
		return c
	}
	var points []string
	for i, d := range days {
		c.X = scoreLeft + (scoreRight-scoreLeft)*float64(i)/float64(len(days)-1)
		c.Y = scoreY(d.Score)
		points = append(points, f(c.X)+" "+f(c.Y))
	}
	c.Line = "M" + strings.Join(points, "L")
	c.Area = fmt.Sprintf("%sL%s %sL%s %sZ", c.Line, f(scoreRight), f(scoreZero), f(scoreLeft), f(scoreZero))
	first, last := days[0], days[len(days)-1]
	c.First, c.To = dayLabel(first.Day), dayLabel(last.Day)
	lowest, highest := first.Score, first.Score
	for _, d := range days {
		lowest, highest = min(lowest, d.Score), max(highest, d.Score)
	}
	c.Summary = fmt.Sprintf("Score per day, %s to %s: from %d to %d, lowest %d, highest %d. Tier lines at 20, 50 and 80.", c.First, c.To, first.Score, last.Score, lowest, highest)
	return c
}

func dayLabel(date string) string {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return date
	}
	return t.Format("2 Jan")
}

// toNextTier says how far it is to the next tier, where there is one.
func toNextTier(b fibonacco.ScoreBreakdown) string {
	for _, tier := range []struct {
		at   int
		name string
	}{{20, "Active"}, {50, "Engaged"}, {80, "Premium"}} {
		if b.Score < tier.at {
			return fmt.Sprintf("%s more for %s", plural(tier.at-b.Score, "point", "points"), tier.name)
		}
	}
	return "The highest tier"
}

package smb

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/query"
	"github.com/fibonacco/fibonacco/smb/search"
)

// sampleSize is how many businesses are looked at: few enough not to be felt. doubtSize is how many
// more when these few do not tell which of two long ways is the shorter one.
const (
	sampleSize = 600
	doubtSize  = 1800
)

// sample is how many businesses of a sample each condition is true of.
type sample struct {
	size       int // of the sample
	total      int // of the table, about
	page       int // rows that are wanted at once
	conditions []int
	searches   []int
	all        int    // everything at once
	carried    int    // what the index of the order tells, at once
	carries    []bool // which conditions these are
	ranks      [4]int // everything at once, and a rank of the first search
	within     int    // in the range of rank Begins
	named      int    // the name holds the first search
}

// rows is how many rows of the table so many of the sample stand for.
func (s sample) rows(hits int) int {
	if s.size == 0 {
		return 0
	}
	return hits * s.total / s.size
}

// walk is how many rows are passed until a page is full, when hits of the sample are wanted.
func (s sample) walk(hits int) int {
	if hits == 0 {
		return s.total
	}
	return min(s.total, (s.page+1)*s.size/hits)
}

// passing is how many entries of an index are passed in the time in which one row is looked up.
const passing = 8

// walkCarried is walk of everything in rows that are looked up, when some of it is told by the index
// of the order. So little of what is rare is in a sample that what it should have is taken too.
func (s sample) walkCarried() int {
	if !slices.Contains(s.carries, true) || s.size == 0 {
		return s.walk(s.all)
	}
	size := float64(s.size)
	expect := float64(s.carried)
	for i, hits := range s.conditions {
		if !s.carries[i] {
			expect *= float64(hits) / size
		}
	}
	passed := float64(s.total)
	if expect = max(expect, float64(s.all)); expect > 0 {
		passed = min(passed, float64(s.page+1)*size/expect)
	}
	return int(passed/passing + passed*float64(s.carried)/size)
}

// doubtful reports whether a rank of a search is frequent, but so little of it has the rest too that
// the sample may have missed it by chance.
func (s sample) doubtful() bool {
	const few, long = 6, 5000
	for r, frequent := range map[search.Rank]int{search.Begins: s.within, search.Contains: s.named, search.Other: s.searches[0] - s.named} {
		if s.ranks[r] < few && s.rows(frequent) > long {
			return true
		}
	}
	return false
}

// entangled reports whether far fewer businesses have everything at once than there would be if the
// conditions had nothing to do with each other, which is what PostgreSQL takes for granted.
func (s sample) entangled() bool {
	if s.size == 0 {
		return false
	}
	expect := float64(s.size)
	for _, hits := range s.conditions {
		expect *= float64(hits) / float64(s.size)
	}
	return expect > float64(4*(s.all+1))
}

// sampled looks at some businesses, spread over all.
func (n narrowing) sampled(ctx context.Context, tx *db.Tx, ranked bool, carried []string) (sample, error) {
	s := sample{conditions: make([]int, len(n.conditions)), carries: make([]bool, len(n.conditions)), searches: make([]int, len(n.searches))}
	for i, c := range n.conditions {
		s.carries[i] = !n.searching() && slices.Contains(carried, c.Field.Name)
	}
	if len(n.conditions) == 0 && !n.searching() {
		return s, nil
	}
	var first, last int64
	if err := tx.QueryRow(ctx, `SELECT COALESCE((SELECT min(id) FROM smbs), 0), COALESCE((SELECT max(id) FROM smbs), 0)`).Scan(&first, &last); err != nil {
		return s, fmt.Errorf("find the range of SMBs: %w", err)
	}
	s.total = int(last - first + 1)
	if err := n.look(ctx, tx, &s, ranked, spread(first, last, sampleSize, 1)); err != nil {
		return s, err
	}
	if ranked && len(n.conditions) > 0 && s.doubtful() {
		return s, n.look(ctx, tx, &s, ranked, spread(first, last, doubtSize, 2))
	}
	return s, nil
}

// look adds what is true of these businesses to a sample.
func (n narrowing) look(ctx context.Context, tx *db.Tx, s *sample, ranked bool, ids []int64) error {
	t := tally{args: &query.Args{}}
	from := ` FROM smbs WHERE smbs.id IN (` + t.args.Add(ids) + `...) AND smbs.deleted_at IS NULL`
	if n.searching() {
		from = strings.Replace(from, "smbs", "smbs CROSS JOIN smb_search", 1) + ` AND smb_search.smb_id = smbs.id`
	}
	n.ask(&t, s, tx.Engine(), ranked)
	found := make([]int, 1+len(t.into))
	into := []any{&found[0]}
	for i := range t.into {
		into = append(into, &found[1+i])
	}
	if err := tx.QueryRow(ctx, `SELECT count(*)`+t.sums.String()+from, t.args.Values...).Scan(into...); err != nil {
		return fmt.Errorf("look at a sample of SMBs: %w", err)
	}
	s.size += found[0]
	for i, dest := range t.into {
		*dest += found[1+i]
	}
	return nil
}

// ask is everything that is to be known of the sample.
func (n narrowing) ask(t *tally, s *sample, engine db.Engine, ranked bool) {
	smbs := "smbs."
	if engine == db.SQLite {
		smbs = "+smbs."
	}
	var every, told []string
	for i, c := range n.conditions {
		every = append(every, holds(c, smbs, t.args.Add))
		t.count(&s.conditions[i], every[i])
		if s.carries[i] {
			told = append(told, every[i])
		}
	}
	if len(told) > 0 {
		t.count(&s.carried, told...)
	}
	for i, q := range n.searches {
		if q.Asked() {
			condition := q.Holds(engine, t.args.Add)
			t.count(&s.searches[i], condition)
			every = append(every, condition)
		}
	}
	if q := n.searches[0]; ranked {
		for _, r := range []search.Rank{search.Begins, search.Contains, search.Other} {
			t.count(&s.ranks[r], append(every[:len(every):len(every)], q.Ranked(r, engine, t.args.Add))...)
		}
		if within := q.Range(t.args.Add); within != "" {
			t.count(&s.within, within)
			t.count(&s.named, q.NameHolds(engine, t.args.Add))
		}
	}
	t.count(&s.all, every...)
}

// tally counts several things in one statement.
type tally struct {
	args *query.Args
	sums strings.Builder
	into []*int
}

func (t *tally) count(dest *int, conditions ...string) {
	t.sums.WriteString(`, COALESCE(SUM(CASE WHEN ` + strings.Join(conditions, " AND ") + ` THEN 1 ELSE 0 END), 0)`)
	t.into = append(t.into, dest)
}

// spread is at most so many ids from first to last, one of each of equal stretches, not at the same
// place in each; another seed has them at others.
func spread(first, last, most int64, seed uint64) []int64 {
	n := min(last-first+1, most)
	ids := make([]int64, 0, n)
	step := (last - first + 1) / max(n, 1)
	for i, jump := int64(0), seed; i < n; i++ {
		jump = jump*6364136223846793005 + 1442695040888963407
		ids = append(ids, first+i*step+int64(jump>>33)%max(step, 1))
	}
	return ids
}

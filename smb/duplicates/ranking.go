package duplicates

import (
	"cmp"
	"container/heap"
	"slices"
)

// pair is two businesses by id, the smaller first, with how likely they are the same.
type pair struct {
	ids     [2]int64
	score   int
	reasons []string
}

func ids(a, b *Entry) [2]int64 { return [2]int64{min(a.ID, b.ID), max(a.ID, b.ID)} }

// ranking keeps the best pairs, the worst of them on top.
type ranking struct {
	most      int
	pairs     []pair
	in        map[[2]int64]bool
	dismissed map[[2]int64]bool
}

func newRanking(most int) *ranking { return &ranking{most: most, in: map[[2]int64]bool{}} }

// add takes p in when it is among the best; one that is in already changes nothing.
func (r *ranking) add(p pair) {
	if r.in[p.ids] || r.dismissed[p.ids] {
		return
	}
	if len(r.pairs) == r.most {
		if compare(r.pairs[0], p) <= 0 {
			return
		}
		delete(r.in, r.pairs[0].ids)
		r.pairs[0] = p
		heap.Fix(r, 0)
	} else {
		heap.Push(r, p)
	}
	r.in[p.ids] = true
}

// compare puts the surer first, then the older.
func compare(a, b pair) int {
	return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.ids[0], b.ids[0]), cmp.Compare(a.ids[1], b.ids[1]))
}

func (r *ranking) sorted() []pair { return slices.SortedFunc(slices.Values(r.pairs), compare) }

// Len, Less, Swap, Push and Pop implement heap.Interface.
func (r *ranking) Len() int           { return len(r.pairs) }
func (r *ranking) Less(i, j int) bool { return compare(r.pairs[i], r.pairs[j]) > 0 }
func (r *ranking) Swap(i, j int)      { r.pairs[i], r.pairs[j] = r.pairs[j], r.pairs[i] }
func (r *ranking) Push(x any)         { r.pairs = append(r.pairs, x.(pair)) } //nolint:forcetypeassert // heap.Push is only called here
func (r *ranking) Pop() any {
	last := r.pairs[len(r.pairs)-1]
	r.pairs = r.pairs[:len(r.pairs)-1]
	return last
}

package main

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"testing"

	"github.com/fibonacco/fibonacco"
)

// A command goes through as many pages as its limit needs, and asks for no more than that.
func TestEachOf(t *testing.T) {
	const all = 2*fibonacco.MaxPage + 7
	broken := errors.New("broken")
	for name, tc := range map[string]struct {
		limit, stopAt, want int
		sizes               []int
	}{
		"nothing":         {limit: 0, want: 0},
		"part of a page":  {limit: 50, want: 50, sizes: []int{50}},
		"across pages":    {limit: fibonacco.MaxPage + 1, want: fibonacco.MaxPage + 1, sizes: []int{fibonacco.MaxPage, 1}},
		"the whole list":  {limit: noLimit, want: all, sizes: []int{fibonacco.MaxPage, fibonacco.MaxPage, fibonacco.MaxPage}},
		"until a failure": {limit: noLimit, stopAt: 3, want: 3, sizes: []int{fibonacco.MaxPage}},
	} {
		t.Run(name, func(t *testing.T) {
			var sizes, seen []int
			list := func(_ context.Context, q fibonacco.ListQuery) (page fibonacco.Page[int], err error) {
				sizes = append(sizes, q.Size)
				from, _ := strconv.Atoi(q.Cursor)
				to := min(from+q.Size, all)
				for i := from; i < to; i++ {
					page.Data = append(page.Data, i)
				}
				if to < all {
					page.Next = strconv.Itoa(to)
				}
				return page, nil
			}
			err := eachOf(&env{ctx: t.Context()}, tc.limit, fibonacco.ListQuery{}, list, func(i int) error {
				if seen = append(seen, i); len(seen) == tc.stopAt {
					return broken
				}
				return nil
			})
			if (tc.stopAt > 0) != errors.Is(err, broken) || len(seen) != tc.want || !slices.Equal(sizes, tc.sizes) {
				t.Errorf("%d rows by pages of %v: %v", len(seen), sizes, err)
			}
			for i, row := range seen {
				if row != i {
					t.Fatalf("row %d came at place %d", row, i)
				}
			}
		})
	}
}

package main

import (
	"context"
	"math"
	"strings"

	"github.com/fibonacco/fibonacco"
)

// filterOf reads FIELD=CONDITION arguments.
func filterOf(conditions []string) fibonacco.Filter {
	filter := fibonacco.Filter{}
	for _, one := range conditions {
		field, condition, _ := strings.Cut(one, "=")
		filter[field] = condition
	}
	return filter
}

// noLimit lets eachOf go through a whole list.
const noLimit = math.MaxInt

// eachOf goes through the pages of a list, up to a limit.
func eachOf[T any](e *env, limit int, q fibonacco.ListQuery, list func(context.Context, fibonacco.ListQuery) (fibonacco.Page[T], error), do func(T) error) error {
	for left := limit; left > 0; {
		q.Size = min(left, fibonacco.MaxPage)
		page, err := list(e.ctx, q)
		if err != nil {
			return err
		}
		for _, one := range page.Data {
			if err := do(one); err != nil {
				return err
			}
		}
		if left, q.Cursor = left-len(page.Data), page.Next; q.Cursor == "" {
			break
		}
	}
	return nil
}

// everyOf is a whole list.
func everyOf[T any](e *env, list func(context.Context, fibonacco.ListQuery) (fibonacco.Page[T], error)) (all []T, err error) {
	err = eachOf(e, noLimit, fibonacco.ListQuery{}, list, func(one T) error {
		all = append(all, one)
		return nil
	})
	return all, err
}

package queue

import (
	"context"
	"time"
)

// Percentile puts times into a histogram and reads a percentile from it, for tests.
func Percentile(times []time.Duration, share float64) time.Duration {
	h := histogram{}
	for _, d := range times {
		h[bucketOf(d)]++
	}
	return h.percentile(share)
}

// MaskArgs and MaskText are maskArgs and maskText, for tests.
func MaskArgs(raw string, most int) map[string]any { return maskArgs(raw, most) }

func MaskText(text string) string { return maskText(text) }

// Prune is prune, for tests.
func (q *Queue) Prune(ctx context.Context) error { return q.prune(ctx) }

// Alert is lookForLongWaits, and PostDue is postDue, for tests.
func (q *Queue) Alert(ctx context.Context) error { return q.lookForLongWaits(ctx) }

func (q *Queue) PostDue(ctx context.Context) error { return q.postDue(ctx) }

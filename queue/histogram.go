package queue

import (
	"math"
	"time"
)

// Times are kept as histograms, which can be added up over minutes and nodes where medians cannot.
// Bucket 0 ends at 1 ms, and each further one ends √2 times later, so that a percentile read from
// them is off by a fifth at most. The last takes everything from ten hours on.
const mostBucket = 50

func bucketOf(d time.Duration) int {
	if d <= time.Millisecond {
		return 0
	}
	return min(int(math.Ceil(2*math.Log2(float64(d)/float64(time.Millisecond))-1e-9)), mostBucket)
}

// endOf is the longest time of a bucket.
func endOf(bucket int) time.Duration {
	return time.Duration(float64(time.Millisecond) * math.Pow(2, float64(bucket)/2))
}

// histogram is bucket → how many.
type histogram map[int]int64

// percentile is the time within which a share of all lies; 0 of nothing. Within a bucket, times are
// taken to lie evenly.
func (h histogram) percentile(share float64) time.Duration {
	var all int64
	for _, n := range h {
		all += n
	}
	if all == 0 {
		return 0
	}
	want, seen := share*float64(all), 0.0
	for b := range mostBucket + 1 {
		n := float64(h[b])
		if n == 0 || seen+n < want {
			seen += n
			continue
		}
		begin := time.Duration(0)
		if b > 0 {
			begin = endOf(b - 1)
		}
		return begin + time.Duration(float64(endOf(b)-begin)*(want-seen)/n)
	}
	return endOf(mostBucket)
}

// tally is what some attempts came to.
type tally struct {
	run, wait      histogram
	failed, gaveUp int64
}

func newTally() *tally { return &tally{run: histogram{}, wait: histogram{}} }

func (t *tally) add(measure string, bucket int, n int64) {
	switch measure {
	case measureRun:
		t.run[bucket] += n
	case measureWait:
		t.wait[bucket] += n
	case measureFailed:
		t.failed += n
	case measureGaveUp:
		t.gaveUp += n
	}
}

// addAll adds what others came to.
func (t *tally) addAll(other *tally) {
	for bucket, n := range other.run {
		t.run[bucket] += n
	}
	for bucket, n := range other.wait {
		t.wait[bucket] += n
	}
	t.failed, t.gaveUp = t.failed+other.failed, t.gaveUp+other.gaveUp
}

// done is how many attempts ended well: every attempt has a runtime.
func (t *tally) done() int {
	var all int64
	for _, n := range t.run {
		all += n
	}
	return int(all - t.failed)
}

package api

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api/edge"
)

// remaining is what a Limiter may say beside how long to wait; package cluster's does.
type remaining interface {
	TakeLeft(ctx context.Context, key string, perSecond float64, n int) (wait time.Duration, left int)
}

// budgetOf is whose requests are counted together.
func budgetOf(p *fibonacco.Principal) string {
	if p.TokenID != 0 {
		return fmt.Sprintf("api:token:%d", p.TokenID)
	}
	return fmt.Sprintf("api:user:%d", p.UserID)
}

// limit takes one request out of a budget and says in headers what is left of it. Returns TooMany
// when there is nothing left.
func (a *API) limit(w http.ResponseWriter, r *http.Request, key string) error {
	if a.o.Limiter == nil || a.o.PerMinute <= 0 {
		return nil
	}
	perSecond := a.o.PerMinute / 60
	var wait time.Duration
	left := -1
	if l, ok := a.o.Limiter.(remaining); ok {
		wait, left = l.TakeLeft(r.Context(), key, perSecond, 1)
	} else {
		wait = a.o.Limiter.Take(r.Context(), key, perSecond, 1)
	}
	// The budget holds one second's worth; the policy says what that is a minute.
	burst := max(1, int(perSecond))
	h := w.Header()
	h.Set("RateLimit-Policy", fmt.Sprintf(`"api";q=%d;w=60`, int(math.Ceil(a.o.PerMinute))))
	h.Set("RateLimit-Limit", strconv.Itoa(burst))
	if left >= 0 {
		left = min(left, burst)
		h.Set("RateLimit-Remaining", strconv.Itoa(left))
		h.Set("RateLimit-Reset", strconv.Itoa(int(math.Ceil(float64(burst-left)/perSecond))))
	}
	if wait <= 0 {
		return nil
	}
	return edge.New(r.Context(), fibonacco.TooMany, fmt.Sprintf("more than %g requests a minute: slow down", a.o.PerMinute)).RetryAfter(wait)
}

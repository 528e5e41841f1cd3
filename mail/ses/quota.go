package ses

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sesv2"

	"github.com/fibonacco/fibonacco"
)

// Quota is what an account may send, as GetAccount says.
type Quota struct {
	PerSecond  float64 // all nodes together
	PerDay     float64 // in any 24 hours; -1 is no limit
	SentInDay  float64 // in the last 24 hours
	Enabled    bool    // false when AWS or the owner has paused sending
	Production bool    // false in the sandbox, which mails verified addresses only
	Health     string  // HEALTHY, PROBATION or SHUTDOWN
}

// quota keeps the last one read, and counts what was sent since.
type quota struct {
	every time.Duration
	most  float64 // the settings' own limit a second; 0 is none

	mu      sync.Mutex
	last    Quota
	readAt  time.Time
	since   float64 // accepted here since it was read
	reading bool
}

func newQuota(o Options) *quota { return &quota{every: o.QuotaEvery, most: o.PerSecond} }

// perSecond is the rate in force; 0 is none known.
func (q *quota) perSecond() float64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch rate := q.last.PerSecond; {
	case q.most > 0 && (rate <= 0 || q.most < rate):
		return q.most
	default:
		return rate
	}
}

func (q *quota) count() {
	q.mu.Lock()
	q.since++
	q.mu.Unlock()
}

// spent reports that the day's quota is used up, as far as is known here.
func (q *quota) spent() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return !q.readAt.IsZero() && q.last.PerDay >= 0 && q.last.SentInDay+q.since >= q.last.PerDay
}

// due reports, to one caller at a time, that the quota should be read again.
func (q *quota) due() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.reading || fibonacco.RealTime().Sub(q.readAt) < q.every && !q.readAt.IsZero() {
		return false
	}
	q.reading = true
	return true
}

func (q *quota) set(read Quota, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.reading = false
	q.readAt = fibonacco.RealTime()
	if ok {
		q.last, q.since = read, 0
	}
}

// Quota asks SES what the account may send.
func (m *Mailer) Quota(ctx context.Context) (Quota, error) {
	out, err := m.api.GetAccount(ctx, &sesv2.GetAccountInput{})
	if err != nil {
		return Quota{}, fmt.Errorf("read the SES account: %w", err)
	}
	q := Quota{PerDay: -1, Enabled: out.SendingEnabled, Production: out.ProductionAccessEnabled}
	if out.EnforcementStatus != nil {
		q.Health = *out.EnforcementStatus
	}
	if s := out.SendQuota; s != nil {
		q.PerSecond, q.PerDay, q.SentInDay = s.MaxSendRate, s.Max24HourSend, s.SentLast24Hours
	}
	return q, nil
}

// refresh reads the quota when that is due, and closes the gate when nothing may be sent. An
// answer that does not come changes nothing: sending itself will tell.
func (m *Mailer) refresh(ctx context.Context) {
	if !m.quota.due() {
		return
	}
	q, err := m.Quota(ctx)
	m.quota.set(q, err == nil)
	switch {
	case err != nil && ctx.Err() == nil:
		m.o.Logger.Warn("the SES quota cannot be read: going on with the last one", "error", reason(err))
	case err != nil:
	case !q.Enabled:
		m.gate.fail("sending is disabled for the SES account", m.quota.every)
	case m.quota.spent():
		m.gate.fail(fmt.Sprintf("the SES quota of %.0f mails in 24 hours is used up", q.PerDay), m.quota.every)
	}
}

// Check implements fibonacco.Mailer: it reads the account, and returns Unavailable with what is
// wrong with it.
func (m *Mailer) Check(ctx context.Context) error {
	q, err := m.Quota(ctx)
	switch {
	case err != nil:
		return &fibonacco.Error{Code: fibonacco.Unavailable, Message: "Amazon SES does not answer as it should: " + reason(err), Err: err}
	case !q.Enabled:
		return fibonacco.Errorf(fibonacco.Unavailable, "sending is disabled for the SES account (%s)", q.Health)
	case q.PerDay >= 0 && q.SentInDay >= q.PerDay:
		return fibonacco.Errorf(fibonacco.Unavailable, "the SES quota of %.0f mails in 24 hours is used up", q.PerDay)
	}
	return nil
}

var errStopped = errors.New("stopped")

package ui

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/fibonacco/fibonacco"
)

// healthEvery is how old the health of sending may be that open pages show, in real time: it is counted
// over a day of mail.
const healthEvery = 10 * time.Second

// healthKept is what was counted last. Health is that of all communities: one sender's name is behind
// all mail.
type healthKept struct {
	mu    sync.Mutex
	at    time.Time // real time
	state *fibonacco.SendingState
}

func (u *ui) sendingState(ctx context.Context) (*fibonacco.SendingState, error) {
	k := &u.health
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.state != nil && fibonacco.RealTime().Sub(k.at) < healthEvery {
		return k.state, nil
	}
	s, err := u.Sending.SendingState(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the state of sending: %w", err)
	}
	k.at, k.state = fibonacco.RealTime(), s
	return s, nil
}

// rateGauge is a rate with the marks above which something happens.
type rateGauge struct {
	Name, Value, Of, Marks, Words string
	Class                         string // of the bar
	Width, Warn, Pause            float64
}

// gauges are what came back of the mail.
func gauges(h fibonacco.MailHealth) []rateGauge {
	return []rateGauge{
		newRateGauge("Bounced for good", h.Bounced, h.Sent, h.BounceRate, fibonacco.BounceWarning, fibonacco.BouncePause, 1),
		newRateGauge("Reported as spam", h.Complained, h.Sent, h.ComplaintRate, fibonacco.ComplaintWarning, fibonacco.ComplaintPause, 2),
	}
}

// newRateGauge measures a rate against a bar that ends a fifth behind its second mark.
func newRateGauge(name string, n, of int, rate, warn, pause float64, digits int) rateGauge {
	whole := pause * 1.2
	g := rateGauge{
		Name: name, Value: fmt.Sprintf("%.*f%%", digits, rate), Of: number(n) + " of " + number(of),
		Marks: fmt.Sprintf("warns above %g%%, pauses above %g%%", warn, pause), Class: "f-leaf",
		Width: min(100*rate/whole, 100), Warn: 100 * warn / whole, Pause: 100 * pause / whole,
	}
	switch {
	case rate > pause:
		g.Class = "f-brick"
	case rate > warn:
		g.Class = "f-honey"
	}
	g.Words = g.Name + ": " + g.Value + ", " + g.Marks
	return g
}

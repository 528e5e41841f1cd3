package access

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// attemptWindow is how far back attempts count.
const attemptWindow = 15 * time.Minute

// meter counts the attempts on one subject.
type meter struct {
	subject string // a digest: neither addresses nor who was tried are kept
	most    int    // in attemptWindow; what comes after is refused
}

func emailMeter(key string) meter { return meter{digest("email:" + key), 10} }
func secondFactorMeter(userID int64) meter {
	return meter{digest("code:" + strconv.FormatInt(userID, 10)), 5}
}

func passwordMeter(userID int64) meter {
	return meter{digest("password:" + strconv.FormatInt(userID, 10)), 10}
}

// ipMeter counts what comes from one client. Many people may share an address, so it bears more;
// one household has a whole /64 of IPv6. Without an address there is nothing to count.
func ipMeter(ctx context.Context, what string, most int) meter {
	ip := fibonacco.VisitOf(ctx).IP
	if addr, err := netip.ParseAddr(ip); err == nil && addr.Is6() && !addr.Is4In6() {
		if block, err := addr.WithZone("").Prefix(64); err == nil {
			ip = block.String()
		}
	}
	if ip == "" {
		return meter{}
	}
	return meter{digest(what + " from:" + ip), most}
}

// signInMeter and beginMeter are those of clients: for attempts to come in, and for ceremonies that
// are begun.
func signInMeter(ctx context.Context) meter { return ipMeter(ctx, "sign-in", 50) }
func beginMeter(ctx context.Context) meter  { return ipMeter(ctx, "begin", 200) }

// Throttled is the cause of a TooMany error: web says it in Retry-After.
type Throttled struct{ wait time.Duration }

func (t Throttled) Error() string { return fmt.Sprintf("wait %s", t.wait.Round(time.Second)) }

// RetryAfter is how long until another attempt is heard.
func (t Throttled) RetryAfter() time.Duration { return t.wait }

// attempt is one that was counted.
type attempt struct {
	ids    []int64
	meters []meter
}

// admit counts this attempt as a failure before anything is looked at, and refuses it when there
// were too many already. Counted first and in a transaction of its own, so that many attempts at
// once cannot slip through together; a success forgives it. Unknown subjects are counted like known
// ones.
func (s *Service) admit(ctx context.Context, meters ...meter) (*attempt, error) {
	now := s.clock.Now()
	a := &attempt{}
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		*a = attempt{} // the transaction may be tried again
		if _, err := tx.Exec(ctx, `DELETE FROM sign_in_attempts WHERE tried_at <= $1`, now.Add(-attemptWindow)); err != nil {
			return err
		}
		for _, m := range meters {
			if m.subject == "" {
				continue
			}
			var id int64
			if err := tx.QueryRow(ctx, `INSERT INTO sign_in_attempts (subject, tried_at) VALUES ($1, $2) RETURNING id`, m.subject, now).Scan(&id); err != nil {
				return err
			}
			a.ids, a.meters = append(a.ids, id), append(a.meters, m)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("count attempt: %w", err)
	}
	wait, err := s.waitOf(ctx, a, now)
	if err != nil {
		return nil, err
	}
	if wait > 0 {
		refused := fibonacco.Errorf(fibonacco.TooMany, "too many failed attempts: try again in a few minutes")
		refused.Err = Throttled{wait}
		return nil, refused
	}
	return a, nil
}

// waitOf is how long a counted attempt has to wait; 0 admits it. One that has to wait is not
// counted: it does not make the wait longer.
func (s *Service) waitOf(ctx context.Context, a *attempt, now time.Time) (wait time.Duration, err error) {
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		wait = 0
		for _, m := range a.meters {
			var tries int
			var oldest time.Time
			err := tx.QueryRow(ctx, `SELECT COUNT(*), MIN(tried_at) FROM sign_in_attempts WHERE subject = $1 AND tried_at > $2`,
				m.subject, now.Add(-attemptWindow)).Scan(&tries, db.Time(&oldest))
			if err != nil {
				return err
			}
			if tries > m.most {
				wait = max(wait, oldest.Add(attemptWindow).Sub(now), time.Second)
			}
		}
		if wait == 0 {
			return nil
		}
		_, err := tx.Exec(ctx, `DELETE FROM sign_in_attempts WHERE id IN ($1...)`, a.ids)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("count attempts: %w", err)
	}
	return wait, nil
}

// forgive takes back that this attempt was counted: it has succeeded.
func (a *attempt) forgive(ctx context.Context, tx *db.Tx) error {
	if _, err := tx.Exec(ctx, `DELETE FROM sign_in_attempts WHERE id IN ($1...)`, a.ids); err != nil {
		return fmt.Errorf("forgive attempt: %w", err)
	}
	return nil
}

// forget wipes the slate of subjects clean.
func forget(ctx context.Context, tx *db.Tx, meters ...meter) error {
	subjects := make([]string, len(meters))
	for i, m := range meters {
		subjects[i] = m.subject
	}
	if _, err := tx.Exec(ctx, `DELETE FROM sign_in_attempts WHERE subject IN ($1...)`, subjects); err != nil {
		return fmt.Errorf("forget attempts: %w", err)
	}
	return nil
}

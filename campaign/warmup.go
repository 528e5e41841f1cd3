package campaign

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/queue"
)

// A warm-up lets a sender's name become known: on each of its days so many mails leave, and those
// that do not fit wait for the next. Its days are UTC: they are the same on every node, and for all
// communities together.

// lockWarmup says how many more mails may be claimed today, and keeps others from claiming any until
// this transaction ends. limited is false on days without a limit.
func (s *Service) lockWarmup(ctx context.Context, tx *db.Tx) (left, volume int, limited bool, err error) {
	day := localDate(tx.Now, time.UTC)
	volume, limited = s.cfg.Email.Warmup.Volume(day)
	if !limited {
		return 0, 0, false, nil
	}
	var taken int
	if err := tx.QueryRow(ctx, `
		INSERT INTO warmup_days (day) VALUES ($1)
		ON CONFLICT (day) DO UPDATE SET taken = warmup_days.taken RETURNING taken`, day).Scan(&taken); err != nil {
		return 0, 0, false, fmt.Errorf("read the warm-up of %s: %w", day, err)
	}
	return max(volume-taken, 0), volume, true, nil
}

func countWarmup(ctx context.Context, tx *db.Tx, taken, postponed int) error {
	day := localDate(tx.Now, time.UTC)
	if _, err := tx.Exec(ctx, `UPDATE warmup_days SET taken = taken + $1, postponed = postponed + $2 WHERE day = $3`, taken, postponed, day); err != nil {
		return fmt.Errorf("count the warm-up of %s: %w", day, err)
	}
	return nil
}

// giveBackWarmup returns the places of claims that are queued again, to the days they were taken from.
func (s *Service) giveBackWarmup(ctx context.Context, tx *db.Tx, days map[string]int) error {
	for _, day := range slices.Sorted(maps.Keys(days)) {
		if _, limited := s.cfg.Email.Warmup.Volume(day); !limited {
			continue
		}
		if _, err := tx.Exec(ctx, `UPDATE warmup_days SET taken = taken - $1 WHERE day = $2 AND taken >= $1`, days[day], day); err != nil {
			return fmt.Errorf("count the warm-up of %s: %w", day, err)
		}
	}
	return nil
}

// fitWarmup splits claims into those that fit today's volume and those that do not.
func (s *Service) fitWarmup(ctx context.Context, tx *db.Tx, ids []int64) (fit, over []int64, volume int, limited bool, err error) {
	if len(ids) == 0 {
		return ids, nil, 0, false, nil
	}
	left, volume, limited, err := s.lockWarmup(ctx, tx)
	if err != nil || !limited {
		return ids, nil, 0, limited, err
	}
	n := min(left, len(ids))
	return ids[:n], ids[n:], volume, true, nil
}

// due is where and when a send was to leave.
type due struct {
	communityID int64
	at          time.Time
}

// postpone puts queued sends off to the same time of the next local day on which mail goes.
func (s *Service) postpone(ctx context.Context, tx *db.Tx, ids []int64, of map[int64]due, volume int) error {
	towns := map[int64]town{}
	again := map[time.Time][]int64{}
	b := db.NewBatch("id bigint", "due timestamptz")
	for _, id := range ids {
		d := of[id]
		t, known := towns[d.communityID]
		if !known {
			var err error
			if t, err = loadTown(ctx, tx, d.communityID); err != nil {
				return err
			}
			towns[d.communityID] = t
		}
		at, err := s.nextDay(t, d.at, tx.Now)
		if err != nil {
			return err
		}
		again[at] = append(again[at], id)
		b.Add(id, at)
	}
	why := fmt.Sprintf("waits for the next day: the warm-up lets %d mails leave on %s", volume, localDate(tx.Now, time.UTC))
	if _, err := tx.ExecBatch(ctx, b, `
		UPDATE campaign_sends SET scheduled_for = rows.due, last_error = $1, updated_at = $2
		FROM rows WHERE campaign_sends.id = rows.id AND campaign_sends.status = 'queued'`, why, tx.Now); err != nil {
		return fmt.Errorf("put off %d sends: %w", len(ids), err)
	}
	for _, at := range slices.SortedFunc(maps.Keys(again), time.Time.Compare) {
		if err := s.batchSends(ctx, tx, queue.Emails, at, again[at]); err != nil {
			return err
		}
	}
	return countWarmup(ctx, tx, 0, len(ids))
}

// nextDay is the same time of day as was, on the next day of a community that is not quiet and not of
// this day of the warm-up.
func (s *Service) nextDay(t town, was, now time.Time) (time.Time, error) {
	local := was.In(t.zone)
	clock := time.Duration(local.Hour())*time.Hour + time.Duration(local.Minute())*time.Minute
	day := now.In(t.zone)
	noon := time.Date(day.Year(), day.Month(), day.Day(), 12, 0, 0, 0, time.UTC)
	for n := 1; ; n++ {
		date := noon.AddDate(0, 0, n).Format(dateLayout)
		at, err := localMoment(date, clock, t.zone)
		if err != nil {
			return at, err
		}
		if n > 14 || localDate(at, time.UTC) > localDate(now, time.UTC) && s.quiet(t, date) == "" {
			return at, nil
		}
	}
}

// warmupState is today's part of SendingState; nil on days without a limit.
func (s *Service) warmupState(ctx context.Context, tx *db.Tx) (*fibonacco.WarmupState, error) {
	day := localDate(tx.Now, time.UTC)
	volume, limited := s.cfg.Email.Warmup.Volume(day)
	if !limited {
		return nil, nil
	}
	n, err := daysBetween(s.cfg.Email.Warmup.Start, day)
	if err != nil {
		return nil, err
	}
	w := &fibonacco.WarmupState{Day: n + 1, Date: day, Volume: volume}
	err = tx.QueryRow(ctx, `SELECT taken, postponed FROM warmup_days WHERE day = $1`, day).Scan(&w.Sent, &w.Postponed)
	if err != nil && !db.IsNoRows(err) {
		return nil, fmt.Errorf("read the warm-up of %s: %w", day, err)
	}
	return w, nil
}

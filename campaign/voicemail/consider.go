package voicemail

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

const (
	considerAtOnce = 1000           // mails that one transaction decides on
	freshFor       = 72 * time.Hour // after a mail could be followed by a voicemail, it is too old for one
	cursorKey      = "voicemail.cursor"
	workFor        = 30 * time.Second // of real time; what is left is for the next run
)

// candidate is a mail that nobody has opened (M2-12).
type candidate struct {
	SendID     int64
	SMBID      int64 `db:"smb_id"`
	CampaignID string
	SentAt     time.Time
}

// cursor is how far the mails have been decided on, in the order in which they were sent.
type cursor struct {
	At time.Time `json:"at"`
	ID int64     `json:"id"`
}

const candidateColumns = `s.id AS send_id, s.smb_id, s.campaign_id, s.sent_at`

// unopened is the condition of M2-12. Opens by machines do not set opened_at. Mails that repeat a step
// follow a voicemail themselves; a campaign without a script has none to send.
const unopened = `
	FROM campaign_sends s JOIN campaigns ON campaigns.id = s.campaign_id
	WHERE s.status = 'sent' AND s.opened_at IS NULL AND s.rvm_triggered = FALSE AND s.occurrence = 1 AND campaigns.rvm_script <> ''`

// Consider decides, once for each mail that has been unopened for long enough, whether a voicemail
// follows: it is planned, or the reason why not is stored. Mails from before the product last ran are
// decided on too, but those that are too old get none: no burst (R4).
func (s *Service) Consider(ctx context.Context, _ time.Time) error {
	if !s.setUp() {
		return nil
	}
	for began := fibonacco.RealTime(); fibonacco.RealTime().Sub(began) < workFor; {
		n := 0
		err := s.db.Update(ctx, func(tx *db.Tx) error {
			from, err := s.loadCursor(ctx, tx)
			if err != nil {
				return err
			}
			list, err := db.Select[candidate](ctx, tx, `
				SELECT `+candidateColumns+unopened+`
					AND s.sent_at <= $1 AND s.sent_at >= $2 AND (s.sent_at > $2 OR s.id > $3)
				ORDER BY s.sent_at, s.id LIMIT `+fmt.Sprint(considerAtOnce), tx.Now.Add(-s.triggerAfter()), from.At, from.ID)
			if n = len(list); err != nil || n == 0 {
				return err
			}
			if _, err := s.plan(ctx, tx, list); err != nil {
				return err
			}
			return storeCursor(ctx, tx, cursor{list[n-1].SentAt, list[n-1].SendID})
		})
		if err != nil || n < considerAtOnce {
			return wrap(err, "decide on unopened mails")
		}
	}
	return nil
}

// ConsiderLate decides on mails that Consider has passed by: what became of their hand-over was found
// out later than when they were sent.
func (s *Service) ConsiderLate(ctx context.Context, _ time.Time) error {
	if !s.setUp() {
		return nil
	}
	for began := fibonacco.RealTime(); fibonacco.RealTime().Sub(began) < workFor; {
		n := 0
		err := s.db.Update(ctx, func(tx *db.Tx) error {
			to, err := s.loadCursor(ctx, tx)
			if err != nil {
				return err
			}
			list, err := db.Select[candidate](ctx, tx, `
				SELECT `+candidateColumns+unopened+`
					AND s.sent_at <= $1 AND s.sent_at > $2 AND NOT EXISTS (SELECT 1 FROM voicemail_skips WHERE campaign_send_id = s.id)
				ORDER BY s.sent_at, s.id LIMIT `+fmt.Sprint(considerAtOnce), to.At, tx.Now.Add(-s.triggerAfter()-freshFor))
			if n = len(list); err != nil || n == 0 {
				return err
			}
			_, err = s.plan(ctx, tx, list)
			return err
		})
		if err != nil || n < considerAtOnce {
			return wrap(err, "decide on unopened mails that were late")
		}
	}
	return nil
}

func (s *Service) triggerAfter() time.Duration {
	return time.Duration(s.cfg.TriggerAfterHours) * time.Hour
}

// loadCursor reads the cursor and makes others who move it wait. The first one begins where a mail
// is still fresh.
func (s *Service) loadCursor(ctx context.Context, tx *db.Tx) (c cursor, err error) {
	first := cursor{At: tx.Now.Add(-s.triggerAfter() - freshFor)}
	if _, err := tx.Exec(ctx, `
		INSERT INTO settings (key, value, updated_at) VALUES ($1, $2, $3) ON CONFLICT (key) DO NOTHING`,
		cursorKey, db.JSON(first), tx.Now); err != nil {
		return c, fmt.Errorf("begin to look at unopened mails: %w", err)
	}
	var text string
	err = tx.QueryRow(ctx, `SELECT CAST(value AS text) FROM settings WHERE key = $1 FOR UPDATE`, cursorKey).Scan(&text)
	if err == nil {
		err = json.Unmarshal([]byte(text), &c)
	}
	return c, wrap(err, "read how far unopened mails are decided on")
}

func storeCursor(ctx context.Context, tx *db.Tx, c cursor) error {
	_, err := tx.Exec(ctx, `UPDATE settings SET value = $1, updated_at = $2 WHERE key = $3`, db.JSON(c), tx.Now, cursorKey)
	return wrap(err, "store how far unopened mails are decided on")
}

package voicemail

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

const (
	staleAfter = 10 * 24 * time.Hour // a voicemail about a mail of last week is worth nothing any more
	keyMargin  = time.Hour           // before the provider forgets a key, we stop to rely on it
	tomorrow   = 20 * time.Hour      // "another day": where the hours allow it, at the usual time
	mostTries  = 3                   // hand-overs that come to an end without arriving
	unanswered = "unanswered"        // delivery_status: handed over, and nobody knows what became of it
)

// drop is a queued voicemail, as claim looks at it.
type drop struct {
	ID       int64
	UUID     string
	SMBID    int64 `db:"smb_id"`
	Phone    string
	Script   string
	Persona  string
	Attempts int
	Due      time.Time
	Made     time.Time
	KeyUntil *time.Time
	Month    string // in which it is counted
}

// claim is a voicemail in this node's hands.
type claim struct {
	drop
	b *business
}

// key is the same for every try of one hand-over, and another after that came to an end.
func (d *drop) key() string {
	return uuid.NewSHA1(uuid.MustParse(d.UUID), fmt.Appendf(nil, "attempt %d", d.Attempts)).String()
}

// verdict is what claim decides about one voicemail.
type verdict int

const (
	notDue   verdict = iota
	leaves           // now
	moves            // to another day
	ends             // not at all
	doubtful         // it may have left before, and cannot be repeated
)

// claim marks voicemails as being handed over by this node, and commits: the intent is stored before
// anything leaves (R1). Everything is looked at once more in the same transaction (R3): who may get
// none any more is cancelled with the reason (R2), what is outside its hours moves to the next
// permitted day, and what moves into another month is counted there, or cancelled.
func (s *Service) claim(ctx context.Context, ids []int64) (claims []claim, err error) {
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		claims = claims[:0]
		p, err := loadPause(ctx, tx, "")
		if err != nil {
			return err
		}
		if p.Paused {
			_, err := tx.Exec(ctx, `UPDATE rvm_drops SET released_at = NULL WHERE id IN ($1...) AND status = 'queued'`, ids)
			return wrap(err, "hold %d voicemails", len(ids))
		}
		list, err := db.Select[drop](ctx, tx, `
			SELECT id, CAST(uuid AS text) AS uuid, smb_id, phone, COALESCE(script, '') AS script, voice_persona AS persona, attempts,
				scheduled_for AS due, created_at AS made, key_until, COALESCE(counted_month, '') AS month
			FROM rvm_drops WHERE id IN ($1...) AND status = 'queued' ORDER BY scheduled_for, id`, ids)
		if err != nil || len(list) == 0 {
			return wrap(err, "read %d voicemails", len(ids))
		}
		var smbs []int64
		for _, d := range list {
			smbs = append(smbs, d.SMBID)
		}
		businesses, err := s.loadBusinesses(ctx, tx, smbs, ids...)
		if err != nil {
			return err
		}
		claims, err = s.sort(ctx, tx, list, businesses)
		return err
	})
	return claims, err
}

// sort decides about each voicemail and stores the decisions; it returns those that are this node's to
// hand over.
func (s *Service) sort(ctx context.Context, tx *db.Tx, list []drop, businesses map[int64]*business) ([]claim, error) {
	moved := db.NewBatch("id bigint", "due timestamptz")
	closed := db.NewBatch("id bigint", "status text", "reason text")
	var leaving, counting []claim
	dialled := map[string]bool{}
	for _, d := range list {
		b := businesses[d.SMBID]
		if b == nil {
			continue // see loadBusinesses
		}
		v, reason := s.decide(&d, b, tx.Now)
		if v == leaves && dialled[b.Phone] {
			v = moves // two businesses share the number: one voicemail at a time
		}
		switch v {
		case leaves:
			dialled[b.Phone] = true
			leaving = append(leaving, claim{d, b})
		case moves:
			from := tx.Now
			if d.Due.After(from) || dialled[b.Phone] || reason == fibonacco.AttemptLimit || reason == fibonacco.Duplicate {
				from = from.Add(tomorrow)
			}
			if when, ok := b.party.Next(s.company, from, s.sendAt); ok {
				moved.Add(d.ID, when.UTC())
				d.Due = when
				counting = append(counting, claim{d, b})
			} else {
				closed.Add(d.ID, "cancelled", string(fibonacco.OutsideHours))
			}
		case ends:
			closed.Add(d.ID, "cancelled", string(reason))
		case doubtful:
			closed.Add(d.ID, "sent", unanswered)
		}
	}
	over, err := s.recount(ctx, tx, leaving, counting)
	if err != nil {
		return nil, err
	}
	for id := range over {
		closed.Add(id, "cancelled", string(fibonacco.MonthlyLimit))
	}
	if _, err := tx.ExecBatch(ctx, moved, `
		UPDATE rvm_drops SET scheduled_for = rows.due, released_at = NULL, updated_at = $1
		FROM rows WHERE rvm_drops.id = rows.id AND rvm_drops.status = 'queued'`, tx.Now); err != nil {
		return nil, fmt.Errorf("move %d voicemails: %w", moved.Len(), err)
	}
	if _, err := tx.ExecBatch(ctx, closed, `
		UPDATE rvm_drops SET status = rows.status, delivery_status = rows.reason, updated_at = $1,
			sent_at = CASE WHEN rows.status = 'sent' THEN COALESCE(sent_at, claimed_at, $1) ELSE sent_at END
		FROM rows WHERE rvm_drops.id = rows.id AND rvm_drops.status = 'queued'`, tx.Now); err != nil {
		return nil, fmt.Errorf("close %d voicemails: %w", closed.Len(), err)
	}
	if err := uncount(ctx, tx); err != nil {
		return nil, err
	}
	return s.mark(ctx, tx, leaving, over)
}

// decide is the last look at one voicemail.
func (s *Service) decide(d *drop, b *business, now time.Time) (verdict, fibonacco.SkipReason) {
	began := d.KeyUntil != nil // a hand-over has begun whose end nobody knows
	switch {
	case d.Due.After(now):
		return notDue, ""
	case began && fibonacco.RealTime().After(*d.KeyUntil):
		return doubtful, ""
	case began && b.Phone != d.Phone:
		return doubtful, ""
	case now.Sub(d.Made) > staleAfter:
		return ends, fibonacco.Missed
	}
	if reason, later, ok := s.refuses(b, true); !ok {
		if later {
			return moves, reason
		}
		return ends, reason
	}
	if !b.party.Allowed(s.company, now) {
		return moves, fibonacco.OutsideHours
	}
	return leaves, ""
}

// recount counts voicemails in the local month in which they now leave, where that is another than
// the one they are counted in. over is those for which it has no room. Of several of one SMB that
// move, one is counted now, and the others when their day has come.
func (s *Service) recount(ctx context.Context, tx *db.Tx, leaving, moving []claim) (over map[int64]bool, err error) {
	over = map[int64]bool{}
	var back, want []counted
	bySMB := map[int64]int64{}
	consider := func(c claim, at time.Time) {
		if m := month(at, c.b.zone); m != c.Month && bySMB[c.SMBID] == 0 {
			if c.Month != "" {
				back = append(back, counted{smbID: c.SMBID, month: c.Month})
			}
			want = append(want, counted{c.SMBID, c.b.Tier, m})
			bySMB[c.SMBID] = c.ID
		}
	}
	for _, c := range leaving {
		consider(c, tx.Now)
	}
	for _, c := range moving {
		consider(c, c.Due)
	}
	if len(want) == 0 {
		return over, nil
	}
	if err := giveBack(ctx, tx, back); err != nil {
		return nil, err
	}
	granted, err := s.reserve(ctx, tx, want)
	if err != nil {
		return nil, err
	}
	kept := db.NewBatch("id bigint", "month text")
	var lost []int64
	for _, w := range want {
		if granted[w.smbID] {
			kept.Add(bySMB[w.smbID], w.month)
		} else {
			over[bySMB[w.smbID]] = true
			lost = append(lost, bySMB[w.smbID])
		}
	}
	if _, err := tx.ExecBatch(ctx, kept, `
		UPDATE rvm_drops SET counted_month = rows.month FROM rows WHERE rvm_drops.id = rows.id`); err != nil {
		return nil, fmt.Errorf("count %d voicemails in another month: %w", kept.Len(), err)
	}
	if len(lost) > 0 {
		_, err = tx.Exec(ctx, `UPDATE rvm_drops SET counted_month = NULL WHERE id IN ($1...)`, lost)
	}
	return over, wrap(err, "count %d voicemails no more", len(lost))
}

// mark makes voicemails this node's. The WHERE clause is the lock: of two workers with the same id, one
// gets it back. A key is good from the first time it is used.
func (s *Service) mark(ctx context.Context, tx *db.Tx, leaving []claim, over map[int64]bool) ([]claim, error) {
	rows := db.NewBatch("id bigint", "phone text", "until timestamptz")
	for _, c := range leaving {
		if over[c.ID] {
			continue
		}
		until := c.KeyUntil
		if until == nil {
			t := fibonacco.RealTime().UTC().Add(s.provider.Repeatable() - keyMargin)
			until = &t
		}
		rows.Add(c.ID, c.b.Phone, until)
	}
	won := map[int64]bool{}
	if err := tx.QueryBatch(ctx, rows, `
		UPDATE rvm_drops SET status = 'sending', phone = rows.phone, key_until = rows.until, provider = $1, claimed_by = $2, claimed_at = $3, updated_at = $3
		FROM rows WHERE rvm_drops.id = rows.id AND rvm_drops.status = 'queued' RETURNING rvm_drops.id`, func(r db.Row) error {
		var id int64
		err := r.Scan(&id)
		won[id] = true
		return err
	}, s.provider.Name(), s.queue.NodeID(), tx.Now); err != nil {
		return nil, fmt.Errorf("claim %d voicemails: %w", rows.Len(), err)
	}
	var mine []claim
	for _, c := range leaving {
		if won[c.ID] {
			c.Phone = c.b.Phone
			mine = append(mine, c)
		}
	}
	return mine, nil
}

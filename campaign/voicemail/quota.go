package voicemail

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/fibonacco/fibonacco/db"
)

// A voicemail is counted in two rows of its business: the local month and the quarter that holds it.
// A tier with a limit is held to it in the month; one whose limit is 0 gets one a quarter.

// month is the local month of a moment: "2026-03".
func month(at time.Time, zone *time.Location) string { return at.In(zone).Format("2006-01") }

// quarter is the one that holds a month: "2026-Q1". "" for what is no month.
func quarter(month string) string {
	if len(month) != 7 {
		return ""
	}
	m, err := strconv.Atoi(month[5:])
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%s-Q%d", month[:4], (m+2)/3)
}

// limit is how many voicemails a tier gets in a period; quarterly when it is by the quarter.
func (s *Service) limit(tier int) (most int, quarterly bool) {
	if most = s.cfg.MonthlyLimits[tier]; most > 0 {
		return most, false
	}
	return 1, true
}

// counted is one voicemail to be counted, or no more.
type counted struct {
	smbID int64
	tier  int
	month string
}

// reserve counts voicemails, at most one of each SMB, as far as their tiers allow, and says which. The
// WHERE clause is the lock: of two that want the last place, one gets it, on both engines.
func (s *Service) reserve(ctx context.Context, tx *db.Tx, list []counted) (granted map[int64]bool, err error) {
	type group struct {
		most      int
		quarterly bool
	}
	groups := map[group][]counted{}
	for _, c := range list {
		most, quarterly := s.limit(c.tier)
		groups[group{most, quarterly}] = append(groups[group{most, quarterly}], c)
	}
	granted = map[int64]bool{}
	keys := slices.SortedFunc(maps.Keys(groups), func(a, b group) int { return cmp.Compare(a.most, b.most) })
	for _, g := range keys {
		first, second := monthOf, quarterOf
		if g.quarterly {
			first, second = quarterOf, monthOf
		}
		won, err := add(ctx, tx, groups[g], first, g.most)
		if err != nil {
			return nil, err
		}
		rest := slices.DeleteFunc(slices.Clone(groups[g]), func(c counted) bool { return !won[c.smbID] })
		if _, err := add(ctx, tx, rest, second, noLimit); err != nil {
			return nil, err
		}
		maps.Copy(granted, won)
	}
	return granted, nil
}

const noLimit = 1 << 30

func monthOf(c counted) string   { return c.month }
func quarterOf(c counted) string { return quarter(c.month) }

// add counts one more in a period of each SMB, where it is below the limit.
func add(ctx context.Context, tx *db.Tx, list []counted, period func(counted) string, most int) (won map[int64]bool, err error) {
	won = map[int64]bool{}
	rows := db.NewBatch("smb bigint", "period text")
	// In one order, so that two who count the same do not wait for each other in a circle.
	for _, c := range slices.SortedFunc(slices.Values(list), func(a, b counted) int { return cmp.Compare(a.smbID, b.smbID) }) {
		rows.Add(c.smbID, period(c))
	}
	err = tx.QueryBatch(ctx, rows, `
		INSERT INTO voicemail_quota (smb_id, period, used) SELECT smb, period, 1 FROM rows WHERE TRUE
		ON CONFLICT (smb_id, period) DO UPDATE SET used = voicemail_quota.used + 1 WHERE voicemail_quota.used < $1
		RETURNING smb_id`, func(r db.Row) error {
		var id int64
		err := r.Scan(&id)
		won[id] = true
		return err
	}, most)
	return won, wrap(err, "count %d voicemails", rows.Len())
}

// giveBack takes voicemails out of the count again.
func giveBack(ctx context.Context, tx *db.Tx, list []counted) error {
	type row struct {
		smbID  int64
		period string
	}
	sums := map[row]int{}
	for _, c := range list {
		sums[row{c.smbID, c.month}]++
		sums[row{c.smbID, quarter(c.month)}]++
	}
	rows := db.NewBatch("smb bigint", "period text", "n integer")
	for _, r := range slices.SortedFunc(maps.Keys(sums), func(a, b row) int {
		return cmp.Or(cmp.Compare(a.smbID, b.smbID), cmp.Compare(a.period, b.period))
	}) {
		rows.Add(r.smbID, r.period, sums[r])
	}
	_, err := tx.ExecBatch(ctx, rows, `
		UPDATE voicemail_quota SET used = CASE WHEN used > rows.n THEN used - rows.n ELSE 0 END
		FROM rows WHERE voicemail_quota.smb_id = rows.smb AND voicemail_quota.period = rows.period`)
	return wrap(err, "take %d voicemails out of the count", len(list))
}

// uncount gives back what is counted for drops that have ended without arriving, whoever ended them:
// an opt-out that another module stored cancels them too.
func uncount(ctx context.Context, tx *db.Tx) error {
	const atOnce = 500
	for {
		type ended struct {
			ID    int64
			SMBID int64 `db:"smb_id"`
			Month string
		}
		list, err := db.Select[ended](ctx, tx, `
			SELECT id, smb_id, counted_month AS month FROM rvm_drops
			WHERE counted_month IS NOT NULL AND status IN ('failed', 'cancelled') ORDER BY id LIMIT `+strconv.Itoa(atOnce)+` FOR UPDATE SKIP LOCKED`)
		if err != nil || len(list) == 0 {
			return wrap(err, "find voicemails that have ended")
		}
		var ids []int64
		var back []counted
		for _, e := range list {
			ids, back = append(ids, e.ID), append(back, counted{smbID: e.SMBID, month: e.Month})
		}
		if _, err := tx.Exec(ctx, `UPDATE rvm_drops SET counted_month = NULL WHERE id IN ($1...)`, ids); err != nil {
			return fmt.Errorf("mark %d voicemails as not counted: %w", len(ids), err)
		}
		if err := giveBack(ctx, tx, back); err != nil {
			return err
		}
		if len(list) < atOnce {
			return nil
		}
	}
}

// used reads what is counted for an SMB in a month and its quarter.
func used(ctx context.Context, tx *db.Tx, smbID int64, inMonth string) (thisMonth, thisQuarter int, err error) {
	type row struct {
		Period string
		Used   int
	}
	list, err := db.Select[row](ctx, tx, `SELECT period, used FROM voicemail_quota WHERE smb_id = $1 AND period IN ($2...)`,
		smbID, []string{inMonth, quarter(inMonth)})
	for _, r := range list {
		if r.Period == inMonth {
			thisMonth = r.Used
		} else {
			thisQuarter = r.Used
		}
	}
	return thisMonth, thisQuarter, wrap(err, "read what is counted for SMB %d", smbID)
}

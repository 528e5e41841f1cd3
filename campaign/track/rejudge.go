package track

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/campaign/track/verdicts"
	"github.com/fibonacco/fibonacco/db"
)

// One call takes so many mails, and stops before so many hits: on SQLite everybody else's writes
// wait for it, those of the tracking pixel included.
const (
	rejudgeSends = 500
	rejudgeHits  = 10_000
)

// Rejudge implements fibonacco.TrackingVerdicts. A mail is judged whole, with all its hits: what came
// later may say of an earlier hit what nobody could know then.
func (s *Service) Rejudge(ctx context.Context, r fibonacco.RejudgeRequest) (*fibonacco.Rejudging, error) {
	var ids []int64
	var next int64
	if err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		ids, next, err = hitSends(ctx, tx, r)
		return err
	}); err != nil {
		return nil, fmt.Errorf("find mails to judge again: %w", err)
	}
	var t *thought
	run := s.db.Update
	if r.DryRun {
		run = s.db.View
	}
	if err := run(ctx, func(tx *db.Tx) (err error) {
		if t, err = s.think(ctx, tx, ids, !r.DryRun); err != nil || r.DryRun || len(t.hits) == 0 {
			return err
		}
		if err := s.correct(ctx, tx, t); err != nil {
			return err
		}
		return audit.Record(ctx, tx, fibonacco.AuditEntry{
			Action: "tracking.rejudged", Entity: "tracking", EntityID: "rules", After: map[string]any{
				"since": r.Since, "after": r.After, "through": slices.Max(ids), "sends": t.report.Sends, "hits": t.report.Hits,
				"reattributed": t.report.Reattributed, "changed": t.report.Changed, "mails": t.report.Mails,
			},
		})
	}); err != nil {
		return nil, fmt.Errorf("judge %d mails again: %w", len(ids), err)
	}
	t.report.DryRun, t.report.Next = r.DryRun, next
	return &t.report, nil
}

// hitSends is the next mails that were opened or clicked, and where to go on; 0 is nowhere. The empty
// text beside event_type keeps its index out: mails come in the order of their ids.
func hitSends(ctx context.Context, tx *db.Tx, r fibonacco.RejudgeRequest) (ids []int64, next int64, err error) {
	query := `SELECT e.campaign_send_id, COUNT(*) FROM email_events e
		WHERE e.campaign_send_id > $1 AND e.event_type || '' IN ('opened', 'clicked')`
	args := []any{r.After}
	if scope := fibonacco.ScopeOf(ctx); scope != nil {
		args = append(args, scope)
		query += fmt.Sprintf(` AND EXISTS (SELECT 1 FROM campaign_sends s JOIN smbs ON smbs.id = s.smb_id
			WHERE s.id = e.campaign_send_id AND smbs.community_id IN ($%d...))`, len(args))
	}
	query += ` GROUP BY e.campaign_send_id`
	if r.Since != nil {
		args = append(args, *r.Since)
		query += fmt.Sprintf(` HAVING MAX(e.event_at) >= $%d`, len(args))
	}
	rows, err := tx.Query(ctx, query+fmt.Sprintf(` ORDER BY e.campaign_send_id LIMIT %d`, rejudgeSends+1), args...)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = rows.Close() }()
	for hits := 0; rows.Next(); {
		var id int64
		var n int
		if err := rows.Scan(&id, &n); err != nil {
			return nil, 0, err
		}
		if hits += n; len(ids) == rejudgeSends || len(ids) > 0 && hits > rejudgeHits {
			return ids, ids[len(ids)-1], nil
		}
		ids = append(ids, id)
	}
	return ids, 0, rows.Err()
}

// thought is what is thought of mails now, where it differs from what was thought before.
type thought struct {
	report fibonacco.Rejudging
	hits   []storedHit // that are judged otherwise, or by another rule
	sends  []*reading  // whose opens or clicks count otherwise
}

// storedHit is a hit as it is stored.
type storedHit struct {
	id          int64
	note        *note // with the verdict and the rule of now
	was         fibonacco.Verdict
	wasRule     string
	countsAgain bool // a machine's no more, or from now on
}

// reading is one mail and what its hits say.
type reading struct {
	send            *send
	hits            []storedHit
	opened, clicked *time.Time // from now on; nil is never
}

// think judges mails again without writing anything.
func (s *Service) think(ctx context.Context, tx *db.Tx, ids []int64, lock bool) (*thought, error) {
	t := &thought{}
	if len(ids) == 0 {
		return t, nil
	}
	sends, err := readSends(ctx, tx, ids, lock)
	if err != nil {
		return nil, err
	}
	readings, err := readHits(ctx, tx, sends)
	if err != nil {
		return nil, err
	}
	old, err := forgotten(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	changed := map[fibonacco.RejudgedHits]int{}
	for _, r := range readings {
		t.report.Sends++
		t.report.Hits += len(r.hits)
		if r.send.override != "" {
			t.report.Kept++
		}
		s.judgeAgain(t, r, changed)
		if slices.ContainsFunc(r.hits, func(h storedHit) bool { return h.countsAgain }) {
			r.count(old[r.send.id])
			t.sends = append(t.sends, r)
			follows(&t.report.Mails, r)
		}
	}
	for key, n := range changed {
		key.Hits = n
		t.report.Changed = append(t.report.Changed, key)
	}
	slices.SortFunc(t.report.Changed, func(a, b fibonacco.RejudgedHits) int {
		return cmp.Or(cmp.Compare(b.Hits, a.Hits), strings.Compare(a.Rule, b.Rule), strings.Compare(string(a.From), string(b.From)), strings.Compare(string(a.To), string(b.To)))
	})
	return t, nil
}

// judgeAgain gives each hit of a mail its verdict anew, and notes what differs.
func (s *Service) judgeAgain(t *thought, r *reading, changed map[fibonacco.RejudgedHits]int) {
	var m moment
	for i := range r.hits {
		h := &r.hits[i]
		s.give(h.note, r.send, &m)
		if !h.note.tracked && r.send.override == "" && h.wasRule == verdicts.ByStaff {
			h.note.verdict, h.note.rule = fibonacco.UnknownAgent, "" // as a provider's report comes
		}
		h.countsAgain = (h.was == fibonacco.Machine) != (h.note.verdict == fibonacco.Machine)
		switch {
		case h.was != h.note.verdict:
			changed[fibonacco.RejudgedHits{From: h.was, To: h.note.verdict, Rule: h.note.rule}]++
		case h.wasRule != h.note.rule:
			t.report.Reattributed++
		default:
			continue
		}
		t.hits = append(t.hits, *h)
	}
}

// readHits reads the opens and clicks of sends, in the order in which they came.
func readHits(ctx context.Context, tx *db.Tx, sends map[int64]*send) ([]*reading, error) {
	rows, err := tx.Query(ctx, `
		SELECT id, campaign_send_id, event_type, event_at, COALESCE(link_clicked, ''), COALESCE(link_id, 0), COALESCE(verdict, ''), COALESCE(rule, ''),
			COALESCE(CAST(ip_address AS text), ''), COALESCE(user_agent, ''), COALESCE(method, ''), COALESCE(prefetch, FALSE)
		FROM email_events WHERE campaign_send_id IN ($1...) AND event_type || '' IN ('opened', 'clicked')
		ORDER BY campaign_send_id, event_at, id`, slices.Sorted(maps.Keys(sends)))
	if err != nil {
		return nil, fmt.Errorf("read hits: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var all []*reading
	for rows.Next() {
		h := storedHit{note: &note{}}
		n := h.note
		if err := rows.Scan(&h.id, &n.sendID, &n.kind, db.Time(&n.at), &n.link, &n.linkID, &n.verdict, &n.rule, &n.ip, &n.agent, &n.method, &n.prefetch); err != nil {
			return nil, fmt.Errorf("read hits: %w", err)
		}
		n.ip, _, _ = strings.Cut(n.ip, "/") // PostgreSQL writes the mask too
		n.tracked, h.was, h.wasRule = n.method != "", n.verdict, n.rule
		if len(all) == 0 || all[len(all)-1].send.id != n.sendID {
			all = append(all, &reading{send: sends[n.sendID]})
		}
		r := all[len(all)-1]
		r.hits = append(r.hits, h)
		if n.kind == clicked {
			r.send.past.took(n)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read hits: %w", err)
	}
	return all, nil
}

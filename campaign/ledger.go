package campaign

import (
	"context"
	"fmt"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// accepted is the sends that a provider has taken: it said so, or has reported something that
// happens to no other mail. Every other figure of a mail's life is among them, so that no rate is
// above 100 %.
const accepted = `(s.sent_at IS NOT NULL OR s.delivered_at IS NOT NULL OR s.opened_at IS NOT NULL OR s.clicked_at IS NOT NULL
	OR s.bounced_at IS NOT NULL OR s.complained_at IS NOT NULL)`

// ledger is what became of mails, by the version of the campaign that they are of.
type ledger map[versionKey]*fates

// fates is what became of the mails of one version.
type fates struct {
	groups                         map[alike]int
	unsubscribed, learnt, approved int
}

// alike is what mails have in common that are counted together.
type alike struct {
	community int64 // where their businesses were then; 0 is unknown
	status    fibonacco.SendStatus
	reason    fibonacco.SkipReason
	has       happened
}

// happened is what has happened to a mail, one bit each.
type happened int

const (
	wasSent happened = 1 << iota
	wasDelivered
	wasOpened
	wasClicked
	hasBounced
	wasReported
)

// times are the columns that say what happened, in the order of the bits; that of wasSent is accepted.
var times = []string{"s.delivered_at", "s.opened_at", "s.clicked_at", "s.bounced_at", "s.complained_at"}

func (l ledger) of(campaign string, version int) *fates {
	key := versionKey{campaign, version}
	if l[key] == nil {
		l[key] = &fates{groups: map[alike]int{}}
	}
	return l[key]
}

// countLedger counts the mails that a condition on campaign_sends s is true of.
func countLedger(ctx context.Context, tx *db.Tx, condition string, args ...any) (ledger, error) {
	const group = `s.campaign_id, s.campaign_version, COALESCE(s.community_id, 0), s.status, COALESCE(s.skip_reason, '')`
	has := `CASE WHEN ` + accepted + ` THEN 1 ELSE 0 END`
	for i, column := range times {
		has += fmt.Sprintf(` + CASE WHEN %s IS NULL THEN 0 ELSE %d END`, column, 2<<i)
	}
	what, by := `1`, ``
	if tx.Engine() == db.Postgres { // SQLite groups by sorting, which takes four times as long as telling of every row
		what, by = `COUNT(*)`, ` GROUP BY `+group+`, `+has
	}
	rows, err := tx.Query(ctx, `SELECT `+group+`, `+has+`, `+what+` FROM campaign_sends s WHERE `+condition+by, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	l := ledger{}
	for rows.Next() {
		var campaign string
		var version, n int
		var a alike
		if err := rows.Scan(&campaign, &version, &a.community, &a.status, &a.reason, &a.has, &n); err != nil {
			return nil, err
		}
		l.of(campaign, version).groups[a] += n
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	return l, l.follow(ctx, tx, condition, args)
}

// follow adds what the mails led to. A mail is counted once, however often its business did it.
func (l ledger) follow(ctx context.Context, tx *db.Tx, condition string, args []any) error {
	const first = `s.smb_id = did.smb_id AND s.campaign_id = did.campaign_id AND s.occurrence = 1`
	for _, led := range []struct {
		did, by string // a subquery of what was done, and the mail that led to it
		add     func(f *fates, n int)
	}{
		{
			`(SELECT e.campaign_send_id AS id FROM email_events e WHERE e.event_type = 'unsubscribed'
			UNION SELECT d.campaign_send_id FROM email_event_days d WHERE d.event_type = 'unsubscribed')`, `s.id = did.id`,
			func(f *fates, n int) { f.unsubscribed = n },
		},
		{
			`(SELECT DISTINCT v.smb_id, v.source_campaign_id AS campaign_id FROM content_views v WHERE v.source_campaign_id IS NOT NULL)`, first,
			func(f *fates, n int) { f.learnt = n },
		},
		{
			`(SELECT a.smb_id, c.id AS campaign_id FROM approvals a JOIN campaigns c ON c.id = a.source_id WHERE a.status <> 'cancelled'
			UNION SELECT a.smb_id, c.id FROM approvals a JOIN campaigns c ON c.slug = a.source_id WHERE a.status <> 'cancelled')`, first,
			func(f *fates, n int) { f.approved = n },
		},
	} {
		type group struct {
			CampaignID      string
			CampaignVersion int
			N               int
		}
		groups, err := db.Select[group](ctx, tx, `
			SELECT s.campaign_id AS campaign_id, s.campaign_version AS campaign_version, COUNT(*) AS n
			FROM `+led.did+` did CROSS JOIN campaign_sends s -- SQLite keeps this order, and so looks few mails up
			WHERE `+led.by+` AND `+condition+` AND `+accepted+` GROUP BY s.campaign_id, s.campaign_version`, args...)
		if err != nil {
			return err
		}
		for _, g := range groups {
			led.add(l.of(g.CampaignID, g.CampaignVersion), g.N)
		}
	}
	return nil
}

// stats adds up what became of a campaign's mails; version 0 is all of them. skips is why some did not go.
func (l ledger) stats(campaign string, version int) (out *fibonacco.CampaignStats, skips map[fibonacco.SkipReason]int) {
	out, skips = &fibonacco.CampaignStats{CampaignID: campaign, Version: version}, map[fibonacco.SkipReason]int{}
	of := map[fibonacco.SendStatus]*int{
		fibonacco.SendQueued: &out.Queued, fibonacco.SendSending: &out.Queued, fibonacco.SendFailed: &out.Failed, fibonacco.SendUnknown: &out.Unknown,
		fibonacco.SendSuppressed: &out.Suppressed, fibonacco.SendCancelled: &out.Cancelled,
	}
	for key, f := range l {
		if key.campaign != campaign || version != 0 && key.version != version {
			continue
		}
		out.Unsubscribed, out.Learnt, out.Approved = out.Unsubscribed+f.unsubscribed, out.Learnt+f.learnt, out.Approved+f.approved
		for g, n := range f.groups {
			out.Planned += n
			for has, sum := range map[happened]*int{
				wasSent: &out.Sent, wasDelivered: &out.Delivered, wasOpened: &out.Opened, wasClicked: &out.Clicked, hasBounced: &out.Bounced, wasReported: &out.Complained,
			} {
				if g.has&has != 0 {
					*sum += n
				}
			}
			if sum := of[g.status]; sum != nil {
				*sum += n
			}
			if g.status == fibonacco.SendSuppressed || g.status == fibonacco.SendCancelled {
				skips[g.reason] += n
			}
		}
	}
	return out, skips
}

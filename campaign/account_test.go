package campaign_test

import (
	"slices"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/track"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/mail/mailtest"
)

// account compares the ledger with what the mail server has taken: nothing lost, nothing twice, and
// what may be either is unknown. It returns the unknown sends and how many of them did arrive.
func account(t *testing.T, d *db.DB, sink interface{ Received() []mailtest.Received }, mails int) (unknown []int64, arrivedUnknown int) {
	t.Helper()
	arrived := map[string]int{}
	for _, r := range sink.Received() {
		arrived[r.MessageID]++
	}
	sent, rows := 0, 0
	must(t, d.View(t.Context(), func(tx *db.Tx) error {
		list, err := tx.Query(t.Context(), `SELECT id, CAST(uuid AS text), status FROM campaign_sends ORDER BY id`)
		if err != nil {
			return err
		}
		defer func() { _ = list.Close() }()
		for list.Next() {
			var id int64
			var uuid, status string
			if err := list.Scan(&id, &uuid, &status); err != nil {
				return err
			}
			n := arrived[uuid+"@local.example"]
			rows++
			switch {
			case n > 1:
				t.Errorf("mail %d (%s) arrived %d times", id, status, n)
			case status == "sent" && n == 1:
				sent++
			case status == "unknown":
				unknown = append(unknown, id)
				arrivedUnknown += n
			default:
				t.Errorf("mail %d is %s and arrived %d times", id, status, n)
			}
		}
		return list.Err()
	}))
	equal(t, "mails in the ledger", rows, mails)
	equal(t, "mails accounted for", sent+len(unknown), mails)
	equal(t, "mails taken", len(arrived), sent+arrivedUnknown)
	return unknown, arrivedUnknown
}

// settleUnknown has every unknown mail listed, and settled: some by the provider's report, the others
// by a person who has looked.
func settleUnknown(t *testing.T, b *bundle, unknown []int64) {
	t.Helper()
	listed := func() (ids []int64) {
		page, err := b.svc.QuerySends(t.Context(), fibonacco.ListQuery{Filter: fibonacco.Filter{"status": "unknown"}, Size: 1000})
		must(t, err)
		for _, s := range page.Data {
			ids = append(ids, s.ID)
		}
		slices.Sort(ids)
		return ids
	}
	if got := listed(); !slices.Equal(got, unknown) {
		t.Fatalf("listed as unknown are %v, want %v", got, unknown)
	}
	reports := track.New(b.db, b.queue, b.options.Signer, b.options.Config)
	reports.Start()
	defer reports.Close()
	for i, id := range unknown {
		if i%2 == 0 {
			first, err := reports.TakeReports(t.Context(), fibonacco.MailDelivery{ID: "sns:" + time.Duration(id).String(), Reports: []fibonacco.MailReport{
				{SendID: id, Kind: "delivered", At: b.db.Clock().Now()},
			}})
			must(t, err)
			equal(t, "first", first, true)
			continue
		}
		must(t, reports.Record(t.Context(), id, "delivered", fibonacco.EmailEventData{}))
	}
	equal(t, "still unknown", len(listed()), 0)
	equal(t, "sent at last", b.n(`SELECT COUNT(*) FROM campaign_sends WHERE status <> 'sent' OR sent_at IS NULL`), 0)
}

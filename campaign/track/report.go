package track

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

var _ fibonacco.MailReports = (*Service)(nil)

// TakeReports implements fibonacco.MailReports. Deliveries ride in the same batches as opens and
// clicks do.
func (s *Service) TakeReports(ctx context.Context, d fibonacco.MailDelivery) (first bool, err error) {
	if d.ID == "" || len(d.ID) > 100 || cutText(d.ID, 100) != d.ID {
		return false, fibonacco.Errorf(fibonacco.Invalid, "the delivery has no id that can be stored")
	}
	n := &note{delivery: &delivery{id: d.ID}}
	for _, r := range d.Reports {
		if one, ok := s.reportNote(r); ok {
			n.delivery.notes = append(n.delivery.notes, one)
		}
	}
	_, err = s.ingest.Submit(ctx, n)
	if errors.Is(err, errRepeated) {
		return false, nil
	}
	return err == nil, err
}

// delivery is a provider's message on its way: it is stored whole, once, or not at all.
type delivery struct {
	id    string
	notes []*note
}

var errRepeated = errors.New("came before")

// reportNote is a report as a note; false for what is of no kind that is kept, or about no mail.
func (s *Service) reportNote(r fibonacco.MailReport) (*note, bool) {
	if _, err := uuid.Parse(r.UUID); err != nil && r.SendID <= 0 {
		return nil, false
	}
	n := &note{
		kind: r.Kind, sendID: r.SendID, uuid: r.UUID, recipient: emailKey(r.Recipient), at: r.At,
		link: cutText(r.Link, maxLink), ip: address(r.IP), agent: cutText(r.UserAgent, maxAgent),
	}
	switch r.Kind {
	case opened, clicked:
		n.verdict = fibonacco.UnknownAgent
	case bounced:
		n.bounce = undetermined
		if r.BounceType == permanent || r.BounceType == transient {
			n.bounce = r.BounceType
		}
	case delivered, complained, delayed, rejected:
	default:
		return nil, false
	}
	if json.Valid([]byte(r.Raw)) && !strings.Contains(r.Raw, `\u0000`) && len(r.Raw) <= maxRaw {
		n.raw = r.Raw
	}
	if n.at.IsZero() || n.at.Year() < 2000 || n.at.Year() > 9999 {
		n.at = s.db.Clock().Now()
	}
	return n, true
}

const maxRaw = 16 << 10 // bytes of a provider's message that are kept with its event

// unpack takes the deliveries of a batch apart: those that came before are answered so, the notes
// of the others join the batch.
func (b *batch) unpack(ctx context.Context) error {
	carriers := map[string][]int{}
	for i, n := range b.given {
		if n.delivery == nil {
			b.add(n, i)
			continue
		}
		carriers[n.delivery.id] = append(carriers[n.delivery.id], i)
	}
	if len(carriers) == 0 {
		return nil
	}
	rows := db.NewBatch("id text")
	ids := slices.Sorted(maps.Keys(carriers)) // in one order, so that two nodes do not wait for each other in a circle
	for _, id := range ids {
		rows.Add(id)
	}
	fresh := map[string]bool{}
	if err := b.tx.QueryBatch(ctx, rows, `
		INSERT INTO provider_messages (id, received_at) SELECT id, $1 FROM rows WHERE TRUE
		ON CONFLICT (id) DO NOTHING RETURNING id`, func(r db.Row) error {
		var id string
		err := r.Scan(&id)
		fresh[id] = true
		return err
	}, fibonacco.RealTime()); err != nil {
		return fmt.Errorf("note %d messages of providers: %w", rows.Len(), err)
	}
	for _, id := range ids {
		for nth, i := range carriers[id] {
			if nth > 0 || !fresh[id] {
				b.answers[i].Err = errRepeated
				continue
			}
			for _, n := range b.given[i].delivery.notes {
				b.add(n, -1)
			}
		}
	}
	return b.findByUUID(ctx)
}

// add takes a note into the batch; from is its caller's place among those given, -1 when nobody
// waits for this very note.
func (b *batch) add(n *note, from int) {
	b.notes, b.from, b.out = append(b.notes, n), append(b.from, from), append(b.out, outcome{})
}

// findByUUID finds the sends of reports that know only our Message-ID. A note is copied before it is
// changed: the batch may run again.
func (b *batch) findByUUID(ctx context.Context) error {
	var uuids []string
	for _, n := range b.notes {
		if n.sendID == 0 && n.uuid != "" {
			uuids = append(uuids, n.uuid)
		}
	}
	if len(uuids) == 0 {
		return nil
	}
	slices.Sort(uuids)
	rows := db.NewBatch("uuid uuid")
	for _, u := range slices.Compact(uuids) {
		rows.Add(u)
	}
	found := map[string]int64{}
	if err := b.tx.QueryBatch(ctx, rows, `
		SELECT CAST(campaign_sends.uuid AS text), campaign_sends.id FROM rows JOIN campaign_sends ON campaign_sends.uuid = rows.uuid`, func(r db.Row) error {
		var u string
		var id int64
		err := r.Scan(&u, &id)
		found[u] = id
		return err
	}); err != nil {
		return fmt.Errorf("find sends by Message-ID: %w", err)
	}
	for i, n := range b.notes {
		if n.sendID == 0 && n.uuid != "" {
			own := *n
			own.sendID = found[n.uuid]
			b.notes[i] = &own
		}
	}
	return nil
}

// addressed leaves aside reports about somebody who is not the send's recipient.
func (b *batch) addressed(context.Context) error {
	for i, n := range b.notes {
		if d := b.sends[n.sendID]; n.recipient != "" && d != nil && n.recipient != emailKey(d.email) {
			b.out[i].Err = unknownLink()
		}
	}
	return nil
}

const messagesKept = 3 * 24 * time.Hour // SNS repeats for an hour, and older messages are refused

// SweepMessages forgets providers' messages that cannot come again.
func (s *Service) SweepMessages(ctx context.Context, _ time.Time) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM provider_messages WHERE received_at < $1`, fibonacco.RealTime().Add(-messagesKept))
		return err
	})
}

package imports

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// consent is what a row says about being reached.
type consent struct {
	said   [4]answer // by fibonacco.Channels
	at     time.Time // zero: not said
	source string
	words  string
	ip     string
}

// answer is yes or no, with the very words of the file; text "" when nothing is said.
type answer struct {
	yes  bool
	text string
}

// consentOf is a row's word and who it is about.
type consentOf struct {
	k     *known
	words []fibonacco.Consent
}

// readConsent reads the consent columns of a row; nil when they say nothing.
func readConsent(v *values, as *terms) (c *consent, bad []refusal) {
	if as.deaf || v[emailConsent] == "" && v[smsConsent] == "" && v[rvmConsent] == "" && v[phoneConsent] == "" {
		return nil, nil
	}
	refuse := func(f field, reason string) { bad = append(bad, refusal{specs[f].name, reason, v[f]}) }
	c = &consent{}
	for i := range fibonacco.Channels {
		f := emailConsent + field(i)
		if v[f] == "" {
			continue
		}
		yes, ok := yesOrNo(v[f])
		if !ok {
			refuse(f, "must be yes or no")
		}
		c.said[i] = answer{yes, v[f]}
	}
	if raw := v[consentDate]; raw != "" {
		var ok bool
		if c.at, ok = date(raw); !ok {
			refuse(consentDate, "must be a date, for example 2026-03-02 or 3/2/2026")
		} else if c.at.After(as.now.Add(24 * time.Hour)) { // it may be tomorrow where it was given
			refuse(consentDate, "lies ahead")
		}
	}
	if raw := v[consentIP]; raw != "" {
		ip, err := netip.ParseAddr(raw)
		if err != nil || ip.Zone() != "" {
			refuse(consentIP, "must be an IP address")
		}
		c.ip = ip.String()
	}
	c.source, c.words = v[consentSource], v[consentWording]
	for _, f := range []field{consentSource, consentWording} {
		switch s := v[f]; {
		case len([]rune(s)) > specs[f].most:
			refuse(f, fmt.Sprintf("is longer than %d characters", specs[f].most))
		case strings.IndexByte(s, 0) >= 0:
			refuse(f, "holds a zero byte")
		}
	}
	return c, bad
}

// yesOrNo reads the forms that lists have.
func yesOrNo(s string) (yes, ok bool) {
	switch strings.ToLower(strings.Trim(s, ". ")) {
	case "yes", "y", "true", "t", "1", "1.0", "x", "on", "ok", "opt in", "opt-in", "optin", "opted in", "opted-in", "subscribed", "granted", "given", "agreed", "\u2713", "\u2714", "si", "sí":
		return true, true
	case "no", "n", "false", "f", "0", "0.0", "off", "opt out", "opt-out", "optout", "opted out", "opted-out", "unsubscribed", "withdrawn", "revoked", "refused", "declined", "never", "none":
		return false, true
	}
	return false, false
}

// dates are the forms of dates and times, those of spreadsheets and databases first. A date with
// slashes is American.
var dates = []string{
	time.DateOnly, "2006-01-02T15:04:05", time.RFC3339Nano, time.DateTime, "2006-01-02 15:04", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 MST",
	"1/2/2006", "1/2/06", "1/2/2006 15:04", "1/2/2006 15:04:05", "1/2/2006 3:04 PM", "1/2/2006 3:04:05 PM", "1/2/06 15:04", "1-2-2006", "20060102",
	"Jan 2, 2006", "January 2, 2006", "2 Jan 2006", "2 January 2006", "02-Jan-2006", "02-Jan-06",
}

// date reads a date or time; what names no zone is in UTC.
func date(s string) (time.Time, bool) {
	for _, form := range dates {
		if at, err := time.Parse(form, s); err == nil && at.Year() >= 1990 && at.Year() <= 9999 {
			return at.UTC(), true
		}
	}
	return time.Time{}, false
}

// heard keeps what a row says about being reached. A yes about a known business follows the policy;
// a no always counts. What has been written down of it before, word for word, is left out: the same
// file may be imported twice.
func (x *index) heard(k *known, b *business, yes bool) {
	if b.consent == nil || x.draft == nil {
		return
	}
	said := consentOf{k: k}
	whose := k.id
	if whose == 0 {
		whose = k.order // larger than any id
	}
	for _, c := range x.draft(b.consent) {
		if w := wordOf(whose, &c); (yes || !c.Granted) && !x.recorded[w] {
			x.recorded[w] = true
			said.words = append(said.words, c)
		}
	}
	if len(said.words) > 0 {
		x.consents = append(x.consents, said)
	}
}

// word is what a consent says, without when it was written down. One without a date is the same
// whenever that was.
type word struct {
	smbID                   int64
	channel                 fibonacco.Channel
	granted                 bool
	wording, source, ip, at string
}

func wordOf(smbID int64, c *fibonacco.Consent) word {
	w := word{smbID: smbID, channel: c.Channel, granted: c.Granted, wording: c.Wording, source: c.Source, ip: c.IP}
	if !c.OccurredAt.IsZero() {
		w.at = c.OccurredAt.UTC().Format(time.RFC3339)
	}
	return w
}

// loadRecorded reads what imports have written down of the known businesses already.
func (x *index) loadRecorded(ctx context.Context, tx *db.Tx) error {
	ids := make([]int64, 0, len(x.byID))
	for id := range x.byID {
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		return nil
	}
	rows, err := tx.Query(ctx, `
		SELECT smb_id, channel, granted, wording, source, ip, occurred_at FROM consents
		WHERE smb_id IN ($1...) AND recorded_by LIKE 'import %'`, ids)
	if err != nil {
		return fmt.Errorf("read the consents of %d businesses: %w", len(ids), err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id int64
		var c fibonacco.Consent
		if err := rows.Scan(&id, &c.Channel, &c.Granted, &c.Wording, &c.Source, &c.IP, db.Time(&c.OccurredAt)); err != nil {
			return fmt.Errorf("read the consents of %d businesses: %w", len(ids), err)
		}
		dated := wordOf(id, &c)
		c.OccurredAt = time.Time{}
		x.recorded[dated], x.recorded[wordOf(id, &c)] = true, true
	}
	return rows.Err()
}

// recordConsents writes down what the rows of a batch say about being reached, once their
// businesses are stored.
func (w *writer) recordConsents(ctx context.Context, tx *db.Tx, x *index) error {
	if len(x.consents) == 0 {
		return nil
	}
	if err := identify(ctx, tx, x.added); err != nil {
		return err
	}
	if err := unguided(ctx, tx); err != nil {
		return err
	}
	var all []fibonacco.Consent
	for _, said := range x.consents {
		for _, c := range said.words {
			c.SMBID, c.Address, c.RecordedBy = said.k.id, said.k.text[phone], "import "+w.handle
			if c.Channel == fibonacco.ChannelEmail {
				c.Address = said.k.text[email]
			}
			all = append(all, c)
		}
	}
	changed, err := w.o.consents(ctx, tx, all)
	if err != nil {
		return fmt.Errorf("record %d consents: %w", len(all), err)
	}
	var events []fibonacco.Event
	for _, id := range slices.Sorted(maps.Keys(changed)) {
		events = append(events, fibonacco.SMBUpdated{SMBID: id, CommunityID: w.req.CommunityID, Fields: changed[id]})
	}
	return w.queue.Publish(ctx, tx, events...)
}

// drafts is a row's word, channel by channel, before it is known whose it is. What the file does not
// prove is said as it is: the wording is then what the file said, and the source the file.
func (w *writer) drafts(c *consent) []fibonacco.Consent {
	var all []fibonacco.Consent
	for i, channel := range fibonacco.Channels {
		a := c.said[i]
		if a.text == "" {
			continue
		}
		one := fibonacco.Consent{Channel: channel, Granted: a.yes, Wording: c.words, Source: c.source, IP: c.ip, OccurredAt: c.at}
		if one.Source == "" {
			one.Source = "import"
		}
		if one.Wording == "" {
			name := specs[emailConsent+field(i)].name
			if column := w.layout.mapping[name]; column != "" {
				name = column
			}
			one.Wording = fmt.Sprintf("The column %q of the file %q said %q.", name, w.req.Filename, a.text)
		}
		all = append(all, one)
	}
	return all
}

// identify finds the ids of businesses that were just stored, by their uuids.
func identify(ctx context.Context, tx *db.Tx, added []*known) error {
	rows := db.NewBatch("handle uuid")
	by := make(map[string]*known, len(added))
	for _, k := range added {
		if k.id == 0 {
			rows.Add(k.handle)
			by[k.handle] = k
		}
	}
	err := tx.QueryBatch(ctx, rows, `SELECT smbs.id, CAST(smbs.uuid AS text) FROM smbs JOIN rows ON smbs.uuid = rows.handle`, func(row db.Row) error {
		var id int64
		var handle string
		if err := row.Scan(&id, &handle); err != nil {
			return err
		}
		by[handle].id = id
		return nil
	})
	if err != nil {
		return fmt.Errorf("find the businesses that were just stored: %w", err)
	}
	return nil
}

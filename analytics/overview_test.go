package analytics_test

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/analytics"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

type queues []fibonacco.QueueState

func (q queues) Queues(context.Context) ([]fibonacco.QueueState, error) { return q, nil }

// Every figure equals what a recount of the rows gives (M8-18), whatever the time of day: in the
// afternoon, just after midnight, and on the two odd days of the year.
func TestOverviewEqualsRecount(t *testing.T) {
	t.Parallel()
	at := map[string]time.Time{
		"afternoon":      time.Date(2026, 11, 17, 19, 12, 33, 456000, time.UTC),
		"after midnight": time.Date(2026, 11, 17, 5, 0, 1, 0, time.UTC),
		"short day":      time.Date(2026, 3, 8, 20, 30, 0, 0, time.UTC),
		"long day":       time.Date(2026, 11, 1, 20, 30, 0, 0, time.UTC),
	}
	for name, now := range at {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
				clock.Set(now)
				for seed := range uint64(2) {
					w := newWorld(t, seed, now, 500)
					if seed == 0 {
						w.store(t, d)
						compare(t, d, w)
						continue
					}
					fresh := dbtest.Open(t, d.Engine(), clock)
					w.store(t, fresh)
					compare(t, fresh, w)
				}
			})
		})
	}
}

func compare(t *testing.T, d *db.DB, w *world) {
	t.Helper()
	svc := analytics.New(d, queues{{Name: "emails", Failed: 2}, {Name: "ai", Failed: 1}})
	got, err := svc.Overview(t.Context())
	must(t, err)
	equalOverviews(t, got, w.recount())
}

func equalOverviews(t *testing.T, got, want *fibonacco.Overview) {
	t.Helper()
	g, x := reflect.ValueOf(*got), reflect.ValueOf(*want)
	for i := range g.NumField() {
		if !reflect.DeepEqual(g.Field(i).Interface(), x.Field(i).Interface()) {
			t.Errorf("%s:\n got %s\nwant %s", g.Type().Field(i).Name, show(g.Field(i)), show(x.Field(i)))
		}
	}
}

func show(v reflect.Value) string {
	if v.Kind() != reflect.Slice {
		return fmt.Sprintf("%+v", v.Interface())
	}
	out := ""
	for i := range v.Len() {
		out += fmt.Sprintf("\n  %+v", v.Index(i).Interface())
	}
	return out
}

// recount says the same as the service by the shortest way: look at everything, row by row.
func (w *world) recount() *fibonacco.Overview {
	o := &fibonacco.Overview{Now: w.now, Skips: []fibonacco.SkipCount{}, Feed: []fibonacco.FeedItem{}, Attention: []fibonacco.Attention{}}
	size := map[int64]int{}
	for _, s := range w.smbs {
		if s.deleted {
			continue
		}
		size[s.town]++
		o.Tiers[s.tier-1]++
		if s.status == "active" {
			o.ProgrammeDay = max(o.ProgrammeDay, s.day)
		}
	}
	home := w.towns[0]
	for _, c := range w.towns {
		if size[c.id] > size[home.id] || (size[c.id] == size[home.id] && c.name < home.name) {
			home = c
		}
	}
	o.Timezone = home.zone.String()
	today := func(t time.Time) bool { return date(t, home.zone) == date(w.now, home.zone) }
	weekBefore := func(t time.Time) bool {
		return date(t.In(home.zone).AddDate(0, 0, 7), home.zone) == date(w.now, home.zone)
	}
	sameTime := func(t time.Time) bool {
		return weekBefore(t) && t.In(home.zone).Format("15:04:05.000000") < w.now.In(home.zone).Format("15:04:05.000000")
	}
	into := func(t time.Time, count func(*fibonacco.DayFigures)) {
		if t.IsZero() {
			return
		}
		count(&o.Total)
		if today(t) {
			count(&o.Today)
		}
		if sameTime(t) {
			count(&o.Before)
		}
	}
	reasons := map[string]int{}
	for _, s := range w.sends {
		if s.status == "sent" || s.status == "bounced" || s.status == "complained" {
			into(s.sent, func(f *fibonacco.DayFigures) { f.Sent++ })
		}
		into(s.opened, func(f *fibonacco.DayFigures) { f.Opened++ })
		into(s.clicked, func(f *fibonacco.DayFigures) { f.Clicked++ })
		switch s.status {
		case "failed":
			into(s.due, func(f *fibonacco.DayFigures) { f.Failed++ })
		case "unknown":
			into(s.due, func(f *fibonacco.DayFigures) { f.Unknown++ })
		case "suppressed", "cancelled":
			into(s.due, func(f *fibonacco.DayFigures) { f.Skipped++ })
			if today(s.due) {
				reasons[s.reason]++
			}
		}
		if !s.opened.IsZero() && today(s.opened) {
			o.OpensByHour[s.opened.In(home.zone).Hour()]++
		}
		if !s.opened.IsZero() && weekBefore(s.opened) {
			o.OpensBefore[s.opened.In(home.zone).Hour()]++
		}
	}
	for _, k := range w.skips {
		o.Total.Skipped++
		if k.date == date(w.now, home.zone) {
			o.Today.Skipped++
			reasons[k.reason]++
		}
		if k.date == date(w.now.In(home.zone).AddDate(0, 0, -7), home.zone) && k.at.Before(sameMoment(w.now, home.zone)) {
			o.Before.Skipped++
		}
	}
	o.Skips = ranked(reasons)
	for _, h := range w.hits {
		if h.verdict == "machine" && today(h.at) {
			o.MachineHits++
		}
	}
	for _, e := range w.events {
		switch e.kind {
		case "email.unsubscribed":
			into(e.at, func(f *fibonacco.DayFigures) { f.Unsubscribed++ })
		case "approval.submitted":
			into(e.at, func(f *fibonacco.DayFigures) { f.Approvals++ })
		}
	}
	o.Communities = w.recountTowns()
	o.Attention = w.recountAttention()
	o.Feed = w.recountFeed()
	return o
}

func (w *world) recountTowns() []fibonacco.CommunityToday {
	var out []fibonacco.CommunityToday
	for _, c := range w.towns {
		t := fibonacco.CommunityToday{ID: c.id, Name: c.name, Timezone: c.zone.String(), LocalTime: w.now.In(c.zone).Format("15:04")}
		own := func(at time.Time) bool { return !at.IsZero() && date(at, c.zone) == date(w.now, c.zone) }
		reasons := map[string]int{}
		for _, s := range w.sends {
			if s.town != c.id {
				continue
			}
			switch s.status {
			case "queued":
				if date(s.due, c.zone) <= date(w.now, c.zone) {
					t.Queued++
				}
				if t.NextWaveAt == nil || s.due.Before(*t.NextWaveAt) {
					t.NextWaveAt = &s.due
				}
			case "sent", "bounced", "complained":
				if own(s.sent) {
					t.Sent++
				}
			case "suppressed", "cancelled":
				if own(s.due) {
					t.Skipped++
					reasons[s.reason]++
				}
			}
			if own(s.opened) {
				t.Opened++
				t.ByHour[s.opened.In(c.zone).Hour()]++
			}
			if own(s.clicked) {
				t.Clicked++
			}
		}
		for _, k := range w.skips {
			if k.town == c.id && k.date == date(w.now, c.zone) {
				t.Skipped++
				reasons[k.reason]++
			}
		}
		if top := ranked(reasons); len(top) > 0 {
			t.TopReason = top[0].Reason
		}
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b fibonacco.CommunityToday) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

func (w *world) recountAttention() []fibonacco.Attention {
	unknown, failed := fibonacco.Attention{Kind: "unknown_sends"}, fibonacco.Attention{Kind: "failed_sends"}
	yeses, meetings, changes := fibonacco.Attention{Kind: "services_to_set_up"}, fibonacco.Attention{Kind: "meeting_requests"}, fibonacco.Attention{Kind: "contact_changes"}
	for _, task := range w.tasks {
		a := &yeses
		switch {
		case task.status != "suggested" || task.kind == "custom":
			continue
		case task.kind == "meeting_request":
			a = &meetings
		case task.kind == "profile_update":
			a = &changes
		}
		a.Count++
		if a.OldestAt == nil || task.at.Before(*a.OldestAt) {
			a.OldestAt = &task.at
		}
	}
	for _, s := range w.sends {
		a := &unknown
		switch s.status {
		case "failed":
			if s.due.Before(w.now.AddDate(0, 0, -7)) {
				continue // it is old news
			}
			a = &failed
		case "unknown":
		default:
			continue
		}
		a.Count++
		if a.OldestAt == nil || s.due.Before(*a.OldestAt) {
			a.OldestAt = &s.due
		}
	}
	return slices.DeleteFunc([]fibonacco.Attention{unknown, failed, yeses, meetings, changes, {Kind: "failed_jobs", Count: 3}},
		func(a fibonacco.Attention) bool { return a.Count == 0 })
}

func (w *world) recountFeed() []fibonacco.FeedItem {
	failed := slices.DeleteFunc(slices.Clone(w.sends), func(s send) bool { return s.status != "failed" })
	slices.SortFunc(failed, func(a, b send) int { return cmp.Or(b.due.Compare(a.due), cmp.Compare(b.id, a.id)) })
	var latest []int64 // the SMBs of the last failed sends
	for _, s := range failed[:min(20, len(failed))] {
		latest = append(latest, s.smb)
	}
	var all []fibonacco.FeedItem
	for _, e := range w.events {
		item := fibonacco.FeedItem{ID: e.id, At: e.at, Type: e.kind, SMBID: e.smb, BusinessName: businessName(e.smb)}
		item.CampaignID, _ = e.properties["campaign_id"].(string)
		switch e.kind {
		case "campaign_send.completed":
			if e.properties["status"] != "failed" || !slices.Contains(latest, e.smb) {
				continue
			}
			item.Detail = "failed"
		case "email.clicked":
			item.Detail = "https://example.org/"
		case "email.unsubscribed":
			item.Detail = "email"
		case "approval.submitted":
			item.Detail = "listing_claim"
		case "smb.tier_changed":
			item.Detail = "4 to 3"
		}
		all = append(all, item)
	}
	slices.SortFunc(all, func(a, b fibonacco.FeedItem) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.ID, a.ID)) })
	return all[:min(20, len(all))]
}

func date(t time.Time, zone *time.Location) string { return t.In(zone).Format(time.DateOnly) }

// sameMoment is the moment of the day before at which the wall clock showed the same.
func sameMoment(now time.Time, zone *time.Location) time.Time { return now.In(zone).AddDate(0, 0, -7) }

func ranked(reasons map[string]int) []fibonacco.SkipCount {
	out := []fibonacco.SkipCount{}
	for reason, n := range reasons {
		out = append(out, fibonacco.SkipCount{Reason: fibonacco.SkipReason(reason), Count: n})
	}
	slices.SortFunc(out, func(a, b fibonacco.SkipCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Reason, b.Reason))
	})
	return out
}

func TestOverviewOfNothing(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		o, err := analytics.New(d, nil).Overview(t.Context())
		must(t, err)
		if o.Timezone != fibonacco.DefaultTimezone || o.Communities == nil || o.Feed == nil || o.Skips == nil || o.Attention == nil {
			t.Errorf("an empty database: %+v", o)
		}
	})
}

// A figure may be a moment old, but over few rows it must not be.
func TestOverviewMovesOn(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, 7, clock.Now(), 100)
		w.store(t, d)
		svc := analytics.New(d, nil)
		before, err := svc.Overview(t.Context())
		must(t, err)
		must(t, d.Update(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE campaign_sends SET status = 'sent', sent_at = $1 WHERE status = 'queued'`, clock.Now())
			return err
		}))
		for deadline := time.Now().Add(5 * time.Second); ; {
			after, err := svc.Overview(t.Context())
			must(t, err)
			if after.Today.Sent > before.Today.Sent && after.Total.Sent > before.Total.Sent {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("still %+v", after.Today)
			}
			time.Sleep(10 * time.Millisecond)
		}
	})
}

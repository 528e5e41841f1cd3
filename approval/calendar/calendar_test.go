package calendar_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// From the yes to an event in the calendar, changed, cancelled, and over.
func TestLifeOfAnEvent(t *testing.T) {
	each(t, func(w *world) {
		_, err := w.svc.SaveEvent(w.Context(), 1, 0, party())
		w.code("before the yes", err, fibonacco.NotFound)
		result, err := w.provision(1)
		w.must(err)
		equal(w, "url", result["url"], any("https://go.example.com/events/port-avery"))
		equal(w, "manage", result["manage"], any("events"))
		id := w.saved(1, 0, party())
		equal(w, "a draft is nobody else's", w.titles("port-avery"), "")
		_, err = w.svc.CommunityEvent(w.Context(), "port-avery", id)
		w.code("a draft", err, fibonacco.NotFound)
		w.code("cancelling a draft", w.svc.CancelEvent(w.Context(), 1, id), fibonacco.Conflict)

		w.must(w.svc.PublishEvent(w.Context(), 1, id))
		w.must(w.svc.PublishEvent(w.Context(), 1, id))
		w.code("removing what is public", w.svc.RemoveEvent(w.Context(), 1, id), fibonacco.Conflict)
		e, err := w.svc.CommunityEvent(w.Context(), "port-avery", id)
		w.must(err)
		if e.Slug != "block-party" || e.Business != "Marisol Hair Studio" || e.Sequence != 0 || e.PublishedAt == nil || !e.StartsAt.Equal(time.Date(2026, 3, 7, 23, 0, 0, 0, time.UTC)) {
			w.Errorf("%+v", e)
		}
		_, err = w.svc.CommunityEvent(w.Context(), "red-hook", id)
		w.code("in another community", err, fibonacco.NotFound)
		uid := e.UUID

		changed := party()
		changed.Title, changed.Ends = "Block party!", "01:30"
		w.clock.Advance(time.Hour)
		w.saved(1, id, changed)
		e, err = w.svc.CommunityEvent(w.Context(), "port-avery", id)
		w.must(err)
		equal(w, "ends the next morning", e.EndsAt.Equal(time.Date(2026, 3, 8, 6, 30, 0, 0, time.UTC)), true)
		equal(w, "sequence after a change", e.Sequence, 1)

		w.must(w.svc.CancelEvent(w.Context(), 1, id))
		w.must(w.svc.CancelEvent(w.Context(), 1, id))
		equal(w, "stays listed", w.titles("port-avery"), "Block party! cancelled. ")
		file, err := w.svc.EventFile(w.Context(), "port-avery", id)
		w.must(err)
		for _, line := range []string{"UID:" + uid, "SEQUENCE:2", "STATUS:CANCELLED", "SUMMARY:Canceled: Block party!", "DTSTART:20260307T230000Z", "DTEND:20260308T063000Z", "METHOD:PUBLISH"} {
			if !strings.Contains(string(file), line+"\r\n") {
				w.Errorf("no line %s in %s", line, file)
			}
		}
		w.must(w.svc.PublishEvent(w.Context(), 1, id))
		e, err = w.svc.CommunityEvent(w.Context(), "port-avery", id)
		w.must(err)
		equal(w, "sequence when it is on again", e.Sequence, 3)
		equal(w, "the same event", e.UUID, uid)
		w.must(w.svc.CancelEvent(w.Context(), 1, id))

		w.clock.Set(e.OverAt.Add(-time.Second))
		equal(w, "until it is over", w.titles("port-avery"), "Block party! cancelled. ")
		w.clock.Set(e.OverAt)
		equal(w, "and not longer", w.titles("port-avery"), "")
		file, err = w.svc.CalendarFile(w.Context(), "port-avery")
		w.must(err)
		equal(w, "calendars keep it a while", strings.Contains(string(file), "UID:"+uid), true)
		w.code("on again when it is over", w.svc.PublishEvent(w.Context(), 1, id), fibonacco.Conflict)
		_, err = w.svc.CommunityEvent(w.Context(), "port-avery", id)
		w.must(err) // its address is still good
		w.clock.Advance(31 * 24 * time.Hour)
		file, err = w.svc.CalendarFile(w.Context(), "port-avery")
		w.must(err)
		equal(w, "not for ever", strings.Contains(string(file), uid), false)
		all, err := w.svc.OwnEvents(w.Context(), 1)
		w.must(err)
		equal(w, "its owner sees all", len(all), 1)
	})
}

// Withdrawn, it is gone; provisioned again, it is back, with everything that was posted.
func TestWithdrawAndBringBack(t *testing.T) {
	each(t, func(w *world) {
		withdraw := func(smb int64) {
			w.update(func(ctx context.Context, tx *db.Tx) error { return w.svc.Withdraw(ctx, tx, smb) })
		}
		withdraw(1) // which never had any
		w.provisioned(1)
		id := w.saved(1, 0, party())
		w.must(w.svc.PublishEvent(w.Context(), 1, id))
		withdraw(1)
		withdraw(1)
		equal(w, "withdrawn", w.titles("port-avery"), "")
		_, err := w.svc.CommunityEvent(w.Context(), "port-avery", id)
		w.code("withdrawn", err, fibonacco.NotFound)
		_, err = w.svc.EventFile(w.Context(), "port-avery", id)
		w.code("its file", err, fibonacco.NotFound)
		_, err = w.svc.OwnEvents(w.Context(), 1)
		w.code("its owner", err, fibonacco.NotFound)
		_, err = w.svc.OwnEvent(w.Context(), 1, id)
		w.code("its owner's event", err, fibonacco.NotFound)
		w.code("a change", w.svc.CancelEvent(w.Context(), 1, id), fibonacco.NotFound)
		errs := make([]error, 10)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() { _, errs[i] = w.provision(1) })
		}
		wg.Wait()
		for _, err := range errs {
			w.must(err)
		}
		equal(w, "back", w.titles("port-avery"), "Block party public. ")
		_, err = w.provision(99)
		w.code("nobody", err, fibonacco.NotFound)
	})
}

// What somebody else's link opens, and what becomes of events when businesses become one or go.
func TestWhoseAnEventIs(t *testing.T) {
	each(t, func(w *world) {
		for id := range int64(3) {
			w.provisioned(id + 1)
		}
		id := w.saved(1, 0, party())
		w.must(w.svc.PublishEvent(w.Context(), 1, id))
		_, err := w.svc.OwnEvent(w.Context(), 2, id)
		w.code("another's event", err, fibonacco.NotFound)
		_, err = w.svc.SaveEvent(w.Context(), 2, id, party())
		w.code("a change by another", err, fibonacco.NotFound)
		for what, do := range map[string]func() error{
			"publish": func() error { return w.svc.PublishEvent(w.Context(), 2, id) },
			"cancel":  func() error { return w.svc.CancelEvent(w.Context(), 2, id) },
			"remove":  func() error { return w.svc.RemoveEvent(w.Context(), 2, id) },
		} {
			w.code(what+" by another", do(), fibonacco.NotFound)
		}
		draft := w.saved(2, 0, party())
		w.must(w.svc.RemoveEvent(w.Context(), 2, draft))
		w.code("removed twice", w.svc.RemoveEvent(w.Context(), 2, draft), fibonacco.NotFound)

		w.exec(`INSERT INTO merges (uuid, community_id, survivor_id, other_id, merged_at, undo_until) VALUES ($1, 1, 2, 1, $2, $2)`, uuid.NewString(), w.clock.Now())
		w.exec(`UPDATE community_events SET smb_id = 2 WHERE smb_id = 1`)
		w.exec(`UPDATE smbs SET deleted_at = $1 WHERE id = 1`, w.clock.Now())
		e, err := w.svc.CommunityEvent(w.Context(), "port-avery", id)
		w.must(err)
		equal(w, "the survivor's", e.Business, "Rosa's Bakery")
		w.exec(`UPDATE smbs SET deleted_at = $1 WHERE id = 2`, w.clock.Now())
		equal(w, "of a deleted one", w.titles("port-avery"), "")
		_, err = w.svc.CommunityEvent(w.Context(), "port-avery", id)
		w.code("of a deleted one", err, fibonacco.NotFound)
		for _, no := range []string{"nowhere", "", "a\x00b", "a\xffb"} {
			_, err = w.svc.CommunityCalendar(w.Context(), no)
			w.code("no community", err, fibonacco.NotFound)
			_, err = w.svc.CommunityEvent(w.Context(), no, id)
			w.code("no community's event", err, fibonacco.NotFound)
		}
		equal(w, "the others'", w.titles("red-hook"), "")
	})
}

func TestSaveEventReads(t *testing.T) {
	each(t, func(w *world) {
		w.provisioned(1)
		with := func(do func(d *fibonacco.EventDraft)) fibonacco.EventDraft {
			d := party()
			do(&d)
			return d
		}
		for name, tc := range map[string]struct {
			draft  fibonacco.EventDraft
			fields string
		}{
			"nothing": {fibonacco.EventDraft{}, "title place day starts "},
			"rubbish": {fibonacco.EventDraft{Title: "\x00", Place: "\u202e", Link: "javascript:alert(1)", Day: "tomorrow", Starts: "noon", LastDay: "x", Ends: "25:00", About: strings.Repeat("x", 3001)}, "about title place link day starts last_day ends "},
			"too long": {with(func(d *fibonacco.EventDraft) {
				d.Title, d.Audience = strings.Repeat("é", 121), strings.Repeat("x", 121)
			}), "title audience "},
			"over":          {with(func(d *fibonacco.EventDraft) { d.Day = "2026-03-01" }), "day "},
			"over today":    {with(func(d *fibonacco.EventDraft) { d.Day, d.Starts, d.Ends = "2026-03-02", "07:00", "08:59" }), "day "},
			"far ahead":     {with(func(d *fibonacco.EventDraft) { d.Day = "2029-03-01" }), "day "},
			"a year 0":      {with(func(d *fibonacco.EventDraft) { d.Day = "0000-01-01" }), "day "},
			"backwards":     {with(func(d *fibonacco.EventDraft) { d.LastDay = "2026-03-06" }), "ends "},
			"backwards too": {with(func(d *fibonacco.EventDraft) { d.LastDay, d.Ends = "2026-03-06", "" }), "last_day "},
			"the same time": {with(func(d *fibonacco.EventDraft) { d.LastDay, d.Ends = d.Day, d.Starts }), "ends "},
			"a season":      {with(func(d *fibonacco.EventDraft) { d.LastDay = "2026-05-07" }), "last_day "},
			"skipped":       {with(func(d *fibonacco.EventDraft) { d.Day, d.Starts, d.Ends = "2026-03-08", "02:30", "" }), "starts "},
			"ends skipped":  {with(func(d *fibonacco.EventDraft) { d.Starts, d.Ends = "23:00", "02:30" }), "ends "},
		} {
			_, err := w.svc.SaveEvent(w.Context(), 1, 0, tc.draft)
			equal(w, name, fields(err), tc.fields)
		}
		_, err := w.svc.SaveEvent(w.Context(), 1, 0, with(func(d *fibonacco.EventDraft) { d.Day, d.Starts = "2026-03-08", "02:30" }))
		if err == nil || !strings.Contains(err.Error(), "does not exist on March 8, 2026: the clocks go forward") {
			w.Errorf("a time that does not exist: %v", err)
		}
		for name, tc := range map[string]struct {
			draft              fibonacco.EventDraft
			starts, ends, over string
		}{
			"across the leap":   {with(func(d *fibonacco.EventDraft) { d.Starts, d.Ends = "23:00", "03:00" }), "03-08 04:00", "03-08 07:00", "03-08 07:00"},
			"comes twice":       {with(func(d *fibonacco.EventDraft) { d.Day, d.Starts, d.Ends = "2026-11-01", "01:30", "02:30" }), "11-01 05:30", "11-01 07:30", "11-01 07:30"},
			"no end":            {with(func(d *fibonacco.EventDraft) { d.Ends = "" }), "03-07 23:00", "", "03-08 05:00"},
			"several days":      {with(func(d *fibonacco.EventDraft) { d.LastDay = "2026-03-09" }), "03-07 23:00", "03-10 02:00", "03-10 02:00"},
			"days without ends": {with(func(d *fibonacco.EventDraft) { d.LastDay, d.Ends = "2026-03-09", "" }), "03-07 23:00", "", "03-10 04:00"},
			"until midnight":    {with(func(d *fibonacco.EventDraft) { d.Ends = "00:00" }), "03-07 23:00", "03-08 05:00", "03-08 05:00"},
		} {
			e, err := w.svc.OwnEvent(w.Context(), 1, w.saved(1, 0, tc.draft))
			w.must(err)
			ends := ""
			if e.EndsAt != nil {
				ends = e.EndsAt.UTC().Format("01-02 15:04")
			}
			equal(w, name, e.StartsAt.UTC().Format("01-02 15:04")+" "+ends+" "+e.OverAt.UTC().Format("01-02 15:04"), tc.starts+" "+tc.ends+" "+tc.over)
		}
		e, err := w.svc.OwnEvent(w.Context(), 1, w.saved(1, 0, with(func(d *fibonacco.EventDraft) {
			d.Title, d.Link, d.About = "  寿司\x00 ", "Example.com/x", "a\r\n\r\n\r\nb"
		})))
		w.must(err)
		equal(w, "cleaned", e.Title+" "+e.Link+" "+e.About+" "+e.Slug, "寿司 https://Example.com/x a\n\nb event")
		for range 50 {
			_, err = w.svc.SaveEvent(w.Context(), 1, 0, party())
		}
		w.code("too many", err, fibonacco.Conflict)
	})
}

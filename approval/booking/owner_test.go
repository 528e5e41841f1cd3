package booking_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// A page is made closed, with the facts on file, and is asked for as often as one likes; what its owner
// has changed stays. Withdrawn, it comes back closed.
func TestProvision(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		w.exec(`INSERT INTO smbs (id, uuid, community_id, business_name, address) VALUES (3, $1, 1, 'Tío Pepe', $2)`, uuid.NewString(), strings.Repeat("a", 255))
		w.exec(`INSERT INTO approvals (id, uuid, smb_id, service_type, approver_name, approver_email, source_type, approved_at) VALUES (7, $1, 3, 'appointment_booking', 'Pepe', 'pepe@example.com', 'email', $2)`, uuid.NewString(), clock.Now())
		provision := func() (result map[string]any) {
			w.do(func(tx *db.Tx) (err error) {
				result, err = w.svc.Provision(t.Context(), tx, &fibonacco.ProvisioningTask{SMBID: 3, ApprovalID: 7})
				return err
			})
			return result
		}
		result := provision()
		equal(t, "result", fmt.Sprint(result["url"], " ", result["manage"]), "https://go.example.com/book/tio-pepe booking")
		p, err := w.svc.BookingPage(t.Context(), 3)
		must(t, err)
		equal(t, "state", p.State, fibonacco.BookingClosed)
		equal(t, "is told", p.Settings.Email, "pepe@example.com")
		public, err := w.svc.PublicBookingPage(t.Context(), "tio-pepe")
		must(t, err)
		equal(t, "public", fmt.Sprintf("%t %d %q %q", public.Open, len(public.Kinds), public.Place, public.Phone), `false 0 "" ""`)
		equal(t, "a place that is too long", p.Settings.Place, "")
		p.Settings.Place = "Red door"
		must(t, w.svc.SaveBookingSettings(t.Context(), 3, p.Settings))
		must(t, w.svc.OpenBooking(t.Context(), 3, true))
		provision()
		withdraw := func() {
			w.do(func(tx *db.Tx) error { return w.svc.Withdraw(t.Context(), tx, 3) })
		}
		r := ask(ten.Add(24 * time.Hour))
		c, err := w.svc.Book(t.Context(), "tio-pepe", r)
		must(t, err)
		withdraw()
		withdraw()
		code(t, "opened after its end", w.svc.OpenBooking(t.Context(), 3, true), fibonacco.Forbidden)
		r.Start = ten
		_, err = w.svc.Book(t.Context(), "tio-pepe", r)
		code(t, "booked after its end", err, fibonacco.Forbidden)
		got, err := w.svc.FindBooking(t.Context(), c.Token)
		must(t, err)
		equal(t, "what was promised", fmt.Sprint(got.State, " ", got.CanEnd, got.CanMove, got.Slug == ""), "booked true false true")
		_, err = w.svc.CancelBooking(t.Context(), c.Token)
		must(t, err)
		provision()
		p, err = w.svc.BookingPage(t.Context(), 3)
		must(t, err)
		equal(t, "back", fmt.Sprint(p.State, " ", p.Settings.Place), "closed Red door")

		w.do(func(tx *db.Tx) error { return w.svc.Withdraw(t.Context(), tx, 99) })
		err = d.Update(t.Context(), func(tx *db.Tx) error {
			_, err := w.svc.Provision(t.Context(), tx, &fibonacco.ProvisioningTask{SMBID: 99})
			return err
		})
		code(t, "nobody's", err, fibonacco.NotFound)
		_, err = w.svc.BookingPage(t.Context(), 99)
		code(t, "nobody's page", err, fibonacco.NotFound)
	})
}

func TestSettings(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		before, err := w.svc.BookingPage(t.Context(), 1)
		must(t, err)
		for name, tc := range map[string]struct {
			change func(s *fibonacco.BookingSettings)
			fields string
		}{
			"all of it": {func(s *fibonacco.BookingSettings) {
				*s = fibonacco.BookingSettings{
					Kinds: []fibonacco.AppointmentKind{{}, {Name: "Cut\x00", Minutes: 1}, {Minutes: 30}}, GapBefore: -1, GapAfter: 241, Seats: 51, CutoffMinutes: -1, LeadMinutes: -1,
					Hours: []fibonacco.OpeningHours{{}, {Opens: "25:00", Closes: "9"}, {Opens: "09:00", Closes: "09:00"}, {Day: 7, Opens: "09:00", Closes: "10:00"}},
					Special: []fibonacco.SpecialDays{
						{},
						{From: "2026-02-30"},
						{From: "2026-03-09", To: "2026-03-08"},
						{From: "2026-03-09", To: "x"},
						{From: "2026-03-09", Opens: "10:00"},
						{From: "2026-03-09", To: "2036-03-09"},
					},
					Place: strings.Repeat("x", 201), Phone: "call", Email: "a@b",
				}
			}, "kinds[1].name kinds[1].minutes kinds[2].name hours[1].opens hours[1].closes hours[2].closes hours[3].day " +
				"special[1].from special[2].to special[3].to special[4].closes special[5].to gap_after every_minutes days_ahead seats cutoff_minutes lead_minutes gap_before place phone email"},
			"an open page with nothing to book": {func(s *fibonacco.BookingSettings) { s.Kinds, s.Hours = nil, nil }, "kinds hours"},
			"far too much": {func(s *fibonacco.BookingSettings) {
				for range 101 {
					s.Kinds = append(s.Kinds, fibonacco.AppointmentKind{Name: "x", Minutes: 30})
					s.Hours = append(s.Hours, fibonacco.OpeningHours{Opens: "09:00", Closes: "10:00"})
					s.Special = append(s.Special, fibonacco.SpecialDays{From: "2026-03-09"})
				}
			}, "kinds hours special"},
		} {
			s := before.Settings
			tc.change(&s)
			err := w.svc.SaveBookingSettings(t.Context(), 1, s)
			code(t, name, err, fibonacco.Invalid)
			got, want := strings.Fields(refused(err)), strings.Fields(tc.fields)
			if len(got) != len(want) {
				t.Errorf("%s: refused %v, want %v", name, got, want)
			}
			for _, f := range want {
				if !strings.Contains(" "+refused(err)+" ", " "+f+" ") {
					t.Errorf("%s: %s was taken", name, f)
				}
			}
		}
		after, err := w.svc.BookingPage(t.Context(), 1)
		must(t, err)
		equal(t, "settings", fmt.Sprint(after.Settings), fmt.Sprint(before.Settings))

		// A kind keeps its id, and none gets that of one that is gone.
		kinds := func(kinds ...fibonacco.AppointmentKind) string {
			w.change(1, func(s *fibonacco.BookingSettings) { s.Kinds = kinds })
			p, err := w.svc.BookingPage(t.Context(), 1)
			must(t, err)
			return fmt.Sprint(p.Settings.Kinds)
		}
		equal(t, "added", kinds(fibonacco.AppointmentKind{ID: 1, Name: "A", Minutes: 30}, fibonacco.AppointmentKind{Name: "B", Minutes: 45}), "[{1 A 30} {2 B 45}]")
		equal(t, "the second gone", kinds(fibonacco.AppointmentKind{ID: 1, Name: "A", Minutes: 30}), "[{1 A 30}]")
		equal(t, "made up", kinds(fibonacco.AppointmentKind{ID: 2, Name: "C", Minutes: 30}, fibonacco.AppointmentKind{ID: 1, Name: "A", Minutes: 30}, fibonacco.AppointmentKind{ID: 1, Name: "D", Minutes: 30}), "[{3 C 30} {1 A 30} {4 D 30}]")
		w.change(1, func(s *fibonacco.BookingSettings) {
			s.Special = []fibonacco.SpecialDays{{From: "2026-03-10"}, {From: "2026-02-20", To: "2026-03-01"}, {From: "2026-02-20", To: "2026-03-02"}}
		})
		p, err := w.svc.BookingPage(t.Context(), 1)
		must(t, err)
		equal(t, "what is over is left out", fmt.Sprint(p.Settings.Special), "[{2026-02-20 2026-03-02  } {2026-03-10   }]")
		equal(t, "next", fibonacco.ClockTime(p.Next[0], zoneOf(t, p.Zone)), "9:00 a.m.")
		must(t, w.svc.OpenBooking(t.Context(), 1, false))
		w.change(1, func(s *fibonacco.BookingSettings) { s.Kinds = nil })
		code(t, "opened with nothing", w.svc.OpenBooking(t.Context(), 1, true), fibonacco.Invalid)
	})
}

func TestOwnerCallsOff(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		c := w.book(ten)
		code(t, "another business's", w.svc.CallOffBooking(t.Context(), 2, c.ID, ""), fibonacco.NotFound)
		code(t, "a word that is none", w.svc.CallOffBooking(t.Context(), 1, c.ID, "a\x00"), fibonacco.Invalid)
		coming, err := w.svc.ComingBookings(t.Context(), 1)
		must(t, err)
		equal(t, "coming", len(coming), 1)
		clock.Set(ten.Add(-time.Minute)) // an owner may until the end, and customers no longer
		for range 2 {
			must(t, w.svc.CallOffBooking(t.Context(), 1, c.ID, "I am ill. <b>Sorry!</b>"))
		}
		mail := w.mail(c.ID, "cancelled")
		equal(t, "says why", mail.Paragraphs[1], "They write: “I am ill. <b>Sorry!</b>”")
		equal(t, "leads on", mail.ButtonURL, "https://go.example.com/book/"+marisol)
		equal(t, "reminder", w.dropped[fmt.Sprintf("booking %d reminder", c.ID)], true)
		coming, err = w.svc.ComingBookings(t.Context(), 1)
		must(t, err)
		equal(t, "coming", len(coming), 0)
		clock.Set(ten.Add(-2 * time.Hour))
		late := w.book(ten)
		clock.Set(late.EndsAt)
		code(t, "over", w.svc.CallOffBooking(t.Context(), 1, late.ID, ""), fibonacco.Forbidden)
	})
}

func TestListBookings(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		c := w.book(ten.Add(24 * time.Hour))
		_, err := w.svc.MoveBooking(t.Context(), c.Token, ten.Add(26*time.Hour))
		must(t, err)
		_, err = w.svc.Book(t.Context(), rosa, ask(ten))
		must(t, err)
		states := func(f fibonacco.Filter) (s string) {
			page, err := w.svc.ListBookings(t.Context(), 1, fibonacco.ListQuery{Filter: f})
			must(t, err)
			for _, b := range page.Data {
				s += b.State + " "
			}
			return s
		}
		equal(t, "all", states(nil), "booked moved ")
		equal(t, "booked", states(fibonacco.Filter{"state": "booked", "starts_at": "2026-03-04.."}), "booked ")
		elsewhere := fibonacco.WithPrincipal(t.Context(), &fibonacco.Principal{Role: fibonacco.Manager, Communities: []int64{2}})
		_, err = w.svc.ListBookings(elsewhere, 1, fibonacco.ListQuery{})
		code(t, "another's business", err, fibonacco.NotFound)
		_, err = w.svc.ListBookings(t.Context(), 99, fibonacco.ListQuery{})
		code(t, "no business", err, fibonacco.NotFound)
	})
}

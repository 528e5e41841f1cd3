package coupons_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval"
	"github.com/fibonacco/fibonacco/approval/coupons"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

const hostile = `<script>alert("é")</script> {{ x }} ` + "\u202e\u2028" + `👩‍🦱 ' " &`

var _ approval.Provisioner = (*coupons.Service)(nil)

type world struct {
	*testing.T
	db     *db.DB
	clock  *fibonacco.FakeClock
	svc    *coupons.Service
	signer *fibonacco.Signer
}

// newWorld has two businesses with an empty coupon each: 1 and 2.
func newWorld(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) *world {
	t.Helper()
	signer, err := fibonacco.NewSigner(strings.Repeat("k", 32))
	must(t, err)
	w := &world{T: t, db: d, clock: clock, signer: signer}
	w.svc = coupons.New(d, signer, fibonacco.Config{HTTP: fibonacco.HTTPConfig{PublicURL: "https://go.example.com/"}})
	w.exec(`INSERT INTO communities (id, uuid, name, slug, state, timezone) VALUES (1, $1, 'Brooklyn', 'brooklyn', 'NY', 'America/New_York')`, uuid.NewString())
	for id := range int64(2) {
		w.exec(`INSERT INTO smbs (id, uuid, community_id, business_name) VALUES ($1, $2, 1, 'Marisol')`, id+1, uuid.NewString())
		w.provision(id + 1)
	}
	return w
}

func (w *world) provision(smb int64) (result map[string]any) {
	w.Helper()
	must(w.T, w.db.Update(w.Context(), func(tx *db.Tx) (err error) {
		result, err = w.svc.Provision(w.Context(), tx, &fibonacco.ProvisioningTask{SMBID: smb})
		return err
	}))
	return result
}

func (w *world) exec(query string, args ...any) {
	w.Helper()
	must(w.T, w.db.Update(w.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(w.Context(), query, args...)
		return err
	}))
}

func (w *world) count(query string, args ...any) (n int) {
	w.Helper()
	must(w.T, w.db.View(w.Context(), func(tx *db.Tx) (err error) {
		n, err = db.Count(w.Context(), tx, query, args...)
		return err
	}))
	return n
}

// offer is what an owner types; today is March 2 there.
func offer() fibonacco.CouponDraft {
	return fibonacco.CouponDraft{Title: "Free coffee", Terms: "One cup.", Code: "cake-24", TotalLimit: "10", Ends: "2026-03-31"}
}

// publish makes the first coupon of business 1 public, as change says.
func (w *world) publish(change func(d *fibonacco.CouponDraft)) *fibonacco.CouponPage {
	w.Helper()
	d := offer()
	if change != nil {
		change(&d)
	}
	_, err := w.svc.SaveCoupon(w.Context(), 1, 1, d, true)
	must(w.T, err)
	return w.page()
}

func (w *world) page() *fibonacco.CouponPage {
	w.Helper()
	c, err := w.svc.CouponPage(w.Context(), "marisol-1")
	must(w.T, err)
	return c
}

func (w *world) till(smb int64) string {
	w.Helper()
	d, err := w.svc.CouponDesk(w.Context(), smb)
	must(w.T, err)
	return d.TillURL[strings.LastIndexByte(d.TillURL, '/')+1:]
}

func (w *world) redeem(key, customer string) (*fibonacco.Redemption, error) {
	w.Helper()
	return w.svc.Redeem(context.WithoutCancel(w.Context()), w.till(1), "marisol-1", fibonacco.CouponUse{FormKey: key, Customer: customer})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func code(t *testing.T, what string, err error, want fibonacco.Code) {
	t.Helper()
	if got := fibonacco.CodeOf(err); got != want {
		t.Errorf("%s: %v has code %q, want %q", what, err, got, want)
	}
}

func second[T any](_ T, err error) error { return err }

// What a yes makes is empty and hidden; made twice it stays; withdrawn it is hidden again, and what
// customers hold is still good.
func TestProvision(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		equal(t, "service", w.svc.ServiceType(), "coupon_campaign")
		code(t, "before it is published", second(w.svc.CouponPage(t.Context(), "marisol-1")), fibonacco.NotFound)
		code(t, "redeemed before", second(w.redeem("a", "")), fibonacco.NotFound)
		code(t, "paused before", w.svc.PauseCoupon(t.Context(), 1, 1, true), fibonacco.Conflict)
		_, err := w.svc.SaveCoupon(t.Context(), 1, 1, offer(), false)
		must(t, err)
		code(t, "saved for later", second(w.svc.CouponPage(t.Context(), "marisol-1")), fibonacco.NotFound)
		w.publish(nil)
		result := w.provision(1)
		equal(t, "url", result["url"].(string), "https://go.example.com/coupon/marisol-1")
		equal(t, "manage", result["manage"].(string), "coupons")
		equal(t, "coupons", w.count(`SELECT count(*) FROM coupons WHERE smb_id = 1`), 1)
		equal(t, "code", w.page().Code, "CAKE-24")

		till := w.till(1)
		must(t, d.Update(t.Context(), func(tx *db.Tx) error { return w.svc.Withdraw(t.Context(), tx, 1) }))
		code(t, "withdrawn", second(w.svc.CouponPage(t.Context(), "marisol-1")), fibonacco.NotFound)
		code(t, "desk", second(w.svc.CouponDesk(t.Context(), 1)), fibonacco.NotFound)
		code(t, "save", second(w.svc.SaveCoupon(t.Context(), 1, 0, offer(), true)), fibonacco.NotFound)
		must(t, second(w.svc.Redeem(t.Context(), till, "marisol-1", fibonacco.CouponUse{FormKey: "a"})))
		w.provision(1)
		equal(t, "back", w.page().Redeemed, 1)
	})
}

// Fifty at once never exceed the limit; each got a redemption of its own, or was told.
func TestLimitHolds(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		w.publish(nil)
		till := w.till(1)
		errs, ids := make([]error, 50), make([]int64, 50)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() {
				r, err := w.svc.Redeem(context.WithoutCancel(t.Context()), till, "marisol-1", fibonacco.CouponUse{FormKey: fmt.Sprint("form ", i)})
				if errs[i] = err; err == nil {
					ids[i] = r.ID
				}
			})
		}
		wg.Wait()
		done := 0
		for _, err := range errs {
			if err == nil {
				done++
			} else {
				code(t, "the others", err, fibonacco.Conflict)
			}
		}
		equal(t, "redeemed", done, 10)
		equal(t, "counted", w.page().Redeemed, 10)
		equal(t, "state", w.page().State, fibonacco.CouponUsedUp)
		equal(t, "stored", w.count(`SELECT count(*) FROM coupon_redemptions`), 10)
		slices.Sort(ids)
		equal(t, "each once", len(slices.Compact(ids)), 11) // and 0 for those who got none
	})
}

// A form pressed many times at once is one redemption, and all get it.
func TestOneFormIsOneRedemption(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		w.publish(func(d *fibonacco.CouponDraft) { d.TotalLimit, d.PerCustomer = "1", "1" })
		till := w.till(1)
		ids := make([]int64, 12)
		var wg sync.WaitGroup
		for i := range ids {
			wg.Go(func() {
				r, err := w.svc.Redeem(context.WithoutCancel(t.Context()), till, "marisol-1", fibonacco.CouponUse{FormKey: "one", Customer: "Ana@example.com"})
				if err != nil {
					t.Error(err)
					return
				}
				ids[i] = r.ID
			})
		}
		wg.Wait()
		equal(t, "redemptions", len(slices.Compact(ids)), 1)
		equal(t, "counted", w.page().Redeemed, 1)
	})
}

func TestPerCustomer(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		w.publish(func(d *fibonacco.CouponDraft) { d.TotalLimit, d.PerCustomer = "100", "2" })
		for i, bad := range []string{"", "  ", "Ana", "12", "a@b", "\x00123", strings.Repeat("1", 41), hostile, "\xff123"} {
			_, err := w.redeem(fmt.Sprint("bad ", i), bad)
			code(t, fmt.Sprintf("%q", bad), err, fibonacco.Invalid)
		}
		r, err := w.redeem("1", " Ana@Example.com ")
		must(t, err)
		equal(t, "hint", r.Customer, "a•••@example.com")
		must(t, second(w.redeem("2", "ana@example.com")))
		code(t, "a third", second(w.redeem("3", "ANA@example.com")), fibonacco.Conflict)
		must(t, second(w.redeem("2", "ana@example.com"))) // the form from before
		must(t, second(w.redeem("4", "bo@example.com")))
		must(t, second(w.redeem("5", "(718) 555-0142")))
		must(t, second(w.redeem("6", "718.555.0142")))
		code(t, "the same number otherwise", second(w.redeem("7", "7185550142")), fibonacco.Conflict)
		equal(t, "counted", w.page().Redeemed, 5)
		equal(t, "kept of who it was", w.count(`SELECT count(*) FROM coupon_redemptions WHERE customer_hint LIKE '%ana@%' OR customer_hash LIKE '%ana%' OR customer_hint LIKE '%5550142%'`), 0)

		must(t, w.svc.UndoRedemption(t.Context(), 1, r.ID))
		must(t, second(w.redeem("8", "ana@example.com")))

		// Ten at once of one customer.
		w.exec(`UPDATE coupons SET per_customer = 3`)
		till := w.till(1)
		var wg sync.WaitGroup
		done := make(chan bool, 10)
		for i := range 10 {
			wg.Go(func() {
				_, err := w.svc.Redeem(context.WithoutCancel(t.Context()), till, "marisol-1", fibonacco.CouponUse{FormKey: fmt.Sprint("cy ", i), Customer: "cy-17"})
				if err == nil {
					done <- true
				}
			})
		}
		wg.Wait()
		equal(t, "at once", len(done), 3)
	})
}

// A redemption is taken back for ten minutes, once, by the owner of the coupon.
func TestUndo(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		w.publish(func(d *fibonacco.CouponDraft) { d.TotalLimit = "1" })
		r, err := w.redeem("a", "")
		must(t, err)
		code(t, "used up", second(w.redeem("b", "")), fibonacco.Conflict)
		code(t, "by another owner", w.svc.UndoRedemption(t.Context(), 2, r.ID), fibonacco.NotFound)
		clock.Advance(10 * time.Minute)
		var wg sync.WaitGroup
		done := make(chan bool, 8)
		for range 8 {
			wg.Go(func() {
				if w.svc.UndoRedemption(context.WithoutCancel(t.Context()), 1, r.ID) == nil {
					done <- true
				}
			})
		}
		wg.Wait()
		equal(t, "taken back", len(done), 1)
		equal(t, "counted", w.page().Redeemed, 0)
		code(t, "its form again", second(w.redeem("a", "")), fibonacco.Conflict)
		r, err = w.redeem("b", "")
		must(t, err)
		clock.Advance(10*time.Minute + time.Second)
		code(t, "too late", w.svc.UndoRedemption(t.Context(), 1, r.ID), fibonacco.Conflict)
		equal(t, "counted", w.page().Redeemed, 1)
	})
}

// Only the link of the till redeems, only what is the shop's, and only as long as it was not called in.
func TestTill(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		w.publish(nil)
		till := w.till(1)
		use := fibonacco.CouponUse{FormKey: "a"}
		words := ""
		for what, token := range map[string]string{
			"an owner's":           w.signer.SignOwner(fibonacco.OwnerClaim{SMBID: 1, Expires: clock.Now().Add(time.Hour)}),
			"a review's":           w.signer.SignID(fibonacco.ReviewToken, 1),
			"altered":              till[:len(till)-2] + "AA",
			"nothing":              "",
			"of nobody":            w.signer.SignTill(fibonacco.TillClaim{SMBID: 99, Generation: 1}),
			"of a generation more": w.signer.SignTill(fibonacco.TillClaim{SMBID: 1, Generation: 2}),
		} {
			err := second(w.svc.Redeem(t.Context(), token, "marisol-1", use))
			code(t, what, err, fibonacco.Forbidden)
			code(t, what+": look", second(w.svc.Till(t.Context(), token)), fibonacco.Forbidden)
			if words == "" && err != nil {
				words = err.Error()
			}
			equal(t, what+": words", err.Error(), words)
		}
		code(t, "the other shop's till", second(w.svc.Redeem(t.Context(), w.till(2), "marisol-1", use)), fibonacco.NotFound)
		code(t, "no coupon", second(w.svc.Redeem(t.Context(), till, "marisol-9", use)), fibonacco.NotFound)
		code(t, "no form", second(w.svc.Redeem(t.Context(), till, "marisol-1", fibonacco.CouponUse{})), fibonacco.Invalid)
		must(t, second(w.svc.Redeem(t.Context(), till, "marisol-1", use)))
		must(t, w.svc.RenewTill(t.Context(), 1))
		code(t, "called in", second(w.svc.Redeem(t.Context(), till, "marisol-1", use)), fibonacco.Forbidden)
		must(t, second(w.redeem("b", "")))
		w.exec(`UPDATE smbs SET deleted_at = $1 WHERE id = 1`, clock.Now())
		code(t, "of a deleted business", second(w.svc.Till(t.Context(), w.signer.SignTill(fibonacco.TillClaim{SMBID: 1, Generation: 2}))), fibonacco.Forbidden)
	})
}

// Days begin and end at midnight there, also where clocks change in between.
func TestDays(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		w.publish(func(d *fibonacco.CouponDraft) { d.Starts, d.Ends = "2026-03-07", "2026-03-08" }) // clocks go forward on the 8th
		for _, at := range []struct {
			when  string
			state fibonacco.CouponState
		}{
			{"2026-03-07T04:59:59Z", fibonacco.CouponSoon},
			{"2026-03-07T05:00:00Z", fibonacco.CouponLive},
			{"2026-03-09T03:59:59Z", fibonacco.CouponLive},
			{"2026-03-09T04:00:00Z", fibonacco.CouponEnded},
		} {
			now, err := time.Parse(time.RFC3339, at.when)
			must(t, err)
			clock.Set(now)
			equal(t, at.when, w.page().State, at.state)
			want := fibonacco.Code("")
			if at.state != fibonacco.CouponLive {
				want = fibonacco.Conflict
			}
			code(t, at.when, second(w.redeem(at.when, "")), want)
		}
		equal(t, "redeemed", w.page().Redeemed, 2)
	})
}

func TestPause(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		w.publish(nil)
		must(t, w.svc.PauseCoupon(t.Context(), 1, 1, true))
		equal(t, "paused", w.page().State, fibonacco.CouponPaused)
		code(t, "redeemed meanwhile", second(w.redeem("a", "")), fibonacco.Conflict)
		must(t, w.svc.PauseCoupon(t.Context(), 1, 1, false))
		must(t, second(w.redeem("a", "")))
		code(t, "another's", w.svc.PauseCoupon(t.Context(), 2, 1, true), fibonacco.NotFound)

		elsewhere := fibonacco.WithPrincipal(t.Context(), &fibonacco.Principal{Role: fibonacco.Viewer, Communities: []int64{2}})
		code(t, "staff of another community", second(w.svc.ListCoupons(elsewhere, 1, fibonacco.ListQuery{})), fibonacco.NotFound)
		list, err := w.svc.ListCoupons(t.Context(), 1, fibonacco.ListQuery{Filter: fibonacco.Filter{"status": "published"}})
		must(t, err)
		equal(t, "staff see", len(list.Data), 1)
	})
}

func TestSave(t *testing.T) {
	cases := map[string]struct {
		change func(d *fibonacco.CouponDraft)
		fields string // that are refused
	}{
		"fine":           {func(*fibonacco.CouponDraft) {}, ""},
		"made code":      {func(d *fibonacco.CouponDraft) { d.Code = "" }, ""},
		"hostile":        {func(d *fibonacco.CouponDraft) { d.Title, d.Terms = hostile, hostile }, ""},
		"last day is it": {func(d *fibonacco.CouponDraft) { d.Starts, d.Ends = "2026-03-02", "2026-03-02" }, ""},
		"commas":         {func(d *fibonacco.CouponDraft) { d.TotalLimit = " 1,000 " }, ""},
		"nothing":        {func(d *fibonacco.CouponDraft) { *d = fibonacco.CouponDraft{} }, "title total_limit ends"},
		"all wrong": {func(d *fibonacco.CouponDraft) {
			*d = fibonacco.CouponDraft{Title: "\x00", Terms: strings.Repeat("é", 10_000), Code: "a b", TotalLimit: "-5", PerCustomer: "101", Starts: "soon", Ends: "2026-02-30"}
		}, "title terms code per_customer starts total_limit ends"},
		"over already":    {func(d *fibonacco.CouponDraft) { d.Ends = "2026-03-01" }, "ends"},
		"ends before":     {func(d *fibonacco.CouponDraft) { d.Starts, d.Ends = "2026-03-20", "2026-03-19" }, "ends"},
		"in the far":      {func(d *fibonacco.CouponDraft) { d.Ends = "2031-03-31" }, "ends"},
		"markup for code": {func(d *fibonacco.CouponDraft) { d.Code = "<b>" }, "code"},
		"only hyphens":    {func(d *fibonacco.CouponDraft) { d.Code = "----" }, "code"},
		"too many":        {func(d *fibonacco.CouponDraft) { d.TotalLimit = "100001" }, "total_limit"},
		"not a number":    {func(d *fibonacco.CouponDraft) { d.TotalLimit = "1e3" }, "total_limit"},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		for name, tc := range cases {
			in := offer()
			tc.change(&in)
			before := w.count(`SELECT count(*) FROM coupons`)
			id, err := w.svc.SaveCoupon(t.Context(), 1, 0, in, true)
			equal(t, name, refused(err), tc.fields)
			if tc.fields != "" {
				equal(t, name+": stored", w.count(`SELECT count(*) FROM coupons`), before)
				continue
			}
			must(t, err)
			equal(t, name+": stored", w.count(`SELECT count(*) FROM coupons WHERE id = $1 AND title = $2 AND status = 'published' AND length(code) >= 3`, id,
				strings.Join(strings.Fields(in.Title), " ")), 1)
		}
		code(t, "another's", second(w.svc.SaveCoupon(t.Context(), 2, 1, offer(), true)), fibonacco.NotFound)
		for range 60 {
			if _, err := w.svc.SaveCoupon(t.Context(), 2, 0, offer(), false); err != nil {
				code(t, "too many", err, fibonacco.Conflict)
			}
		}
		equal(t, "at most", w.count(`SELECT count(*) FROM coupons WHERE smb_id = 2`), 50)
	})
}

func refused(err error) string {
	var e *fibonacco.Error
	var fields []string
	if errors.As(err, &e) {
		for _, f := range e.Fields {
			fields = append(fields, f.Field)
		}
	}
	return strings.Join(fields, " ")
}

// What people hold lasts at least as long, is as many, and stays the same.
func TestPublishedStaysAsItIs(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		was := w.publish(func(d *fibonacco.CouponDraft) { d.PerCustomer = "1" })
		save := func(limit, ends string) string {
			_, err := w.svc.SaveCoupon(t.Context(), 1, 1, fibonacco.CouponDraft{Title: "Less", Terms: "Not on Sundays", Code: "OTHER", TotalLimit: limit, PerCustomer: "9", Starts: "2026-05-01", Ends: ends}, false)
			return refused(err)
		}
		equal(t, "fewer", save("9", "2026-03-31"), "total_limit")
		equal(t, "sooner", save("10", "2026-03-30"), "ends")
		equal(t, "more and later", save("20", "2026-04-30"), "")
		is := w.page()
		equal(t, "as it is", fmt.Sprint(is.Title, is.Terms, is.Code, is.PerCustomer, is.StartsAt), fmt.Sprint(was.Title, was.Terms, was.Code, was.PerCustomer, was.StartsAt))
		equal(t, "more", fmt.Sprintf("%d %s %s", is.TotalLimit, is.EndsAt.UTC().Format(time.RFC3339), is.Status), "20 2026-05-01T04:00:00Z published")
		clock.Advance(90 * 24 * time.Hour)
		equal(t, "ended", w.page().State, fibonacco.CouponEnded)
		equal(t, "goes on after its end", save("20", "2026-06-30"), "")
		equal(t, "live", w.page().State, fibonacco.CouponLive)
	})
}

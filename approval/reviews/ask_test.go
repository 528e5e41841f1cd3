package reviews_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval/reviews"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

func TestReadCustomers(t *testing.T) {
	cases := map[string]struct {
		list  string
		known string // "name <address>" of each
		bad   string
	}{
		"one":                    {"Ana Lopez, ana@example.com", "Ana Lopez <ana@example.com>", ""},
		"address alone":          {"  ana@EXAMPLE.com\r\n\r\n", " <ana@example.com>", ""},
		"as mail programs write": {`"Lopez, Ana" <ana@example.com>;`, "Lopez Ana <ana@example.com>", ""},
		"from a spreadsheet":     {"ana@example.com\tAna\rBo\tbo@example.com", "Ana <ana@example.com>, Bo <bo@example.com>", ""},
		"twice":                  {"Ana ana@example.com\nANA@example.com", "Ana <ana@example.com>", ""},
		"two in a line":          {"a@example.com b@example.com", "", "line 1"},
		"no address":             {"Ana\nBo, bo@example.com\nCy", "", "lines 1, 3"},
		"many bad ones":          {strings.Repeat("x\n", 12), "", "12 lines"},
		"nothing":                {" \n ", "", "is empty"},
		"a message for a name":   {"Cheap pills https://example.org ana@example.com", "", "line 1"},
		"another one":            {"See www.example.org ana@example.com", "", "line 1"},
		"a very long name":       {strings.Repeat("x", 61) + " ana@example.com", "", "line 1"},
		"zero byte":              {"A\x00na ana@example.com", "", "cannot be written"},
		"broken text":            {"A\xffna ana@example.com", "", "cannot be written"},
		"markup":                 {"<b>Ana</b> ana@example.com", "b Ana /b <ana@example.com>", ""},
		"too many":               {many(201), "", "more than 200"},
	}
	d := dbtest.Open(t, db.SQLite, fibonacco.NewFakeClock(dbtest.Start))
	w := newWorld(t, d, fibonacco.NewFakeClock(dbtest.Start))
	for name, tc := range cases {
		w.exec(`DELETE FROM review_requests`)
		_, err := w.svc.AskForReviews(t.Context(), 1, fibonacco.ReviewAsk{Customers: tc.list, Statement: true})
		if tc.bad != "" {
			var e *fibonacco.Error
			if !errors.As(err, &e) || len(e.Fields) != 1 || e.Fields[0].Field != "customers" || !strings.Contains(e.Fields[0].Reason, tc.bad) {
				t.Errorf("%s: %v, want %q", name, err, tc.bad)
			}
			equal(t, name+": stored", get[int](w, `SELECT count(*) FROM review_requests`), 0)
			continue
		}
		must(t, err)
		desk, err := w.svc.ReviewDesk(t.Context(), 1, 0)
		must(t, err)
		var got []string
		for i := range desk.Requests {
			r := desk.Requests[len(desk.Requests)-1-i]
			got = append(got, r.Name+" <"+r.Email+">")
		}
		equal(t, name, strings.Join(got, ", "), tc.known)
	}
	_, err := w.svc.AskForReviews(t.Context(), 1, fibonacco.ReviewAsk{Customers: "a@example.com"})
	code(t, "without the statement", err, fibonacco.Invalid)
}

func many(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "c%d@example.com\n", i)
	}
	return b.String()
}

// Nobody is asked who was asked, who said no, who gets no mail, or who is the owner.
func TestWhoIsAsked(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		for i, reason := range []string{"unsubscribe", "bounce", "dnc"} {
			w.exec(`INSERT INTO suppressions (email_key, reason, created_at) VALUES ($1, $2, $3)`, fmt.Sprintf("quiet%d@example.com", i), reason, clock.Now())
		}
		equal(t, "asked", w.ask("Ana ana@example.com\nQUIET0@example.com\nquiet1@example.com\nquiet2@example.com\nMarisol@example.com"), fibonacco.ReviewAsked{Asked: 1, Quiet: 4})
		equal(t, "mails", w.mails("review.request"), 1)
		equal(t, "to", get[string](w, `SELECT recipient FROM notices`), "ana@example.com")
		content := get[string](w, `SELECT CAST(content AS text) FROM notices`)
		for _, part := range []string{"/review/r/" + w.token(), "/stop", "Marisol Hair", "Hello Ana,"} {
			if !strings.Contains(content, part) {
				t.Errorf("the mail lacks %q: %s", part, content)
			}
		}
		equal(t, "again", w.ask("ANA@example.com\nbo@example.com"), fibonacco.ReviewAsked{Asked: 1, Again: 1})
		clock.Advance(90*day + time.Second)
		equal(t, "after 90 days", w.ask("ana@example.com"), fibonacco.ReviewAsked{Asked: 1})

		must(t, w.svc.DeclineRequests(t.Context(), w.token()))
		must(t, w.svc.DeclineRequests(t.Context(), w.token()))
		clock.Advance(400 * day)
		equal(t, "after a no", w.ask("Ana@example.com"), fibonacco.ReviewAsked{Quiet: 1})
		must(t, w.svc.OpenReviews(t.Context(), 2, true))
		done, err := w.svc.AskForReviews(t.Context(), 2, fibonacco.ReviewAsk{Customers: "ana@example.com", Statement: true})
		must(t, err)
		equal(t, "by another business", done, fibonacco.ReviewAsked{Asked: 1})
	})
}

// A day has a limit, in the business's own zone, and two lists at once ask one address once.
func TestAskedPerDay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		var wg sync.WaitGroup
		dones := make([]fibonacco.ReviewAsked, 4)
		for i := range dones {
			wg.Go(func() {
				var err error
				dones[i], err = w.svc.AskForReviews(context.WithoutCancel(t.Context()), 1, fibonacco.ReviewAsk{Customers: many(30), Statement: true})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		var sum fibonacco.ReviewAsked
		for _, done := range dones {
			sum.Asked, sum.Again = sum.Asked+done.Asked, sum.Again+done.Again
		}
		equal(t, "asked once each", sum, fibonacco.ReviewAsked{Asked: 30, Again: 90})
		equal(t, "the rest of the day", w.ask(many(60)), fibonacco.ReviewAsked{Asked: 20, Again: 30, Later: 10})
		clock.Set(time.Date(2026, 3, 3, 4, 59, 0, 0, time.UTC)) // 23:59 in New York
		equal(t, "before midnight", w.ask("z@example.com"), fibonacco.ReviewAsked{Later: 1})
		clock.Advance(time.Minute)
		equal(t, "after midnight", w.ask("z@example.com"), fibonacco.ReviewAsked{Asked: 1})
	})
}

// One reminder after a week, and none to whoever answered, said no, or wants no mail by then.
func TestReminder(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		for _, name := range []string{"silent", "answers", "declines", "leaves"} {
			equal(t, name, w.ask(name+"@example.com").Asked, 1)
			switch name {
			case "answers":
				must(t, w.svc.AnswerRequest(t.Context(), w.token(), draft("1", 4)))
			case "declines":
				must(t, w.svc.DeclineRequests(t.Context(), w.token()))
			}
		}
		w.exec(`INSERT INTO suppressions (email_key, reason, created_at) VALUES ('leaves@example.com', 'unsubscribe', $1)`, clock.Now())
		clock.Advance(7*day - time.Second)
		w.tend()
		equal(t, "before a week", w.mails("review.reminder"), 0)
		clock.Advance(time.Second)
		w.tend()
		w.tend()
		equal(t, "after a week", w.mails("review.reminder"), 1)
		equal(t, "to", get[string](w, `SELECT recipient FROM notices WHERE purpose = 'review.reminder'`), "silent@example.com")
		clock.Advance(30 * day)
		w.tend()
		equal(t, "never again", w.mails("review.reminder"), 1)

		w.ask("late@example.com")
		must(t, w.svc.OpenReviews(t.Context(), 1, false))
		clock.Advance(22 * day)
		must(t, w.svc.OpenReviews(t.Context(), 1, true))
		w.tend()
		equal(t, "long after its time", w.mails("review.reminder"), 1)
	})
}

// Whatever is pasted, it is refused, or it is addresses that mail can be sent to, each once, with names
// that are no messages.
func FuzzReadCustomers(f *testing.F) {
	for _, seed := range []string{"Ana Lopez, ana@example.com", "\"x\" <a@b.co>\r\nb@c.de;", hostile, "a@b.co a@b.co", "@", "https://x.yz a@b.co", "A\tmailto:a@b.co"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		names, emails, ok := reviews.ReadCustomers(text)
		if !ok {
			if len(emails) > 0 {
				t.Errorf("%q is refused, and taken: %q", text, emails)
			}
			return
		}
		known := map[string]bool{}
		for i, email := range emails {
			if key := strings.ToLower(email); !fibonacco.ValidEmail(email) || known[key] {
				t.Errorf("%q has the address %q, known: %v", text, email, known[key])
			}
			known[strings.ToLower(email)] = true
			if strings.ContainsAny(names[i], "@\r\n\x00") || strings.Contains(names[i], "//") || len([]rune(names[i])) > 60 {
				t.Errorf("%q has the name %q", text, names[i])
			}
		}
	})
}

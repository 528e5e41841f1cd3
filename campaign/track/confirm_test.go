package track_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/track"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// keepAddresses is the little of the record of businesses that these tests need.
func (w *world) keepAddresses() {
	w.svc.KeepAddresses(track.Addresses{
		Held: func(ctx context.Context, tx *db.Tx, address string) (reason string, err error) {
			err = tx.QueryRow(ctx, `SELECT COALESCE(MAX(reason), '') FROM suppressions WHERE email_key = $1`, strings.ToLower(address)).Scan(&reason)
			return reason, err
		},
		Change: func(ctx context.Context, tx *db.Tx, smbID int64, address string) error {
			_, err := tx.Exec(ctx, `UPDATE smbs SET primary_email = $1, email_key = $2 WHERE id = $3`, address, strings.ToLower(address), smbID)
			return err
		},
	})
}

// ask asks for a confirmation and returns its token.
func (m mail) ask(address string) string {
	m.w.t.Helper()
	must(m.w.t, m.w.svc.AskConfirmation(m.w.t.Context(), m.leaveToken(), address))
	return m.w.signer.SignID(fibonacco.ConfirmToken, get[int64](m.w, `SELECT MAX(id) FROM confirmations`))
}

func (m mail) comeBack(address string, hit fibonacco.Hit) {
	m.w.t.Helper()
	_, err := m.w.svc.Confirm(m.w.t.Context(), m.ask(address), hit)
	must(m.w.t, err)
}

func TestConfirm(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		w.keepAddresses()
		m := w.send("HOOK-001")
		must(t, w.svc.Unsubscribe(t.Context(), m.leaveToken(), human))
		token := m.ask("")
		equal(t, "asked", m.events("email.confirmation_asked"), 1)
		for range 3 { // looking changes nothing
			c, err := w.svc.Confirmation(t.Context(), token)
			must(t, err)
			equal(t, "shown", *c, fibonacco.Confirmation{BusinessName: "Marisol Hair Studio", MaskedEmail: "M•••@Example.com"})
		}
		email, _ := w.optedIn(m.smb)
		equal(t, "e-mail before", email, false)

		var wg sync.WaitGroup
		answers := make([]error, 8)
		for i := range answers {
			wg.Go(func() { _, answers[i] = w.svc.Confirm(t.Context(), token, human) })
		}
		wg.Wait()
		good := 0
		for _, err := range answers {
			if err == nil {
				good++
			} else if fibonacco.CodeOf(err) != fibonacco.Conflict {
				t.Error(err)
			}
		}
		equal(t, "confirmed once", good, 1)
		email, _ = w.optedIn(m.smb)
		equal(t, "e-mail", email, true)
		equal(t, "suppressed", w.suppressed("marisol@example.com"), "")
		equal(t, "events", m.events("smb.updated"), 1)

		// A link that was used opts nobody in again.
		must(t, w.svc.Unsubscribe(t.Context(), m.leaveToken(), human))
		_, err := w.svc.Confirm(t.Context(), token, human)
		equal(t, "used", fibonacco.CodeOf(err), fibonacco.Conflict)
		email, _ = w.optedIn(m.smb)
		equal(t, "e-mail after the used link", email, false)
	})
}

func TestConfirmAnotherAddress(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		w.keepAddresses()
		m := w.send("HOOK-001")
		first, second := m.ask("One@Example.org"), m.ask("two@example.org")
		_, err := w.svc.Confirm(t.Context(), second, human)
		must(t, err)
		equal(t, "address", get[string](w, `SELECT primary_email FROM smbs WHERE id = $1`, m.smb), "two@example.org")
		_, err = w.svc.Confirm(t.Context(), first, human)
		equal(t, "the other link", fibonacco.CodeOf(err), fibonacco.Conflict)

		late := m.ask("three@example.org")
		clock.Advance(7*24*time.Hour - time.Second)
		_, err = w.svc.Confirmation(t.Context(), late)
		must(t, err)
		clock.Advance(time.Second)
		_, err = w.svc.Confirm(t.Context(), late, human)
		equal(t, "too old", fibonacco.CodeOf(err), fibonacco.Conflict)
		equal(t, "address", get[string](w, `SELECT primary_email FROM smbs WHERE id = $1`, m.smb), "two@example.org")
	})
}

// What its server or its owner's complaint said of an address is not taken back by a form, and nothing
// tells whether it was said.
func TestHeldAddressesAreNotAsked(t *testing.T) {
	for reason, asked := range map[string]int{"unsubscribe": 1, "bounce": 0, "complaint": 0, "manual": 0, "erased": 0} {
		t.Run(reason, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
				w := newWorld(t, d, clock)
				w.keepAddresses()
				m := w.send("HOOK-001")
				w.exec(`UPDATE smbs SET email_opted_in = FALSE WHERE id = $1`, m.smb)
				w.exec(`INSERT INTO suppressions (email_key, reason, created_at) VALUES ('marisol@example.com', $1, $2)`, reason, clock.Now())
				token := m.ask("")
				equal(t, "asked", m.events("email.confirmation_asked"), asked)
				// One that came before the complaint: the yes is on record, and nothing is lifted.
				_, err := w.svc.Confirm(t.Context(), token, human)
				must(t, err)
				held := reason
				if reason == "unsubscribe" {
					held = ""
				}
				equal(t, "suppressed", w.suppressed("marisol@example.com"), held)
				equal(t, "e-mail", m.subscription().Email, reason == "unsubscribe")
			})
		})
	}
}

func TestConfirmationRefused(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		m := w.send("HOOK-001")
		code := func(what string, err error, want fibonacco.Code) {
			t.Helper()
			equal(t, what, fibonacco.CodeOf(err), want)
		}
		ask := func(m mail, address string) error {
			return w.svc.AskConfirmation(t.Context(), m.leaveToken(), address)
		}
		code("nobody keeps addresses", ask(m, ""), fibonacco.Unavailable)
		w.keepAddresses()
		code("no address", ask(m, "nonsense"), fibonacco.Invalid)
		code("unknown link", w.svc.AskConfirmation(t.Context(), m.token(0), ""), fibonacco.NotFound)
		for i := range 3 {
			must(t, ask(m, fmt.Sprintf("%d@example.org", i)))
		}
		code("of one business", ask(m, "9@example.org"), fibonacco.TooMany)
		clock.Advance(24 * time.Hour)
		must(t, ask(m, "victim@example.org"))
		for range 2 { // others bring the same address
			must(t, ask(w.send("HOOK-001"), "Victim@example.org"))
		}
		code("to one address", ask(w.send("HOOK-001"), "victim@example.org"), fibonacco.TooMany)

		other := w.send("HOOK-001")
		w.exec(`UPDATE smbs SET do_not_contact = TRUE WHERE id = $1`, other.smb)
		token := other.ask("")
		equal(t, "not to be contacted", other.events("email.confirmation_asked"), 0)
		w.exec(`UPDATE smbs SET deleted_at = $1 WHERE id = $2`, clock.Now(), other.smb)
		for name, token := range map[string]string{"deleted": token, "empty": "", "another kind": m.leaveToken(), "unknown": w.signer.SignID(fibonacco.ConfirmToken, 1<<40)} {
			_, err := w.svc.Confirmation(t.Context(), token)
			code(name, err, fibonacco.NotFound)
			_, err = w.svc.Confirm(t.Context(), token, human)
			code(name, err, fibonacco.NotFound)
		}
	})
}

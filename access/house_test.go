package access_test

import (
	"context"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/access"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

const publicURL = "https://crm.example.com"

func signer(t *testing.T, keys string) *fibonacco.Signer {
	t.Helper()
	s, err := fibonacco.NewSigner(keys)
	must(t, err)
	return s
}

var keyA, keyB = strings.Repeat("a", 32), strings.Repeat("b", 32)

// house is a service with everything, over an empty database.
type house struct {
	*access.Service
	t     *testing.T
	d     *db.DB
	clock *fibonacco.FakeClock

	secrets map[int64]string // of those who have TOTP on
}

func (h *house) ctx() context.Context { return h.t.Context() }

func inHouse(t *testing.T, fn func(h *house), options ...access.Option) {
	t.Helper()
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		fn(&house{newService(t, d, clock, options...), t, d, clock, map[int64]string{}})
	})
}

func newService(t *testing.T, d *db.DB, clock fibonacco.Clock, options ...access.Option) *access.Service {
	t.Helper()
	cfg := fibonacco.Config{Company: fibonacco.CompanyConfig{Name: "Port Avery Local"}, HTTP: fibonacco.HTTPConfig{PublicURL: publicURL}}
	all := append([]access.Option{access.WithParams(cheap), access.WithClock(clock), access.WithConfig(cfg), access.WithSigner(signer(t, keyA))}, options...)
	return access.New(d, all...)
}

// town adds a community and returns its id.
func (h *house) town(slug string) (id int64) {
	h.t.Helper()
	must(h.t, h.d.Update(h.ctx(), func(tx *db.Tx) error {
		return tx.QueryRow(h.ctx(), `
			INSERT INTO communities (uuid, name, slug, state, timezone, created_at, updated_at) VALUES ($1, $2, $2, 'NY', 'America/New_York', $3, $3) RETURNING id`,
			"0193c2f0-0000-7000-8000-"+(strings.Repeat("0", 12-len(hexOf(slug)))+hexOf(slug)), slug, tx.Now).Scan(&id)
	}))
	return id
}

func hexOf(slug string) string {
	const digits = "0123456789abcdef"
	out := ""
	for _, b := range []byte(slug) {
		out += string(digits[b>>4]) + string(digits[b&15])
	}
	return out[:min(len(out), 12)]
}

// user adds somebody with the common password.
func (h *house) user(email string, role fibonacco.Role, communities ...int64) *fibonacco.User {
	h.t.Helper()
	u, err := h.CreateUser(h.ctx(), fibonacco.User{Name: "Ada " + string(role), Email: email, Role: role, Communities: communities}, password)
	must(h.t, err)
	return u
}

// as is the context of a user who has just signed in.
func (h *house) as(u *fibonacco.User) context.Context {
	h.t.Helper()
	in, err := h.SignIn(h.ctx(), u.Email, password)
	must(h.t, err)
	if in.Session == "" {
		h.t.Fatal("a second factor is asked for")
	}
	return h.in(in.Session)
}

// in is the context of a session.
func (h *house) in(session string) context.Context {
	h.t.Helper()
	p, err := h.BySession(h.ctx(), session)
	must(h.t, err)
	return fibonacco.WithPrincipal(h.ctx(), p)
}

// audited is the actions in the log about users, newest last.
func (h *house) audited() string {
	h.t.Helper()
	var all []string
	must(h.t, h.d.View(h.ctx(), func(tx *db.Tx) (err error) {
		all, err = db.Select[string](h.ctx(), tx, `SELECT action FROM audit_log ORDER BY id`)
		return err
	}))
	return strings.Join(all, " ")
}

// logHolds is whether anything in the audit log has a text in it.
func (h *house) logHolds(text string) bool {
	h.t.Helper()
	return count(h.t, h.d, `SELECT COUNT(*) FROM audit_log WHERE CAST(before AS text) LIKE $1 OR CAST(after AS text) LIKE $1 OR actor_name LIKE $1 OR entity_id LIKE $1`, "%"+text+"%") > 0
}

func ptr[T any](v T) *T { return &v }

func wantFields(t *testing.T, err error, fields string) {
	t.Helper()
	if got := fieldsOf(err); got != fields || fibonacco.CodeOf(err) != fibonacco.Invalid {
		t.Errorf("refused %q (%v), want %q", got, err, fields)
	}
}

func exec(d *db.DB, ctx context.Context, query string, args ...any) error {
	return d.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, query, args...)
		return err
	})
}

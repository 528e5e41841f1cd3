package access_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/access"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

var cheap = argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}

const password = "correct horse battery"

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t *testing.T, err error, code fibonacco.Code) {
	t.Helper()
	if fibonacco.CodeOf(err) != code {
		t.Fatalf("got error %v, want code %q", err, code)
	}
}

func each(t *testing.T, fn func(t *testing.T, s *access.Service, d *db.DB, clock *fibonacco.FakeClock)) {
	t.Helper()
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		fn(t, access.New(d, access.WithParams(cheap), access.WithClock(clock)), d, clock)
	})
}

func addUser(t *testing.T, s *access.Service, email string) *fibonacco.User {
	t.Helper()
	u, err := s.CreateUser(t.Context(), fibonacco.User{Name: "Ada", Email: email, Role: fibonacco.Operator}, password)
	must(t, err)
	return u
}

func count(t *testing.T, d *db.DB, query string, args ...any) (n int) {
	t.Helper()
	must(t, d.View(t.Context(), func(tx *db.Tx) (err error) {
		n, err = db.Count(t.Context(), tx, query, args...)
		return err
	}))
	return n
}

func TestCreateUser(t *testing.T) {
	each(t, func(t *testing.T, s *access.Service, d *db.DB, _ *fibonacco.FakeClock) {
		u := addUser(t, s, " Ada@EXAMPLE.com ")
		if u.ID == 0 || u.UUID == "" || u.Email != "Ada@example.com" || u.CreatedAt.IsZero() {
			t.Errorf("got %+v", u)
		}
		_, err := s.CreateUser(t.Context(), fibonacco.User{Name: "Other", Email: "ADA@example.com", Role: fibonacco.Viewer}, password)
		wantCode(t, err, fibonacco.Conflict)
		if n := count(t, d, `SELECT COUNT(*) FROM users WHERE password_hash LIKE $1`, "%"+password+"%"); n != 0 {
			t.Error("the password is stored readably")
		}
	})
}

func TestCreateUserRefuses(t *testing.T) {
	good := fibonacco.User{Name: "Ada", Email: "ada@example.com", Role: fibonacco.Admin}
	with := func(change func(*fibonacco.User)) fibonacco.User { u := good; change(&u); return u }
	cases := map[string]struct {
		user     fibonacco.User
		password string
		fields   string
	}{
		"nothing at all":      {fibonacco.User{}, "", "name email role password"},
		"short password":      {good, "123456789", "password"},
		"endless password":    {good, strings.Repeat("x", 2000), "password"},
		"unknown role":        {with(func(u *fibonacco.User) { u.Role = "root" }), password, "role"},
		"no e-mail":           {with(func(u *fibonacco.User) { u.Email = "Ada <ada@example.com>" }), password, "email"},
		"zero byte in a name": {with(func(u *fibonacco.User) { u.Name = "A\x00da" }), password, "name"},
		"long name":           {with(func(u *fibonacco.User) { u.Name = strings.Repeat("é", 256) }), password, "name"},
	}
	each(t, func(t *testing.T, s *access.Service, _ *db.DB, _ *fibonacco.FakeClock) {
		for name, tc := range cases {
			_, err := s.CreateUser(t.Context(), tc.user, tc.password)
			var e *fibonacco.Error
			if !errors.As(err, &e) || e.Code != fibonacco.Invalid {
				t.Errorf("%s: got %v, want Invalid", name, err)
				continue
			}
			var fields []string
			for _, f := range e.Fields {
				fields = append(fields, f.Field)
			}
			if got := strings.Join(fields, " "); got != tc.fields {
				t.Errorf("%s: refused %q, want %q", name, got, tc.fields)
			}
		}
	})
}

func TestSession(t *testing.T) {
	each(t, func(t *testing.T, s *access.Service, d *db.DB, clock *fibonacco.FakeClock) {
		u := addUser(t, s, "ada@example.com")
		in, err := s.SignIn(t.Context(), "ADA@example.com ", password)
		must(t, err)
		session, p := in.Session, in.Principal
		if p.UserID != u.ID || p.Role != fibonacco.Operator || p.Name != "Ada" || p.TokenID != 0 {
			t.Errorf("principal %+v", p)
		}
		if n := count(t, d, `SELECT COUNT(*) FROM sessions WHERE token_hash = $1`, session); n != 0 {
			t.Error("the session is stored readably")
		}
		for range 29 { // in use each day
			clock.Advance(24 * time.Hour)
			if p, err = s.BySession(t.Context(), session); err != nil || p.UserID != u.ID {
				t.Fatalf("in use: %+v, %v", p, err)
			}
		}
		clock.Advance(24*time.Hour - time.Second)
		if p, err = s.BySession(t.Context(), session); err != nil || p.UserID != u.ID || p.SessionID == 0 {
			t.Fatalf("just before the end: %+v, %v", p, err)
		}
		clock.Advance(time.Second)
		_, err = s.BySession(t.Context(), session)
		wantCode(t, err, fibonacco.Unauthorized)

		in, err = s.SignIn(t.Context(), "ada@example.com", password)
		must(t, err)
		session = in.Session
		if n := count(t, d, `SELECT COUNT(*) FROM sessions`); n != 1 {
			t.Errorf("%d sessions are kept, want the one that has not expired", n)
		}
		must(t, s.SignOut(t.Context(), session))
		must(t, s.SignOut(t.Context(), session))
		_, err = s.BySession(t.Context(), session)
		wantCode(t, err, fibonacco.Unauthorized)
		for _, nonsense := range []string{"", "x", strings.Repeat("x", 43), strings.Repeat("\x00", 43)} {
			_, err = s.BySession(t.Context(), nonsense)
			wantCode(t, err, fibonacco.Unauthorized)
		}
	})
}

func TestSignInSaysNotWhich(t *testing.T) {
	each(t, func(t *testing.T, s *access.Service, _ *db.DB, _ *fibonacco.FakeClock) {
		addUser(t, s, "ada@example.com")
		_, wrong := s.SignIn(t.Context(), "ada@example.com", "not the password")
		_, unknown := s.SignIn(t.Context(), "bob@example.com", password)
		wantCode(t, wrong, fibonacco.Unauthorized)
		wantCode(t, unknown, fibonacco.Unauthorized)
		if wrong.Error() != unknown.Error() {
			t.Errorf("%q and %q tell the two apart", wrong, unknown)
		}
		for _, nonsense := range []string{"", "\x00", "\xff", strings.Repeat("a", 300)} {
			_, err := s.SignIn(t.Context(), nonsense, password)
			wantCode(t, err, fibonacco.Unauthorized)
		}
	})
}

// An unknown e-mail costs a hash like a known one does: how long an answer takes tells nobody apart.
func TestUnknownCostsAsMuch(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, db.SQLite, fibonacco.SystemClock{})
	s := access.New(d, access.WithParams(cheap))
	addUser(t, s, "ada@example.com")
	cost := func(email string) int64 {
		before := s.Hashed()
		_, err := s.SignIn(t.Context(), email, "not the password")
		wantCode(t, err, fibonacco.Unauthorized)
		return s.Hashed() - before
	}
	if known, unknown := cost("ada@example.com"), cost("bob@example.com"); known != 1 || unknown != 1 {
		t.Errorf("a known e-mail costs %d hashes, an unknown one %d", known, unknown)
	}
}

func TestThrottle(t *testing.T) {
	each(t, func(t *testing.T, s *access.Service, _ *db.DB, clock *fibonacco.FakeClock) {
		addUser(t, s, "ada@example.com")
		addUser(t, s, "eve@example.com")
		fail := func() error {
			_, err := s.SignIn(t.Context(), "Ada@example.com", "not the password")
			return err
		}
		for range 9 {
			wantCode(t, fail(), fibonacco.Unauthorized)
		}
		// A success wipes the slate clean.
		_, err := s.SignIn(t.Context(), "ada@example.com", password)
		must(t, err)
		for range 10 {
			wantCode(t, fail(), fibonacco.Unauthorized)
			clock.Advance(time.Second)
		}
		_, err = s.SignIn(t.Context(), "ada@example.com", password)
		wantCode(t, err, fibonacco.TooMany)
		var retry interface{ RetryAfter() time.Duration }
		if !errors.As(err, &retry) || retry.RetryAfter() != 15*time.Minute-10*time.Second {
			t.Errorf("got %v, want to wait until the first failure is 15 minutes old", err)
		}
		_, err = s.SignIn(t.Context(), "eve@example.com", password)
		must(t, err) // another person is not locked out

		clock.Advance(15*time.Minute - 11*time.Second)
		wantCode(t, fail(), fibonacco.TooMany)
		clock.Advance(time.Second) // the first failure is over; refused attempts did not count
		_, err = s.SignIn(t.Context(), "ada@example.com", password)
		must(t, err)
	})
}

// Many guesses at once are counted like many guesses in a row.
func TestThrottleHoldsInParallel(t *testing.T) {
	each(t, func(t *testing.T, s *access.Service, _ *db.DB, _ *fibonacco.FakeClock) {
		addUser(t, s, "ada@example.com")
		var heard, refused int
		var mu sync.Mutex
		var wg sync.WaitGroup
		for range 30 {
			wg.Go(func() {
				_, err := s.SignIn(context.WithoutCancel(t.Context()), "ada@example.com", "not the password")
				mu.Lock()
				defer mu.Unlock()
				switch fibonacco.CodeOf(err) {
				case fibonacco.Unauthorized:
					heard++
				case fibonacco.TooMany:
					refused++
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if heard > 10 || heard+refused != 30 {
			t.Errorf("%d guesses were heard and %d refused, want at most 10 heard", heard, refused)
		}
	})
}

func TestRehash(t *testing.T) {
	each(t, func(t *testing.T, s *access.Service, d *db.DB, clock *fibonacco.FakeClock) {
		addUser(t, s, "ada@example.com")
		dearer := cheap
		dearer.Iterations = 2
		s = access.New(d, access.WithParams(dearer), access.WithClock(clock))
		for range 2 {
			_, err := s.SignIn(t.Context(), "ada@example.com", password)
			must(t, err)
		}
		if n := count(t, d, `SELECT COUNT(*) FROM users WHERE password_hash LIKE '%t=2,%'`); n != 1 {
			t.Error("the hash was not made anew at the new cost")
		}
	})
}

func TestToken(t *testing.T) {
	each(t, func(t *testing.T, s *access.Service, d *db.DB, clock *fibonacco.FakeClock) {
		u := addUser(t, s, "ada@example.com")
		expires := clock.Now().Add(time.Hour)
		secret, made, err := s.CreateToken(t.Context(), fibonacco.AccessToken{Name: "CI", Role: fibonacco.Viewer, UserID: &u.ID, ExpiresAt: &expires})
		must(t, err)
		if !regexp.MustCompile(`^fib_[0-9A-Za-z]{43}$`).MatchString(secret) {
			t.Errorf("secret %q", secret)
		}
		if n := count(t, d, `SELECT COUNT(*) FROM access_tokens WHERE token_hash = $1`, secret); n != 0 {
			t.Error("the secret is stored readably")
		}
		p, err := s.ByToken(t.Context(), secret)
		must(t, err)
		if p.TokenID != made.ID || p.UserID != u.ID || p.Role != fibonacco.Viewer || p.Name != "CI" {
			t.Errorf("principal %+v", p)
		}
		clock.Advance(time.Hour - time.Second)
		_, err = s.ByToken(t.Context(), secret)
		must(t, err)
		clock.Advance(time.Second) // expires although it is still remembered
		_, err = s.ByToken(t.Context(), secret)
		wantCode(t, err, fibonacco.Unauthorized)
		for _, wrong := range []string{"", "fib_", "fib_" + strings.Repeat("0", 43), strings.TrimPrefix(secret, "fib_"), secret + "x"} {
			_, err = s.ByToken(t.Context(), wrong)
			wantCode(t, err, fibonacco.Unauthorized)
		}
	})
}

func TestTokenUseIsNotedOnceAMinute(t *testing.T) {
	each(t, func(t *testing.T, s *access.Service, _ *db.DB, clock *fibonacco.FakeClock) {
		secret, _, err := s.CreateToken(t.Context(), fibonacco.AccessToken{Name: "CI", Role: fibonacco.Viewer})
		must(t, err)
		used := func() time.Time {
			_, err := s.ByToken(t.Context(), secret)
			must(t, err)
			page, err := s.ListTokens(t.Context(), fibonacco.ListQuery{})
			must(t, err)
			all := page.Data
			if len(all) != 1 || all[0].LastUsedAt == nil || all[0].Name != "CI" || all[0].UserID != nil {
				t.Fatalf("tokens %+v", all)
			}
			return *all[0].LastUsedAt
		}
		first := clock.Now()
		for range 5 {
			if got := used(); !got.Equal(first) {
				t.Fatalf("used at %v, want %v: it is written too often", got, first)
			}
			clock.Advance(11 * time.Second)
		}
		clock.Advance(5 * time.Second)
		if got := used(); !got.Equal(clock.Now()) {
			t.Errorf("used at %v, want %v", got, clock.Now())
		}
	})
}

func TestRevokeToken(t *testing.T) {
	each(t, func(t *testing.T, s *access.Service, _ *db.DB, clock *fibonacco.FakeClock) {
		secret, made, err := s.CreateToken(t.Context(), fibonacco.AccessToken{Name: "CI", Role: fibonacco.Viewer})
		must(t, err)
		_, err = s.ByToken(t.Context(), secret)
		must(t, err)
		must(t, s.RevokeToken(t.Context(), made.ID))
		_, err = s.ByToken(t.Context(), secret)
		wantCode(t, err, fibonacco.Unauthorized)
		wantCode(t, s.RevokeToken(t.Context(), made.ID), fibonacco.NotFound)
	})
}

// Another node learns of a revoked token when what it remembers has expired.
func TestTokenIsRememberedFiveSeconds(t *testing.T) {
	each(t, func(t *testing.T, s *access.Service, d *db.DB, clock *fibonacco.FakeClock) {
		other := access.New(d, access.WithParams(cheap), access.WithClock(clock))
		secret, made, err := s.CreateToken(t.Context(), fibonacco.AccessToken{Name: "CI", Role: fibonacco.Viewer})
		must(t, err)
		_, err = other.ByToken(t.Context(), secret)
		must(t, err)
		must(t, s.RevokeToken(t.Context(), made.ID))
		clock.Advance(4 * time.Second)
		_, err = other.ByToken(t.Context(), secret)
		must(t, err)
		clock.Advance(time.Second)
		_, err = other.ByToken(t.Context(), secret)
		wantCode(t, err, fibonacco.Unauthorized)
	})
}

func TestCreateTokenRefuses(t *testing.T) {
	each(t, func(t *testing.T, s *access.Service, _ *db.DB, clock *fibonacco.FakeClock) {
		past, nobody := clock.Now(), int64(999)
		for name, bad := range map[string]fibonacco.AccessToken{
			"no name":      {Role: fibonacco.Viewer},
			"zero byte":    {Name: "\x00", Role: fibonacco.Viewer},
			"no role":      {Name: "CI"},
			"expired":      {Name: "CI", Role: fibonacco.Viewer, ExpiresAt: &past},
			"unknown user": {Name: "CI", Role: fibonacco.Viewer, UserID: &nobody},
		} {
			if _, _, err := s.CreateToken(t.Context(), bad); fibonacco.CodeOf(err) != fibonacco.Invalid {
				t.Errorf("%s: got %v, want Invalid", name, err)
			}
		}
	})
}

func BenchmarkByToken(b *testing.B) {
	d := dbtest.Open(b, db.SQLite, fibonacco.SystemClock{})
	s := access.New(d)
	secret, _, err := s.CreateToken(b.Context(), fibonacco.AccessToken{Name: "CI", Role: fibonacco.Viewer})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := s.ByToken(b.Context(), secret); err != nil {
			b.Fatal(err)
		}
	}
}

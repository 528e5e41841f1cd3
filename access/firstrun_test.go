package access_test

import (
	"context"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/access"
)

func TestSetupCode(t *testing.T) {
	inHouse(t, func(h *house) {
		code, err := h.BeginSetup(h.ctx())
		must(h.t, err)
		if !regexp.MustCompile(`^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$`).MatchString(code) {
			h.t.Fatalf("the code is %q", code)
		}
		for name, tc := range map[string]struct {
			keys string
			same bool
		}{
			"after a restart, and on another node": {keyA, true},
			"with another secret key":              {keyB, false},
		} {
			other := newService(h.t, h.d, h.clock, access.WithSigner(signer(h.t, tc.keys)))
			got, err := other.BeginSetup(h.ctx())
			must(h.t, err)
			if (got == code) != tc.same {
				h.t.Errorf("%s: %q, and first %q", name, got, code)
			}
		}
		if n := count(h.t, h.d, `SELECT COUNT(*) FROM first_runs WHERE nonce = $1`, strings.ReplaceAll(code, "-", "")); n != 0 {
			h.t.Error("the code itself is stored")
		}
		h.state(fibonacco.SetupState{NeedsUser: true})
	})
}

func (h *house) state(want fibonacco.SetupState) {
	h.t.Helper()
	got, err := h.SetupState(h.ctx())
	must(h.t, err)
	if got != want {
		h.t.Errorf("the setup is %+v, want %+v", got, want)
	}
}

func TestNoSetupWhereThereAreUsers(t *testing.T) {
	inHouse(t, func(h *house) {
		h.user("ada@example.com", fibonacco.Admin)
		code, err := h.BeginSetup(h.ctx())
		must(h.t, err)
		if code != "" {
			h.t.Errorf("a code %q is offered to strangers", code)
		}
		h.state(fibonacco.SetupState{Done: true})
		_, err = h.CreateFirstUser(h.ctx(), "", fibonacco.User{Name: "Eve", Email: "eve@example.com"}, password)
		wantCode(h.t, err, fibonacco.Conflict)
	})
}

func TestFirstUser(t *testing.T) {
	inHouse(t, func(h *house) {
		code, err := h.BeginSetup(h.ctx())
		must(h.t, err)
		for name, tc := range map[string]struct {
			code, mail, password, fields string
		}{
			"no code":             {"", "dana@example.com", password, "code"},
			"part of the code":    {code[:18], "dana@example.com", password, "code"},
			"wrong code tells it": {"0000-0000-0000-0000", "not an address", "short", "code"},
			"no address":          {code, "not an address", password, "email"},
			"a short password":    {code, "dana@example.com", "short", "password"},
		} {
			_, err := h.CreateFirstUser(h.ctx(), tc.code, fibonacco.User{Name: "Dana", Email: tc.mail, Role: fibonacco.Viewer}, tc.password)
			if fibonacco.CodeOf(err) != fibonacco.Invalid || fieldsOf(err) != tc.fields {
				h.t.Errorf("%s: %v (%s)", name, err, fieldsOf(err))
			}
		}
		typed := " " + strings.NewReplacer("-", " ", "0", "o", "1", "l").Replace(strings.ToLower(code))
		in, err := h.CreateFirstUser(h.ctx(), typed, fibonacco.User{Name: "Dana", Email: "dana@example.com", Role: fibonacco.Viewer}, password)
		must(h.t, err)
		p, err := h.BySession(h.ctx(), in.Session)
		must(h.t, err)
		if p.Role != fibonacco.Admin || len(p.Communities) != 0 {
			h.t.Errorf("the first user is %+v", p)
		}
		if _, err := h.SignIn(h.ctx(), "dana@example.com", password); err != nil {
			h.t.Errorf("and cannot sign in: %v", err)
		}
		_, err = h.CreateFirstUser(h.ctx(), code, fibonacco.User{Name: "Eve", Email: "eve@example.com"}, password)
		wantCode(h.t, err, fibonacco.Conflict)
		if again, err := h.BeginSetup(h.ctx()); err != nil || again != "" {
			h.t.Errorf("the next start prints %q, %v", again, err)
		}
		h.state(fibonacco.SetupState{})
		must(h.t, h.FinishSetup(h.ctx()))
		must(h.t, h.FinishSetup(h.ctx()))
		h.state(fibonacco.SetupState{Done: true})
		if n := count(h.t, h.d, `SELECT COUNT(*) FROM audit_log WHERE action = 'setup.finished'`); n != 1 {
			h.t.Errorf("the end is noted %d times", n)
		}
	})
}

// Of many who have the code, one becomes the first user.
func TestFirstUserOnce(t *testing.T) {
	inHouse(t, func(h *house) {
		code, err := h.BeginSetup(h.ctx())
		must(h.t, err)
		var mu sync.Mutex
		codes := map[fibonacco.Code]int{}
		var all sync.WaitGroup
		for _, who := range []string{"a", "b", "c", "d"} {
			all.Go(func() {
				_, err := h.CreateFirstUser(h.ctx(), code, fibonacco.User{Name: who, Email: who + "@example.com"}, password)
				mu.Lock()
				defer mu.Unlock()
				codes[fibonacco.CodeOf(err)]++
			})
		}
		all.Wait()
		if codes[""] != 1 || codes[fibonacco.Conflict] != 3 || count(h.t, h.d, `SELECT COUNT(*) FROM users`) != 1 {
			h.t.Errorf("ended as %v", codes)
		}
	})
}

func TestSetupCodeIsNotGuessed(t *testing.T) {
	inHouse(t, func(h *house) {
		code, err := h.BeginSetup(h.ctx())
		must(h.t, err)
		from := func(ip string) context.Context { return fibonacco.WithVisit(h.ctx(), fibonacco.Visit{IP: ip}) }
		dana := fibonacco.User{Name: "Dana", Email: "dana@example.com"}
		for range 10 {
			_, err := h.CreateFirstUser(from("203.0.113.7"), "0000-0000-0000-0000", dana, password)
			wantCode(h.t, err, fibonacco.Invalid)
		}
		_, err = h.CreateFirstUser(from("203.0.113.7"), code, dana, password)
		wantCode(h.t, err, fibonacco.TooMany)
		h.clock.Advance(16 * time.Minute)
		_, err = h.CreateFirstUser(from("203.0.113.7"), code, dana, password)
		must(h.t, err)
		if n := count(h.t, h.d, `SELECT COUNT(*) FROM audit_log WHERE action = 'session.refused' AND ip = '203.0.113.7'`); n != 10 {
			h.t.Errorf("%d wrong codes are noted", n)
		}
	})
}

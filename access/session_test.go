package access_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/access"
)

func TestIdleSessionEnds(t *testing.T) {
	inHouse(t, func(h *house) {
		u := h.user("ada@example.com", fibonacco.Viewer)
		in, err := h.SignIn(h.ctx(), u.Email, password)
		must(h.t, err)
		for range 3 {
			h.clock.Advance(12*time.Hour - time.Second)
			_, err = h.BySession(h.ctx(), in.Session)
			must(h.t, err)
		}
		h.clock.Advance(12 * time.Hour)
		_, err = h.BySession(h.ctx(), in.Session)
		wantCode(h.t, err, fibonacco.Unauthorized)
	}, access.WithConfig(fibonacco.Config{Access: fibonacco.AccessConfig{SessionIdle: 12 * time.Hour}}))
}

// Each sign-in is a session of its own; what somebody put into the browser before never becomes one.
func TestSessionsAreNew(t *testing.T) {
	inHouse(t, func(h *house) {
		u := h.user("ada@example.com", fibonacco.Viewer)
		first, err := h.SignIn(h.ctx(), u.Email, password)
		must(h.t, err)
		second, err := h.SignIn(h.ctx(), u.Email, password)
		must(h.t, err)
		if first.Session == second.Session || first.Principal.SessionID == second.Principal.SessionID || first.Pending != "" {
			h.t.Errorf("%+v and %+v", first, second)
		}
	})
}

func TestOwnSessions(t *testing.T) {
	inHouse(t, func(h *house) {
		u, other := h.user("ada@example.com", fibonacco.Viewer), h.user("eve@example.com", fibonacco.Viewer)
		foreign := h.as(other)
		visit := fibonacco.WithVisit(h.ctx(), fibonacco.Visit{IP: "203.0.113.7", UserAgent: "A\x00B\xff" + strings.Repeat("é", 300), RequestID: "r1"})
		in, err := h.SignIn(visit, u.Email, password)
		must(h.t, err)
		second := h.as(u)
		third := h.as(u)
		all, err := h.ListSessions(third)
		must(h.t, err)
		if len(all) != 3 || !all[0].Current || all[2].Current || all[2].IP != "203.0.113.7" || len([]rune(all[2].UserAgent)) != 255 || all[2].Method != "password" {
			h.t.Fatalf("sessions %+v", all)
		}
		wantCode(h.t, h.EndSession(foreign, all[2].ID), fibonacco.NotFound)
		must(h.t, h.EndSession(third, all[2].ID))
		_, err = h.BySession(h.ctx(), in.Session)
		wantCode(h.t, err, fibonacco.Unauthorized)
		if n, err := h.EndOtherSessions(third); n != 1 || err != nil {
			h.t.Errorf("ended %d, %v", n, err)
		}
		if all, err = h.ListSessions(second); err != nil || len(all) != 1 {
			h.t.Errorf("left %+v, %v", all, err)
		}
		if n, err := h.EndSessions(h.ctx(), u.ID); n != 1 || err != nil {
			h.t.Errorf("ended %d, %v", n, err)
		}
		if all, err = h.ListSessions(foreign); err != nil || len(all) != 1 {
			h.t.Errorf("of another: %+v, %v", all, err)
		}
	})
}

// What opens another way in takes a fresh session.
func TestOldSessionsOpenNothing(t *testing.T) {
	inHouse(t, func(h *house) {
		u := h.user("ada@example.com", fibonacco.Viewer)
		in, err := h.SignIn(h.ctx(), u.Email, password)
		must(h.t, err)
		h.clock.Advance(time.Hour - time.Second)
		ctx := h.in(in.Session)
		_, err = h.BeginTOTP(ctx)
		must(h.t, err)
		h.clock.Advance(time.Second)
		for name, do := range map[string]func() error{
			"TOTP":         func() error { _, err := h.BeginTOTP(ctx); return err },
			"confirmation": func() error { _, err := h.ConfirmTOTP(ctx, "123456"); return err },
			"turning off":  func() error { return h.DisableTOTP(ctx, "123456") },
			"codes":        func() error { _, err := h.RenewRecoveryCodes(ctx, "123456"); return err },
			"a passkey":    func() error { _, err := h.BeginNewPasskey(ctx); return err },
			"its answer":   func() error { _, err := h.AddPasskey(ctx, "x", "Laptop", nil); return err },
			"its removal":  func() error { return h.RemovePasskey(ctx, 1) },
			"a token":      func() error { _, _, err := h.CreateOwnToken(ctx, fibonacco.AccessToken{Name: "CI"}); return err },
		} {
			if err := do(); fibonacco.CodeOf(err) != fibonacco.Forbidden || !errors.Is(err, fibonacco.ErrSignInAgain) {
				h.t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := h.BeginTOTP(h.as(u)); err != nil {
			h.t.Errorf("after signing in again: %v", err)
		}
	})
}

func TestThrottleByAddress(t *testing.T) {
	inHouse(t, func(h *house) {
		u := h.user("ada@example.com", fibonacco.Viewer)
		from := func(ip string) func(email, password string) error {
			ctx := fibonacco.WithVisit(h.ctx(), fibonacco.Visit{IP: ip})
			return func(email, password string) error { _, err := h.SignIn(ctx, email, password); return err }
		}
		guess := from("2001:db8:1:2::1")
		for i := range 50 {
			wantCode(h.t, guess(fmt.Sprintf("user%d@example.com", i), password), fibonacco.Unauthorized)
			if i == 25 { // an account of one's own does not wash the others off
				must(h.t, guess(u.Email, password))
			}
		}
		err := from("2001:db8:1:2:ffff::9")(u.Email, password) // the same household
		wantCode(h.t, err, fibonacco.TooMany)
		var retry interface{ RetryAfter() time.Duration }
		if !errors.As(err, &retry) || retry.RetryAfter() != 15*time.Minute {
			h.t.Errorf("got %v", err)
		}
		must(h.t, from("2001:db8:1:3::1")(u.Email, password))
		must(h.t, from("")(u.Email, password))
		h.clock.Advance(15 * time.Minute)
		must(h.t, guess(u.Email, password))
	})
}

func TestSignInsAreAudited(t *testing.T) {
	inHouse(t, func(h *house) {
		u := h.user("ada@example.com", fibonacco.Viewer)
		ctx := fibonacco.WithVisit(h.ctx(), fibonacco.Visit{IP: "203.0.113.7", RequestID: "r-42"})
		_, err := h.SignIn(ctx, u.Email, "not the password")
		wantCode(h.t, err, fibonacco.Unauthorized)
		_, err = h.SignIn(ctx, "nobody@example.com", "not the password")
		wantCode(h.t, err, fibonacco.Unauthorized)
		in, err := h.SignIn(ctx, u.Email, password)
		must(h.t, err)
		must(h.t, h.SignOut(ctx, in.Session))
		if got := h.audited(); got != "user.created session.refused session.refused session.opened session.ended" {
			h.t.Errorf("log %s", got)
		}
		for query, want := range map[string]int{
			`SELECT COUNT(*) FROM audit_log WHERE ip = '203.0.113.7' AND request_id = 'r-42'`:                                            4,
			`SELECT COUNT(*) FROM audit_log WHERE action = 'session.refused' AND actor_kind = 'system' AND user_id IS NULL`:              2,
			`SELECT COUNT(*) FROM audit_log WHERE action = 'session.refused' AND entity = 'user' AND entity_id = '1'`:                    1,
			`SELECT COUNT(*) FROM audit_log WHERE action IN ('session.opened', 'session.ended') AND actor_kind = 'user' AND user_id = 1`: 2,
		} {
			if n := count(h.t, h.d, query); n != want {
				h.t.Errorf("%s: %d, want %d", query, n, want)
			}
		}
		if h.logHolds("nobody@") || h.logHolds(in.Session) || h.logHolds("not the password") {
			h.t.Error("the log holds what it must not")
		}
	})
}

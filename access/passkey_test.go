package access_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/access"
)

func TestPasskeys(t *testing.T) {
	inHouse(t, func(h *house) {
		u, other := h.user("ada@example.com", fibonacco.Viewer), h.user("eve@example.com", fibonacco.Viewer)
		h.enrol(u) // a passkey is both factors
		a := newAuthenticator(h.t)
		in, err := h.signInFor(u)
		must(h.t, err)
		ctx := h.in(in.Session)
		c, err := h.BeginNewPasskey(ctx)
		must(h.t, err)
		if bytes.Contains(c.Options, []byte(`"id":"1"`)) || !bytes.Contains(c.Options, []byte(`"residentKey":"required"`)) || !bytes.Contains(c.Options, []byte(`"userVerification":"required"`)) || !bytes.Contains(c.Options, []byte(`"id":"crm.example.com"`)) {
			h.t.Errorf("options %s", c.Options)
		}
		a.flags |= backupEligible | backedUp
		key, err := h.AddPasskey(ctx, c.ID, " Work laptop ", a.create(c.Options))
		must(h.t, err)
		if key.Name != "Work laptop" || !key.Synced || key.LastUsedAt != nil {
			h.t.Errorf("passkey %+v", key)
		}
		if me, err := h.Account(ctx); err != nil || me.Passkeys != 1 {
			h.t.Errorf("account %+v, %v", me, err)
		}
		again, err := h.BeginNewPasskey(ctx)
		must(h.t, err)
		if !bytes.Contains(again.Options, []byte(b64(a.id))) {
			h.t.Error("the browser is not told of the passkey that there is")
		}

		signed, err := h.signInBy(a)
		must(h.t, err)
		if signed.Session == "" || signed.Pending != "" || signed.Principal.UserID != u.ID {
			h.t.Fatalf("signed in %+v", signed)
		}
		sessions, err := h.ListSessions(h.in(signed.Session))
		if err != nil || sessions[0].Method != "passkey" {
			h.t.Errorf("sessions %+v, %v", sessions, err)
		}
		keys, err := h.ListPasskeys(ctx)
		if err != nil || len(keys) != 1 || keys[0].LastUsedAt == nil {
			h.t.Errorf("passkeys %+v, %v", keys, err)
		}
		if got, err := h.RenamePasskey(ctx, key.ID, "Old laptop"); err != nil || got.Name != "Old laptop" {
			h.t.Errorf("renamed %+v, %v", got, err)
		}
		_, err = h.RenamePasskey(ctx, key.ID, " ")
		wantFields(h.t, err, "name")
		_, err = h.RenamePasskey(h.as(other), key.ID, "Mine")
		wantCode(h.t, err, fibonacco.NotFound)
		wantCode(h.t, h.RemovePasskey(h.as(other), key.ID), fibonacco.NotFound)
		must(h.t, h.RemovePasskey(ctx, key.ID))
		_, err = h.signInBy(a)
		wantCode(h.t, err, fibonacco.Unauthorized)
	})
}

// signInFor signs in whoever has TOTP on, with the code of now.
func (h *house) signInFor(u *fibonacco.User) (*fibonacco.SignedIn, error) {
	h.t.Helper()
	pending := h.first(u)
	return h.SecondFactor(h.ctx(), pending, h.code(h.secrets[u.ID], 0))
}

func TestPasskeyRegistrationIsChecked(t *testing.T) {
	inHouse(t, func(h *house) {
		u, other := h.user("ada@example.com", fibonacco.Viewer), h.user("eve@example.com", fibonacco.Viewer)
		ctx := h.as(u)
		for name, bend := range map[string]func(a *authenticator){
			"another site":                   func(a *authenticator) { a.origin = "https://evil.example.com" },
			"another port":                   func(a *authenticator) { a.origin = publicURL + ":8443" },
			"plain http":                     func(a *authenticator) { a.origin = "http://crm.example.com" },
			"another relying party":          func(a *authenticator) { a.rpID = "example.com" },
			"nobody was there":               func(a *authenticator) { a.flags = userVerified },
			"nobody was verified":            func(a *authenticator) { a.flags = userPresent },
			"backed up, though it cannot be": func(a *authenticator) { a.flags |= backedUp },
		} {
			a := newAuthenticator(h.t)
			bend(a)
			c, err := h.BeginNewPasskey(ctx)
			must(h.t, err)
			if _, err := h.AddPasskey(ctx, c.ID, "Laptop", a.create(c.Options)); fieldsOf(err) != "credential" {
				h.t.Errorf("%s: %v", name, err)
			}
		}
		a := newAuthenticator(h.t)
		c, err := h.BeginNewPasskey(ctx)
		must(h.t, err)
		old := a.create(c.Options)
		_, err = h.AddPasskey(h.as(other), c.ID, "Laptop", old)
		wantFields(h.t, err, "ceremony") // begun by somebody else
		_, err = h.AddPasskey(ctx, c.ID, "Laptop", json.RawMessage(`{"id":"x"}`))
		wantFields(h.t, err, "credential")
		_, err = h.AddPasskey(ctx, c.ID, "Laptop", old)
		wantFields(h.t, err, "ceremony") // good once, whatever came of it
		c, err = h.BeginNewPasskey(ctx)
		must(h.t, err)
		_, err = h.AddPasskey(ctx, c.ID, "Laptop", old)
		wantFields(h.t, err, "credential") // the answer to another challenge
		c, err = h.BeginNewPasskey(ctx)
		must(h.t, err)
		h.clock.Advance(5 * time.Minute)
		_, err = h.AddPasskey(ctx, c.ID, "Laptop", a.create(c.Options))
		wantFields(h.t, err, "ceremony")
		_, err = h.register(u, a, "Laptop")
		must(h.t, err)
		_, err = h.register(other, a, "Laptop")
		wantCode(h.t, err, fibonacco.Conflict) // one passkey, one owner
		if n := count(h.t, h.d, `SELECT COUNT(*) FROM passkeys`); n != 1 {
			h.t.Errorf("%d passkeys", n)
		}
	})
}

func TestPasskeySignInIsChecked(t *testing.T) {
	inHouse(t, func(h *house) {
		u, other := h.user("ada@example.com", fibonacco.Viewer), h.user("eve@example.com", fibonacco.Viewer)
		a, eves := newAuthenticator(h.t), newAuthenticator(h.t)
		_, err := h.register(u, a, "Laptop")
		must(h.t, err)
		_, err = h.register(other, eves, "Laptop")
		must(h.t, err)
		good := *a
		for name, bend := range map[string]func(a *authenticator){
			"another site":           func(a *authenticator) { a.origin = "https://crm.example.com.evil.example" },
			"another relying party":  func(a *authenticator) { a.rpID = "evil.example" },
			"nobody was there":       func(a *authenticator) { a.flags = userVerified },
			"nobody was verified":    func(a *authenticator) { a.flags = userPresent },
			"another key":            func(a *authenticator) { a.key = newAuthenticator(h.t).key },
			"another user's passkey": func(a *authenticator) { a.key, a.id = eves.key, eves.id },
			"for another user":       func(a *authenticator) { a.handle = eves.handle },
			"an unknown passkey":     func(a *authenticator) { a.id = []byte("unknown-unknown-unknown-unknown!") },
			"an unknown user":        func(a *authenticator) { a.handle = bytes.Repeat([]byte{7}, 16) },
			"no user":                func(a *authenticator) { a.handle = nil },
			"a long user":            func(a *authenticator) { a.handle = bytes.Repeat([]byte{7}, 64) },
		} {
			bent := good
			bend(&bent)
			if in, err := h.signInBy(&bent); fibonacco.CodeOf(err) != fibonacco.Unauthorized {
				h.t.Errorf("%s: %+v, %v", name, in, err)
			}
		}
		c, err := h.BeginPasskey(h.ctx())
		must(h.t, err)
		a.count = 20
		answer := a.get(c.Options)
		_, err = h.FinishPasskey(h.ctx(), c.ID, answer)
		must(h.t, err)
		_, err = h.FinishPasskey(h.ctx(), c.ID, answer)
		wantCode(h.t, err, fibonacco.Unauthorized) // replayed
		c, err = h.BeginPasskey(h.ctx())
		must(h.t, err)
		_, err = h.FinishPasskey(h.ctx(), c.ID, answer)
		wantCode(h.t, err, fibonacco.Unauthorized) // the answer to another challenge
		for _, nonsense := range []string{"", "{}", "null", `{"id":5}`, `[]`} {
			c, err = h.BeginPasskey(h.ctx())
			must(h.t, err)
			_, err = h.FinishPasskey(h.ctx(), c.ID, json.RawMessage(nonsense))
			wantCode(h.t, err, fibonacco.Unauthorized)
		}
		a.count = 10 // a copy, which does not know how often the original was used
		_, err = h.signInBy(a)
		wantCode(h.t, err, fibonacco.Unauthorized)
		if n := count(h.t, h.d, `SELECT COUNT(*) FROM audit_log WHERE CAST(after AS text) LIKE '%copied passkey%'`); n != 1 {
			h.t.Errorf("%d entries about the copy", n)
		}
		a.count = 20
		_, err = h.signInBy(a)
		must(h.t, err)
		h.user("root@example.com", fibonacco.Admin)
		_, err = h.DisableUser(h.ctx(), u.ID)
		must(h.t, err)
		_, err = h.signInBy(a)
		wantCode(h.t, err, fibonacco.Unauthorized)
	})
}

// Passkeys of phones and password managers do not count.
func TestPasskeyWithoutACounter(t *testing.T) {
	inHouse(t, func(h *house) {
		u := h.user("ada@example.com", fibonacco.Viewer)
		a := newAuthenticator(h.t)
		_, err := h.register(u, a, "Phone")
		must(h.t, err)
		for range 3 {
			c, err := h.BeginPasskey(h.ctx())
			must(h.t, err)
			_, err = h.FinishPasskey(h.ctx(), c.ID, a.get(c.Options))
			must(h.t, err)
		}
	})
}

func TestTooManyPasskeys(t *testing.T) {
	inHouse(t, func(h *house) {
		u := h.user("ada@example.com", fibonacco.Viewer)
		ctx := h.as(u)
		for i := range 25 {
			c, err := h.BeginNewPasskey(ctx)
			must(h.t, err)
			_, err = h.AddPasskey(ctx, c.ID, fmt.Sprint(i), newAuthenticator(h.t).create(c.Options))
			must(h.t, err)
		}
		_, err := h.BeginNewPasskey(ctx)
		wantCode(h.t, err, fibonacco.Conflict)
	})
}

// A passkey belongs to a name: an address without one has none.
func TestNoPasskeysWithoutAName(t *testing.T) {
	for address, want := range map[string]bool{"http://localhost:8080": true, "https://crm.example.com": true, "http://127.0.0.1:8080": false, "": false} {
		cfg := fibonacco.Config{HTTP: fibonacco.HTTPConfig{PublicURL: address}}
		s := access.New(nil, access.WithParams(cheap), access.WithConfig(cfg))
		if got := s.SignInMethods().Passkeys; got != want {
			t.Errorf("%q: %v", address, got)
		}
		if !want {
			_, err := s.FinishPasskey(t.Context(), "x", nil)
			wantCode(t, err, fibonacco.NotImplemented)
		}
	}
}
